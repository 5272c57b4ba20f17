#pragma once

#include "service/base/clock.h"

#include <string>

// Instants as people of an organisation read them. `time_zone` is an IANA name; an unknown one is read as UTC.
namespace bursar {

/// "1 December 2026, 00:00 (Europe/Berlin)"
std::string for_people(Timestamp at, const std::string& time_zone);
/// "November"
std::string month_name(Timestamp at, const std::string& time_zone);

}  // namespace bursar
