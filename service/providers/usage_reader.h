#pragma once

#include "service/providers/answer.h"
#include "service/providers/json_walk.h"

#include <string_view>

namespace bursar::providers {

/// Reads a `usage` object of any dialect into `said`: its counts, and what was served where that stands beside them.
/// Anything else than an object says nothing. An error is one of the JSON; what was read before it is kept.
error_code read_usage(ondemand::value usage, Statement& said);
/// One member of such an object.
error_code read_usage_member(std::string_view key, ondemand::value value, Statement& said);

}  // namespace bursar::providers
