#include "service/ledger/books.h"
#include "tests/unit/ledger/bench.h"

#include <gtest/gtest.h>

// Hunts: a hold that takes part of its levels, money that is charged twice or not at all, a refusal that names the
// wrong account, and sums that differ after a restart.
namespace bursar::ledger {
namespace {

Budget hard(std::int64_t dollars, Per per) { return {.limit = NanoUsd::dollars(dollars), .per = per}; }
Budget soft(std::int64_t dollars, Per per) { return {.limit = NanoUsd::dollars(dollars), .per = per, .hard = false}; }

TEST(Hold, is_taken_on_every_level_and_given_back_but_for_what_the_call_cost) {
    Bench bench;
    const auto scopes =
        bench.scopes({{"org", {hard(100, Per::month)}}, {"team:a", {hard(50, Per::day)}}, {"key:1", {}}});
    const auto call = bench.hold(scopes, NanoUsd::dollars(10));
    ASSERT_TRUE(call.held);
    EXPECT_EQ(call.held->amount.charge, NanoUsd::dollars(10));
    EXPECT_EQ(call.held->remaining, NanoUsd::dollars(40));
    for (const char* account : {"org", "team:a", "key:1"})
        EXPECT_EQ(bench.spending(account).held, NanoUsd::dollars(10)) << account;
    EXPECT_TRUE(bench.settle(call.attempt, NanoUsd::dollars(3)));
    for (const char* account : {"org", "team:a", "key:1"}) {
        EXPECT_EQ(bench.spending(account).held, NanoUsd{}) << account;
        EXPECT_EQ(bench.spending(account).spent, NanoUsd::dollars(3)) << account;
    }
    EXPECT_EQ(bench.ledger().remaining(*scopes, bench.now()), NanoUsd::dollars(47));
}

TEST(Hold, takes_what_is_left_when_that_is_enough_and_nothing_otherwise) {
    struct Case {
        const char* sentence;
        NanoUsd amount, least;
        std::optional<NanoUsd> taken;
    };
    for (const Case& c :
         {Case{"less than is left is taken in full", NanoUsd(900'000'000), NanoUsd(1), NanoUsd(900'000'000)},
          Case{"exactly what is left is taken", NanoUsd::dollars(1), NanoUsd::dollars(1), NanoUsd::dollars(1)},
          Case{"more than is left takes what is left, if that is of use", NanoUsd::dollars(5), NanoUsd(400'000'000),
               NanoUsd::dollars(1)},
          Case{"more than is left takes nothing, if that is of no use", NanoUsd::dollars(5), NanoUsd(1'000'000'001),
               std::nullopt},
          Case{"a nano-dollar too much is too much", NanoUsd(1'000'000'001), NanoUsd(1'000'000'001), std::nullopt},
          Case{"a call that costs nothing holds nothing", NanoUsd{}, NanoUsd{}, NanoUsd{}}}) {
        Bench bench;
        const auto call = bench.hold(bench.scopes({{"org", {hard(1, Per::ever)}}}), c.amount, c.least);
        ASSERT_EQ(call.held.has_value(), c.taken.has_value()) << c.sentence;
        if (c.taken) EXPECT_EQ(call.held->amount.charge, *c.taken) << c.sentence;
    }
}

TEST(Hold, of_a_call_that_costs_something_is_never_empty) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {hard(1, Per::ever)}}});
    ASSERT_TRUE(bench.hold(scopes, NanoUsd::dollars(1)).held);
    EXPECT_FALSE(bench.hold(scopes, NanoUsd(1), NanoUsd{}).held);
    EXPECT_TRUE(bench.hold(scopes, NanoUsd{}, NanoUsd{}).held);
}

TEST(Refusal, names_the_first_account_without_enough_with_its_sums_and_the_end_of_its_period) {
    Bench bench("2026-11-23T17:00:00Z");
    const auto others = bench.scopes({{"org", {}}, {"team:a", {}}});
    const auto call = bench.hold(others, NanoUsd::dollars(7));
    ASSERT_TRUE(bench.settle(bench.hold(others, NanoUsd::dollars(2)).attempt, NanoUsd::dollars(2)));
    const auto scopes = bench.scopes({{"org", {hard(100, Per::month)}},
                                      {"team:a", {soft(1, Per::day), hard(10, Per::week)}},
                                      {"key:1", {hard(0, Per::ever)}}});
    const auto refused = bench.hold(scopes, NanoUsd::dollars(3), NanoUsd::dollars(2)).held;
    ASSERT_FALSE(refused);
    const Refusal& refusal = refused.error();
    EXPECT_EQ(refusal.account, "team:a");
    EXPECT_EQ(refusal.budget, hard(10, Per::week));
    EXPECT_EQ(refusal.spent, NanoUsd::dollars(2));
    EXPECT_EQ(refusal.held, NanoUsd::dollars(7));
    EXPECT_EQ(refusal.asked, NanoUsd::dollars(3));
    EXPECT_EQ(to_text(refusal.period_end), "2026-11-29T23:00:00.000Z");
    EXPECT_EQ(refusal.fault, Fault::budget_exhausted);
    EXPECT_EQ(bench.spending("key:1").held, NanoUsd{});
    EXPECT_EQ(bench.spending("org").held, NanoUsd::dollars(7));
}

