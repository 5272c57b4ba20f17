#pragma once

#include "service/providers/answer.h"
#include "service/providers/json_walk.h"

namespace bursar::providers {

/// Reads a whole answer of Cohere's chat into `said`. An error is one of the JSON; what was read before it is kept.
error_code read_cohere(ondemand::object object, Statement& said);
/// The same for one event of a stream.
error_code read_cohere_event(ondemand::object object, Statement& said);
/// The same for a whole answer of Cohere's embeddings.
error_code read_cohere_embeddings(ondemand::object object, Statement& said);

}  // namespace bursar::providers
