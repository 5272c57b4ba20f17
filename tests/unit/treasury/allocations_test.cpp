// Hunts: a period that is run twice or not at all, a run that is not in force or not in the audit, money that a
// restart, a failing disk or a clock that goes back gives out twice, and a roll-over that nobody can spend.
#include "tests/sim/house.h"

#include <gtest/gtest.h>

namespace bursar::treasury {
namespace {

using sim::House;
using sim::line_of;

NanoUsd usd(std::int64_t dollars) { return NanoUsd::dollars(dollars); }
Caller of_team(std::string team, std::string person = {}) {
    return {.key_id = "k-" + team + person, .name = "k", .team = std::move(team), .person = std::move(person)};
}

/// Team rnd with 1,000 dollars a month, above alpha and beta.
std::string policy(std::string_view allocation, std::string_view more_teams = "", std::string_view limit = "1000") {
    return "organisation: {time_zone: Europe/Berlin, budgets: [{limit: 5000 USD, per: month}]}\n"
           "teams: {rnd: {budgets: [{limit: " +
           std::string(limit) +
           " USD, per: month}]}, alpha: {parent: rnd, models: []}, beta: {parent: rnd, models: []}" +
           std::string(more_teams) + "}\nallocations: {rnd-monthly: {pool: team:rnd" + std::string(allocation) + "}}\n";
}

TEST(Runs, share_the_pool_out_once_a_period_and_the_limits_hold_from_then_on) {
    House house(policy(", shares: {team:alpha: {weight: 3}}, warn: [80%]"), "2026-11-05T12:00:00Z");
    EXPECT_EQ(house.limit("team:alpha", Per::month), std::nullopt);
    house.tick();
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(750));
    EXPECT_EQ(house.limit("team:beta", Per::month), usd(250));
    EXPECT_EQ(house.allotted("team:alpha").front().warn_percent, std::vector<int>{80});
    EXPECT_FALSE(house.spend(of_team("beta"), usd(251)));
    EXPECT_TRUE(house.spend(of_team("beta"), usd(250)));
    house.tick();
    house.go_to("2026-11-30T22:59:59Z");
    EXPECT_EQ(house.audit_rows("allocation.run"), 1);
    const AllocationRun november = house.newest("rnd-monthly");
    EXPECT_EQ(november.cause, Cause::period);
    EXPECT_EQ(november.step, 0);
    EXPECT_EQ(november.author, "service");

    house.clock().set(*parse_timestamp("2026-11-30T23:00:00Z"));
    EXPECT_FALSE(house.spend(of_team("beta"), usd(251))) << "before its run, a period gives no more than the pool";
    house.tick();
    house.tick();
    EXPECT_EQ(house.audit_rows("allocation.run"), 2);
    EXPECT_EQ(to_text(house.newest("rnd-monthly").period.start), "2026-11-30T23:00:00.000Z");
    EXPECT_TRUE(house.spend(of_team("beta"), usd(250)));
}

TEST(Runs, put_what_is_left_into_the_next_period_and_the_pool_can_pay_it) {
    House house(policy(", roll_over: {up_to: 50%}"), "2026-11-05T12:00:00Z");
    house.tick();
    ASSERT_TRUE(house.spend(of_team("alpha"), usd(100)));
    ASSERT_TRUE(house.spend(of_team("beta"), usd(500)));
    house.go_to("2026-12-01T00:00:00+01:00");
    const AllocationRun december = house.newest("rnd-monthly");
    EXPECT_EQ(line_of(december, "team:alpha").rolled_over, usd(200));
    EXPECT_EQ(line_of(december, "team:beta").rolled_over, NanoUsd{});
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(700));
    // All of it can be spent, though it is more than the pool's own limit; and not a nano-dollar more.
    EXPECT_TRUE(house.spend(of_team("beta"), usd(500)));
    EXPECT_TRUE(house.spend(of_team("alpha"), usd(700)));
    EXPECT_FALSE(house.spend(of_team("alpha"), NanoUsd(1)));
    EXPECT_FALSE(house.spend(of_team("rnd"), NanoUsd(1))) << "the pool itself has nothing left either";
    house.go_to("2027-01-01T00:00:00+01:00");
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(500)) << "an extra is of its period";
    EXPECT_EQ(house.newest("rnd-monthly").plan.raise, NanoUsd{});
}

