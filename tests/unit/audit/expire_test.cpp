// Hunts: rows that outlive what the policy allows, rows that go too early, and files that never get smaller.
#include "tests/unit/audit/audit_fixture.h"

namespace bursar::audit {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr Keep keep{.calls = days(90), .usage_hours = days(400), .usage_days = days(1827)};

std::vector<Outcome> calls_at(Timestamp at, int count, int combinations = 1) {
    std::vector<Outcome> all;
    for (int i = 0; i < count; ++i) {
        Outcome& outcome = all.emplace_back();
        outcome.at = at;
        outcome.call = CallId::make(at);
        outcome.attempt = AttemptId::make(at);
        outcome.team = "research";
        outcome.key_id = "key-" + std::to_string(i % combinations);
        outcome.model = "gpt-4o";
        outcome.cost = NanoUsd(3);
    }
    return all;
}

class Expiry : public Trails {
  protected:
    void record(const std::vector<Outcome>& outcomes) {
        for (const Outcome& outcome : outcomes) audit->record(outcome);
        ASSERT_TRUE(audit->calls({.count_max = 1})) << "writes what waits";
    }
    void expire_all(Timestamp now) {
        for (int i = 0; i < 100; ++i) {
            const auto done = audit->expire(now, keep);
            ASSERT_TRUE(done) << told(done);
            if (*done) return;
        }
        FAIL() << "expire() never ends";
    }
    std::int64_t integer(std::string_view sql) {
        std::int64_t found = -1;
        EXPECT_TRUE(store->read([&](store::Transaction& transaction) {
            return transaction.each(sql, {}, [&](const store::Row& row) -> Result<void> {
                found = row.integer(0);
                return {};
            });
        }));
        return found;
    }
    std::int64_t calls_of(By by, Timestamp from, Timestamp to) {
        const auto usage = audit->usage({.group_by = {by}, .from = from, .to = to});
        EXPECT_TRUE(usage) << told(usage);
        return usage ? usage->total.calls : -1;
    }
};

TEST_F(Expiry, each_thing_goes_after_its_own_time) {
    ASSERT_TRUE(append("policy.apply"));
    record(calls_at(noon, 10));
    record(calls_at(noon + days(10), 10));
    const Timestamp start = noon - hours(12);

    expire_all(noon + keep.calls);
    EXPECT_EQ(audit->calls({})->size(), 20U) << "not a moment too early";
    expire_all(noon + keep.calls + days(1));
    EXPECT_EQ(audit->calls({})->size(), 10U);
    EXPECT_EQ(calls_of(By::hour, noon, noon + days(20)), 20) << "sums stay";

    expire_all(noon + keep.usage_hours + days(1));
    EXPECT_EQ(audit->calls({})->size(), 0U);
    EXPECT_EQ(calls_of(By::hour, noon, noon + days(20)), 10);
    EXPECT_EQ(calls_of(By::key, start, start + days(20)), 20) << "days stay";
    EXPECT_EQ(integer("SELECT count(*) FROM usage_hour_size"), 2) << "of two cubes";

    expire_all(noon + keep.usage_days + days(2));
    EXPECT_EQ(calls_of(By::key, start, start + days(20)), 10);
    expire_all(noon + keep.usage_days + days(43));
    for (const char* table :
         {"audit_outcome", "usage_hour", "usage_day", "usage_hour_size", "usage_day_size", "usage_combination"})
        EXPECT_EQ(integer(std::string("SELECT count(*) FROM ") + table), 0) << table;
    const auto end = audit->verify();
    ASSERT_TRUE(end) << told(end);
    EXPECT_EQ(end->number, 1) << "the chain of actions is kept for good";
}

// Hunts: calls that are summed up twice, because the journal remembers them for longer than their rows are kept.
TEST_F(Expiry, what_went_is_not_completed_at_the_next_start) {
    record(calls_at(noon, 3));
    Outcome settled = calls_at(noon, 1).front();
    settled.attempt = AttemptId::make(noon);
    settled.usage_source = UsageSource::estimated;
    Outcome lost = settled;
    lost.attempt = AttemptId::make(noon + hours(1));
    lost.usage_source = UsageSource::lost;
    expire_all(noon + keep.calls + days(1));
    ASSERT_TRUE(store->write([&](store::Transaction& transaction) -> Result<void> {
        TRY(const auto written, Audit::complete(transaction, {settled, lost}));
        EXPECT_EQ(written.size(), 1U);
        EXPECT_EQ(written.front().attempt, lost.attempt);
        return {};
    }));
}

// Hunts: sums under the number of a combination that was deleted.
TEST_F(Expiry, a_combination_that_went_comes_back_with_its_texts) {
    record(calls_at(noon, 3));
    const Timestamp later = noon + keep.usage_days + days(33);
    expire_all(later);
    ASSERT_EQ(integer("SELECT count(*) FROM usage_combination"), 0);
    record(calls_at(later, 4));
    const auto usage = audit->usage({.group_by = {By::key}, .from = later - hours(1), .to = later + hours(1)});
    ASSERT_EQ(usage->rows.size(), 1U);
    EXPECT_EQ(usage->rows[0].group[0], "key-0");
    EXPECT_EQ(usage->rows[0].sums.calls, 4);
}

TEST_F(Expiry, the_file_gets_smaller) {
    for (int i = 0; i < 20; ++i) record(calls_at(noon + hours(i), 4'000, 300));
    const auto bytes = [&] {
        store->stop();  // moves the log into the file
        const auto size = std::filesystem::file_size(folder / "a.db");
        close();
        open();
        return size;
    };
    const auto before = bytes();
    ASSERT_GT(before, 5'000'000U);
    // The first row that is kept, so that the file has something behind what goes.
    record(calls_at(noon + days(95), 4'000));
    expire_all(noon + days(95));
    const auto without_calls = bytes();
    EXPECT_LT(without_calls, before / 2);
    expire_all(noon + days(1900));
    EXPECT_LT(bytes(), without_calls / 2);
    const auto good = store->verify();
    EXPECT_TRUE(good) << told(good);
}

TEST_F(Expiry, is_done_in_portions_between_which_others_write) {
    for (int i = 0; i < 120; ++i) record(calls_at(noon, 1));
    const std::int64_t rows = integer("SELECT count(*) FROM audit_outcome");
    ASSERT_EQ(rows, 120);
    const auto before = store->health().commits;
    expire_all(noon + days(91));
    EXPECT_GE(store->health().commits, before + 15) << "eight batches at once, no more";
    EXPECT_EQ(integer("SELECT count(*) FROM audit_outcome"), 0);
}

}  // namespace
}  // namespace bursar::audit
