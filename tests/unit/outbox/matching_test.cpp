// Hunts: quiet hours that begin or end at the wrong instant around midnight, weekends and changes of the clocks; words
// that fit kinds they do not mean.
#include "service/outbox/matching.h"

#include <gtest/gtest.h>

namespace bursar::outbox {
namespace {

using namespace std::chrono_literals;

TEST(Quiet, hours_end_when_the_clocks_on_the_wall_say_so) {
    struct Case {
        const char* what;
        policies::QuietHours quiet;
        const char* now;
        const char* until;  ///< empty: not quiet
    };
    const policies::QuietHours night{.from = 20h, .to = 7h}, noon{.from = 12h, .to = 13h + 30min},
        weekend{.from = 20h, .to = 7h, .weekends = true}, days{.weekends = true};
    const Case cases[] = {
        {"an evening goes on until the next morning", night, "2026-11-18T22:00:00+01:00", "2026-11-19T07:00:00+01:00"},
        {"a morning ends the same day", night, "2026-11-19T06:59:59+01:00", "2026-11-19T07:00:00+01:00"},
        {"the end is not quiet any more", night, "2026-11-19T07:00:00+01:00", ""},
        {"the beginning is", night, "2026-11-18T20:00:00+01:00", "2026-11-19T07:00:00+01:00"},
        {"the afternoon is not", night, "2026-11-18T19:59:59+01:00", ""},
        {"hours within a day", noon, "2026-11-18T12:30:00+01:00", "2026-11-18T13:30:00+01:00"},
        {"not before them", noon, "2026-11-18T11:59:59+01:00", ""},
        {"the night in which the clocks go forward has an hour less", night, "2026-03-28T23:00:00+01:00",
         "2026-03-29T07:00:00+02:00"},
        {"the night in which they go back has one more", night, "2026-10-24T23:00:00+02:00",
         "2026-10-25T07:00:00+01:00"},
        {"an end that the clocks skip is when they skip it",
         {.from = 22h, .to = 2h + 30min},
         "2026-03-29T01:30:00+01:00",
         "2026-03-29T03:00:00+02:00"},
        {"a Friday's night goes on into the weekend and ends on Monday", weekend, "2026-11-20T21:00:00+01:00",
         "2026-11-23T07:00:00+01:00"},
        {"Saturday noon", weekend, "2026-11-21T12:00:00+01:00", "2026-11-23T07:00:00+01:00"},
        {"weekends alone", days, "2026-11-21T12:00:00+01:00", "2026-11-23T00:00:00+01:00"},
        {"weekends alone leave Friday's night", days, "2026-11-20T23:00:00+01:00", ""},
    };
    for (const Case& each : cases) {
        const auto until = quiet_until(each.quiet, "Europe/Berlin", *parse_timestamp(each.now));
        const std::string wanted = *each.until == '\0' ? "" : to_text(*parse_timestamp(each.until));
        EXPECT_EQ(until ? to_text(*until) : "", wanted) << each.what;
    }
}

TEST(Words, of_kinds_mean_one_or_all_of_a_group) {
    EXPECT_TRUE(fits_kind("budget", "budget.threshold"));
    EXPECT_TRUE(fits_kind("budget.threshold", "budget.threshold"));
    EXPECT_FALSE(fits_kind("budget.thresh", "budget.threshold"));
    EXPECT_FALSE(fits_kind("bud", "budget.threshold"));
    EXPECT_FALSE(fits_kind("budget.threshold", "budget"));
}

TEST(Rank, puts_severity_before_how_much_is_gone) {
    const auto rank = [](Severity severity, const char* detail) {
        return rank_of({.kind = "budget.threshold", .detail = detail, .severity = severity});
    };
    EXPECT_LT(rank(Severity::warning, R"({"percent":50})"), rank(Severity::warning, R"({"percent":80})"));
    EXPECT_LT(rank(Severity::warning, R"({"percent":200})"), rank(Severity::critical, "{}"));
    EXPECT_EQ(rank(Severity::info, R"({"percent":-5})"), rank(Severity::info, "no JSON"));
}

TEST(Trouble, of_a_target_is_told_where_it_is_not) {
    policies::Snapshot rules;
    for (const char* name : {"a", "b", "c"}) rules.alerts.targets[name] = {.name = name, .kind = "slack"};
    const Event event{.kind = "target.closed", .subject = "target:a", .severity = Severity::warning};
    const auto targets = [&] {
        std::string all;
        for (const Way& way : ways_of(event, rules)) all += way.target;
        return all;
    };
    EXPECT_EQ(targets(), "b");
    rules.alerts.trouble = "c";
    EXPECT_EQ(targets(), "c");
    rules.alerts.trouble = "a";
    EXPECT_EQ(targets(), "b");
    rules.alerts.targets = {{"a", {.name = "a", .kind = "slack"}}};
    EXPECT_EQ(targets(), "");
}

}  // namespace
}  // namespace bursar::outbox
