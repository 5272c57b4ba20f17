#pragma once

#include "service/reports/periods.h"
#include "service/reports/scope.h"

#include <functional>

// What sums are as tables and days of a report. Pure but for days_of().
namespace bursar::reports {

/// The dearest first; what is beyond `lines_max` is summed up in the rest.
report::Table table_of(const Sums& now, const Sums& before, std::size_t lines_max,
                       const std::function<std::string(std::string_view)>& above = {});

/// Moves what is beyond `lines_max` into the rest.
void shorten(report::Table& table, std::size_t lines_max);

/// Hours of a day, which are whole ones of UTC, or days of a longer period; also those without any call.
Result<std::vector<report::Day>> days_of(audit::Audit& audit, const Scope& scope, const TimeZone& zone, Every every,
                                         const Period& period, const std::optional<Period>& before);

}  // namespace bursar::reports
