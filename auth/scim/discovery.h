#pragma once

#include "auth/scim/refusal.h"

#include <string>
#include <string_view>

namespace bursar::scim {

/// What this server can do (RFC 7643 §5 to §7): "/ServiceProviderConfig", "/ResourceTypes", "/Schemas" and single ones
/// of them. not found otherwise.
Outcome<std::string> discover(std::string_view path, std::string_view base_url);

}  // namespace bursar::scim
