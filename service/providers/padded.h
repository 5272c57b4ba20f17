#pragma once

#include <cstddef>
#include <string_view>

// simdjson reads in blocks and so up to 64 bytes beyond the end of what it is given.
namespace bursar::providers {

inline constexpr std::size_t padding_bytes = 64;

/// A copy of `json` in a buffer of this thread, followed by padding_bytes readable bytes. Valid until the thread's next
/// call. (Copying 100 KB costs about 5 us; asking every caller for spare capacity would cost a reallocation of the
/// whole body instead.)
std::string_view padded_copy(std::string_view json);

}  // namespace bursar::providers
