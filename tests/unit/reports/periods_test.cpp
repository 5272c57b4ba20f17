// Hunts: a report of the wrong month, week or day, or one that is made too early, around daylight saving and the turn
// of the year.
#include "service/reports/periods.h"

#include <gtest/gtest.h>

namespace bursar::reports {
namespace {

using Schedule = policies::ReportSchedule;

TimeZone zone(const char* name) { return *TimeZone::load(name); }
Timestamp at(std::string_view text) { return *parse_timestamp(text); }

struct LabelCase {
    const char* name;
    const char* zone;
    Every every;
    const char* label;
    const char* from;
    const char* to;
};
const std::vector<LabelCase> labels = {
    {"a month in which the clocks go back has an hour more", "Europe/Berlin", Every::month, "2026-10",
     "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"},
    {"a month of a zone with half hours", "Asia/Kolkata", Every::month, "2026-11", "2026-10-31T18:30:00Z",
     "2026-11-30T18:30:00Z"},
    {"the first week of a year may begin in the one before", "UTC", Every::week, "2026-W01", "2025-12-29T00:00:00Z",
     "2026-01-05T00:00:00Z"},
    {"a year may have 53 weeks", "UTC", Every::week, "2026-W53", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
    {"a day of 23 hours", "Europe/Berlin", Every::day, "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
    {"a leap day", "UTC", Every::day, "2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
};

TEST(Periods, have_labels_that_lead_back_to_them) {
    for (const LabelCase& each : labels) {
        const auto period = period_called(zone(each.zone), each.every, each.label, at("2030-01-01T00:00:00Z"));
        ASSERT_TRUE(period) << each.name << ": " << period.error().for_caller;
        EXPECT_EQ(*period, (Period{at(each.from), at(each.to)})) << each.name;
        EXPECT_EQ(label_of(zone(each.zone), each.every, *period), each.label) << each.name;
    }
}

TEST(Periods, refuse_what_is_no_label_of_theirs) {
    const Timestamp now = at("2026-11-30T12:00:00Z");
    for (const auto& [every, label] : std::vector<std::pair<Every, const char*>>{{Every::month, "2026-13"},
                                                                                 {Every::month, "2026-11-01"},
                                                                                 {Every::month, "2026-W11"},
                                                                                 {Every::month, "november"},
                                                                                 {Every::month, "1900-01"},
                                                                                 {Every::week, "2026-11"},
                                                                                 {Every::week, "2026-W00"},
                                                                                 {Every::week, "2027-W53"},
                                                                                 {Every::week, "2026-W5x"},
                                                                                 {Every::day, "2026-02-29"},
                                                                                 {Every::day, "2026-11"},
                                                                                 {Every::day, "2026-11-3x"},
                                                                                 {Every::day, "-026-11-30"}}) {
        const auto period = period_called(zone("UTC"), every, label, now);
        ASSERT_FALSE(period) << label;
        EXPECT_EQ(period.error().fault, Fault::invalid_request) << label;
    }
    EXPECT_FALSE(period_called(zone("UTC"), Every::month, "2026-12", now)) << "it has not begun";
    EXPECT_TRUE(period_called(zone("UTC"), Every::month, "2026-11", now)) << "it runs";
}

TEST(Periods, without_a_label_are_the_last_and_with_current_the_one_that_runs) {
    const Timestamp now = at("2026-11-30T23:30:00Z");  // December in Berlin
    const TimeZone berlin = zone("Europe/Berlin");
    EXPECT_EQ(label_of(berlin, Every::month, *period_called(berlin, Every::month, "", now)), "2026-11");
    EXPECT_EQ(label_of(berlin, Every::month, *period_called(berlin, Every::month, "current", now)), "2026-12");
    EXPECT_EQ(label_of(zone("UTC"), Every::month, *period_called(zone("UTC"), Every::month, "", now)), "2026-10");
}

struct DueCase {
    const char* name;
    Schedule schedule;
    const char* period;
    const char* due;
};

TEST(Reports, are_due_at_their_time_of_the_day_after_the_period) {
    using Which = Schedule::Every;
    const auto schedule = [](Which every, int minutes, int weekday = 1) {
        Schedule out;
        out.every = every;
        out.at = std::chrono::minutes(minutes);
        out.weekday = weekday;
        return out;
    };
    const std::vector<DueCase> cases = {
        {"a month", schedule(Which::month, 7 * 60), "2026-10", "2026-11-01T07:00:00+01:00"},
        {"a week, on its Monday", schedule(Which::week, 7 * 60), "2026-W43", "2026-10-26T07:00:00+01:00"},
        {"a week, on a Sunday", schedule(Which::week, 7 * 60, 7), "2026-W43", "2026-11-01T07:00:00+01:00"},
        {"a day", schedule(Which::day, 6 * 60 + 30), "2026-07-31", "2026-08-01T06:30:00+02:00"},
        {"at a time that the clocks skip", schedule(Which::day, 2 * 60 + 30), "2026-03-28", "2026-03-29T01:00:00Z"},
        {"at midnight, once calls that had begun are over", schedule(Which::day, 0), "2026-07-31",
         "2026-08-01T00:20:00+02:00"},
    };
    for (const DueCase& each : cases) {
        const TimeZone berlin = zone("Europe/Berlin");
        const auto period = period_called(berlin, every_of(each.schedule), each.period, at("2030-01-01T00:00:00Z"));
        ASSERT_TRUE(period) << each.name;
        EXPECT_EQ(to_text(due_at(berlin, each.schedule, *period)), to_text(at(each.due))) << each.name;
    }
}

}  // namespace
}  // namespace bursar::reports