TEST(Runs, roll_over_no_more_than_the_pool_itself_had_left) {
    House house(policy(", roll_over: {}"), "2026-11-05T12:00:00Z");
    house.tick();
    ASSERT_TRUE(house.spend(of_team("rnd"), usd(930)));  // a key of the pool's own team, beside the members
    house.go_to("2026-12-01T00:00:00+01:00");
    EXPECT_EQ(house.newest("rnd-monthly").plan.raise, usd(70));
}

TEST(Runs, survive_a_restart_and_are_not_made_again) {
    House house(policy(", roll_over: {}"), "2026-11-05T12:00:00Z");
    house.tick();
    ASSERT_TRUE(house.spend(of_team("alpha"), usd(100)));
    house.go_to("2026-12-01T00:00:00+01:00");
    const AllocationRun before = house.newest("rnd-monthly");
    house.restart();
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(900)) << "in force before anybody looks";
    const AllocationRun after = house.newest("rnd-monthly");
    EXPECT_EQ(after.plan.lines, before.plan.lines);
    EXPECT_EQ(after.plan.raise, before.plan.raise);
    house.tick();
    EXPECT_EQ(house.audit_rows("allocation.run"), 2);
}

TEST(Runs, that_cannot_be_stored_are_not_in_force_and_are_made_later) {
    for (int statement = 1; statement <= 12; ++statement) {
        House house(policy(", roll_over: {}"), "2026-11-05T12:00:00Z");
        house.tick();
        ASSERT_TRUE(house.spend(of_team("alpha"), usd(100)));
        house.clock().set(*parse_timestamp("2026-12-01T00:00:00+01:00"));
        house.store().fail_statement(statement);
        house.tick();
        if (!house.store().statement_has_failed()) ADD_FAILURE() << "a run takes fewer statements than " << statement;
        house.store().fail_statement(0);
        EXPECT_EQ(house.limit("team:alpha", Per::month), usd(500)) << statement;
        EXPECT_EQ(house.audit_rows("allocation.run"), 1) << statement;
        house.tick();
        EXPECT_EQ(house.limit("team:alpha", Per::month), usd(900)) << statement;
        EXPECT_EQ(house.audit_rows("allocation.run"), 2) << statement;
    }
}

TEST(Runs, never_go_back_with_the_clock) {
    House house(policy(", roll_over: {}"), "2026-11-05T12:00:00Z");
    house.tick();
    house.go_to("2027-03-10T00:00:00Z");
    EXPECT_EQ(to_text(house.newest("rnd-monthly").period.start), "2027-02-28T23:00:00.000Z");
    house.go_to("2026-11-06T00:00:00Z");
    house.go_to("2026-12-06T00:00:00Z");
    house.restart();
    house.go_to("2026-12-07T00:00:00Z");
    EXPECT_EQ(house.audit_rows("allocation.run"), 2);
    EXPECT_EQ(to_text(house.newest("rnd-monthly").period.start), "2027-02-28T23:00:00.000Z");
    // And the periods of the books are the ones that count: a call has been seen there already.
    House other(policy(""), "2026-11-05T12:00:00Z");
    other.clock().set(*parse_timestamp("2026-12-01T00:00:30+01:00"));
    ASSERT_TRUE(other.spend(of_team("alpha"), usd(1)));
    other.go_to("2026-11-30T23:59:50+01:00");
    EXPECT_EQ(to_text(other.newest("rnd-monthly").period.start), "2026-11-30T23:00:00.000Z");
}

