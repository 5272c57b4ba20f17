#pragma once

#include "service/base/budget.h"

#include <optional>
#include <string>
#include <string_view>

// A limit of a key as one line of text, as the database keeps it. Pure.
namespace bursar::auth {

/// "10000000000 month hard 50 80 100 measure=tokens of=tier:frontier rolling": the limit in its unit, the period, then
/// where to warn and whatever is out of the ordinary.
std::string budget_line(const Budget& budget);
/// Nothing if the line is none. Reads lines of every version so far.
std::optional<Budget> parse_budget_line(std::string_view line);

}  // namespace bursar::auth
