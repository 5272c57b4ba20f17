// Hunts: an alarm about a dollar, an alarm that comes twice, one that does not come; a key that is paused without cause
// or goes on spending; a round that reads the past of everybody at once.
#include "service/treasury/watch.h"

#include "tests/unit/store/folder.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::treasury {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t dollar = NanoUsd::per_dollar;
const Timestamp monday = *parse_timestamp("2026-11-23T00:00:00Z");

Hourly past_of(std::size_t hours, double dollars) {
    return {.from = std::chrono::floor<std::chrono::hours>(monday) - std::chrono::hours(hours),
            .spent = std::vector<double>(hours, dollars * dollar)};
}

TEST(Unusual, is_what_is_far_above_an_accounts_own_past) {
    const struct {
        std::string_view name;
        double usual;
        double now;
        std::size_t hours;
        bool unusual;
    } cases[] = {
        {"as ever", 10, 10, 800, false},
        {"three times as much", 10, 30, 800, false},
        {"five times as much", 10, 50, 800, true},
        {"a dollar where there is nothing else", 0.01, 1, 800, false},
        {"twenty dollars where there is next to nothing", 0.01, 20.5, 800, true},
        {"an account of six days", 10, 500, 6 * 24, false},
        {"an account of eight days", 10, 500, 8 * 24, true},
    };
    for (const auto& each : cases) {
        Hourly history = past_of(each.hours, each.usual);
        history.spent.back() = each.now * dollar;
        EXPECT_EQ(unusual_hour({}, history).has_value(), each.unusual) << each.name;
    }
    EXPECT_FALSE(unusual_hour({}, {}));
}

TEST(Unusual, hours_that_always_differ_are_given_room) {
    // Hours of 30 and of 10 dollars in turn: 110 are more than four times the median, but not far beyond the scatter.
    Hourly history = past_of(800, 0);
    for (std::size_t i = 0; i < history.spent.size(); ++i) history.spent[i] = i % 2 == 0 ? 30 * dollar : 10 * dollar;
    history.spent.back() = 110 * dollar;
    EXPECT_FALSE(unusual_hour({}, history));
    history.spent.back() = 300 * dollar;
    EXPECT_TRUE(unusual_hour({}, history));
}

TEST(Unusual, a_stretch_has_one_beginning) {
    Hourly history = past_of(800, 10);
    for (std::size_t back = 1; back <= 30; ++back) {
        history.spent[history.spent.size() - back] = 100 * dollar;
        const auto found = unusual_hour({}, history);
        ASSERT_TRUE(found) << back;
        EXPECT_EQ(found->hour - found->since, std::chrono::hours(back - 1));
    }
    for (std::size_t back = 31; back <= 300; ++back) history.spent[history.spent.size() - back] = 100 * dollar;
    const auto long_one = unusual_hour({.factor = 4, .at_least = NanoUsd::dollars(20)}, history);
    ASSERT_TRUE(long_one);
    EXPECT_EQ(long_one->since, std::chrono::floor<std::chrono::days>(long_one->hour));
}

TEST(Runaway, above_is_the_keys_own_past_and_never_little) {
    const policies::Watch::Runaway policy;
    EXPECT_EQ(runaway_above(policy, NanoUsd::dollars(6)), NanoUsd::dollars(10)) << "a sixth of an hour, ten times";
    EXPECT_EQ(runaway_above(policy, NanoUsd{1}), NanoUsd::dollars(5));
    EXPECT_EQ(runaway_above(policy, {}), NanoUsd::dollars(50));
    Hourly history = past_of(600, 0);
    EXPECT_FALSE(usual_hour(history));
    for (std::size_t i = 0; i < 5; ++i) history.spent[i * 24] = 2 * dollar;
    EXPECT_EQ(usual_hour(history), NanoUsd::dollars(2)) << "of hours in which it works";
}

