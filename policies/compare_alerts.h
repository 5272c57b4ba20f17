#pragma once

#include "policies/comparison.h"

namespace bursar::policies {

/// What changes for whoever is told of something.
void compare_alerts(Comparison& out, const Alerts& before, const Alerts& after);

}  // namespace bursar::policies
