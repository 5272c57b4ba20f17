#pragma once

#include "policies/snapshot.h"
#include "service/admin/body.h"
#include "service/base/budget.h"
#include "service/base/json.h"

#include <string_view>
#include <vector>

// Limits in the bodies of requests and answers: how the API writes and reads them, in one place.
namespace bursar::admin {

/// One limit: {limit or limit_usd, measure, per, rolling, of, from, until, hard, warn}. What it refers to must be in
/// the policy; a model is kept under its own name, a date is a day of the organisation's time zone.
Result<Budget> budget_of(const Fields& fields, const policies::Snapshot& rules);
/// The list in "budgets"; empty if there is none.
Result<std::vector<Budget>> budgets_of(const Fields& fields, const policies::Snapshot& rules);

/// A field NAME with the number, and for money NAME_usd with the exact text.
void write_quantity(JsonWriter& json, std::string_view name, Quantity quantity, Measure measure);
/// What the limit counts, how long and how strictly: all but its number. Into an open object.
void write_kind(JsonWriter& json, const Budget& budget);
void write_budgets(JsonWriter& json, std::string_view name, const std::vector<Budget>& budgets);

/// {requests_per_minute, tokens_per_minute, parallel}, each null where there is no limit.
void write_rate(JsonWriter& json, std::string_view name, const policies::Rate& rate);

}  // namespace bursar::admin
