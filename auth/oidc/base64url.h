#pragma once

#include "auth/base64url.h"

#include <optional>
#include <string>
#include <string_view>

namespace bursar::oidc {

using auth::to_base64url;
/// What that writes. Strict: no padding, no line breaks, no stray bits in the last letter, so that no two texts mean
/// the same bytes.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace bursar::oidc
