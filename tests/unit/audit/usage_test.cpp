// Hunts: sums that count a row twice, leave one out at the edge of a day or an hour, or mix up groups; and answers that
// differ with what they are read from.
#include "service/audit/cubes.h"
#include "service/audit/sums.h"
#include "service/base/time_zone.h"
#include "tests/unit/audit/audit_fixture.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace bursar::audit {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::string_view berlin = "Europe/Berlin";

Outcome outcome_at(Timestamp at) {
    Outcome outcome;
    outcome.call = CallId::make(at);
    outcome.attempt = AttemptId::make(at);
    outcome.at = at;
    outcome.key_id = "7f3a";
    outcome.team = "research";
    outcome.model = "gpt-4o";
    outcome.channel = "openai/gpt-4o";
    outcome.status = 200;
    outcome.attempts = 1;
    outcome.usage.input = 10;
    outcome.cost = NanoUsd(1500);
    outcome.charge = NanoUsd(1800);
    outcome.duration = std::chrono::milliseconds(800);
    return outcome;
}

/// Traffic in which everything differs that usage is grouped by.
std::vector<Outcome> traffic(std::size_t count, Timestamp from, hours span) {
    std::mt19937 random(42);
    const auto one_of = [&](auto... choices) {
        const std::array<std::string, sizeof...(choices)> all = {choices...};
        return all[random() % all.size()];
    };
    std::vector<Outcome> all;
    for (std::size_t i = 0; i < count; ++i) {
        Outcome outcome =
            outcome_at(from + std::chrono::seconds(static_cast<std::int64_t>(random()) % (span.count() * 3600)));
        outcome.team = one_of("research", "sales", "");
        outcome.person = one_of("ada", "grace", "");
        outcome.key_id = outcome.person + one_of("-1", "-2", "-3");
        outcome.model = one_of("gpt-4o", "claude", "llama");
        outcome.tier = outcome.model == "llama" ? "basic" : "frontier";
        outcome.channel = one_of("openai", "azure") + "/" + outcome.model;
        outcome.tags = one_of("", "nightly", "nightly,batch", "batch,nightly,batch");
        outcome.cost_centre = one_of("cc-1", "cc-2");
        outcome.usage.input = static_cast<Tokens>(random() % 1000);
        outcome.usage.cache_write_1h = static_cast<Tokens>(random() % 3);
        outcome.usage.web_searches = static_cast<std::int64_t>(random() % 2);
        outcome.usage.seconds = static_cast<std::int64_t>(random() % 100);
        outcome.cost = NanoUsd(static_cast<std::int64_t>(random()));
        outcome.charge = NanoUsd(static_cast<std::int64_t>(random()));
        outcome.held = NanoUsd(static_cast<std::int64_t>(random()));
        outcome.duration = std::chrono::milliseconds(random() % 100'000);
        outcome.first_byte = std::chrono::microseconds(random() % 2'000'000);
        if (random() % 10 == 0) {
            outcome.fault = "budget_exhausted";
            outcome.attempt = AttemptId{};
            outcome.attempts = 0;
        } else if (random() % 10 == 0) {
            outcome.fault = "provider_unavailable";
            outcome.superseded = random() % 2 == 0;
        } else if (random() % 50 == 0) {
            outcome.fault = correction_fault;
            outcome.superseded = true;
            outcome.cost = -outcome.cost;
        }
        all.push_back(std::move(outcome));
    }
    return all;
}

std::vector<std::string> split(const std::string& tags) {
    std::vector<std::string> all;
    for (const std::string tag : {"nightly", "batch"})
        if (tags.contains(tag)) all.push_back(tag);
    return all.empty() ? std::vector<std::string>{""} : all;
}

/// The slow way: over the rows, with the names of what is grouped.
std::map<std::vector<std::string>, UsageSums> by_hand(const std::vector<Outcome>& outcomes, const UsageQuery& query,
                                                      const TimeZone& zone) {
    std::map<std::vector<std::string>, Numbers> all;
    for (const Outcome& outcome : outcomes) {
        if (outcome.at < query.from || outcome.at >= query.to) continue;
        const auto text = [&](By by, const std::string& tag) -> std::string {
            const std::string day = to_text(Timestamp(zone.date_of(outcome.at))).substr(0, 10);
            const std::map<By, std::string> texts = {
                {By::team, outcome.team},
                {By::person, outcome.person},
                {By::key, outcome.key_id},
                {By::model, outcome.model},
                {By::tier, outcome.tier},
                {By::channel, outcome.channel},
                {By::tags, outcome.tags},
                {By::cost_centre, outcome.cost_centre},
                {By::provider, outcome.channel.substr(0, outcome.channel.find('/'))},
                {By::tag, tag},
                {By::day, day},
                {By::month, day.substr(0, 7)},
                {By::hour, to_text(outcome.at).substr(0, 13) + ":00:00Z"}};
            return texts.at(by);
        };
        const auto tags = split(outcome.tags);
        const auto wanted = [&](const auto& only) {
            if (only.first == By::tag) return std::ranges::find(tags, only.second) != tags.end();
            return text(only.first, "") == only.second;
        };
        if (!std::ranges::all_of(query.only, wanted)) continue;
        std::set<std::vector<std::string>> groups;
        for (const std::string& tag : tags) {
            const bool other_tag = std::ranges::any_of(
                query.only, [&](const auto& only) { return only.first == By::tag && only.second != tag; });
            if (other_tag) continue;
            std::vector<std::string> group;
            for (const By by : query.group_by) group.push_back(text(by, tag));
            groups.insert(group);
        }
        for (const auto& group : groups) count(all[group], outcome);
    }
    std::map<std::vector<std::string>, UsageSums> sums;
    for (const auto& [group, numbers] : all) sums[group] = sums_of(numbers);
    return sums;
}

class Usages : public Trails {
  protected:
    void SetUp() override {
        Trails::SetUp();
        const auto set = audit->set_time_zone(std::string(berlin));
        ASSERT_TRUE(set) << told(set);
    }
    void record(const std::vector<Outcome>& outcomes) {
        std::mt19937 random(7);
        for (const Outcome& outcome : outcomes) {
            audit->record(outcome);
            if (random() % 150 == 0) ASSERT_TRUE(audit->calls({.count_max = 1})) << "writes a batch";
        }
    }
    void expect_as_by_hand(const std::vector<Outcome>& outcomes, const UsageQuery& query, std::string_view what) {
        const auto answer = audit->usage(query);
        ASSERT_TRUE(answer) << what << ": " << told(answer);
        const auto expected = by_hand(outcomes, query, zone);
        EXPECT_EQ(answer->rows.size(), expected.size()) << what;
        NanoUsd before = NanoUsd(std::numeric_limits<std::int64_t>::max());
        for (const UsageRow& row : answer->rows) {
            const auto found = expected.find(row.group);
            ASSERT_NE(found, expected.end()) << what << ": " << row.group[0];
            EXPECT_EQ(row.sums, found->second) << what << ": " << row.group[0];
            EXPECT_LE(row.sums.cost, before) << what << ": the dearest come first";
            before = row.sums.cost;
        }
        UsageQuery whole = query;
        whole.group_by = {};
        const auto total = by_hand(outcomes, whole, zone);
        EXPECT_EQ(answer->total, total.empty() ? UsageSums{} : total.begin()->second) << what;
    }
    const TimeZone zone = *TimeZone::load(std::string(berlin));
    // Clocks in Berlin go back within these days.
    const Timestamp first = *parse_timestamp("2026-10-23T22:00:00Z");
};

TEST_F(Usages, equal_the_sum_over_the_rows_whatever_is_asked) {
    const auto outcomes = traffic(6000, first, hours(5 * 24 + 1));
    record(outcomes);
    const Timestamp day_two = *parse_timestamp("2026-10-24T22:00:00Z"),
                    day_four = *parse_timestamp("2026-10-26T23:00:00Z");
    struct Case {
        std::string_view what;
        std::vector<By> by;
        std::vector<std::pair<By, std::string>> only = {};
    };
    const std::vector<Case> cases = {
        {"nothing", {}},
        {"team and model", {By::team, By::model}},
        {"person", {By::person}},
        {"key and day", {By::key, By::day}},
        {"tier", {By::tier}},
        {"provider", {By::provider}},
        {"channel and cost centre", {By::channel, By::cost_centre}},
        {"tag", {By::tag}},
        {"tag and model and day", {By::tag, By::model, By::day}},
        {"lists of tags", {By::tags}},
        {"month", {By::month}},
        {"hour", {By::hour}},
        {"hour and person", {By::hour, By::person}},
        {"everything", {By::team, By::person, By::key, By::model, By::tier, By::channel, By::tags, By::cost_centre}},
        {"models of a team", {By::model}, {{By::team, "sales"}}},
        {"days of a person at a provider", {By::day}, {{By::person, "ada"}, {By::provider, "azure"}}},
        {"tags of calls with one", {By::tag, By::team}, {{By::tag, "batch"}}},
        {"teams of calls with a tag", {By::team}, {{By::tag, "batch"}}},
        {"a team that is not there", {By::model}, {{By::team, "nobody"}}},
    };
    for (const Case& each : cases) {
        expect_as_by_hand(outcomes, {each.by, day_two, day_four, each.only}, each.what);
        expect_as_by_hand(outcomes, {each.by, day_two + hours(3), day_four + hours(7), each.only}, each.what);
        expect_as_by_hand(outcomes, {each.by, day_two + hours(3), day_two + hours(5), each.only}, each.what);
        expect_as_by_hand(outcomes, {each.by, Timestamp::min(), Timestamp::max(), each.only}, each.what);
    }
}

TEST_F(Usages, a_day_is_a_day_of_the_organisation) {
    // 25 hours, with the hour from two to three twice.
    const Timestamp start = *parse_timestamp("2026-10-24T22:00:00Z"), end = *parse_timestamp("2026-10-25T23:00:00Z");
    record({outcome_at(start - std::chrono::nanoseconds(1)), outcome_at(start),
            outcome_at(end - std::chrono::nanoseconds(1)), outcome_at(end)});
    const auto days = audit->usage({.group_by = {By::day}, .from = start, .to = end});
    ASSERT_EQ(days->rows.size(), 1U);
    EXPECT_EQ(days->rows[0].group[0], "2026-10-25");
    EXPECT_EQ(days->rows[0].sums.calls, 2);
    EXPECT_EQ(days->from, start);
    EXPECT_EQ(days->to, end);
    const auto part = audit->usage({.group_by = {}, .from = start + minutes(20), .to = end + minutes(1)});
    EXPECT_EQ(part->from, start) << "widened to the hour, and said so";
    EXPECT_EQ(part->to, end + hours(1));
    EXPECT_EQ(part->total.calls, 3);
}

TEST_F(Usages, where_midnight_is_not_on_the_hour_no_call_counts_twice) {
    ASSERT_TRUE(audit->set_time_zone("Asia/Kolkata"));
    const Timestamp midnight = *parse_timestamp("2026-11-20T18:30:00Z");
    std::vector<Outcome> all;
    for (int i = -300; i < 300; ++i) all.push_back(outcome_at(midnight + minutes(10 * i)));
    record(all);
    const auto day = audit->usage({.group_by = {By::day}, .from = midnight, .to = midnight + hours(24)});
    ASSERT_EQ(day->rows.size(), 1U);
    EXPECT_EQ(day->rows[0].group[0], "2026-11-21");
    EXPECT_EQ(day->total.calls, 144);
    const auto some = audit->usage({.group_by = {}, .from = midnight - hours(30), .to = midnight + hours(30)});
    EXPECT_EQ(some->total.calls, 61 * 6) << "61 whole hours hold these 60";
}

TEST_F(Usages, what_is_asked_wrongly_is_refused) {
    EXPECT_FALSE(audit->usage({.group_by = {By::team, By::team}, .from = first, .to = noon}));
    EXPECT_FALSE(audit->usage({.group_by = {By::team}, .from = first, .to = noon, .only = {{By::day, "2026-10-25"}}}));
    EXPECT_TRUE(audit->usage({.group_by = {By::team}, .from = noon, .to = first})->rows.empty());
    const auto wrong = parse_by("colour");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().fault, Fault::invalid_request);
    EXPECT_NE(wrong.error().for_caller.find("\"colour\""), std::string::npos);
    EXPECT_FALSE(audit->set_time_zone("Europe/Atlantis"));
}

