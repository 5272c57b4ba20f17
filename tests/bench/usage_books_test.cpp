// Hunts: sums that drift from the rows once there are many: a group that is cut, a combination that is met again after
// days, an hour that two groups share.
#include "service/audit/outcomes.h"
#include "tests/bench/usage_traffic.h"
#include "tests/unit/store/folder.h"

#include <map>

#include <gtest/gtest.h>

namespace bursar::bench {
namespace {

using audit::By;
using audit::UsageSums;

struct Sum {
    std::int64_t calls = 0, refused = 0, errors = 0, retries = 0;
    Tokens input = 0, cache_read = 0, output = 0;
    NanoUsd cost, charge, held, retry_cost;
    std::int64_t timed = 0;
    bool operator==(const Sum&) const = default;
};

void count(Sum& sum, const audit::Outcome& call) {
    const bool refused = call.attempts == 0;
    if (call.superseded) {
        ++sum.retries;
        sum.retry_cost += call.cost;
    } else {
        ++sum.calls;
        sum.refused += refused ? 1 : 0;
        sum.errors += !refused && !call.fault.empty() ? 1 : 0;
        sum.timed += refused ? 0 : 1;
    }
    sum.input += call.usage.input;
    sum.cache_read += call.usage.cache_read;
    sum.output += call.usage.output;
    sum.cost += call.cost;
    sum.charge += call.charge;
    sum.held += call.held;
}

Sum of(const UsageSums& sums) {
    return {.calls = sums.calls,
            .refused = sums.refused,
            .errors = sums.errors,
            .retries = sums.retries,
            .input = sums.usage.input,
            .cache_read = sums.usage.cache_read,
            .output = sums.usage.output,
            .cost = sums.cost,
            .charge = sums.charge,
            .held = sums.held,
            .retry_cost = sums.retry_cost,
            .timed = sums.timed()};
}

TEST(UsageBooks, sums_of_200000_calls_are_those_of_their_rows) {
    constexpr std::uint64_t calls = 200'000;
    const Timestamp start = *parse_timestamp("2026-09-30T22:00:00Z");  // midnight in Berlin; clocks change in October
    const TestFolder folder;
    const ManualClock clock(start);
    auto store = *store::Store::open({.file = folder / "a.db",
                                      .key = store::test_key(),
                                      .durability = store::Durability::process,
                                      .schemas = {audit::Audit::schema()},
                                      .ballast_bytes = 0});
    auto audit = *audit::Audit::open(*store, Secret(std::string(32, 'p')), clock);
    ASSERT_TRUE(audit->set_time_zone("Europe/Berlin"));
    const TimeZone zone = *TimeZone::load("Europe/Berlin");
    store->attach(*audit);
    store->start();

    std::map<std::vector<std::string>, Sum> by_team_and_model, by_person, by_day_and_provider, by_tag;
    Sum all;
    Traffic traffic(start, calls, 7);
    std::uint64_t made = 0;
    for (auto some = traffic.next(3'000); !some.empty(); some = traffic.next(3'000)) {
        for (audit::Outcome& call : some) {
            ++made;
            count(all, call);
            count(by_team_and_model[{call.team, call.model}], call);
            count(by_person[{call.person}], call);
            const std::string day = to_text(Timestamp(zone.date_of(call.at))).substr(0, 10);
            count(by_day_and_provider[{day, call.channel.substr(0, call.channel.find('/'))}], call);
            const std::size_t comma = call.tags.find(',');
            count(by_tag[{call.tags.substr(0, comma)}], call);
            if (comma != std::string::npos) count(by_tag[{call.tags.substr(comma + 1)}], call);
            audit->record(std::move(call));
        }
        if (made % 97 == 0) ASSERT_TRUE(audit->verify()) << "writes what waits, in a group of another size";
    }
    ASSERT_EQ(made, calls);

    const Timestamp end = zone.start_of(zone.date_of(start + std::chrono::days(Traffic::days)) + std::chrono::days(2));
    const std::pair<std::vector<By>, std::map<std::vector<std::string>, Sum>*> questions[] = {
        {{By::team, By::model}, &by_team_and_model},
        {{By::person}, &by_person},
        {{By::day, By::provider}, &by_day_and_provider},
        {{By::tag}, &by_tag}};
    for (const auto& [by, expected] : questions) {
        const auto answer = audit->usage({.group_by = by, .from = start, .to = end});
        ASSERT_TRUE(answer) << told(answer);
        EXPECT_EQ(answer->rows.size(), expected->size());
        for (const audit::UsageRow& row : answer->rows)
            EXPECT_TRUE(of(row.sums) == (*expected)[row.group]) << audit::name_of(by[0]) << " " << row.group[0];
        EXPECT_TRUE(of(answer->total) == all) << audit::name_of(by[0]);
    }
    // From a time that is no day's border, the first and last parts come from hours.
    const auto part =
        audit->usage({.group_by = {By::team, By::model}, .from = start + std::chrono::hours(1), .to = end});
    const auto first = audit->usage({.group_by = {By::hour}, .from = start, .to = start + std::chrono::hours(1)});
    ASSERT_TRUE(part && first);
    EXPECT_EQ(part->total.calls + first->total.calls, all.calls);
    EXPECT_EQ(part->total.cost + first->total.cost, all.cost);
    store->stop();
}

}  // namespace
}  // namespace bursar::bench
