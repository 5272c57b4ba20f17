#pragma once

#include "service/base/result.h"
#include "service/base/secret.h"

#include <cstdint>
#include <string>
#include <string_view>

// AES-256-GCM (NIST SP 800-38D) from libcrypto and Argon2id (RFC 9106) from libargon2.
namespace bursar::vault {

/// nonce (12 bytes, random) | ciphertext | tag (16 bytes). `bound_to` is authenticated and not stored: the same bytes
/// do not open under another name. `key` has 32 bytes.
std::string encrypt(const Secret& key, std::string_view bound_to, std::string_view plain);
/// unauthenticated if key, binding or bytes do not fit.
Result<Secret> decrypt(const Secret& key, std::string_view bound_to, std::string_view sealed);
inline constexpr std::size_t encryption_overhead_bytes = 12 + 16;

struct Stretch {
    std::uint32_t memory_kib = 64 * 1024;
    std::uint32_t passes = 3;
    std::uint32_t lanes = 1;
    bool operator==(const Stretch&) const = default;
};
/// 32 bytes from a passphrase; takes as long and as much memory as `stretch` says.
Result<Secret> stretch_passphrase(const Secret& passphrase, std::string_view salt, const Stretch& stretch);

/// Keeps the pages of `secret` out of core files and swap, as far as the system lets us.
void shield(const Secret& secret);

}  // namespace bursar::vault