TEST(Runs, follow_teams_that_come_and_go_within_a_period) {
    House house(policy(""), "2026-11-01T00:00:00+01:00");
    house.tick();
    ASSERT_TRUE(house.spend(of_team("beta"), usd(30)));
    house.clock().set(*parse_timestamp("2026-11-16T00:00:00+01:00"));
    house.apply(policy("", ", gamma: {parent: rnd, models: []}"));
    house.tick();
    AllocationRun run = house.newest("rnd-monthly");
    EXPECT_EQ(run.cause, Cause::members);
    EXPECT_EQ(run.step, 1);
    EXPECT_EQ(line_of(run, "team:gamma").share, usd(200));
    EXPECT_EQ(line_of(run, "team:alpha").share, usd(400));
    // beta goes: it keeps what it has spent.
    house.apply(
        "organisation: {time_zone: Europe/Berlin}\nteams: {rnd: {budgets: [{limit: 1000 USD, per: month}]}, "
        "alpha: {parent: rnd, models: []}, gamma: {parent: rnd, models: []}}\nallocations: {rnd-monthly: {pool: "
        "team:rnd}}");
    house.go_to("2026-11-21T00:00:00+01:00");
    run = house.newest("rnd-monthly");
    EXPECT_EQ(line_of(run, "team:beta").total(), usd(30));
    EXPECT_EQ(run.plan.allotted(), usd(1'000));
    house.go_to("2026-12-01T00:00:00+01:00");
    EXPECT_EQ(house.newest("rnd-monthly").plan.lines.size(), 2U);
    EXPECT_EQ(house.limit("team:beta", Per::month), std::nullopt);
}

TEST(Runs, follow_a_changed_policy_and_end_with_it) {
    House house(policy(""), "2026-11-05T12:00:00Z");
    house.tick();
    house.apply(policy(", shares: {team:beta: {weight: 3}}", "", "2000"));
    house.tick();
    EXPECT_EQ(house.newest("rnd-monthly").cause, Cause::policy);
    EXPECT_EQ(house.limit("team:beta", Per::month), usd(1'500));
    house.apply(policy(", shares: {team:beta: {weight: 3}}, warn: [90%], lending: {}", "", "2000"));
    house.tick();
    EXPECT_EQ(house.audit_rows("allocation.run"), 2) << "nothing that a share follows has changed";
    EXPECT_EQ(house.allotted("team:beta").front().warn_percent, std::vector<int>{90});
    house.apply("teams: {rnd: {budgets: [{limit: 2000 USD, per: month}]}, alpha: {parent: rnd, models: []}}");
    house.tick();
    EXPECT_EQ(house.limit("team:beta", Per::month), std::nullopt);
}

TEST(Runs, lend_to_who_runs_out_and_have_it_paid_back) {
    House house(policy(", lending: {up_to: 20%, keep: 10%}"), "2026-11-01T00:00:00+01:00");
    house.tick();
    house.go_to("2026-11-16T00:00:00+01:00");
    ASSERT_TRUE(house.spend(of_team("beta"), usd(50)));
    ASSERT_TRUE(house.spend(of_team("alpha"), usd(490)));
    ASSERT_FALSE(house.spend(of_team("alpha"), usd(60)));
    house.tick();
    EXPECT_EQ(house.newest("rnd-monthly").cause, Cause::lending);
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(600));
    EXPECT_EQ(house.limit("team:beta", Per::month), usd(400));
    ASSERT_EQ(house.loans("rnd-monthly").size(), 1U);
    EXPECT_TRUE(house.spend(of_team("alpha"), usd(60)));
    house.restart();
    house.tick();
    house.tick();
    EXPECT_EQ(house.loans("rnd-monthly").size(), 1U);
    house.go_to("2026-12-01T00:00:00+01:00");
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(400));
    EXPECT_EQ(house.limit("team:beta", Per::month), usd(600));
    EXPECT_EQ(house.loans("rnd-monthly").size(), 0U) << "paid back";
    house.go_to("2027-01-01T00:00:00+01:00");
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(500));
}

TEST(Runs, count_heads_and_people) {
    House house(policy(", by: heads", ", below: {parent: alpha, models: []}"), "2026-11-05T12:00:00Z");
    house.people = {{"ada", "alpha"}, {"ada", "below"}, {"bob", "below"},
                    {"eve", "alpha"}, {"", "beta"},     {"dan", "beta"}};
    house.tick();
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(750)) << "three heads, though one has two keys";
    house.people.push_back({"kim", "beta"});
    house.people.push_back({"lee", "beta"});
    house.tick();
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(500));
    EXPECT_EQ(house.newest("rnd-monthly").cause, Cause::members);

    House persons(policy(", among: people, each: {cap: 400 USD}, shares: {person:bob: {floor: 500 USD, cap: 600 USD}}"),
                  "2026-11-05T12:00:00Z");
    persons.people = {{"ada", "alpha"}, {"bob", "beta"}};
    persons.tick();
    EXPECT_EQ(persons.limit("person:ada", Per::month), usd(400));
    EXPECT_EQ(persons.limit("person:bob", Per::month), usd(600));
    EXPECT_FALSE(persons.spend(of_team("alpha", "ada"), usd(401)));
    EXPECT_TRUE(persons.spend(of_team("alpha", "ada"), usd(400)));
}

