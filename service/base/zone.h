#pragma once

#include "service/base/clock.h"

#include <chrono>
#include <string>

// Instants as people of an organisation read them. `time_zone` is an IANA name; an unknown one is read as UTC.
namespace bursar {

/// "1 December 2026, 00:00 (Europe/Berlin)"
std::string for_people(Timestamp at, const std::string& time_zone);
/// "November"
std::string month_name(Timestamp at, const std::string& time_zone);

/// What calendar and clock on the wall show.
struct WallTime {
    std::chrono::year_month_day date;
    int hour = 0, minute = 0;
};
WallTime wall_time(Timestamp at, const std::string& time_zone);

}  // namespace bursar
