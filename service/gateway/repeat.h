#pragma once

#include "service/base/result.h"
#include "service/edge/http.h"

#include <string>

namespace bursar::gateway {

/// The Idempotency-Key of a request that has one: invalid_request unless it is 1 to 255 printable ASCII characters, and
/// the only one.
Result<std::string> key_of(const edge::RequestHead& head);

}  // namespace bursar::gateway
