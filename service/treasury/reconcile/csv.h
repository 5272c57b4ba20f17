#pragma once

#include "service/base/result.h"
#include "service/treasury/reconcile/place.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Comma-separated values by RFC 4180: quotes, doubled quotes, line ends inside quotes, CR LF or LF; a byte order mark
// in front is passed over. Nothing is evaluated: what looks like a spreadsheet's formula is text, which no number is.
namespace bursar::treasury::reconcile {

struct CsvField {
    std::string text;
    Place at;
};

/// Calls `row` for every record that is not an empty line, the head first. Stops at the first error. Limits:
/// columns_max, field_bytes_max; how many rows there may be is the caller's business.
Result<void> read_csv(std::string_view text, const std::function<Result<void>(std::span<const CsvField>)>& row);

}  // namespace bursar::treasury::reconcile
