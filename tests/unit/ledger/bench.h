#pragma once

#include "service/ledger/books.h"
#include "tests/sim/sim_store.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::ledger {

/// Where nothing is marked up, the charge is the cost.
inline Amounts money(NanoUsd amount) { return {.charge = amount, .cost = amount}; }

/// A ledger on a store that commits when it is told to, with a clock that stands still.
class Bench {
  public:
    explicit Bench(std::string_view start = "2026-11-23T17:54:20Z", const Pace& pace = {})
        : pace_(pace), clock_(*parse_timestamp(start)), store_({Ledger::schema()}) {
        restart();
    }

    struct Call {
        AttemptId attempt;
        std::expected<Held, Refusal> held;
        /// What `durable` said, once it was called.
        std::shared_ptr<std::vector<Result<void>>> durable;
    };

    /// Ends this process and starts the next; what was not committed is gone.
    void restart() {
        ledger_.reset();
        store_.crash();
        auto opening = read_books(store_);
        ASSERT_TRUE(opening) << opening.error().for_caller;
        ledger_ = std::make_unique<Books>(store_, *std::move(opening), pace_);
        store_.attach(*ledger_);
    }
    std::shared_ptr<const Scopes> scopes(std::vector<Level> levels, const std::string& zone = "Europe/Berlin") {
        auto prepared = ledger_->prepare(std::move(levels), zone);
        EXPECT_TRUE(prepared);
        return prepared.value_or(nullptr);
    }
    Call hold(const std::shared_ptr<const Scopes>& scopes, NanoUsd amount, std::optional<NanoUsd> least = {}) {
        Call call{
            .attempt = AttemptId::make(now()), .held = {}, .durable = std::make_shared<std::vector<Result<void>>>()};
        const HoldRequest request{.call = CallId::make(now()),
                                  .attempt = call.attempt,
                                  .scopes = scopes,
                                  .amount = money(amount),
                                  .amount_min = money(least.value_or(amount)),
                                  .price_version = 7,
                                  .at = now(),
                                  .channel = "openai/gpt-4o"};
        call.held =
            ledger_->hold(request, [said = call.durable](Result<void> result) { said->push_back(std::move(result)); });
        return call;
    }
    /// A whole call, stored.
    void spend(const std::shared_ptr<const Scopes>& scopes, NanoUsd cost) {
        const Call call = hold(scopes, cost);
        ASSERT_TRUE(call.held);
        ASSERT_TRUE(settle(call.attempt, cost));
        ASSERT_TRUE(store_.step());
    }
    bool settle(const AttemptId& attempt, NanoUsd cost) { return ledger_->settle(attempt, money(cost)); }
    std::expected<Held, Refusal> grow(const AttemptId& attempt, NanoUsd more) {
        return ledger_->grow(attempt, money(more));
    }
    /// In what it is charged.
    struct Money {
        NanoUsd spent;
        NanoUsd held;
    };
    Money spending(std::string_view account) const {
        for (const Spending& each : ledger_->spending())
            if (each.account == account) return {each.spent.charge, each.held.charge};
        ADD_FAILURE() << "no account " << account;
        return {};
    }
    void set(std::string_view now) { clock_.set(*parse_timestamp(now)); }
    Timestamp now() const { return clock_.now(); }
    Ledger& ledger() { return *ledger_; }
    sim::SimStore& store() { return store_; }

  private:
    const Pace pace_;
    ManualClock clock_;
    sim::SimStore store_;
    std::unique_ptr<Books> ledger_;
};

}  // namespace bursar::ledger
