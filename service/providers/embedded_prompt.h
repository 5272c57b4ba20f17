#pragma once

#include "service/providers/body.h"
#include "service/providers/input_walk.h"

namespace bursar::providers {

/// What stands beside the texts of a request for embeddings. Whoever makes the vectors says what is wrong with it.
error_code read_embedded(Key key, ondemand::value value, InputWalk& input, Prompt& prompt);

}  // namespace bursar::providers
