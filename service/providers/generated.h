#pragma once

#include "service/providers/answer.h"
#include "service/providers/json_walk.h"

#include <string_view>

namespace bursar::providers {

/// Reads one of Gemini's GenerateContentResponses, whole or as an event: both have the same form. `json` is the text
/// that `object` is read from.
error_code read_generated(ondemand::object object, std::string_view json, Statement& said);

}  // namespace bursar::providers