TEST_F(Usages, rows_beyond_the_limit_are_counted_and_in_the_total) {
    std::vector<Outcome> all;
    for (int i = 0; i < 10; ++i) {
        all.push_back(outcome_at(noon));
        all.back().model = "model-" + std::to_string(i);
        all.back().cost = NanoUsd(i);
    }
    record(all);
    const auto answer = audit->usage({.group_by = {By::model}, .from = first, .to = noon + hours(1), .rows_max = 3});
    ASSERT_EQ(answer->rows.size(), 3U);
    EXPECT_EQ(answer->rows[0].group[0], "model-9");
    EXPECT_EQ(answer->left_out, 7U);
    EXPECT_EQ(answer->total.cost, NanoUsd(45));
}

// Hunts: sums of a version without sums, which are summed up twice or not at all.
TEST_F(Usages, rows_of_an_earlier_version_are_summed_up_once) {
    const auto outcomes = traffic(3000, first, hours(48));
    record(outcomes);
    ASSERT_TRUE(audit->calls({.count_max = 1}));
    // As the migration finds it: rows, and no sums.
    for (const char* sql : {"DELETE FROM usage_hour", "DELETE FROM usage_day", "DELETE FROM usage_hour_size",
                            "DELETE FROM usage_day_size", "DELETE FROM usage_combination",
                            "UPDATE usage_state SET to_sum_up = (SELECT max(number) FROM audit_outcome)"})
        tamper(sql);
    close();
    open();
    std::vector<Outcome> all = outcomes;
    all.push_back(outcome_at(first + hours(1)));
    record({all.back()});
    ASSERT_TRUE(audit->calls({.count_max = 1})) << "new rows come while the old are not summed up";
    for (int again = 0; again < 2; ++again) {
        const auto set = audit->set_time_zone(std::string(berlin));
        ASSERT_TRUE(set) << told(set);
        expect_as_by_hand(all, {{By::person, By::model}, first, first + hours(72)}, "summed up");
    }
}