TEST(Meter, counts_what_was_spent_within_the_time) {
    SpendMeter meter;
    Timestamp now = monday;
    const auto tick = [&](std::int64_t total, std::chrono::nanoseconds by = 1min) {
        now += by;
        const Spent spent{.account = "key:a", .total = NanoUsd{total}};
        meter.tick(now, 3min, {&spent, 1});
        return meter.recent("key:a").nanos();
    };
    EXPECT_EQ(tick(1'000), 0) << "what was spent before is not news";
    EXPECT_EQ(tick(1'010), 10);
    EXPECT_EQ(tick(1'030), 30);
    EXPECT_EQ(tick(1'000), 30) << "a correction";
    EXPECT_EQ(tick(1'001), 21);
    EXPECT_EQ(tick(1'001), 1);
    EXPECT_EQ(tick(1'001), 1);
    EXPECT_EQ(tick(1'001), 0);
    EXPECT_EQ(tick(9'000, 1h), 0) << "in an hour, not in minutes";
    EXPECT_EQ(tick(9'005), 5);
    EXPECT_EQ(tick(9'006, -1h), 0) << "the clock was put back";
    const Spent others[] = {{.account = "key:a", .total = NanoUsd{9'006}}, {.account = "key:b", .total = NanoUsd{7}}};
    now += 1min;
    meter.tick(now, 3min, others);
    EXPECT_EQ(meter.recent("key:b"), NanoUsd{7}) << "an account that is new spent all of it just now";
    EXPECT_EQ(meter.above(NanoUsd{6}).size(), 1U);
}

class Watching : public testing::Test {
  protected:
    void SetUp() override {
        auto opened = store::Store::open({.file = folder_ / "a.db",
                                          .key = store::test_key(),
                                          .durability = store::Durability::process,
                                          .schemas = {events_schema()},
                                          .ballast_bytes = 0});
        ASSERT_TRUE(opened) << told(opened);
        store_ = *std::move(opened);
        store_->start();
        restart();
    }
    void TearDown() override { store_->stop(); }

    /// As after a restart of the service: what is in memory is gone.
    void restart() {
        watch_ = std::make_unique<Watch>(
            *store_,
            Sources{.rules = [this] { return std::make_shared<const policies::Snapshot>(rules_); },
                    .hourly = [this](std::span<const AccountName> accounts, Hour from,
                                     Hour to) { return hourly(accounts, from, to); },
                    .spent =
                        [this] {
                            std::vector<Spent> out;
                            for (const auto& [account, total] : totals_) out.push_back({account, total});
                            return out;
                        },
                    .limits = [this](Timestamp) -> Result<std::vector<LimitOf>> { return limits_; },
                    .pause = [this](const std::string& key, Timestamp until, const std::string&) -> Result<void> {
                        if (pause_fails_) return fail(Fault::storage_unavailable, "no");
                        paused_.emplace_back(key, until);
                        return {};
                    }});
    }

    Result<std::vector<HourlySpend>> hourly(std::span<const AccountName> accounts, Hour from, Hour to) {
        largest_question_ = std::max(largest_question_, accounts.size());
        std::vector<HourlySpend> out;
        for (const auto& [key, spent] : spent_) {
            const auto& [account, hour] = key;
            const bool asked = accounts.empty() || std::ranges::find(accounts, account) != accounts.end();
            if (asked && hour >= from && hour < to) out.push_back({account, hour, spent});
        }
        return out;
    }
    void spend(const AccountName& account, Hour from, int hours, NanoUsd each) {
        for (int i = 0; i < hours; ++i) spent_[{account, from + std::chrono::hours(i)}] = each;
    }
    std::vector<Event> events() {
        std::vector<Event> out;
        const auto read = store_->read([&](store::Transaction& transaction) -> Result<void> {
            TRY(out, read_events(transaction, 1'000'000, 100'000));
            return {};
        });
        EXPECT_TRUE(read) << told(read);
        return out;
    }

    TestFolder folder_;
    std::unique_ptr<store::Store> store_;
    policies::Snapshot rules_;
    std::map<std::pair<AccountName, Hour>, NanoUsd> spent_;
    std::map<AccountName, NanoUsd> totals_;
    std::vector<LimitOf> limits_;
    std::vector<std::pair<std::string, Timestamp>> paused_;
    bool pause_fails_ = false;
    std::size_t largest_question_ = 0;
    std::unique_ptr<Watch> watch_;
    const Hour hour_ = std::chrono::floor<std::chrono::hours>(monday);
};

TEST_F(Watching, an_unusual_stretch_is_one_event_also_after_a_restart) {
    spend("team:research", hour_ - 700h, 700, NanoUsd::dollars(10));
    spend("team:research", hour_, 5, NanoUsd::dollars(90));
    for (int minute = 0; minute < 5 * 60; minute += 10) watch_->tick(monday + 1h + std::chrono::minutes(minute));
    restart();
    watch_->tick(monday + 6h);
    const auto raised = events();
    ASSERT_EQ(raised.size(), 1U);
    EXPECT_EQ(raised[0].name, "anomaly:team:research|2026-11-23T00:00:00.000Z");
    EXPECT_EQ(raised[0].kind, "spend.unusual");
    EXPECT_EQ(raised[0].text,
              "team:research spent 90.00 USD in the hour from 23 November 2026, 00:00 (UTC); in this hour of the week "
              "it usually spends 10.00 USD.");
    EXPECT_EQ(raised[0].detail,
              R"({"hour":"2026-11-23T00:00:00.000Z","since":"2026-11-23T00:00:00.000Z","spent_usd":"90.00",)"
              R"("usual_usd":"10.00","above_usd":"40.00"})");
}

TEST_F(Watching, a_runaway_key_is_paused_once_and_again_when_it_goes_on) {
    rules_.watch.runaway.pause = 60min;
    spend("key:7f3a", hour_ - 48h, 48, NanoUsd::dollars(1));
    totals_["key:7f3a"] = NanoUsd::dollars(48);
    totals_["team:research"] = NanoUsd::dollars(48);
    Timestamp now = monday;
    const auto minutes = [&](int count, NanoUsd each) {
        for (int i = 0; i < count; ++i) {
            for (auto& [account, total] : totals_) total += each;
            watch_->tick(now += 1min);
        }
    };
    minutes(10, NanoUsd{dollar / 3});
    EXPECT_EQ(events().size(), 0U) << "3.33 USD are below the floor";
    minutes(10, NanoUsd::dollars(1));
    ASSERT_EQ(events().size(), 1U);
    ASSERT_EQ(paused_.size(), 1U);
    EXPECT_EQ(paused_[0].first, "7f3a");
    EXPECT_EQ(events()[0].name, "runaway:key:7f3a|2026-11-23T00:00:00.000Z");
    EXPECT_NE(events()[0].text.find("it usually spends 1.00 USD in an hour. It is paused until 23 November 2026, 01:"),
              std::string::npos)
        << events()[0].text;
    minutes(70, NanoUsd{});
    minutes(10, NanoUsd::dollars(1));
    EXPECT_EQ(events().size(), 2U);
    EXPECT_EQ(paused_.size(), 2U);
}

TEST_F(Watching, a_key_that_cannot_be_paused_is_tried_again) {
    rules_.watch.runaway.pause = 60min;
    totals_["key:new"] = NanoUsd{};
    watch_->tick(monday);
    totals_["key:new"] = NanoUsd::dollars(49);
    watch_->tick(monday + 1min);
    EXPECT_EQ(events().size(), 0U) << "of a key without a past only ten times the floor counts";
    totals_["key:new"] = NanoUsd::dollars(51);
    pause_fails_ = true;
    watch_->tick(monday + 2min);
    EXPECT_EQ(events().size(), 0U);
    pause_fails_ = false;
    watch_->tick(monday + 3min);
    EXPECT_EQ(events().size(), 1U);
    EXPECT_EQ(paused_.size(), 1U);
    restart();
    watch_->tick(monday + 4min);
    totals_["key:new"] = NanoUsd::dollars(151);
    watch_->tick(monday + 5min);
    EXPECT_EQ(paused_.size(), 1U) << "the same hour: somebody may have let it go on";
}

TEST_F(Watching, without_a_pause_people_are_told_only) {
    totals_["key:new"] = NanoUsd{};
    watch_->tick(monday);
    totals_["key:new"] = NanoUsd::dollars(51);
    watch_->tick(monday + 1min);
    EXPECT_EQ(events().size(), 1U);
    EXPECT_EQ(paused_.size(), 0U);
}

TEST_F(Watching, a_limit_that_will_not_last_is_told_of_once_in_its_period) {
    const Period november{.start = monday - std::chrono::days(22), .end = monday + std::chrono::days(8)};
    const Budget budget{.limit = NanoUsd::dollars(1'000), .per = Per::month};
    const auto now = [&](std::int64_t spent) {
        return LimitNow{
            .limit = NanoUsd::dollars(1'000), .spent = NanoUsd::dollars(spent), .held = {}, .period = november};
    };
    spend("team:research", hour_ - 800h, 800, NanoUsd::dollars(1));
    limits_ = {{"team:research", budget, now(900)}};
    watch_->tick(monday);
    watch_->tick(monday + 1h);
    ASSERT_EQ(events().size(), 1U);
    EXPECT_EQ(events()[0].name, "forecast:team:research|per month|2026-11-01T00:00:00.000Z");
    EXPECT_EQ(events()[0].text,
              "team:research is expected to use up its limit of 1,000.00 USD per month on 27 November 2026, 04:00 "
              "(UTC), 3 days before the period ends: 900.00 USD are spent, and at this pace it would be 1,092.00 USD "
              "by the end (1,092.00 USD to 1,092.00 USD).");
    // Enough for the period, used up already, a limit that rolls, one of an hour: nothing to tell.
    limits_ = {{"team:a", budget, now(10)},
               {"team:b", budget, now(1'000)},
               {"team:c", Budget{.limit = NanoUsd::dollars(1'000), .per = Per::month, .rolling = true}, now(950)},
               {"team:d", Budget{.limit = NanoUsd::dollars(1'000), .per = Per::hour}, now(950)}};
    watch_->tick(monday + 2h);
    EXPECT_EQ(events().size(), 1U);
}

TEST_F(Watching, a_round_is_done_in_parts) {
    const int accounts = 1'200;
    const Period november{.start = monday - std::chrono::days(22), .end = monday + std::chrono::days(8)};
    for (int i = 0; i < accounts; ++i) {
        const std::string name = fmt::format("person:{}", i);
        spend(name, hour_ - 400h, 1, NanoUsd::dollars(1));
        spend(name, hour_ - 1h, 1, NanoUsd::dollars(30));
        limits_.push_back(
            {name,
             {.limit = NanoUsd::dollars(40), .per = Per::month},
             {.limit = NanoUsd::dollars(40), .spent = NanoUsd::dollars(31), .held = {}, .period = november}});
    }
    watch_->tick(monday);
    EXPECT_EQ(watch_->accounts_per_tick_max, 500U);
    EXPECT_LE(largest_question_, 2 * Watch::accounts_per_tick_max);
    EXPECT_LT(events().size(), 2U * accounts);
    for (int minute = 1; minute < 5; ++minute) watch_->tick(monday + std::chrono::minutes(minute));
    EXPECT_LE(largest_question_, 2 * Watch::accounts_per_tick_max);
    std::size_t unusual = 0;
    for (const Event& event : events()) unusual += event.kind == "spend.unusual" ? 1U : 0U;
    EXPECT_EQ(unusual, static_cast<std::size_t>(accounts));
}

}  // namespace
}  // namespace bursar::treasury
