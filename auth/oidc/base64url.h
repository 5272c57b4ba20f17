#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bursar::oidc {

/// RFC 4648 §5 without padding, as RFC 7515 §2 has it.
std::string to_base64url(std::string_view bytes);
/// Strict: no padding, no line breaks, no stray bits in the last letter, so that no two texts mean the same bytes.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace bursar::oidc
