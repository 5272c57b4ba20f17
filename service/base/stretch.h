#pragma once

#include "service/base/secret.h"

#include <string_view>

namespace bursar {

/// PBKDF2 with HMAC-SHA512 (RFC 8018 §5.2): 32 bytes. For a key, of which few rounds are enough; a passphrase goes
/// through Argon2id.
Secret stretch_key(const Secret& from, std::string_view salt, int rounds);

}  // namespace bursar
