#pragma once

#include "auth/directory.h"
#include "auth/oidc/algorithm.h"
#include "auth/oidc/issuer.h"

#include <span>
#include <string_view>
#include <vector>

namespace bursar::oidc {

/// Looks at an issuer anew, step by step, as a sign-in would: resolve, TLS, discovery, keys, clock, abilities.
/// Blocking.
std::vector<auth::Step> look_at(Issuer& issuer, std::span<const Algorithm> allowed);

/// An HTTP date (RFC 9110 §5.6.7, the form that servers send): "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<Timestamp> parse_http_date(std::string_view text);

}  // namespace bursar::oidc
