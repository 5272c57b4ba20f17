#pragma once

#include "integrations/report/report.h"
#include "service/base/result.h"

#include <string>
#include <string_view>

namespace bursar::integrations::report {

/// Amounts as decimal texts ("12.000345678"), instants as RFC 3339: what the API gives as JSON, too.
std::string write_report(const Report& report);
/// invalid_request: it is none, or above report_bytes_max.
Result<Report> read_report(std::string_view json);

std::string_view name_of(Language language);
std::string_view name_of(Every every);

}  // namespace bursar::integrations::report
