#pragma once

#include "service/base/secret.h"

#include <filesystem>

namespace bursar::store {

/// Whether every page of a SQLCipher file carries the code (HMAC-SHA256) that `key` gives it. What `PRAGMA
/// cipher_integrity_check` looks at, ten times as fast: that one makes and clears its tools anew for each page. A no
/// may also be a file that could not be read, or one of another format: whoever hears it asks the pragma, which has
/// words. Reads the whole file, which nobody may write meanwhile.
bool pages_carry_their_codes(const std::filesystem::path& file, const Secret& key);

}  // namespace bursar::store
