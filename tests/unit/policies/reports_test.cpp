// Hunts: a report that goes to nobody, to somebody else, at another time than was written, or of other teams; a mistake
// in it that nobody is told of.
#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

std::string company_with(std::string_view reports) {
    return fmt::format(
        "teams: {{rnd: {{models: [\"*\"]}}, red: {{parent: rnd, models: [\"*\"]}}, blue: {{parent: rnd, models: "
        "[\"*\"]}}, sales: {{models: [\"*\"]}}}}\n"
        "alerts: {{targets: {{ops: {{slack: {{webhook: w}}}}, mail: {{teams: {{webhook: t}}}}}}}}\n"
        "reports: {{{}}}\n",
        reports);
}

Parsed good(std::string_view reports) {
    Parsed parsed = parse_text(company_with(reports));
    EXPECT_EQ(problems_of(parsed), "");
    return parsed;
}

TEST(Reports, are_of_the_whole_organisation_at_seven_without_names_unless_they_say_more) {
    const Parsed parsed = good("finance: {every: month, to: [ops]}");
    ASSERT_TRUE(parsed.snapshot);
    ReportSchedule expected;
    expected.name = "finance";
    expected.to = {"ops"};
    EXPECT_EQ(parsed.snapshot->reports.at("finance"), expected);
    EXPECT_EQ(expected.at, 7h);
    EXPECT_TRUE(expected.whole);
    EXPECT_FALSE(expected.people_shown);
    EXPECT_EQ(expected.formats, Names{"pdf"});
    EXPECT_EQ(parsed.warnings, Names{});
}

TEST(Reports, have_their_times_readers_and_files) {
    const Parsed parsed = good(
        "r: {every: week, \"on\": friday, at: \"18:30\", of: [organisation, red], to: [mail, ops], people: shown, "
        "formats: "
        "[html, csv]}");
    ASSERT_TRUE(parsed.snapshot);
    const ReportSchedule& report = parsed.snapshot->reports.at("r");
    EXPECT_EQ(report.every, ReportSchedule::Every::week);
    EXPECT_EQ(report.weekday, 5);
    EXPECT_EQ(report.at, 18h + 30min);
    EXPECT_TRUE(report.whole);
    EXPECT_EQ(report.subjects, Names{"red"});
    EXPECT_EQ(report.to, (Names{"mail", "ops"}));
    EXPECT_TRUE(report.people_shown);
    EXPECT_EQ(report.formats, (Names{"html", "csv"}));
}

TEST(Reports, of_each_team_or_department_are_of_those_named_or_of_all) {
    const auto subjects = [](std::string_view text) {
        const Parsed parsed = good(fmt::format("r: {{every: day, to: [ops], {}}}", text));
        return parsed.snapshot ? parsed.snapshot->reports.at("r").subjects : Names{};
    };
    EXPECT_EQ(subjects("each: team"), (Names{"blue", "red", "sales"}));
    EXPECT_EQ(subjects("each: department"), Names{"rnd"});
    EXPECT_EQ(subjects("each: team, of: [rnd]"), (Names{"blue", "red"}));
    EXPECT_EQ(subjects("each: team, of: [organisation]"), (Names{"blue", "red", "sales"}));
    EXPECT_FALSE(good("r: {every: day, to: [ops], each: team}").snapshot->reports.at("r").whole);
}

TEST(Reports, of_a_team_go_to_its_own_targets_or_to_those_of_the_team_above) {
    const Parsed parsed = good("r: {every: day, each: team, to: {rnd: [ops], red: [mail], organisation: [ops]}}");
    ASSERT_TRUE(parsed.snapshot);
    const ReportSchedule& report = parsed.snapshot->reports.at("r");
    EXPECT_EQ(targets_of(*parsed.snapshot, report, "red"), Names{"mail"});
    EXPECT_EQ(targets_of(*parsed.snapshot, report, "blue"), Names{"ops"});
    EXPECT_EQ(targets_of(*parsed.snapshot, report, "sales"), Names{});
    EXPECT_EQ(targets_of(*parsed.snapshot, report, ""), Names{"ops"});
    EXPECT_EQ(parsed.warnings, Names{"reports: 1 of the 3 reports of r go to no target, they are only kept"});
    EXPECT_EQ(good("r: {every: day}").warnings,
              Names{"reports: r goes to no target, it is only kept; see bursarctl report list"});
}

