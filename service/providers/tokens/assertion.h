#pragma once

#include "service/base/result.h"
#include "service/base/secret.h"

#include <cstdint>
#include <string>
#include <string_view>

// JWTs with which we say who we are (RFC 7515, RFC 7523).
namespace bursar::providers::tokens {

/// RFC 7518 §3.3 and §3.5, both with SHA-256.
enum class Algorithm : std::uint8_t { rs256, ps256 };
std::string_view name_of(Algorithm algorithm);

/// RFC 4648 §5 without padding.
std::string base64url(std::string_view bytes);

inline constexpr int rsa_bits_min = 2048, rsa_bits_max = 8192;
/// An RSA key in PEM that has no passphrase; invalid_request.
Result<void> check_private_key(const Secret& pem);
/// SHA-256 of a certificate in base64url (RFC 7515 §4.1.8). invalid_request unless it is one, and of that key.
Result<std::string> thumbprint(std::string_view certificate_pem, const Secret& private_key);

/// The compact form. `header` and `claims` are JSON objects. invalid_request as check_private_key().
Result<Secret> sign(Algorithm algorithm, std::string_view header, std::string_view claims, const Secret& private_key);

}  // namespace bursar::providers::tokens
