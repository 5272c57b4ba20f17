#pragma once

#include <string_view>

namespace bursar::providers {

/// Behind this, an id of a tool call carries what the call's provider wants to see again (translate/carried.h), in
/// letters of base64url.
inline constexpr std::string_view carried_mark = "_bursarsig_";

}  // namespace bursar::providers
