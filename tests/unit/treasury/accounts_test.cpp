// Hunts: a limit that is missed or listed twice, a lead who reaches beyond his teams, an amount that is read as
// another.
#include "service/treasury/accounts.h"

#include "tests/unit/treasury/office.h"

namespace bursar::treasury {
namespace {

using test::Office;

TEST(Accounts, every_limit_is_listed_once_with_what_was_decided_for_it) {
    policies::Rules rules(Office::company());
    rules.change([](policies::InForce& in_force) {
        in_force.raises["team:research"].push_back(
            {.like = {.limit = {}}, .adjustment = {.amount = NanoUsd::dollars(50)}});
        in_force.allotted["team:sales"] = {{.limit = NanoUsd::dollars(7)}};
    });
    const Limits all = limited_accounts(*rules.get(), Office::keys());
    EXPECT_EQ(all.size(), 6U);
    EXPECT_EQ(all.at("org").size(), 1U);
    ASSERT_EQ(all.at("team:research").size(), 2U) << "once with the raise and once without";
    EXPECT_EQ(all.at("team:research")[0].limit_at(Timestamp{}), Quantity(NanoUsd::dollars(150)));
    EXPECT_EQ(all.at("team:sales")[0].limit, Quantity(NanoUsd::dollars(7)));
    EXPECT_EQ(all.at("person:alice").size(), 1U);
    for (const auto& [account, limits] : all)
        EXPECT_EQ(*limits_of_account(*rules.get(), Office::keys(), account), limits) << account;
}

TEST(Accounts, of_what_is_not_there_is_not_found_and_without_a_limit_is_empty) {
    const auto rules = Office::company();
    EXPECT_TRUE(limits_of_account(*rules, Office::keys(), "key:k1")->empty());
    EXPECT_TRUE(limits_of_account(*rules, Office::keys(), "person:bob")->empty());
    for (const char* unknown :
         {"", "team:", "team:nobody", "key:", "key:k9", "person:", "person:eve", "research", "Org"})
        EXPECT_EQ(limits_of_account(*rules, Office::keys(), unknown).error().fault, Fault::not_found) << unknown;
}

TEST(Accounts, a_path_goes_from_the_organisation_down) {
    const auto rules = Office::company();
    using Path = std::vector<AccountName>;
    EXPECT_EQ(*path_of(*rules, Office::keys(), "org"), Path{"org"});
    EXPECT_EQ(*path_of(*rules, Office::keys(), "team:research"), (Path{"org", "team:rnd", "team:research"}));
    EXPECT_EQ(*path_of(*rules, Office::keys(), "key:k2"),
              (Path{"org", "team:rnd", "team:research", "person:alice", "key:k2"}));
    EXPECT_EQ(*path_of(*rules, Office::keys(), "person:alice"),
              (Path{"org", "team:rnd", "team:research", "person:alice"}));
    EXPECT_EQ(path_of(*rules, Office::keys(), "person:bob").error().fault, Fault::conflict) << "of two teams";
    EXPECT_EQ(path_of(*rules, Office::keys(), "team:gone").error().fault, Fault::not_found);
}

TEST(Accounts, a_lead_reaches_his_team_and_those_below_and_nobody_else) {
    const auto rules = Office::company();
    const auto reaches = [&](const char* account, const char* team) {
        return is_of_team(*rules, Office::keys(), account, team);
    };
    for (const char* account : {"team:research", "key:k1", "key:k2", "person:alice"}) {
        EXPECT_TRUE(reaches(account, "research")) << account;
        EXPECT_TRUE(reaches(account, "rnd")) << account;
        EXPECT_FALSE(reaches(account, "sales")) << account;
        EXPECT_FALSE(reaches(account, "")) << account;
    }
    for (const char* account : {"org", "team:rnd", "team:sales", "key:k4", "person:bob", "person:eve", "team:gone", ""})
        EXPECT_FALSE(reaches(account, "research")) << account;
    EXPECT_FALSE(is_of_team(*rules, Office::keys(), "team:gone", "gone")) << "a team that the policy no longer has";
}

TEST(Accounts, a_limit_is_named_in_words_and_the_refusal_lists_them) {
    const auto limits = *limits_of_account(*Office::company(), Office::keys(), "team:research");
    EXPECT_EQ(limit_called("team:research", limits, "tokens per day")->limit, Quantity(1'000'000));
    EXPECT_EQ(limit_called("team:research", limits, "per year").error().for_caller,
              "Team research has no limit \"per year\". It has: \"per month\", \"tokens per day\".");
    EXPECT_FALSE(limit_called("key:k1", {}, "per month"));
    const std::vector<Budget> twice = {{.limit = NanoUsd::dollars(9)}, {.limit = NanoUsd::dollars(2)}};
    EXPECT_EQ(limit_called("person:x", twice, "per month")->limit, Quantity(NanoUsd::dollars(2))) << "the tighter one";
}

struct Read {
    const char* text;
    Measure measure;
    std::int64_t units;  ///< -1: refused
};

TEST(Accounts, amounts_are_read_as_people_write_them) {
    const Read cases[] = {
        {"50 USD", Measure::money, 50'000'000'000},
        {"0.50", Measure::cost, 500'000'000},
        {"-20 USD", Measure::money, -20'000'000'000},
        {"2M tokens", Measure::tokens, 2'000'000},
        {"500k", Measure::tokens, 500'000},
        {"1,500 calls", Measure::calls, 1'500},
        {"50 EUR", Measure::money, -1},
        {"50 tokens", Measure::money, -1},
        {"50 USD", Measure::tokens, -1},
        {"1.5 tokens", Measure::tokens, -1},
        {" USD", Measure::money, -1},
        {"", Measure::calls, -1},
        {"M", Measure::tokens, -1},
        {"9223372036854775807k", Measure::tokens, -1},
        {"99999999999", Measure::money, -1},
    };
    for (const Read& each : cases) {
        const auto read = parse_quantity(each.text, each.measure);
        if (each.units == -1)
            EXPECT_FALSE(read) << each.text;
        else
            EXPECT_EQ(read.value_or(Quantity{}).units(), each.units) << each.text;
    }
}

}  // namespace
}  // namespace bursar::treasury
