#pragma once

#include "service/admin/control_plane.h"
#include "service/treasury/watch.h"

#include <vector>

// Which accounts have limits, and how these stand.
namespace bursar::admin {

/// Who may call: by a key, or as somebody who signs in.
std::vector<Caller> callers_now(const Parts& parts);

/// All limits as they stand now. Blocking; microseconds each.
Result<std::vector<treasury::LimitOf>> limits_now(const Parts& parts, Timestamp now);

}  // namespace bursar::admin
