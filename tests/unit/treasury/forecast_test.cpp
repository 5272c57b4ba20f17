// Hunts: a forecast that one huge hour, an outage or a quiet weekend leads astray; that takes a young account's silence
// for thrift; or whose exhaustion does not lie where its own figures say.
#include "service/treasury/forecast.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace bursar::treasury {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::string_view text) { return *parse_timestamp(text); }
Hour hour_at(std::string_view text) { return std::chrono::floor<std::chrono::hours>(at(text)); }

/// November 2026 begins on a Sunday; the 2nd is a Monday.
const Period november{.start = at("2026-11-01T00:00:00Z"), .end = at("2026-12-01T00:00:00Z")};

Hourly history(std::string_view until, int hours, const std::function<double(Hour)>& spent) {
    Hourly out{.from = hour_at(until) - std::chrono::hours(hours), .spent = {}};
    for (int i = 0; i < hours; ++i) out.spent.push_back(spent(out.from + std::chrono::hours(i)));
    return out;
}

bool weekend(Hour hour) {
    const std::chrono::weekday day(std::chrono::floor<std::chrono::days>(hour));
    return day == std::chrono::Saturday || day == std::chrono::Sunday;
}

LimitNow limit(std::int64_t most, std::int64_t spent, Period period = november) {
    return {.limit = Quantity{most}, .spent = Quantity{spent}, .held = {}, .period = period};
}

struct Case {
    std::string_view name;
    Hourly history;
    LimitNow limit;
    std::string_view now;
    Basis basis;
    double projected;
    double tolerance;
    std::string_view exhausted;  ///< empty: not within the period
};

