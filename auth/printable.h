#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Text that comes from outside and is shown to people.
namespace bursar::auth {

/// Printable UTF-8 without control characters or changes of direction, of 1 to `characters_max` characters.
bool is_printable(std::string_view text, std::size_t characters_max);
/// What of `text` can be printed, cut at `characters_max`; each byte or character that cannot be is a question mark.
std::string printable(std::string_view text, std::size_t characters_max);

}  // namespace bursar::auth
