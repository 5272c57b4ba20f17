#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bursar::integrations {

/// The bytes of RFC 4648 §4 with padding; nothing if it is anything else, a second way to write the same bytes
/// included.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace bursar::integrations
