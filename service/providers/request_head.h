#pragma once

#include "service/base/result.h"
#include "service/providers/upstream.h"

#include <string>

namespace bursar::providers {

/// "name:port" as in Host and CONNECT; an IPv6 address in brackets; the scheme's own port left out unless
/// `always_port`.
enum class PortText : unsigned char { where_needed, always };
std::string authority(const Target& target, PortText port);

/// The head of a request, in one allocation so that no copy of the credential stays behind when the caller wipes it.
/// Headers of the connection and any copy of the credential's header are left out. invalid_request: a CR, LF or NUL
/// would have become a header.
Result<std::string> compose_head(const Target& target, const UpstreamRequest& request);

}  // namespace bursar::providers
