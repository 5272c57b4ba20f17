#include "service/base/time_zone.h"

#include <algorithm>
#include <string_view>

#include <absl/time/civil_time.h>
#include <absl/time/time.h>
#include <fmt/format.h>

namespace bursar {

struct TimeZone::Zone {
    std::string name;
    absl::TimeZone rules;
};

namespace {

constexpr std::size_t zone_name_bytes_max = 64;

/// absl reads files by name: only what an IANA name may contain gets that far.
bool is_zone_name(std::string_view name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
               c == '-' || c == '+';
    };
    return !name.empty() && name.size() <= zone_name_bytes_max && name.front() != '/' &&
           std::ranges::all_of(name, fits);
}

/// The first instant of a civil day; where its midnight is skipped, the instant of the jump.
Timestamp start_of(absl::CivilDay day, const absl::TimeZone& zone) {
    return absl::ToChronoTime(absl::FromCivil(day, zone));
}

Period days(absl::CivilDay first, absl::CivilDay next, const absl::TimeZone& zone) {
    return {.start = start_of(first, zone), .end = start_of(next, zone)};
}

/// Aligned to the offset in force, so that the hour that a clock shows twice is two periods, not one of 120 minutes.
/// Where clocks move by half an hour, the hour is cut there: periods never overlap.
Period hour_of(Timestamp at, const absl::TimeZone& zone) {
    const absl::Time instant = absl::FromChrono(at);
    const std::chrono::seconds offset(zone.At(instant).offset);
    const auto start = std::chrono::floor<std::chrono::hours>(at + offset) - offset;
    Period hour{.start = start, .end = start + std::chrono::hours(1)};
    absl::TimeZone::CivilTransition change;
    // It looks at whole seconds, and for a change before its argument: one of this very second counts as past.
    if (zone.PrevTransition(instant + absl::Seconds(1), &change))
        hour.start = std::max<Timestamp>(hour.start, absl::ToChronoTime(zone.At(change.to).trans));
    if (zone.NextTransition(instant, &change))
        hour.end = std::min<Timestamp>(hour.end, absl::ToChronoTime(zone.At(change.to).trans));
    return hour;
}

}  // namespace

Result<TimeZone> TimeZone::load(const std::string& name) {
    Zone zone{.name = name};
    if (!is_zone_name(name) || !absl::LoadTimeZone(name, &zone.rules))
        return fail(
            Fault::wrong_configuration,
            fmt::format("The time zone '{}' is not known on this machine. Write an IANA name such as Europe/Berlin; "
                        "the package tzdata has them.",
                        std::string_view(name).substr(0, zone_name_bytes_max)));
    return TimeZone(std::make_shared<const Zone>(std::move(zone)));
}

const std::string& TimeZone::name() const { return zone_->name; }

std::chrono::sys_days TimeZone::date_of(Timestamp at) const {
    const auto today = absl::CivilDay(zone_->rules.At(absl::FromChrono(at)).cs);
    return std::chrono::sys_days(std::chrono::days(today - absl::CivilDay(1970, 1, 1)));
}

Timestamp TimeZone::start_of(std::chrono::sys_days date) const {
    return bursar::start_of(absl::CivilDay(1970, 1, 1) + date.time_since_epoch().count(), zone_->rules);
}

Timestamp TimeZone::at(std::chrono::sys_days date, std::chrono::minutes since_midnight) const {
    const absl::CivilMinute midnight(absl::CivilDay(1970, 1, 1) + date.time_since_epoch().count());
    return absl::ToChronoTime(absl::FromCivil(midnight + since_midnight.count(), zone_->rules));
}

Period TimeZone::period_of(Per per, Timestamp at) const {
    const absl::TimeZone& zone = zone_->rules;
    const auto today = absl::CivilDay(zone.At(absl::FromChrono(at)).cs);
    switch (per) {
        case Per::hour:
            return hour_of(at, zone);
        case Per::day:
            return days(today, today + 1, zone);
        case Per::week: {
            const absl::CivilDay next_monday = absl::NextWeekday(today, absl::Weekday::monday);
            return days(next_monday - 7, next_monday, zone);
        }
        case Per::month: {
            const absl::CivilMonth month(today);
            return days(absl::CivilDay(month), absl::CivilDay(month + 1), zone);
        }
        case Per::quarter: {
            const absl::CivilMonth first = absl::CivilMonth(today) - (today.month() - 1) % 3;
            return days(absl::CivilDay(first), absl::CivilDay(first + 3), zone);
        }
        case Per::year: {
            const absl::CivilYear year(today);
            return days(absl::CivilDay(year), absl::CivilDay(year + 1), zone);
        }
        case Per::minute: {
            // Every offset in use since 1972 is a whole number of minutes.
            const auto start = std::chrono::floor<std::chrono::minutes>(at);
            return {.start = start, .end = start + std::chrono::minutes(1)};
        }
        case Per::ever:
        case Per::dates:
            break;
    }
    return {};
}

std::string TimeZone::day_words(Timestamp at) const {
    const absl::CivilDay day(zone_->rules.At(absl::FromChrono(at)).cs);
    return bursar::start_of(day, zone_->rules) == at ? absl::FormatCivilTime(day) : to_text(at);
}

}  // namespace bursar
