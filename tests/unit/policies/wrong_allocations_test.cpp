// Hunts: an allocation that is taken and shares out what is not there, or to nobody, or twice; and a setting that is
// read and does something else.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

/// Teams rnd (alpha, beta), sales.
std::string with_teams(std::string_view allocations) {
    return "organisation: {budgets: [{limit: 10000 USD, per: month}]}\n"
           "teams: {rnd: {budgets: [{limit: 1000 USD, per: month}]}, alpha: {parent: rnd, models: []}, beta: {parent: "
           "rnd, models: []}, sales: {models: []}}\n"
           "allocations: " +
           std::string(allocations);
}

const std::vector<WrongDocument> wrong_allocations = {
    {"an allocation that is not a mapping", "{a: 5}",
     R"(a.yaml:3:18: allocation "a" must be a mapping such as {name: value}, not a single value)"},
    {"no pool", "{a: {per: month}}", R"(a.yaml:3:18: allocation "a" has no "pool"; add it)"},
    {"a pool that is a person", "{a: {pool: person:ada}}",
     R"(a.yaml:3:25: allocation pool "person:ada" must be org or team:NAME)"},
    {"a pool without its kind", "{a: {pool: rnd}}", R"(a.yaml:3:25: allocation pool "rnd" must be org or team:NAME)"},
    {"a pool that is not there", "{a: {pool: team:rns}}",
     R"(a.yaml:3:25: there is no team "rns"; did you mean "rnd"?)"},
    {"a period without a calendar", "{a: {pool: team:rnd, per: ever}}",
     R"(a.yaml:3:40: allocation "a" per "ever" must be one of: hour, day, week, month, quarter, year)"},
    {"a rule that nobody knows", "{a: {pool: team:rnd, by: luck}}",
     R"(a.yaml:3:39: allocation "a" by "luck" must be one of: weight, heads, use, fixed)"},
    {"among whom nobody knows", "{a: {pool: team:rnd, among: friends}}",
     R"(a.yaml:3:42: allocation "a" among "friends" must be teams, people, or a list such as [team:alpha, person:ada])"},
    {"among nobody", "{a: {pool: team:rnd, among: []}}",
     R"(a.yaml:3:42: allocation "a" among is an empty list; name those who get a part, or write teams or people)"},
    {"a pool with no team below it", "{a: {pool: team:alpha, amount: 5 USD}}",
     "a.yaml:3:25: no team is directly below the pool team:alpha; list the members, or share it among people"},
    {"a member that stands twice", "{a: {pool: team:rnd, among: [team:beta, team:beta]}}",
     R"(a.yaml:3:54: allocation member "team:beta" stands twice; keep one of them)"},
    {"a member that is not below the pool", "{a: {pool: team:rnd, among: [team:sales]}}",
     R"(a.yaml:3:43: allocation member "team:sales" is not below the pool team:rnd; take it out)"},
    {"a member that is a key", "{a: {pool: team:rnd, among: [key:7]}}",
     R"(a.yaml:3:43: allocation member "key:7" must be team:NAME or person:NAME)"},
    {"a member below another one", "{a: {pool: org, among: [team:alpha, team:rnd]}}",
     R"(a.yaml:3:50: allocation members "team:alpha" and "team:rnd" are one below the other; keep one of them)"},
    {"a pool without a limit", "{a: {pool: team:rnd, per: day}}",
     "a.yaml:3:25: the pool team:rnd has no hard money limit per day; give it one, or the allocation an amount"},
    {"more than the pool may spend", "{a: {pool: team:rnd, amount: 1001 USD}}",
     "a.yaml:3:43: allocation amount 1,001.00 USD is more than team:rnd may spend per month, which is 1,000.00 USD; "
     "lower it"},
    {"floors above the pool", "{a: {pool: team:rnd, each: {floor: 501 USD}}}",
     R"(a.yaml:3:25: the floors and fixed amounts of allocation "a" together are more than its pool of 1,000.00 USD; lower them)"},
    {"floors of people above the pool",
     "{a: {pool: team:rnd, among: people, shares: {person:a: {fixed: 600 USD}, person:b: {floor: 401 USD}}}}",
     R"(a.yaml:3:25: the floors and fixed amounts of allocation "a" together are more than its pool of 1,000.00 USD; lower them)"},
    {"a floor above its cap", "{a: {pool: team:rnd, each: {floor: 5 USD, cap: 4 USD}}}",
     R"(a.yaml:3:41: allocation "a" each has a floor of 5.00 USD above its cap of 4.00 USD; change one of them)"},
    {"a fixed amount with a cap", "{a: {pool: team:rnd, shares: {team:beta: {fixed: 5 USD, cap: 4 USD}}}}",
     R"(a.yaml:3:63: allocation share "team:beta" fixed "5 USD" leaves no room for a weight, floor or cap; keep either it or those)"},
    {"a share of nobody", "{a: {pool: team:rnd, shares: {team:bet: {weight: 2}}}}",
     R"(a.yaml:3:44: allocation share "team:bet" is of nobody among the members; did you mean "team:beta"?)"},
    {"a share of a team where people share", "{a: {pool: team:rnd, among: people, shares: {team:beta: {weight: 2}}}}",
     R"(a.yaml:3:59: allocation share "team:beta" is of nobody among the members; write it like person:NAME)"},
    {"fixed amounts that are missing", "{a: {pool: team:rnd, by: fixed, shares: {team:beta: {fixed: 5 USD}}}}",
     R"(a.yaml:3:25: allocation "a" shares by fixed amounts and has none for team:alpha; add it to shares, or to each)"},
    {"a weight below nothing", "{a: {pool: team:rnd, each: {weight: -1}}}",
     R"(a.yaml:3:50: allocation "a" each weight "-1" must be a whole number from 0 to 1000000)"},
    {"smoothing of weights", "{a: {pool: team:rnd, smoothing: 30%}}",
     R"(a.yaml:3:46: allocation "a" smoothing "30%" is of use only with by: use; take it out)"},
    {"more than all that is left", "{a: {pool: team:rnd, roll_over: {up_to: 150%}}}",
     R"(a.yaml:3:54: allocation "a" roll_over up_to "150%" must be a part from 1% to 100%; write it like 50%)"},
    {"lending by a word", "{a: {pool: team:rnd, lending: yes}}",
     R"(a.yaml:3:44: allocation "a" lending must be a mapping such as {name: value}, not a single value)"},
    {"the same limit from two allocations", "{a: {pool: team:rnd}, b: {pool: team:rnd, among: [team:beta]}}",
     R"(a.yaml:3:46: allocations "a" and "b" both allot team:beta per month; take it out of one of them)"},
};