// Hunts: rows that an older program packed and this one misreads.
TEST_F(Usages, batches_of_the_first_version_stay_readable) {
    // Byte by byte as the first version packed a row.
    tamper(
        "INSERT INTO audit_outcome (at_min, at_max, rows_count, names, rows) VALUES (1795435200123456789, "
        "1795435200123456789, 1, x'04373366610872657365617263680006677074"
        "2d346f0d6f70656e61692f6770742d346f', x'00' || x'000102030405060708090a0b0c0d0e0f' || x'00' || x'00' || x'00' "
        "|| x'00' || x'0001020202030402020202' || x'00' || x'00' || x'00' || x'9003' || x'02' || x'111406' || x'00' || "
        "x'00' || x'b817' || x'07')");
    const auto calls = audit->calls({.count_max = 1});
    ASSERT_TRUE(calls) << told(calls);
    ASSERT_EQ(calls->size(), 1U);
    const Outcome& call = calls->front();
    EXPECT_EQ(call.key_id, "73fa");
    EXPECT_EQ(call.team, "research");
    EXPECT_EQ(call.model, "gpt-4o");
    EXPECT_EQ(call.channel, "openai/gpt-4o");
    EXPECT_EQ(call.status, 200);
    EXPECT_EQ(call.usage.input, 10);
    EXPECT_EQ(call.usage.output, 3);
    EXPECT_EQ(call.cost, NanoUsd(1500));
    EXPECT_EQ(call.charge, NanoUsd(1500)) << "there was no other charge then";
    EXPECT_EQ(call.tier + call.cost_centre, "");
    EXPECT_EQ(call.price_version, 7U);
}

