#include "service/base/zone.h"

#include <absl/time/time.h>
#include <fmt/format.h>

namespace bursar {
namespace {

/// As in English of any locale: the words must not change with the server's settings.
constexpr const char* months[] = {"January", "February", "March",     "April",   "May",      "June",
                                  "July",    "August",   "September", "October", "November", "December"};

absl::CivilMinute civil(Timestamp at, const std::string& time_zone) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(time_zone, &zone)) zone = absl::UTCTimeZone();
    return absl::ToCivilMinute(absl::FromUnixNanos(at.time_since_epoch().count()), zone);
}

}  // namespace

std::string for_people(Timestamp at, const std::string& time_zone) {
    const absl::CivilMinute local = civil(at, time_zone);
    return fmt::format("{} {} {}, {:02}:{:02} ({})", local.day(), months[local.month() - 1], local.year(), local.hour(),
                       local.minute(), time_zone);
}

std::string month_name(Timestamp at, const std::string& time_zone) { return months[civil(at, time_zone).month() - 1]; }

WallTime wall_time(Timestamp at, const std::string& time_zone) {
    const absl::CivilMinute local = civil(at, time_zone);
    return {.date = std::chrono::year(static_cast<int>(local.year())) /
                    std::chrono::month(static_cast<unsigned>(local.month())) /
                    std::chrono::day(static_cast<unsigned>(local.day())),
            .hour = local.hour(),
            .minute = local.minute()};
}

}  // namespace bursar
