#pragma once

#include "service/base/result.h"

#include <string>
#include <string_view>

namespace bursar::admin {

/// One JSON text for all that mean the same: no white space, keys sorted at every level (those that look like array
/// indices first and by value, the others by UTF-16 code units), strings escaped and numbers written as JavaScript's
/// JSON.stringify does. For checksums that a client works out for itself. invalid_request if it is no JSON.
Result<std::string> canonical_json(std::string_view json);

/// "sha256:" and the hex of its digest: what Claude Code compares its managed settings by.
Result<std::string> settings_checksum(std::string_view settings);

}  // namespace bursar::admin
