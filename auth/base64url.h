#pragma once

#include <string>
#include <string_view>

namespace bursar::auth {

/// RFC 4648 §5 without padding, as RFC 7515 §2 and RFC 7636 §4.2 have it.
std::string to_base64url(std::string_view bytes);

}  // namespace bursar::auth
