#pragma once

#include "service/base/clock.h"
#include "service/edge/exchange.h"

namespace bursar::gateway {

/// What the data plane answers on a machine that may not spend, because another one does or could: 503 in the caller's
/// dialect.
Task<void> refuse_elsewhere(edge::Exchange& exchange, const Clock& clock);

}  // namespace bursar::gateway