TEST(Budget, that_is_soft_refuses_nothing) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {soft(1, Per::day)}}});
    const auto call = bench.hold(scopes, NanoUsd::dollars(1'000));
    ASSERT_TRUE(call.held);
    EXPECT_EQ(call.held->remaining, unlimited);
    EXPECT_EQ(bench.ledger().remaining(*scopes, bench.now()), unlimited);
    EXPECT_EQ(bench.ledger().standing(*scopes, bench.now()).at(0).held, NanoUsd::dollars(1'000));
}

TEST(Budget, that_a_later_revision_adds_counts_what_its_period_has_seen_already) {
    Bench bench("2026-11-03T10:00:00Z");
    bench.spend(bench.scopes({{"org", {}}}), NanoUsd::dollars(60));
    bench.set("2026-11-23T10:00:00Z");
    const auto open = bench.hold(bench.scopes({{"org", {}}}), NanoUsd::dollars(15));
    const auto later = bench.scopes({{"org", {hard(100, Per::month), hard(100, Per::day)}}});
    const auto standing = bench.ledger().standing(*later, bench.now());
    EXPECT_EQ(standing.at(0).spent, NanoUsd::dollars(60));
    EXPECT_EQ(standing.at(0).held, NanoUsd::dollars(15));
    EXPECT_EQ(standing.at(1).spent, NanoUsd{});
    EXPECT_FALSE(bench.hold(later, NanoUsd::dollars(26)).held);
    EXPECT_TRUE(bench.hold(later, NanoUsd::dollars(25)).held);
}

TEST(Budget, starts_again_with_its_period_without_anybody_doing_anything) {
    Bench bench("2026-11-30T22:59:59Z");
    const auto scopes = bench.scopes({{"org", {hard(10, Per::month)}}});
    bench.spend(scopes, NanoUsd::dollars(10));
    EXPECT_FALSE(bench.hold(scopes, NanoUsd(1)).held);
    bench.set("2026-11-30T23:00:00Z");
    EXPECT_EQ(bench.ledger().remaining(*scopes, bench.now()), NanoUsd::dollars(10));
    EXPECT_TRUE(bench.hold(scopes, NanoUsd::dollars(10)).held);
}

TEST(Budget, does_not_come_back_when_the_clock_goes_back) {
    Bench bench("2026-11-30T22:59:59Z");
    const auto scopes = bench.scopes({{"org", {hard(10, Per::month)}}});
    bench.spend(scopes, NanoUsd::dollars(10));
    bench.set("2026-12-01T10:00:00Z");
    bench.spend(scopes, NanoUsd::dollars(9));
    bench.set("2026-11-29T10:00:00Z");
    EXPECT_EQ(bench.ledger().remaining(*scopes, bench.now()), NanoUsd::dollars(1));
    bench.restart();
    const auto again = bench.scopes({{"org", {hard(10, Per::month)}}});
    EXPECT_EQ(bench.ledger().remaining(*again, bench.now()), NanoUsd::dollars(1));
}

TEST(Settlement, above_the_hold_is_booked_in_full_and_blocks_the_next_call) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {hard(10, Per::month)}}});
    const auto call = bench.hold(scopes, NanoUsd::dollars(4));
    EXPECT_TRUE(bench.settle(call.attempt, NanoUsd::dollars(25)));
    EXPECT_EQ(bench.ledger().standing(*scopes, bench.now()).at(0).spent, NanoUsd::dollars(25));
    EXPECT_EQ(bench.ledger().totals().variance, NanoUsd::dollars(21));
    EXPECT_EQ(bench.ledger().remaining(*scopes, bench.now()), NanoUsd{});
    EXPECT_FALSE(bench.hold(scopes, NanoUsd(1)).held);
}

TEST(Settlement, counts_once_whatever_is_said_later) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {}}});
    const auto call = bench.hold(scopes, NanoUsd::dollars(4));
    EXPECT_TRUE(bench.settle(call.attempt, NanoUsd::dollars(1)));
    EXPECT_FALSE(bench.settle(call.attempt, NanoUsd::dollars(1)));
    EXPECT_FALSE(bench.ledger().release(call.attempt));
    EXPECT_FALSE(bench.grow(call.attempt, NanoUsd(1)));
    EXPECT_FALSE(bench.settle(AttemptId::make(bench.now()), NanoUsd::dollars(1)));
    EXPECT_EQ(bench.spending("org").spent, NanoUsd::dollars(1));
}

TEST(Settlement, goes_to_the_period_in_which_its_call_began) {
    Bench bench("2026-11-30T22:59:00Z");
    const auto scopes = bench.scopes({{"org", {hard(10, Per::month)}}});
    const auto call = bench.hold(scopes, NanoUsd::dollars(8));
    bench.set("2026-11-30T23:01:00Z");
    ASSERT_TRUE(bench.hold(scopes, NanoUsd::dollars(1)).held);
    EXPECT_FALSE(bench.grow(call.attempt, NanoUsd::dollars(3))) << "November has 2 dollars left";
    EXPECT_TRUE(bench.grow(call.attempt, NanoUsd::dollars(2)));
    EXPECT_TRUE(bench.settle(call.attempt, NanoUsd::dollars(9)));
    EXPECT_EQ(bench.ledger().remaining(*scopes, bench.now()), NanoUsd::dollars(9));
}

