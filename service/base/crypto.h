#pragma once

#include "service/base/result.h"
#include "service/base/secret.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// Digests and randomness from OpenSSL's libcrypto. No thread state; any thread.
namespace bursar {

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::string_view bytes);
/// HMAC-SHA256 (RFC 2104).
Digest hmac_sha256(std::string_view key, std::string_view bytes);
/// HKDF-SHA256 (RFC 5869) with an empty salt: a key of `size` bytes (at most 64) for the purpose that `info` names.
Secret derive_key(const Secret& from, std::string_view info, std::size_t size = 32);
/// From the operating system's generator; aborts if there is none.
void fill_random(std::span<unsigned char> out);
std::string random_bytes(std::size_t count);

std::string to_hex(std::span<const unsigned char> bytes);
std::string to_hex(std::string_view bytes);
Result<std::string> from_hex(std::string_view text);
std::string to_base64(std::string_view bytes);
/// Lower-case Crockford base 32 without padding: fit for ids and keys that people copy.
std::string to_base32(std::string_view bytes);
std::uint32_t crc32(std::string_view bytes);
inline std::string_view as_text(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace bursar
