#pragma once

#include "service/base/json.h"
#include "service/ledger/ledger.h"

namespace bursar::admin {

/// One limit and where it stands: in the unit of its measure, and in dollars where that is one. The limit is the one in
/// force, with all that was decided beside the policy.
void write_standing(JsonWriter& json, const ledger::Standing& standing, Timestamp now);

}  // namespace bursar::admin
