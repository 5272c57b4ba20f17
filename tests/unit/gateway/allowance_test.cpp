// Hunts: a coding agent that shows the wrong limit, its vendor's sentence instead of ours, or "nothing left" while
// calls are let through.
#include "service/gateway/allowance.h"

#include "service/ledger/caps.h"

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

const Timestamp december = parse_timestamp("2026-12-01T00:00:00+01:00").value();
const Timestamp tomorrow = parse_timestamp("2026-11-24T00:00:00+01:00").value();
constexpr const char* december_seconds = "1796079600";

ledger::Standing spent(const AccountName& account, std::int64_t of_hundred, Per per = Per::month) {
    ledger::Standing standing;
    standing.account = account;
    standing.budget = {.limit = NanoUsd::dollars(100), .per = per};
    standing.limit = NanoUsd::dollars(100);
    standing.spent = NanoUsd::dollars(of_hundred);
    standing.period_end = per == Per::day ? tomorrow : december;
    return standing;
}

std::string header(const edge::ResponseHead& head, std::string_view name) {
    for (const edge::Header& one : head.headers)
        if (one.name == std::string("anthropic-ratelimit-unified-").append(name)) return one.value;
    return "absent";
}

struct Case {
    const char* name;
    std::int64_t spent;
    const char* status;
    const char* utilization;
    const char* threshold;
};

TEST(Allowance, SaysHowFullTheLimitIsAndWarnsPastTheThresholds) {
    const std::vector<Case> cases = {
        {"nothing is spent", 0, "allowed", "0.00", "absent"},
        {"a little is spent", 7, "allowed", "0.07", "absent"},
        {"a threshold that is only reached is not passed", 75, "allowed", "0.75", "absent"},
        {"four fifths", 80, "allowed_warning", "0.80", "0.75"},
        {"the second threshold is reached", 95, "allowed_warning", "0.95", "0.75"},
        {"nearly all", 97, "allowed_warning", "0.97", "0.95"},
        {"a call that was let through and used up the rest", 100, "allowed_warning", "0.99", "0.95"},
        {"a call that cost more than was left", 130, "allowed_warning", "0.99", "0.95"},
        {"a correction gave back more than was spent", -5, "allowed", "0.00", "absent"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.name);
        edge::ResponseHead head;
        add_allowance(head, {spent("person:ana", one.spent)});
        EXPECT_EQ(header(head, "status"), one.status);
        EXPECT_EQ(header(head, "overage-status"), one.status);
        EXPECT_EQ(header(head, "representative-claim"), "overage");
        EXPECT_EQ(header(head, "overage-utilization"), one.utilization);
        EXPECT_EQ(header(head, "overage-surpassed-threshold"), one.threshold);
        EXPECT_EQ(header(head, "reset"), december_seconds);
        EXPECT_EQ(header(head, "overage-reset"), december_seconds);
    }
}

TEST(Allowance, OfSeveralLimitsTheFullestIsTold) {
    edge::ResponseHead head;
    add_allowance(head, {spent("org", 10), spent("person:ana", 90), spent("team:research", 60)});
    EXPECT_EQ(header(head, "overage-utilization"), "0.90");
    edge::ResponseHead equal;
    add_allowance(equal, {spent("person:ana", 50, Per::day), spent("team:research", 50)});
    EXPECT_EQ(header(equal, "reset"), december_seconds) << "of two that are as full, the one that lasts longer";
}

TEST(Allowance, OnlyHardLimitsOfMoneyThatCountEveryCallAreTold) {
    ledger::Standing soft = spent("team:a", 90), tokens = soft, of_one_model = soft;
    soft.budget.hard = false;
    tokens.budget.measure = Measure::tokens;
    of_one_model.budget.of = "model:m";
    edge::ResponseHead head;
    add_allowance(head, {soft, tokens, of_one_model});
    EXPECT_TRUE(head.headers.empty());
    add_allowance(head, {});
    EXPECT_TRUE(head.headers.empty()) << "who has no limit is told of none";
}

TEST(Allowance, WhatIsHeldIsNotSpentYet) {
    ledger::Standing standing = spent("person:ana", 20);
    standing.held = NanoUsd::dollars(80);
    edge::ResponseHead head;
    add_allowance(head, {standing});
    EXPECT_EQ(header(head, "overage-utilization"), "0.20");
}

TEST(Allowance, ALimitForGoodPromisesNoReset) {
    ledger::Standing standing = spent("person:ana", 20, Per::ever);
    standing.period_end = Timestamp::max();
    edge::ResponseHead head;
    add_allowance(head, {standing});
    EXPECT_EQ(header(head, "reset"), "absent");
    EXPECT_EQ(header(head, "overage-utilization"), "0.20");
}

TEST(Allowance, PercentsOfTinyAndOfHugeLimitsAreRight) {
    ledger::Standing tiny;
    tiny.limit = NanoUsd{30};
    tiny.spent = NanoUsd{20};
    EXPECT_EQ(ledger::percent_spent(tiny), 66);
    ledger::Standing huge;
    huge.limit = NanoUsd::dollars(4'000'000'000);
    huge.spent = NanoUsd::dollars(3'000'000'000);
    EXPECT_EQ(ledger::percent_spent(huge), 75);
    ledger::Standing nothing;
    EXPECT_EQ(ledger::percent_spent(nothing), 100);
}

ledger::Refusal used_up(const AccountName& account, Per per) {
    ledger::Refusal refusal;
    refusal.account = account;
    refusal.budget = {.limit = NanoUsd::dollars(100), .per = per};
    refusal.period_end = december;
    return refusal;
}

TEST(Allowance, AUsedUpLimitIsToldInTheShapeAtWhichTheAgentShowsOurSentence) {
    edge::ResponseHead head;
    add_used_up(head, used_up("person:ana", Per::month));
    EXPECT_EQ(header(head, "status"), "rejected");
    EXPECT_EQ(header(head, "reset"), december_seconds);
    EXPECT_EQ(header(head, "overage-reset"), december_seconds);
    EXPECT_EQ(header(head, "overage-utilization"), "1");
    EXPECT_EQ(header(head, "overage-surpassed-threshold"), "1");
    EXPECT_EQ(header(head, "overage-period"), "monthly");
    EXPECT_EQ(header(head, "overage-disabled-reason"), "org_spend_cap_reached");
    EXPECT_EQ(header(head, "overage-scope"), "absent") << "a limit of one's own is no pool";
    // With these two the agent shows its vendor's sentence and a link to its vendor.
    EXPECT_EQ(header(head, "representative-claim"), "absent");
    EXPECT_EQ(header(head, "overage-status"), "absent");
}

TEST(Allowance, ALimitThatOthersUseUpAsWellIsAPool) {
    for (const char* account : {"team:research", "org"}) {
        edge::ResponseHead head;
        add_used_up(head, used_up(account, Per::week));
        EXPECT_EQ(header(head, "overage-scope"), "group_pool") << account;
        EXPECT_EQ(header(head, "overage-period"), "weekly");
    }
}

TEST(Allowance, WhoeverMayNotCallForAnotherReasonIsToldOfNoLimit) {
    edge::ResponseHead head;
    add_used_up(head, std::nullopt);
    ASSERT_EQ(head.headers.size(), 1U);
    EXPECT_EQ(header(head, "overage-disabled-reason"), "fetch_error");
}

}  // namespace
}  // namespace bursar::gateway
