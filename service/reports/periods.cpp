#include "service/reports/periods.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace bursar::reports {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr auto instant = std::chrono::nanoseconds(1);

Per per_of(Every every) {
    switch (every) {
        case Every::day:
            return Per::day;
        case Every::week:
            return Per::week;
        case Every::month:
            return Per::month;
    }
    return Per::month;
}

sys_days thursday_of(sys_days monday) { return monday + days(3); }
sys_days first_of_year(std::chrono::year year) { return year / std::chrono::January / 1; }

std::string week_label(sys_days monday) {
    // ISO 8601: a week is of the year that its Thursday is of.
    const sys_days thursday = thursday_of(monday);
    const std::chrono::year year = year_month_day(thursday).year();
    return fmt::format("{:04}-W{:02}", static_cast<int>(year), (thursday - first_of_year(year)).count() / 7 + 1);
}

std::optional<unsigned> number_of(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A day within the period of the label.
std::optional<sys_days> day_in(Every every, std::string_view label) {
    constexpr std::size_t year_digits = 4, month_bytes = 7, week_bytes = 8, day_bytes = 10;
    constexpr unsigned year_min = 1970, year_max = 2199;
    if (label.size() < month_bytes || label[year_digits] != '-') return std::nullopt;
    const auto year = number_of(label.substr(0, year_digits));
    if (!year || *year < year_min || *year > year_max) return std::nullopt;
    const std::chrono::year in(static_cast<int>(*year));
    const auto valid = [](const year_month_day& date) -> std::optional<sys_days> {
        if (!date.ok()) return std::nullopt;
        return sys_days(date);
    };
    switch (every) {
        case Every::month: {
            const auto month = number_of(label.substr(year_digits + 1));
            if (label.size() != month_bytes || !month) return std::nullopt;
            return valid(in / std::chrono::month(*month) / 1);
        }
        case Every::week: {
            if (label.size() != week_bytes || label[year_digits + 1] != 'W') return std::nullopt;
            const auto week = number_of(label.substr(year_digits + 2));
            if (!week || *week < 1) return std::nullopt;
            // The fourth of January is always in the first week.
            const sys_days day = sys_days(in / std::chrono::January / 4) + days(7 * (*week - 1));
            const auto monday = day - (std::chrono::weekday(day) - std::chrono::Monday);
            if (week_label(monday) != label) return std::nullopt;
            return monday;
        }
        case Every::day: {
            const auto month = number_of(label.substr(year_digits + 1, 2));
            if (label.size() != day_bytes || label[month_bytes] != '-' || !month) return std::nullopt;
            const auto day = number_of(label.substr(month_bytes + 1));
            if (!day) return std::nullopt;
            return valid(in / std::chrono::month(*month) / std::chrono::day(*day));
        }
    }
    return std::nullopt;
}

std::string_view example_of(Every every) {
    switch (every) {
        case Every::day:
            return "a day such as 2026-11-29";
        case Every::week:
            return "a week such as 2026-W48";
        case Every::month:
            return "a month such as 2026-11";
    }
    return "";
}

}  // namespace

Every every_of(const policies::ReportSchedule& schedule) {
    switch (schedule.every) {
        case policies::ReportSchedule::Every::day:
            return Every::day;
        case policies::ReportSchedule::Every::week:
            return Every::week;
        case policies::ReportSchedule::Every::month:
            return Every::month;
    }
    return Every::month;
}

Period period_around(const TimeZone& zone, Every every, Timestamp at) { return zone.period_of(per_of(every), at); }

Period period_before(const TimeZone& zone, Every every, const Period& period) {
    return period_around(zone, every, period.start - instant);
}

Period last_over(const TimeZone& zone, Every every, Timestamp now) {
    return period_before(zone, every, period_around(zone, every, now));
}

Timestamp due_at(const TimeZone& zone, const policies::ReportSchedule& schedule, const Period& period) {
    sys_days date = zone.date_of(period.end);
    if (schedule.every == policies::ReportSchedule::Every::week) date += days(schedule.weekday - 1);
    return std::max<Timestamp>(zone.at(date, schedule.at), period.end + settled_after);
}

std::string label_of(const TimeZone& zone, Every every, const Period& period) {
    constexpr std::size_t month_bytes = 7, day_bytes = 10;
    const sys_days date = zone.date_of(period.start);
    if (every == Every::week) return week_label(date);
    return to_text(Timestamp(date)).substr(0, every == Every::month ? month_bytes : day_bytes);
}

Result<Period> period_called(const TimeZone& zone, Every every, std::string_view label, Timestamp now) {
    if (label.empty()) return last_over(zone, every, now);
    if (label == "current") return period_around(zone, every, now);
    const auto day = day_in(every, label);
    if (!day)
        return fail(Fault::invalid_request,
                    fmt::format("The period of this report is {}, or \"current\"; \"{}\" is neither.",
                                example_of(every), label.substr(0, 40)));
    const Period period = period_around(zone, every, zone.start_of(*day));
    if (period.start > now)
        return fail(Fault::invalid_request, fmt::format("{} has not begun yet; name an earlier period.", label));
    return period;
}

}  // namespace bursar::reports
