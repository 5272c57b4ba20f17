#pragma once

#include "integrations/report/report.h"
#include "policies/reports.h"
#include "service/base/time_zone.h"

#include <chrono>
#include <string>
#include <string_view>

// Which calendar periods reports are about, and when they are made. Pure.
namespace bursar::reports {

using integrations::report::Every;
Every every_of(const policies::ReportSchedule& schedule);

/// Calls that began in a period may end after it: nothing is made sooner than so long after its end.
inline constexpr std::chrono::minutes settled_after{20};

Period period_around(const TimeZone& zone, Every every, Timestamp at);
Period period_before(const TimeZone& zone, Every every, const Period& period);
/// The one that ended last.
Period last_over(const TimeZone& zone, Every every, Timestamp now);
/// When its report is made.
Timestamp due_at(const TimeZone& zone, const policies::ReportSchedule& schedule, const Period& period);

/// "2026-11", "2026-W48" (ISO 8601), "2026-11-29": the same for every zone.
std::string label_of(const TimeZone& zone, Every every, const Period& period);
/// The period of this label; of "current" the one that runs, of nothing the one that ended last. invalid_request,
/// also for one that has not begun.
Result<Period> period_called(const TimeZone& zone, Every every, std::string_view label, Timestamp now);

}  // namespace bursar::reports