TEST_F(Usages, batches_of_the_second_version_stay_readable) {
    // Byte by byte as the second version packed a row: two names and the charge more than the first.
    tamper(
        "INSERT INTO audit_outcome (at_min, at_max, rows_count, version, names, rows) VALUES (1795435200123456789, "
        "1795435200123456789, 1, 2, x'04373366610872657365617263680006677074"
        "2d346f0d6f70656e61692f6770742d346f', x'00' || x'000102030405060708090a0b0c0d0e0f' || x'00' || x'00' || x'00' "
        "|| x'00' || x'00010202020304020202020301' || x'00' || x'00' || x'00' || x'9003' || x'02' || x'111406' || "
        "x'00' || x'00' || x'b817' || x'07' || x'a01f')");
    const auto calls = audit->calls({.count_max = 1});
    ASSERT_TRUE(calls) << told(calls);
    ASSERT_EQ(calls->size(), 1U);
    const Outcome& call = calls->front();
    EXPECT_EQ(call.tier, "gpt-4o");
    EXPECT_EQ(call.cost_centre, "research");
    EXPECT_EQ(call.usage.output, 3);
    EXPECT_EQ(call.cost, NanoUsd(1500));
    EXPECT_EQ(call.charge, NanoUsd(2000));
    EXPECT_EQ(call.served.picture, "") << "there were no pictures then";
    EXPECT_EQ(call.price_version, 7U);
}

