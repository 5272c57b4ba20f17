#include "service/ledger/periods.h"

#include "service/base/time_zone.h"

#include <gtest/gtest.h>

// Hunts: a period that starts or ends at the wrong instant around daylight saving, leap days, year ends and odd
// offsets, and periods that leave a gap or overlap.
namespace bursar::ledger {
namespace {

Timestamp at(const char* text) {
    const auto parsed = parse_timestamp(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Timestamp{});
}

TEST(Period, begins_and_ends_as_the_calendar_on_the_wall_says) {
    struct Case {
        const char* sentence;
        const char* zone;
        const char* instant;
        Per per;
        const char* start;
        const char* end;
    };
    const Case cases[] = {
        {"a month in Berlin ends at local midnight, summer time", "Europe/Berlin", "2026-07-15T10:00:00+02:00",
         Per::month, "2026-07-01T00:00:00+02:00", "2026-08-01T00:00:00+02:00"},
        {"the day the clocks go forward has 23 hours", "Europe/Berlin", "2026-03-29T12:00:00+02:00", Per::day,
         "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"},
        {"the day the clocks go back has 25 hours", "Europe/Berlin", "2026-10-25T12:00:00+01:00", Per::day,
         "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"},
        {"the month of a clock change counts its own hours", "Europe/Berlin", "2026-10-25T12:00:00+01:00", Per::month,
         "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"},
        {"the hour that is shown twice is two periods, the first", "Europe/Berlin", "2026-10-25T02:30:00+02:00",
         Per::hour, "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"},
        {"the hour that is shown twice is two periods, the second", "Europe/Berlin", "2026-10-25T02:30:00+01:00",
         Per::hour, "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"},
        {"a week begins on Monday", "Europe/Berlin", "2026-11-23T00:00:00+01:00", Per::week,
         "2026-11-23T00:00:00+01:00", "2026-11-30T00:00:00+01:00"},
        {"Sunday belongs to the week before", "Europe/Berlin", "2026-11-22T23:59:59+01:00", Per::week,
         "2026-11-16T00:00:00+01:00", "2026-11-23T00:00:00+01:00"},
        {"a week crosses the end of the year", "Europe/Berlin", "2027-01-01T12:00:00+01:00", Per::week,
         "2026-12-28T00:00:00+01:00", "2027-01-04T00:00:00+01:00"},
        {"February of a leap year has 29 days", "Europe/Berlin", "2028-02-29T23:59:59+01:00", Per::month,
         "2028-02-01T00:00:00+01:00", "2028-03-01T00:00:00+01:00"},
        {"the 29th of February is a day", "UTC", "2028-02-29T00:00:00Z", Per::day, "2028-02-29T00:00:00Z",
         "2028-03-01T00:00:00Z"},
        {"2100 is no leap year", "UTC", "2100-02-28T12:00:00Z", Per::day, "2100-02-28T00:00:00Z",
         "2100-03-01T00:00:00Z"},
        {"a quarter has three months and its clock change", "Europe/Berlin", "2026-03-31T23:59:59+02:00", Per::quarter,
         "2026-01-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"},
        {"the last quarter ends with the year", "Europe/Berlin", "2026-12-31T23:59:59+01:00", Per::quarter,
         "2026-10-01T00:00:00+02:00", "2027-01-01T00:00:00+01:00"},
        {"the last nanosecond of a year is in it", "America/New_York", "2026-12-31T23:59:59.999999999-05:00", Per::year,
         "2026-01-01T00:00:00-05:00", "2027-01-01T00:00:00-05:00"},
        {"a year that has begun in Auckland has not in UTC", "Pacific/Auckland", "2026-12-31T12:00:00Z", Per::year,
         "2026-12-31T11:00:00Z", "2027-12-31T11:00:00Z"},
        {"hours follow offsets of half an hour", "Asia/Kolkata", "2026-11-23T10:15:00Z", Per::hour,
         "2026-11-23T09:30:00Z", "2026-11-23T10:30:00Z"},
        {"hours follow offsets of three quarters", "Asia/Kathmandu", "2026-11-23T10:15:00Z", Per::hour,
         "2026-11-23T10:15:00Z", "2026-11-23T11:15:00Z"},
        {"clocks that go back by half an hour cut the hour, before", "Australia/Lord_Howe", "2026-04-04T14:45:00Z",
         Per::hour, "2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z"},
        {"clocks that go back by half an hour cut the hour, after", "Australia/Lord_Howe", "2026-04-04T15:05:00Z",
         Per::hour, "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"},
        {"clocks that go forward by half an hour cut the hour", "Australia/Lord_Howe", "2025-10-04T15:40:00Z",
         Per::hour, "2025-10-04T15:30:00Z", "2025-10-04T16:00:00Z"},
        {"a day without midnight begins when its clock does", "America/Asuncion", "2023-10-01T12:00:00-03:00", Per::day,
         "2023-10-01T01:00:00-03:00", "2023-10-02T00:00:00-03:00"},
        {"a midnight that is shown twice begins its day the first time", "America/Havana", "2024-11-03T12:00:00-05:00",
         Per::day, "2024-11-03T00:00:00-04:00", "2024-11-04T00:00:00-05:00"},
        {"the day that Samoa left out is nobody's", "Pacific/Apia", "2011-12-29T23:59:59-10:00", Per::day,
         "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"},
    };
    for (const Case& c : cases) {
        const auto zone = TimeZone::load(c.zone);
        ASSERT_TRUE(zone) << c.sentence;
        const Period period = zone->period_of(c.per, at(c.instant));
        EXPECT_EQ(to_text(period.start), to_text(at(c.start))) << c.sentence;
        EXPECT_EQ(to_text(period.end), to_text(at(c.end))) << c.sentence;
    }
}

TEST(Period, ever_has_no_end) {
    const Period ever = TimeZone::load("UTC")->period_of(Per::ever, at("2026-11-23T00:00:00Z"));
    EXPECT_EQ(ever.start, Timestamp::min());
    EXPECT_EQ(ever.end, Timestamp::max());
}

TEST(Period, of_every_kind_follows_the_one_before_without_a_gap) {
    for (const char* name : {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Casablanca",
                             "Pacific/Auckland", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"}) {
        const auto zone = TimeZone::load(name);
        ASSERT_TRUE(zone) << name;
        for (const Per per : calendar_periods) {
            Timestamp instant = at("2025-12-01T00:00:00Z");
            Period period = zone->period_of(per, instant);
            for (int i = 0; i < 10'000 && period.end < at("2029-01-01T00:00:00Z"); ++i) {
                ASSERT_LT(period.start, period.end);
                ASSERT_EQ(zone->period_of(per, period.start), period)
                    << name << ' ' << name_of(per) << ' ' << to_text(period.start);
                ASSERT_EQ(zone->period_of(per, period.end - std::chrono::nanoseconds(1)), period)
                    << name << ' ' << name_of(per);
                const Period next = zone->period_of(per, period.end);
                ASSERT_EQ(next.start, period.end) << name << ' ' << name_of(per) << ' ' << to_text(period.end);
                period = next;
            }
        }
    }
}

TEST(Calendar, keeps_the_newest_periods_until_a_later_one_begins) {
    Calendar calendar(*TimeZone::load("Europe/Berlin"), at("2026-11-30T22:59:00Z"));
    const auto generation = calendar.generation();
    calendar.advance(at("2026-11-30T22:59:59.999999999Z"));
    EXPECT_EQ(calendar.generation(), generation);
    calendar.advance(at("2026-11-30T23:00:00Z"));
    EXPECT_NE(calendar.generation(), generation);
    EXPECT_EQ(to_text(calendar.current(Per::month).start), "2026-11-30T23:00:00.000Z");
    EXPECT_EQ(to_text(calendar.period_of(Per::month, at("2026-11-15T00:00:00Z")).end), "2026-11-30T23:00:00.000Z");
}

}  // namespace
}  // namespace bursar::ledger
