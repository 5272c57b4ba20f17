#include "service/ledger/books.h"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <latch>
#include <mutex>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

// Hunts: more money taken than there is when many ask at once, on the real store with its writer thread; and durable
// callbacks that are lost or run twice.
namespace bursar::ledger {
namespace {

class RealStore : public testing::Test {
  protected:
    RealStore() {
        std::string name = (std::filesystem::temp_directory_path() / "bursar-ledger-XXXXXX").string();
        EXPECT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    ~RealStore() override {
        close();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    void open() {
        auto store = store::Store::open({.file = folder_ / "bursar.db",
                                         .key = Secret(std::string(32, 'k')),
                                         .durability = store::Durability::process,
                                         .schemas = {Ledger::schema()}});
        ASSERT_TRUE(store) << store.error().operator_text();
        store_ = *std::move(store);
        auto ledger = Ledger::recover(*store_, clock_, {});
        ASSERT_TRUE(ledger) << ledger.error().operator_text();
        ledger_ = *std::move(ledger);
        store_->attach(*ledger_);
        store_->start();
    }
    void close() {
        if (store_) store_->stop();
        ledger_.reset();
        store_.reset();
    }
    HoldRequest request(const std::shared_ptr<const Scopes>& scopes, NanoUsd amount) const {
        return {.call = CallId::make(clock_.now()),
                .attempt = AttemptId::make(clock_.now()),
                .scopes = scopes,
                .amount = {.charge = amount, .cost = amount},
                .amount_min = {.charge = amount, .cost = amount},
                .at = clock_.now()};
    }

    SystemClock clock_;
    std::filesystem::path folder_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<Ledger> ledger_;
};

/// Waits until a number of callbacks have run.
class Countdown {
  public:
    void add(int count) {
        const std::lock_guard lock(mutex_);
        left_ += count;
    }
    void done() {
        const std::lock_guard lock(mutex_);
        if (--left_ == 0) zero_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        zero_.wait(lock, [this] { return left_ == 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable zero_;
    int left_ = 0;
};

TEST_F(RealStore, a_thousand_calls_at_once_cannot_take_more_than_one_dollar) {
    constexpr int threads = 8, calls_each = 125;
    open();
    std::vector<std::shared_ptr<const Scopes>> scopes;
    for (int i = 0; i < threads; ++i) {
        auto prepared = ledger_->prepare({{"org", {}},
                                          {"team:a", {{.limit = NanoUsd::dollars(1), .per = Per::ever}}},
                                          {"key:" + std::to_string(i), {}}},
                                         "UTC");
        ASSERT_TRUE(prepared);
        scopes.push_back(*prepared);
    }
    std::atomic<int> taken = 0, refused = 0, stored = 0;
    Countdown waiting;
    waiting.add(1);
    std::latch together(threads);
    std::vector<std::jthread> callers;
    for (int i = 0; i < threads; ++i)
        callers.emplace_back([&, i] {
            together.arrive_and_wait();
            for (int call = 0; call < calls_each; ++call) {
                waiting.add(1);
                const auto held = ledger_->hold(request(scopes[static_cast<std::size_t>(i)], NanoUsd(30'000'000)),
                                                [&](Result<void> result) {
                                                    stored += result ? 1 : 0;
                                                    waiting.done();
                                                });
                ++(held ? taken : refused);
                if (!held) waiting.done();
            }
        });
    callers.clear();
    waiting.done();
    waiting.wait();
    EXPECT_EQ(taken, 33) << "33 times 3 cents is 99 cents";
    EXPECT_EQ(refused, threads * calls_each - 33);
    EXPECT_EQ(stored, 33);
    for (const Spending& each : ledger_->spending()) {
        if (each.account == "team:a") EXPECT_EQ(each.held.charge, NanoUsd(990'000'000));
    }
    close();
    open();
    EXPECT_EQ(ledger_->lost_at_start().size(), 33U);
    EXPECT_EQ(ledger_->totals().holds_open, 0U);
}

TEST_F(RealStore, calls_that_hold_grow_and_settle_on_many_threads_leave_exactly_what_they_cost) {
    constexpr int threads = 4, calls_each = 500;
    open();
    const auto scopes = ledger_->prepare(
        {{"org", {{.limit = NanoUsd::dollars(1'000), .per = Per::day}}}, {"key:1", {}}}, "Europe/Berlin");
    ASSERT_TRUE(scopes);
    std::atomic<std::int64_t> cost = 0;
    std::atomic<int> said = 0;
    std::vector<std::jthread> callers;
    for (int i = 0; i < threads; ++i)
        callers.emplace_back([&, i] {
            for (int call = 0; call < calls_each; ++call) {
                Countdown stored;
                stored.add(1);
                const HoldRequest asked = request(*scopes, NanoUsd(1'000));
                ASSERT_TRUE(ledger_->hold(asked, [&](Result<void> result) {
                    EXPECT_TRUE(result);
                    ++said;
                    stored.done();
                }));
                if (call % 10 == 0) stored.wait();
                if (call % 3 == 0) EXPECT_TRUE(ledger_->grow(asked.attempt, {.charge = NanoUsd(500)}));
                const NanoUsd price(call * 7 + i);
                if (call % 5 == 0) {
                    EXPECT_TRUE(ledger_->release(asked.attempt));
                } else {
                    EXPECT_TRUE(ledger_->settle(asked.attempt, {.charge = price}));
                    cost += price.nanos();
                }
                EXPECT_FALSE(ledger_->settle(asked.attempt, {.charge = price}));
                stored.wait();
            }
        });
    callers.clear();
    EXPECT_EQ(said, threads * calls_each);
    for (int again = 0; again < 2; ++again) {
        for (const Spending& each : ledger_->spending()) {
            EXPECT_EQ(each.spent.charge, NanoUsd(cost)) << each.account;
            EXPECT_EQ(each.held.charge, NanoUsd{}) << each.account;
        }
        EXPECT_TRUE(ledger_->lost_at_start().empty());
        close();
        open();
    }
}

}  // namespace
}  // namespace bursar::ledger