TEST(Runs, follow_what_was_used_in_earlier_periods) {
    House house(policy(", by: use, smoothing: 50%"), "2026-09-05T12:00:00Z");
    house.tick();
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(500));
    ASSERT_TRUE(house.spend(of_team("alpha"), usd(300)));
    ASSERT_TRUE(house.spend(of_team("beta"), usd(100)));
    house.go_to("2026-10-01T00:00:00+02:00");
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(750));
    ASSERT_TRUE(house.spend(of_team("alpha"), usd(100)));
    ASSERT_TRUE(house.spend(of_team("beta"), usd(100)));
    house.go_to("2026-11-01T00:00:00+01:00");
    // (300 + 100) / 2 against (100 + 100) / 2
    EXPECT_EQ(house.limit("team:alpha", Per::month), NanoUsd(666'666'666'667));
}

TEST(Runs, of_a_pool_that_another_allocation_fills_share_out_what_it_gave) {
    House house(
        "organisation: {time_zone: Europe/Berlin, budgets: [{limit: 1000 USD, per: month}]}\n"
        "teams: {rnd: {}, sales: {models: []}, alpha: {parent: rnd, models: []}, beta: {parent: rnd, models: []}}\n"
        "allocations: {z-all: {pool: org, shares: {team:rnd: {weight: 4}}, roll_over: {}}, a-rnd: {pool: team:rnd, "
        "roll_over: {}}}\n",
        "2026-11-05T12:00:00Z");
    house.tick();
    EXPECT_EQ(house.limit("team:rnd", Per::month), usd(800));
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(400));
    ASSERT_TRUE(house.spend(of_team("alpha"), usd(100)));
    ASSERT_TRUE(house.spend(of_team("beta"), usd(400)));
    house.go_to("2026-12-01T00:00:00+01:00");
    EXPECT_EQ(house.limit("team:rnd", Per::month), usd(1'100)) << "800, and 300 that were left: once, not twice";
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(700));
    EXPECT_TRUE(house.spend(of_team("alpha"), usd(700)));
    EXPECT_TRUE(house.spend(of_team("beta"), usd(400)));
}

TEST(Runs, plan_says_what_run_would_do_and_does_nothing) {
    House house(policy(""), "2026-11-05T12:00:00Z");
    const auto planned = house.runs().plan("rnd-monthly");
    ASSERT_TRUE(planned);
    EXPECT_EQ(planned->number, 0);
    EXPECT_EQ(house.audit_rows("allocation.run"), 0);
    EXPECT_EQ(house.limit("team:alpha", Per::month), std::nullopt);
    const auto made =
        house.runs().run("rnd-monthly", {.actor = "operator:ada", .address = "10.0.0.7", .reason = "new budget"});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->plan.lines, planned->plan.lines);
    EXPECT_EQ(made->author, "operator:ada");
    EXPECT_EQ(house.limit("team:alpha", Per::month), usd(500));
    EXPECT_EQ(house.audit_rows("allocation.run"), 1);
    const auto again = house.runs().run("rnd-monthly", {.actor = "operator:ada", .address = {}, .reason = "once more"});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->cause, Cause::asked);
    EXPECT_EQ(again->step, 1);
    EXPECT_EQ(house.runs().plan("nothing").error().fault, Fault::not_found);
    EXPECT_EQ(house.runs().run("nothing", {}).error().fault, Fault::not_found);
}

TEST(Rows, of_one_step_of_one_period_are_written_once) {
    House house(policy(""), "2026-11-05T12:00:00Z");
    house.tick();
    AllocationRun twice = house.newest("rnd-monthly");
    const auto written = house.store().write(
        [&](store::Transaction& transaction) -> Result<void> { return write_run(transaction, twice); });
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().fault, Fault::conflict);
}

}  // namespace
}  // namespace bursar::treasury
