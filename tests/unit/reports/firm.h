#pragma once

#include "policies/admit.h"
#include "policies/documents.h"
#include "service/ledger/books.h"
#include "service/reports/schedules.h"
#include "service/treasury/corrections.h"
#include "service/treasury/events.h"
#include "tests/sim/sim_store.h"

#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::reports::testing {

/// A company with real books, sums of usage and reports, on a store that commits when it is told to.
class Firm {
  public:
    Firm(std::string_view policy, std::string_view start)
        : clock(*parse_timestamp(start)),
          store({ledger::Ledger::schema(), audit::Audit::schema(), treasury::events_schema(),
                 treasury::Corrections::schema(), reports::schema()}) {
        apply(policy);
        open();
    }

    void apply(std::string_view policy) {
        policies::Parsed parsed = policies::parse({}, {{"policy.yaml", std::string(policy)}}, ++revision_);
        for (const policies::Problem& problem : parsed.problems) ADD_FAILURE() << problem.message();
        warnings = parsed.warnings;
        if (rules)
            rules->put(parsed.snapshot);
        else
            rules = std::make_unique<policies::Rules>(parsed.snapshot);
        if (audit) EXPECT_TRUE(audit->set_time_zone(rules->get()->organisation.time_zone));
    }
    /// The process ends and begins again.
    void restart() {
        schedules.reset();
        corrections.reset();
        desk.reset();
        ledger.reset();
        audit.reset();
        store.crash();
        open();
    }

    struct Call {
        std::string team;
        std::string person = "ada";
        std::string model = "large";
        NanoUsd cost;
        NanoUsd charge;
        std::string fault = {};
        bool superseded = false;
        bool refused = false;  ///< by us
        Usage usage = {.input = 100, .output = 10};
    };
    /// One attempt: held, settled and written down, as the gateway does.
    CallId call(const Call& call) {
        audit::Outcome row;
        row.call = CallId::make(clock.now());
        row.at = clock.now();
        row.team = call.team;
        row.person = call.person;
        row.key_id = "k-" + call.team;
        row.model = call.model;
        row.tier = call.model == "large" ? "frontier" : "small";
        row.channel = "p/" + call.model;
        row.fault = call.fault;
        row.superseded = call.superseded;
        if (const auto found = rules->get()->teams.find(call.team); found != rules->get()->teams.end())
            row.cost_centre = found->second->cost_centre;
        if (!call.refused) {
            row.attempt = AttemptId::make(clock.now());
            row.attempts = 1;
            row.cost = call.cost;
            row.charge = call.charge;
            row.usage = call.usage;
            book(row);
        }
        audit->record(row);
        return row.call;
    }
    void commit() {
        EXPECT_TRUE(audit->verify());  // nothing is kept back from now on
        // Each group takes a part of it.
        for (int i = 0; i < 4; ++i) EXPECT_TRUE(store.step());
    }

    /// What the books have charged the account in the period that runs.
    NanoUsd charged(const AccountName& account, Per per) const {
        const auto scopes =
            ledger->prepare({{.account = account, .budgets = {{.limit = {}, .per = per, .hard = false}}}},
                            rules->get()->organisation.time_zone);
        EXPECT_TRUE(scopes);
        return ledger->standing(**scopes, clock.now()).front().spent.usd();
    }
    report::Report report(const std::string& name, const std::string& of, const std::string& period) {
        auto made = schedules->make({.name = name, .of = of, .period = period}, clock.now());
        EXPECT_TRUE(made) << made.error().for_caller;
        return made ? *std::move(made) : report::Report{};
    }
    std::vector<Kept> kept() {
        std::vector<Kept> all;
        EXPECT_TRUE(store.read([&](store::Transaction& transaction) -> Result<void> {
            TRY(all, list_kept(transaction, {}));
            return {};
        }));
        return all;
    }
    std::vector<treasury::Event> events() {
        std::vector<treasury::Event> all;
        EXPECT_TRUE(store.read([&](store::Transaction& transaction) -> Result<void> {
            TRY(all, treasury::read_events(transaction, INT64_MAX, 1'000));
            return {};
        }));
        return all;
    }
    void go_to(std::string_view when) { clock.set(*parse_timestamp(when)); }
    void look_at(std::string_view when) {
        go_to(when);
        const auto looked = schedules->look(clock.now());
        EXPECT_TRUE(looked) << looked.error().for_caller;
    }

    ManualClock clock;
    sim::SimStore store;
    std::vector<std::string> warnings;
    std::unique_ptr<policies::Rules> rules;
    std::unique_ptr<ledger::Books> ledger;
    std::unique_ptr<audit::Audit> audit;
    std::unique_ptr<treasury::Desk> desk;
    std::unique_ptr<treasury::Corrections> corrections;
    std::unique_ptr<Schedules> schedules;

  private:
    void open() {
        auto opening = ledger::read_books(store);
        ASSERT_TRUE(opening) << opening.error().for_caller;
        ledger = std::make_unique<ledger::Books>(store, *std::move(opening));
        auto trail = audit::Audit::open(store, Secret(std::string(32, 'p')), clock);
        ASSERT_TRUE(trail) << trail.error().for_caller;
        audit = *std::move(trail);
        ASSERT_TRUE(audit->set_time_zone(rules->get()->organisation.time_zone));
        store.attach(*audit);
        store.attach(*ledger);
        desk = std::make_unique<treasury::Desk>(store, *rules, clock);
        corrections = std::make_unique<treasury::Corrections>(
            *desk, *audit, [this](ledger::Posting posting, ledger::Ledger::AlsoEntered also) {
                return ledger->enter(std::move(posting), std::move(also));
            });
        schedules = std::make_unique<Schedules>(
            Schedules::Parts{store, *rules, Gatherer({*audit, *ledger, "https://bursar.example.com"})});
    }
    void book(const audit::Outcome& row) {
        const Caller caller{
            .key_id = row.key_id, .name = {}, .team = row.team, .person = row.person, .models = {}, .budgets = {}};
        const auto charged = policies::accounts_of(*rules->get(), caller);
        ASSERT_TRUE(charged) << charged.error().for_caller;
        std::vector<ledger::Level> levels;
        for (const policies::Charged& each : *charged) levels.push_back({each.account, each.budgets});
        const auto scopes = ledger->prepare(std::move(levels), rules->get()->organisation.time_zone);
        ASSERT_TRUE(scopes);
        const Amounts amounts{
            .charge = row.charge, .cost = row.cost, .tokens = row.usage.total(), .calls = row.superseded ? 0 : 1};
        ASSERT_TRUE(ledger->hold({.call = row.call,
                                  .attempt = row.attempt,
                                  .scopes = *scopes,
                                  .amount = amounts,
                                  .amount_min = amounts,
                                  .price_version = 1,
                                  .at = row.at},
                                 [](Result<void>) {}));
        ASSERT_TRUE(ledger->settle(row.attempt, amounts));
    }

    std::int64_t revision_ = 0;
};

}  // namespace bursar::reports::testing
