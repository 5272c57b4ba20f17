#pragma once

#include "service/audit/usage.h"
#include "service/base/json.h"
#include "service/reports/reprice.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The columns of an answer about usage, the same in JSON and in CSV.
namespace bursar::admin {

void write_usage_sums(JsonWriter& json, const audit::UsageSums& sums, const std::optional<reports::Repricing>& other);

/// RFC 4180 with a header line. A text that a spreadsheet would take for a formula gets an apostrophe in front.
std::string usage_csv(const std::vector<audit::By>& groups, const std::vector<audit::UsageRow>& rows,
                      const std::optional<reports::Repricing>& other);

/// One cell, quoted where it must be.
std::string csv_cell(std::string_view text);

}  // namespace bursar::admin