TEST(WrongReport, says_what_is_wrong_and_what_to_change) {
    const std::vector<std::pair<std::string_view, std::string_view>> cases = {
        {"r: {to: [ops]}", R"(report "r" has no "every"; add it)"},
        {"r: {every: hour}", R"(report "r" every "hour" must be one of: day, week, month)"},
        {"r: {every: day, at: \"7\"}", R"(report "r" at "7" is not a time of day; write it like "20:00")"},
        {"r: {every: day, \"on\": monday}",
         R"(report "r" on "monday" is a day of the week, and the report is not made every week; write every: week, or take it out)"},
        {"r: {every: day, of: [read]}", R"(there is no team "read"; did you mean "red"?)"},
        {"r: {every: day, of: [red, red]}", R"(report subject "red" stands twice; keep one of them)"},
        {"r: {every: day, of: []}",
         R"(report "r" of names nobody; add a team, or take it out for the whole organisation)"},
        {"r: {every: day, to: [opps]}", R"(there is no target "opps"; did you mean "ops"?)"},
        {"r: {every: day, to: {reed: [ops]}}", R"(there is no team "reed"; did you mean "red"?)"},
        {"r: {every: day, formats: [pdf, xls]}", R"(report format "xls" must be one of: pdf, html, csv, png)"},
        {"r: {every: day, people: some}", R"(report "r" people "some" must be one of: hidden, shown)"},
        {"r: {every: day, too: [ops]}", R"(report "r" has no setting "too"; did you mean "to"?)"},
        {"a/b: {every: day}", R"(report name "a/b" becomes part of addresses; use letters, digits or . _ -)"},
    };
    for (const auto& [text, expected] : cases) {
        std::string said;
        for (const Problem& problem : parse_text(company_with(text)).problems)
            said += (said.empty() ? "" : "\n") + problem.text;
        EXPECT_EQ(said, expected) << text;
    }
}

TEST(Currency, of_reports_is_exact_to_six_digits_and_books_stay_in_dollars) {
    const auto organisation = [](std::string_view text) {
        const Parsed parsed = parse_text(fmt::format("organisation: {{{}}}", text));
        EXPECT_EQ(problems_of(parsed), "");
        return parsed.snapshot ? parsed.snapshot->organisation : Organisation{};
    };
    const Organisation euro = organisation("currency: {code: EUR, per_usd: \"0.921234\"}, language: de");
    EXPECT_EQ(euro.currency, "EUR");
    EXPECT_EQ(euro.per_usd_millionths, 921'234);
    EXPECT_EQ(euro.language, Language::de);
    EXPECT_EQ(organisation("currency: USD").per_usd_millionths, 1'000'000);
    EXPECT_EQ(organisation("currency: {code: JPY, per_usd: 156}").per_usd_millionths, 156'000'000);
    const auto said = [](std::string_view text) {
        std::string out;
        for (const Problem& problem : parse_text(fmt::format("organisation: {{currency: {}}}", text)).problems)
            out += problem.text;
        return out;
    };
    EXPECT_EQ(
        said("{code: euro, per_usd: 1}"),
        R"(organisation currency code "euro" is no currency; write the three capital letters of ISO 4217, such as EUR)");
    for (const char* rate : {"0", "-1", "0.9212345", "a", "1000001"})
        EXPECT_TRUE(said(fmt::format("{{code: EUR, per_usd: \"{}\"}}", rate)).contains("is no rate")) << rate;
    EXPECT_TRUE(said("{code: USD, per_usd: 2}").contains("a dollar is not a dollar"));
    EXPECT_TRUE(said("EUR").contains("write it like {code: EUR, per_usd: \"0.92\"}"));
}

TEST(Plan, says_what_changes_for_the_readers_of_reports) {
    const auto changes = [](std::string_view before, std::string_view after) {
        return compare(*good(before).snapshot, *good(after).snapshot);
    };
    EXPECT_EQ(changes("", "r: {every: week, \"on\": friday, to: [ops], people: shown}"),
              (Names{"report r: new", "report r: is made every Friday at 07:00", "report r: is about the organisation",
                     "report r: to ops", "report r: as pdf", "report r: people are shown"}));
    EXPECT_EQ(changes("r: {every: month, to: [ops]}",
                      "r: {every: month, at: \"06:00\", each: team, to: {rnd: [mail]}, formats: [csv]}"),
              (Names{"report r: is made on the first of every month at 07:00 -> on the first of every month at 06:00",
                     "report r: is about the organisation -> blue, red, sales", "report r: to ops -> of rnd: mail",
                     "report r: as pdf -> csv"}));
    EXPECT_EQ(changes("r: {every: month}", ""), Names{"report r: gone"});
}

}  // namespace
}  // namespace bursar::policies::testing
