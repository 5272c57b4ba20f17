// Hunts: a limit that holds for other calls, another time or another measure than its author wrote; a rate that is
// lost; a cost centre that does not reach the teams below.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

constexpr std::string_view routes = R"(
providers: {p: {dialect: openai, base_url: "https://p.example"}}
models:
  big: {tier: frontier, aliases: [huge], channels: [{provider: p}]}
  auto: {rules: [{use: big}]}
)";

Parsed parse_with(std::string_view more) { return parse_text(std::string(routes) + std::string(more)); }

/// The limits of one team, as the linked policy has them.
std::vector<Budget> limits(std::string_view written, std::string_view zone = "Europe/Berlin") {
    const Parsed parsed = parse_with("organisation: {time_zone: " + std::string(zone) +
                                     "}\nteams: {a: {models: [big], budgets: [" + std::string(written) + "]}}");
    EXPECT_EQ(problems_of(parsed), "") << written;
    return parsed.snapshot ? parsed.snapshot->teams.at("a")->budgets : std::vector<Budget>{};
}

TEST(Limits, say_what_they_count_and_how_long) {
    const struct {
        std::string_view written;
        Budget read;
    } cases[] = {
        {"{limit: 2000 USD}", {.limit = NanoUsd::dollars(2'000), .per = Per::month}},
        {"{limit: 2.5K USD, per: ever}", {.limit = NanoUsd::dollars(2'500), .per = Per::ever}},
        {"{limit: 5M tokens, per: minute}",
         {.limit = Quantity{5'000'000}, .per = Per::minute, .measure = Measure::tokens}},
        {"{limit: 600 calls, per: hour, rolling: true, warn: [80%, 50%, 80%]}",
         {.limit = Quantity{600},
          .per = Per::hour,
          .warn_percent = {50, 80},
          .measure = Measure::calls,
          .rolling = true}},
        {"{limit: 1 USD, per: day, measure: cost, hard: false}",
         {.limit = NanoUsd::dollars(1), .per = Per::day, .hard = false, .measure = Measure::cost}},
        {"{limit: 1 USD, per: day, of: tier:frontier}",
         {.limit = NanoUsd::dollars(1), .per = Per::day, .of = "tier:frontier"}},
        {"{limit: 1 USD, per: day, of: model:big}", {.limit = NanoUsd::dollars(1), .per = Per::day, .of = "model:big"}},
        {"{limit: 1 USD, per: day, of: model:huge}",
         {.limit = NanoUsd::dollars(1), .per = Per::day, .of = "model:big"}},
        {"{limit: 1 USD, per: day, of: tag:nightly}",
         {.limit = NanoUsd::dollars(1), .per = Per::day, .of = "tag:nightly"}},
    };
    for (const auto& each : cases) {
        const auto read = limits(each.written);
        ASSERT_EQ(read.size(), 1U) << each.written;
        EXPECT_EQ(read[0], each.read) << each.written;
    }
}

TEST(Limits, dates_are_days_of_the_organisation_wherever_its_zone_is_written) {
    const Document teams = {"a-teams.yaml",
                            "teams: {a: {models: [], budgets: [{limit: 5 USD, from: 2026-12-01, until: 2027-07-01}]}}"};
    const auto dates = [&](std::string_view zone) {
        const Parsed parsed = parse({}, {teams, {"b.yaml", "organisation: {time_zone: " + std::string(zone) + "}"}}, 1);
        EXPECT_EQ(problems_of(parsed), "");
        const Budget budget = parsed.snapshot->teams.at("a")->budgets.at(0);
        EXPECT_EQ(budget.per, Per::dates);
        return to_text(budget.from) + " " + to_text(budget.until);
    };
    EXPECT_EQ(dates("UTC"), "2026-12-01T00:00:00.000Z 2027-07-01T00:00:00.000Z");
    EXPECT_EQ(dates("Europe/Berlin"), "2026-11-30T23:00:00.000Z 2027-06-30T22:00:00.000Z") << "summer time too";
    EXPECT_EQ(dates("Pacific/Kiritimati"), "2026-11-30T10:00:00.000Z 2027-06-30T10:00:00.000Z");
    const auto mixed = limits("{limit: 5 USD, from: 2026-12-01, until: \"2026-12-01T06:00:01+01:00\"}", "Etc/GMT+5");
    ASSERT_EQ(mixed.size(), 1U);
    EXPECT_EQ(mixed[0].until - mixed[0].from, std::chrono::seconds(1)) << "an instant is one in every time zone";
}

TEST(Limits, of_the_organisation_hold_what_providers_are_paid) {
    const Parsed parsed = parse_with(R"(
organisation: {budgets: [{limit: 9 USD, per: month}, {limit: 8 USD, per: month, measure: money}, {limit: 7 tokens}]}
teams: {a: {models: [], budgets: [{limit: 6 USD}], per_person: [{limit: 5 USD}]}}
people: {eve: {budgets: [{limit: 4 USD}]}}
)");
    ASSERT_EQ(problems_of(parsed), "");
    const Snapshot& rules = *parsed.snapshot;
    std::vector<Measure> measures;
    for (const Budget& each : rules.organisation.budgets) measures.push_back(each.measure);
    EXPECT_EQ(measures, (std::vector<Measure>{Measure::cost, Measure::money, Measure::tokens}));
    EXPECT_EQ(rules.teams.at("a")->budgets.at(0).measure, Measure::money);
    EXPECT_EQ(rules.teams.at("a")->per_person.at(0).measure, Measure::money);
    EXPECT_EQ(rules.people.at("eve").at(0).measure, Measure::money);
}

TEST(Limits, that_differ_in_anything_but_numbers_stand_beside_each_other) {
    EXPECT_EQ(
        limits("{limit: 1 USD, per: day}, {limit: 1 USD, per: day, rolling: true}, {limit: 1 USD, per: day, hard: "
               "false}, {limit: 1 USD, per: day, measure: cost}, {limit: 1 tokens, per: day}, {limit: 1 USD, per: "
               "day, of: model:big}, {limit: 1 USD, per: day, of: tag:big}, {limit: 1 USD, per: week}")
            .size(),
        8U);
}

TEST(Rates, are_kept_where_they_are_written) {
    const Parsed parsed = parse_with(R"(
organisation: {rate: {requests: "1,000/min"}}
teams:
  a: {models: [], rate: {requests: 600/min, tokens: 2.5M/min, parallel: 50}, rate_per_person: {parallel: 1}, rate_per_key: {tokens: 1K/min}}
  b: {models: [], rate: {}}
)");
    ASSERT_EQ(problems_of(parsed), "");
    const Snapshot& rules = *parsed.snapshot;
    EXPECT_EQ(rules.organisation.rate, (Rate{.requests_per_minute = 1'000}));
    const Team& team = *rules.teams.at("a");
    EXPECT_EQ(team.rate, (Rate{.requests_per_minute = 600, .tokens_per_minute = 2'500'000, .parallel = 50}));
    EXPECT_EQ(team.rate_per_person, (Rate{.parallel = 1}));
    EXPECT_EQ(team.rate_per_key, (Rate{.tokens_per_minute = 1'000}));
    EXPECT_EQ(rules.teams.at("b")->rate, Rate{});
}

TEST(CostCentres, reach_the_teams_below_that_have_none_of_their_own) {
    const Parsed parsed = parse_with(R"(
teams:
  a-leaf: {parent: middle, models: []}
  middle: {parent: top, models: []}
  own: {parent: middle, cost_centre: R&D 12, models: []}
  own-leaf: {parent: own, models: []}
  top: {cost_centre: "0815", models: []}
  without: {models: []}
)");
    ASSERT_EQ(problems_of(parsed), "");
    std::vector<std::string> centres;
    for (const auto& entry : parsed.snapshot->teams) centres.push_back(entry.second->cost_centre);
    EXPECT_EQ(centres, (std::vector<std::string>{"0815", "0815", "R&D 12", "R&D 12", "0815", ""}));
}

}  // namespace
}  // namespace bursar::policies::testing
