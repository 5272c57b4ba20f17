// Hunts: a report that is made twice or never: after an outage, a crash, a new schedule, another time zone; one that is
// told and not kept.
#include "tests/unit/reports/firm.h"

namespace bursar::reports::testing {
namespace {

std::string policy(std::string_view reports, std::string_view zone = "Europe/Berlin") {
    return fmt::format(
        "organisation: {{name: Example GmbH, time_zone: {}}}\n"
        "teams: {{rnd: {{models: [\"*\"]}}, red: {{parent: rnd, models: [\"*\"]}}, blue: {{parent: rnd, models: "
        "[\"*\"]}}, sales: {{models: [\"*\"]}}}}\n"
        "alerts: {{targets: {{ops: {{slack: {{webhook: w}}}}, mail: {{teams: {{webhook: t}}}}}}}}\n"
        "reports: {{{}}}\n",
        zone, reports);
}
constexpr std::string_view monthly = "finance: {every: month, to: [ops]}";

TEST(Schedules, begin_with_the_period_that_runs_and_tell_each_once) {
    Firm firm(policy(monthly), "2026-10-15T10:00:00Z");
    firm.look_at("2026-10-15T10:00:00Z");
    EXPECT_TRUE(firm.kept().empty()) << "September was before the schedule";
    firm.look_at("2026-11-01T05:59:00Z");
    EXPECT_TRUE(firm.kept().empty()) << "it is not seven yet";
    firm.look_at("2026-11-01T06:00:00Z");
    firm.look_at("2026-11-01T06:00:10Z");
    firm.look_at("2026-11-20T06:00:00Z");
    ASSERT_EQ(firm.kept().size(), 1U);
    const Kept kept = firm.kept().front();
    EXPECT_EQ(kept.label, "2026-10");
    EXPECT_EQ(kept.to, std::vector<std::string>{"ops"});
    EXPECT_EQ(kept.formats, std::vector<std::string>{"pdf"});
    ASSERT_EQ(firm.events().size(), 1U);
    EXPECT_EQ(firm.events().front().kind, "report.due");
    EXPECT_EQ(firm.events().front().name, "report:finance|org|2026-10");
    firm.look_at("2026-12-01T06:00:00Z");
    EXPECT_EQ(firm.kept().size(), 2U);
}

TEST(Schedules, tell_the_last_period_only_after_an_outage) {
    Firm firm(policy("day: {every: day, at: \"08:00\"}"), "2026-10-15T10:00:00Z");
    firm.look_at("2026-10-15T10:00:00Z");
    firm.restart();
    firm.look_at("2026-10-25T10:00:00Z");
    firm.look_at("2026-10-25T11:00:00Z");
    ASSERT_EQ(firm.kept().size(), 1U);
    EXPECT_EQ(firm.kept().front().label, "2026-10-24");
}

TEST(Schedules, make_a_report_for_each_team_or_department) {
    Firm firm(policy("each: {every: day, each: team, to: {rnd: [ops], blue: [mail]}}, deps: {every: day, each: "
                     "department}, some: {every: day, of: [organisation, sales], to: [mail]}"),
              "2026-10-15T10:00:00Z");
    EXPECT_EQ(firm.warnings,
              (std::vector<std::string>{"reports: deps goes to no target, it is only kept; see bursarctl report list",
                                        "reports: 1 of the 3 reports of each go to no target, they are only kept"}));
    firm.look_at("2026-10-15T10:00:00Z");
    for (int i = 0; i < 4; ++i) firm.look_at("2026-10-16T10:00:00Z");
    std::map<std::string, std::vector<std::string>> told;
    for (const Kept& kept : firm.kept()) told[kept.name + "/" + kept.team] = kept.to;
    EXPECT_EQ(told, (std::map<std::string, std::vector<std::string>>{{"each/red", {"ops"}},
                                                                     {"each/blue", {"mail"}},
                                                                     {"each/sales", {}},
                                                                     {"deps/rnd", {}},
                                                                     {"some/", {"mail"}},
                                                                     {"some/sales", {"mail"}}}));
    EXPECT_EQ(firm.kept().size(), 6U);
}

TEST(Schedules, make_a_few_reports_at_a_look_and_the_rest_at_the_next) {
    std::string teams;
    for (int i = 0; i < 3 * reports_per_look_max - 1; ++i) teams += fmt::format("{}t{}: {{}}", i == 0 ? "" : ", ", i);
    Firm firm("teams: {" + teams + "}\nreports: {each: {every: day, each: team}}", "2026-10-15T10:00:00Z");
    firm.look_at("2026-10-15T10:00:00Z");
    std::vector<std::size_t> made;
    for (int i = 0; i < 4; ++i) {
        firm.look_at("2026-10-16T10:00:00Z");
        made.push_back(firm.kept().size());
    }
    EXPECT_EQ(made, (std::vector<std::size_t>{4, 8, 11, 11}));
}

TEST(Schedules, that_go_and_come_back_tell_nothing_twice) {
    Firm firm(policy(monthly), "2026-10-15T10:00:00Z");
    firm.look_at("2026-10-15T10:00:00Z");
    firm.look_at("2026-11-01T10:00:00Z");
    firm.apply(policy(""));
    firm.look_at("2026-11-01T10:01:00Z");
    firm.apply(policy(monthly));
    firm.look_at("2026-11-01T10:02:00Z");
    firm.look_at("2026-11-01T10:03:00Z");
    EXPECT_EQ(firm.kept().size(), 1U);
}

TEST(Schedules, of_another_time_zone_tell_a_month_once) {
    Firm firm(policy(monthly), "2026-10-15T10:00:00Z");
    firm.look_at("2026-10-15T10:00:00Z");
    firm.look_at("2026-11-01T10:00:00Z");
    firm.apply(policy(monthly, "America/New_York"));
    firm.look_at("2026-11-01T15:00:00Z");
    EXPECT_EQ(firm.kept().size(), 1U) << "October ended once more, and was told";
    firm.look_at("2026-12-01T15:00:00Z");
    EXPECT_EQ(firm.kept().size(), 2U);
}

// Hunts: a report that is told and not kept, or kept and not told, when a statement fails or the process ends.
TEST(Schedules, keep_and_tell_together_or_not_at_all_whatever_fails) {
    for (int nth = 1; nth < 1'000; ++nth) {
        Firm firm(policy(monthly), "2026-10-15T10:00:00Z");
        firm.look_at("2026-10-15T10:00:00Z");
        firm.go_to("2026-11-01T10:00:00Z");
        firm.store.fail_statement(nth);
        const bool went_well = firm.schedules->look(firm.clock.now()).has_value();
        const bool reached = firm.store.statement_has_failed();
        firm.store.fail_statement(0);
        EXPECT_EQ(firm.kept().size(), firm.events().size()) << "statement " << nth;
        if (went_well) EXPECT_EQ(firm.kept().size(), 1U) << "statement " << nth;
        firm.restart();
        firm.look_at("2026-11-01T10:01:00Z");
        EXPECT_EQ(firm.kept().size(), 1U) << "statement " << nth;
        EXPECT_EQ(firm.events().size(), 1U) << "statement " << nth;
        if (!reached) return;
    }
    FAIL() << "there is no end to the statements";
}

TEST(Sending, keeps_and_tells_each_time_and_leaves_the_schedule_alone) {
    Firm firm(policy(monthly), "2026-10-15T10:00:00Z");
    firm.look_at("2026-10-15T10:00:00Z");
    int audited = 0;
    const auto also = [&](store::Transaction&, const Kept&) -> Result<void> {
        ++audited;
        return {};
    };
    const Schedules::Sending sending{
        .wish = {.name = "finance", .of = "red", .period = "current"}, .to = {"mail"}, .by = "operator:ada"};
    for (int i = 0; i < 2; ++i) {
        const auto sent = firm.schedules->send(sending, firm.clock.now(), also);
        ASSERT_TRUE(sent) << sent.error().for_caller;
        EXPECT_EQ(sent->number, i + 1);
        EXPECT_EQ(sent->label, "2026-10");
        EXPECT_EQ(sent->to, std::vector<std::string>{"mail"});
    }
    EXPECT_EQ(audited, 2);
    EXPECT_EQ(firm.events().size(), 2U);
    EXPECT_EQ(firm.events().front().team, "red");
    firm.look_at("2026-11-01T10:00:00Z");
    EXPECT_EQ(firm.kept().size(), 3U);
}

TEST(Sending, refuses_what_there_is_not) {
    Firm firm(policy("finance: {every: month}"), "2026-10-15T10:00:00Z");
    const auto refusal = [&](Schedules::Sending sending) {
        const auto sent = firm.schedules->send(sending, firm.clock.now(), {});
        return sent ? std::string("sent") : sent.error().for_caller;
    };
    EXPECT_EQ(refusal({.wish = {.name = "nothing", .of = {}, .period = {}}, .to = {"ops"}, .by = "x"}),
              "The policy in force has no report of that name. See: bursarctl report list");
    EXPECT_EQ(refusal({.wish = {.name = "finance", .of = "nobody", .period = {}}, .to = {"ops"}, .by = "x"}),
              "The policy has no team of that name. See: bursarctl teams");
    EXPECT_EQ(refusal({.wish = {.name = "finance", .of = {}, .period = {}}, .to = {"oops"}, .by = "x"}),
              "The policy in force has no target \"oops\". See: bursarctl alerts targets");
    EXPECT_EQ(refusal({.wish = {.name = "finance", .of = {}, .period = {}}, .to = {}, .by = "x"}),
              "This report goes to no target. Name one: --to TARGET. See: bursarctl alerts targets");
    EXPECT_EQ(refusal({.wish = {.name = "finance", .of = {}, .period = "2026-12"}, .to = {"ops"}, .by = "x"}),
              "2026-12 has not begun yet; name an earlier period.");
    EXPECT_TRUE(firm.kept().empty());
}

TEST(KeptReports, go_after_four_hundred_days_but_for_the_last) {
    Firm firm(policy(monthly), "2026-10-15T10:00:00Z");
    firm.look_at("2026-10-15T10:00:00Z");
    firm.look_at("2026-11-01T10:00:00Z");
    firm.look_at("2026-12-01T10:00:00Z");
    firm.apply(policy(""));
    firm.look_at("2028-12-01T10:00:00Z");
    ASSERT_EQ(firm.kept().size(), 1U);
    EXPECT_EQ(firm.kept().front().number, 2);
}

}  // namespace
}  // namespace bursar::reports::testing