TEST(WrongAllocation, is_told_with_its_place_and_what_to_change) {
    for (const WrongDocument& each : wrong_allocations) {
        const std::string text = with_teams(each.text);
        EXPECT_EQ(said_of({each.name, text, each.problems}), each.problems) << each.name;
    }
}

TEST(WrongAllocation, of_circular_teams_ends) {
    const std::string said = said_of({"",
                                      "teams: {a: {parent: b}, b: {parent: a}}\nallocations: {x: {pool: team:a, "
                                      "amount: 5 USD, among: [team:b, team:a]}}",
                                      ""});
    EXPECT_TRUE(said.contains(R"(team "a" is above itself)")) << said;
}

TEST(Allocation, reads_every_setting) {
    const Parsed parsed = parse_text(with_teams(R"({
  all: {pool: org, among: [team:rnd, team:sales], by: heads, each: {heads: 4}, shares: {team:sales: {heads: 7}}},
  rnd-daily: {pool: team:rnd, amount: 100 USD, per: day, by: use, smoothing: 40%, warn: [80%, 50%, 80%],
              each: {weight: 2, floor: 1 USD, cap: 70 USD}, shares: {team:beta: {cap: 90 USD}, team:alpha: {fixed: 10 USD}},
              roll_over: {up_to: 50%, ceiling: 20 USD}, lending: {up_to: 15%, keep: 5%}},
  staff: {pool: team:rnd, per: month, among: people, roll_over: {}, lending: {}}})"));
    ASSERT_EQ(problems_of(parsed), "");
    const auto& all = parsed.snapshot->allocations;
    ASSERT_EQ(all.size(), 3U);
    const Allocation& daily = *all.find("rnd-daily")->second;
    EXPECT_EQ(daily.pool, "team:rnd");
    EXPECT_EQ(daily.amount, NanoUsd::dollars(100));
    EXPECT_EQ(daily.per, Per::day);
    EXPECT_EQ(daily.by, ShareBy::use);
    EXPECT_EQ(daily.smoothing_percent, 40);
    EXPECT_EQ(daily.warn_percent, (std::vector<int>{50, 80}));
    EXPECT_EQ(daily.rule_of("team:gamma").weight, 2) << "what `each` says holds of everybody";
    EXPECT_EQ(daily.rule_of("team:beta").cap, NanoUsd::dollars(90));
    EXPECT_EQ(daily.rule_of("team:beta").floor, NanoUsd::dollars(1)) << "an entry keeps what it does not say";
    EXPECT_EQ(daily.rule_of("team:alpha").fixed, NanoUsd::dollars(10));
    EXPECT_EQ(daily.roll_over, (RollOver{.up_to_percent = 50, .ceiling = NanoUsd::dollars(20)}));
    EXPECT_EQ(daily.lending, (Lending{.up_to_percent = 15, .keep_percent = 5}));
    const Allocation& whole = *all.find("all")->second;
    EXPECT_EQ(whole.listed, (std::vector<AccountName>{"team:rnd", "team:sales"}));
    EXPECT_EQ(whole.rule_of("team:sales").heads, 7);
    EXPECT_EQ(whole.rule_of("team:rnd").heads, 4);
    EXPECT_EQ(all.find("staff")->second->roll_over, RollOver{});
    EXPECT_EQ(all.find("staff")->second->among, Among::people);
}

TEST(Allocation, of_a_pool_that_another_one_fills_needs_no_limit) {
    const Parsed parsed = parse_text(
        "organisation: {budgets: [{limit: 100 USD, per: month}]}\nteams: {a: {}, b: {parent: a, models: []}}\n"
        "allocations: {outer: {pool: org}, inner: {pool: team:a}}");
    EXPECT_EQ(problems_of(parsed), "");
}

TEST(Allocation, may_be_written_as_none) {
    EXPECT_EQ(problems_of(parse_text("allocations: []")), "");
    EXPECT_EQ(problems_of(parse_text("allocations: {}")), "");
    EXPECT_EQ(problems_of(parse_text("allocations:")), "");
}

}  // namespace
}  // namespace bursar::policies::testing
