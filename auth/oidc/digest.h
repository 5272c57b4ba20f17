#pragma once

#include <string>
#include <string_view>

namespace bursar::oidc {

/// The left half of a token's SHA-2 as base64url: `at_hash` (OpenID Connect Core §3.1.3.6). `bits`: 256, 384 or 512.
std::string half_hash(std::string_view token, int bits);

}  // namespace bursar::oidc