// Hunts: callers who invent a tag for each call, and so a row of sums.
TEST_F(Usages, more_combinations_than_an_hour_may_have_lose_their_tags) {
    const std::int64_t most = bounds_of(Grain::hour).tags;
    tamper("INSERT INTO usage_hour_size (cube, hour, combinations) VALUES (0, " +
           std::to_string(noon.time_since_epoch() / hours(1)) + ", " + std::to_string(most - 1) + ")");
    std::vector<Outcome> all;
    for (int i = 0; i < 50; ++i) {
        all.push_back(outcome_at(noon + minutes(1)));
        all.back().tags = "request-" + std::to_string(i);
    }
    record(all);
    const auto by_hour = audit->usage({.group_by = {By::hour, By::tag, By::key}, .from = noon, .to = noon + hours(1)});
    ASSERT_EQ(by_hour->rows.size(), 2U) << "one fitted";
    EXPECT_EQ(by_hour->rows[0].group[1], "(other)");
    EXPECT_EQ(by_hour->rows[0].group[2], "7f3a") << "only the tags had to go";
    EXPECT_EQ(by_hour->rows[0].sums.calls, 49);
    EXPECT_EQ(by_hour->total.calls, 50);
    const auto day = *parse_timestamp("2026-11-22T23:00:00Z");
    EXPECT_EQ(audit->usage({.group_by = {By::tag}, .from = day, .to = day + hours(24)})->rows.size(), 50U)
        << "the day has room";
}

TEST(Sums, come_back_as_they_were_packed) {
    std::mt19937_64 random(3);
    for (int i = 0; i < 1000; ++i) {
        Numbers numbers{};
        for (std::int64_t& number : numbers)
            if (random() % 3 == 0) number = static_cast<std::int64_t>(random()) >> random() % 64;
        const std::string bytes = pack(numbers);
        Numbers back{};
        ASSERT_TRUE(add_packed(back, bytes));
        EXPECT_EQ(back, numbers);
        Numbers cut{};
        EXPECT_FALSE(add_packed(cut, std::string_view(bytes).substr(0, bytes.size() - 1)));
        EXPECT_FALSE(add_packed(cut, bytes + "x"));
    }
    Numbers most{}, one{};
    most.fill(std::numeric_limits<std::int64_t>::max());
    one.fill(1);
    add(most, one);
    EXPECT_EQ(most[0], std::numeric_limits<std::int64_t>::max()) << "no sum wraps";
}

TEST(Sums, percentiles_lie_within_the_step_of_their_call) {
    UsageSums sums;
    EXPECT_EQ(sums.percentile(50).count(), 0);
    sums.latency[2] = 50;  // above 250 ms, at most 500 ms
    sums.latency[4] = 50;  // above 1 s, at most 2.5 s
    EXPECT_EQ(sums.percentile(25).count(), 375);
    EXPECT_EQ(sums.percentile(50).count(), 500);
    EXPECT_EQ(sums.percentile(95).count(), 2350);
    sums.latency.back() = 1'000'000;
    EXPECT_EQ(sums.percentile(95).count(), 60'000) << "beyond the last bound nothing is known";
}

}  // namespace
}  // namespace bursar::audit