// Once the hour that a change of half an hour makes began inside the one before, and the service ended here.
TEST(Settlement, of_a_call_that_lasts_over_a_clock_change_of_half_an_hour_is_booked) {
    Bench bench("2026-04-04T14:45:00Z");
    const auto scopes = bench.scopes({{"org", {hard(10, Per::hour)}}}, "Australia/Lord_Howe");
    const auto call = bench.hold(scopes, NanoUsd::dollars(8));
    bench.set("2026-04-04T15:05:00Z");
    ASSERT_TRUE(bench.hold(scopes, NanoUsd::dollars(1)).held);
    EXPECT_TRUE(bench.settle(call.attempt, NanoUsd::dollars(7)));
    EXPECT_EQ(bench.ledger().remaining(*scopes, bench.now()), NanoUsd::dollars(9));
}

TEST(Growth, keeps_to_the_limits_even_when_the_hold_is_many_periods_old) {
    Bench bench("2026-11-23T10:30:00Z");
    const auto scopes = bench.scopes({{"org", {hard(10, Per::hour)}}});
    const auto call = bench.hold(scopes, NanoUsd::dollars(5));
    bench.spend(scopes, NanoUsd::dollars(4));
    for (const char* at : {"2026-11-23T11:30:00Z", "2026-11-23T12:30:00Z", "2026-11-23T13:30:00Z"}) {
        bench.set(at);
        bench.spend(scopes, NanoUsd::dollars(10));
    }
    const auto refused = bench.grow(call.attempt, NanoUsd(1'000'000'001));
    ASSERT_FALSE(refused);
    EXPECT_EQ(to_text(refused.error().period_end), "2026-11-23T11:00:00.000Z");
    EXPECT_EQ(refused.error().spent, NanoUsd::dollars(4));
    EXPECT_TRUE(bench.grow(call.attempt, NanoUsd::dollars(1)));
}

TEST(Account, that_stands_on_two_levels_is_charged_once_under_both_limits) {
    Bench bench;
    const auto scopes = bench.scopes({{"org", {hard(10, Per::day)}}, {"org", {hard(5, Per::month)}}});
    EXPECT_FALSE(bench.hold(scopes, NanoUsd::dollars(6)).held);
    ASSERT_TRUE(bench.hold(scopes, NanoUsd::dollars(5)).held);
    EXPECT_EQ(bench.spending("org").held, NanoUsd::dollars(5));
}

TEST(TimeZoneChange, never_makes_room_that_the_former_zone_did_not_have) {
    Bench bench("2026-11-23T22:30:00Z");
    const auto before = bench.scopes({{"org", {hard(10, Per::day)}}}, "Europe/Berlin");
    bench.spend(before, NanoUsd::dollars(6));  // still the 23rd in Berlin, and in New York
    bench.set("2026-11-24T02:00:00Z");         // the 24th in Berlin, the 23rd in New York
    bench.spend(before, NanoUsd::dollars(1));
    const auto open = bench.hold(before, NanoUsd::dollars(1));
    const auto after = bench.scopes({{"org", {hard(10, Per::day)}}}, "America/New_York");
    EXPECT_EQ(bench.ledger().remaining(*after, bench.now()), NanoUsd::dollars(2));
    ASSERT_TRUE(bench.grow(open.attempt, NanoUsd::dollars(1)));
    EXPECT_EQ(bench.ledger().remaining(*after, bench.now()), NanoUsd::dollars(1));
    ASSERT_TRUE(bench.settle(open.attempt, NanoUsd(2'500'000'000)));
    EXPECT_EQ(bench.ledger().remaining(*after, bench.now()), NanoUsd(500'000'000));
    bench.spend(after, NanoUsd(500'000'000));
    EXPECT_FALSE(bench.hold(after, NanoUsd(1)).held);
    EXPECT_EQ(bench.ledger().remaining(*before, bench.now()), NanoUsd::dollars(6))
        << "calls of the former revision go on as before";
}

TEST(Levels, have_limits_of_their_own) {
    Bench bench;
    std::vector<Level> deep;
    for (int i = 0; i < 129; ++i) deep.push_back({"team:" + std::to_string(i), {}});
    EXPECT_FALSE(bench.ledger().prepare(deep, "Europe/Berlin"));
    EXPECT_FALSE(bench.ledger().prepare({}, "Europe/Berlin"));
    EXPECT_FALSE(bench.ledger().prepare({{std::string(257, 'x'), {}}}, "Europe/Berlin"));
    for (const char* zone : {"Europe/Atlantis", "", "/etc/localtime", "../../etc/passwd", "localtime\n"})
        EXPECT_FALSE(bench.ledger().prepare({{"org", {}}}, zone)) << zone;
}

}  // namespace
}  // namespace bursar::ledger
