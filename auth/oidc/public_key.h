#pragma once

#include "auth/oidc/algorithm.h"
#include "auth/oidc/json.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bursar::oidc {

/// One key of a JWK Set that may verify signatures (RFC 7517, RFC 7518 §6): RSA of 2048 to 8192 bits, P-256 or P-384.
/// Immutable; any thread.
class PublicKey {
  public:
    /// Nothing for a key that is not for us: another type or curve, too weak, not on its curve, for encryption only.
    static std::optional<PublicKey> of(const Json& jwk);

    const std::string& id() const { return id_; }  ///< `kid`, may be empty
    /// Whether the key's type, and its own `alg` if it has one, go with the algorithm.
    bool fits(Algorithm algorithm) const;
    /// RFC 7518 §3.3–3.5. An ECDSA signature is r and s side by side. False also where the key does not fit.
    bool verifies(Algorithm algorithm, std::string_view signed_bytes, std::string_view signature) const;

  private:
    struct Handle;
    enum class Kind : std::uint8_t { rsa, p256, p384 };
    PublicKey() = default;
    std::string id_;
    Kind kind_ = Kind::rsa;
    std::optional<Algorithm> only_;
    std::shared_ptr<const Handle> handle_;
};

inline constexpr std::size_t key_id_bytes_max = 255;
inline constexpr int rsa_bits_min = 2048;
inline constexpr int rsa_bits_max = 8192;

}  // namespace bursar::oidc
