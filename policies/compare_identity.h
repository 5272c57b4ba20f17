#pragma once

#include "policies/comparison.h"

namespace bursar::policies {

/// What changes for whoever signs in.
void compare_identity(Comparison& out, const Identity& before, const Identity& after);

}  // namespace bursar::policies
