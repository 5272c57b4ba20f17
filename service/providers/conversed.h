#pragma once

#include "service/providers/answer.h"
#include "service/providers/json_walk.h"

namespace bursar::providers {

/// Reads a whole answer of Bedrock's Converse into `said`. An error is one of the JSON; what was read before it is
/// kept.
error_code read_conversed(ondemand::object object, Statement& said);
/// The same for one event of a stream, as event_frames.h writes it: {"contentBlockDelta": {…}}.
error_code read_conversed_event(ondemand::object object, Statement& said);

}  // namespace bursar::providers