TEST(Forecast, tells_where_spending_goes) {
    const auto steady = [](Hour) { return 100.0; };
    const auto office = [](Hour hour) { return weekend(hour) ? 0.0 : 240.0; };
    const auto nothing = [](Hour) { return 0.0; };
    const std::string_view noon = "2026-11-16T12:00:00Z";  // Monday; 348 hours are left
    const std::vector<Case> cases = {
        {"steady over weeks", history(noon, 672, steady), limit(100'000, 37'200), noon, Basis::weeks, 72'000, 1, ""},
        {"steady, and too much: 128 hours are left", history(noon, 672, steady), limit(50'000, 37'200), noon,
         Basis::weeks, 72'000, 1, "2026-11-21T20:00:00Z"},
        {"an office: 12 hours of today, 10 working days more", history(noon, 672, office), limit(200'000, 60'000), noon,
         Basis::weeks, 60'000 + 240 * (12 + 10 * 24), 1, ""},
        // 7,200 are left, and Friday's midnight comes first: used up on Monday morning, not on a quiet Saturday.
        {"an office runs out after the weekend", history("2026-11-20T18:00:00Z", 672, office),
         limit(10'000, 10'000 - 240 * 6 - 480), "2026-11-20T18:00:00Z", Basis::weeks, 8'080 + 240 * (6 + 6 * 24), 1,
         "2026-11-23T02:00:00Z"},
        {"one huge hour does not count in full",
         history(noon, 672, [&](Hour hour) { return hour == hour_at("2026-11-12T03:00:00Z") ? 1e9 : 100.0; }),
         limit(100'000, 37'200), noon, Basis::weeks, 72'000, 500, ""},
        {"nor a week of outage",
         history(noon, 672,
                 [&](Hour hour) {
                     return hour >= hour_at("2026-11-02T00:00:00Z") && hour < hour_at("2026-11-09T00:00:00Z") ? 0.0
                                                                                                              : 100.0;
                 }),
         limit(100'000, 20'000), noon, Basis::weeks, 54'800, 3'000, ""},
        {"a nightly job of one hour is no outlier",
         history(noon, 672, [](Hour hour) { return hour.time_since_epoch().count() % 24 == 2 ? 2'400.0 : 1.0; }),
         limit(100'000, 0), noon, Basis::weeks, 14 * 2'400 + 334, 10, ""},
        {"three days of history: their mean", history(noon, 72, steady), limit(100'000, 7'200), noon, Basis::days,
         42'000, 1, ""},
        {"weeks before the first spending are not thrift",
         history(noon, 672, [&](Hour hour) { return hour < hour_at("2026-11-13T12:00:00Z") ? 0.0 : 100.0; }),
         limit(100'000, 7'200), noon, Basis::days, 42'000, 1, ""},
        {"no history: the pace of the period", {}, limit(100'000, 37'200), noon, Basis::period, 72'000, 1, ""},
        {"no history, too fast", {}, limit(50'000, 37'200), noon, Basis::period, 72'000, 1, "2026-11-21T20:00:00Z"},
        {"an hour into the period nobody knows",
         {},
         limit(100'000, 500),
         "2026-11-01T01:00:00Z",
         Basis::nothing,
         500,
         0,
         ""},
        {"at the start of a period the past speaks", history("2026-11-01T00:00:00Z", 672, steady), limit(100'000, 0),
         "2026-11-01T00:00:00Z", Basis::weeks, 72'000, 1, ""},
        {"exhausted already", history(noon, 672, steady), limit(37'000, 37'200), noon, Basis::weeks, 72'000, 1, noon},
        {"a limit of nothing", {}, limit(0, 0), noon, Basis::nothing, 0, 0, noon},
        {"nothing was ever spent", history(noon, 672, nothing), limit(100, 0), noon, Basis::nothing, 0, 0, ""},
        {"the period is over", history(noon, 672, steady), limit(100, 50), "2026-12-01T00:00:00Z", Basis::nothing, 50,
         0, ""},
        {"a past of corrections only says nothing", history(noon, 672, [](Hour) { return -5.0; }), limit(100, 50), noon,
         Basis::period, 97, 1, ""},
    };
    for (const Case& each : cases) {
        const Pace pace(each.history);
        const Forecast ahead = forecast(pace, each.limit, at(each.now));
        EXPECT_EQ(ahead.basis, each.basis) << each.name;
        EXPECT_NEAR(static_cast<double>(ahead.projected.units()), each.projected, each.tolerance) << each.name;
        EXPECT_LE(ahead.low, ahead.projected) << each.name;
        EXPECT_GE(ahead.high, ahead.projected) << each.name;
        EXPECT_EQ(ahead.exhausted_at ? to_text(*ahead.exhausted_at) : "",
                  each.exhausted.empty() ? "" : to_text(at(each.exhausted)))
            << each.name;
    }
}

TEST(Forecast, what_is_held_is_as_good_as_spent) {
    LimitNow now = limit(1'000, 600);
    now.held = Quantity{400};
    const Forecast ahead = forecast(Pace({}), now, at("2026-11-16T12:00:00Z"));
    EXPECT_EQ(ahead.exhausted_at, at("2026-11-16T12:00:00Z"));
}

TEST(Forecast, weeks_that_differ_widen_the_range) {
    const std::string_view noon = "2026-11-16T12:00:00Z";
    int number = 0;
    const auto rising = [&](Hour) { return 100.0 * (1 + number++ / 168); };
    const Forecast ahead = forecast(Pace(history(noon, 672, rising)), limit(1'000'000, 0), at(noon));
    EXPECT_LT(ahead.low, ahead.projected);
    EXPECT_GT(ahead.high, ahead.projected);
    EXPECT_NEAR(static_cast<double>(ahead.projected.units()), 250 * 348, 250 * 5);
}

// A year is walked by weeks; the result must be what hours would have said.
TEST(Forecast, a_year_is_as_exact_as_a_day) {
    const Period year{.start = at("2026-01-01T00:00:00Z"), .end = at("2027-01-01T00:00:00Z")};
    const Pace pace(history("2026-02-01T00:00:00Z", 672, [](Hour hour) { return weekend(hour) ? 10.0 : 100.0; }));
    double spent = 0;
    Hour hour = hour_at("2026-02-01T00:00:00Z");
    for (; spent + pace.in_hour(hour) < 500'000; hour += 1h) spent += pace.in_hour(hour);
    const Forecast ahead = forecast(pace, limit(500'000, 0, year), at("2026-02-01T00:00:00Z"));
    ASSERT_TRUE(ahead.exhausted_at);
    EXPECT_GE(*ahead.exhausted_at, Timestamp(hour));
    EXPECT_LE(*ahead.exhausted_at, Timestamp(hour + 1h));
}

TEST(Forecast, is_the_same_each_time_and_never_ends_in_nonsense) {
    // Figures at the edge of what fits: no abort, no time outside the period.
    const Pace pace(history("2026-11-16T12:00:00Z", 672, [](Hour) { return 9e18; }));
    const LimitNow most = limit(std::numeric_limits<std::int64_t>::max(), 1);
    const Forecast one = forecast(pace, most, at("2026-11-16T12:30:00Z"));
    ASSERT_TRUE(one.exhausted_at);
    EXPECT_GE(*one.exhausted_at, at("2026-11-16T12:30:00Z"));
    EXPECT_LT(*one.exhausted_at, november.end);
    EXPECT_EQ(one.exhausted_at, forecast(pace, most, at("2026-11-16T12:30:00Z")).exhausted_at);
}

}  // namespace
}  // namespace bursar::treasury
