#pragma once

#include "policies/comparison.h"
#include "policies/reports.h"

namespace bursar::policies {

void compare_reports(Comparison& out, const ReportSchedules& before, const ReportSchedules& after);

}  // namespace bursar::policies
