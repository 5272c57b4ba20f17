#pragma once

#include "auth/oidc/jwt.h"
#include "auth/oidc/public_key.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::oidc {

/// The keys of an issuer that we can use (RFC 7517 §5).
struct KeySet {
    std::vector<PublicKey> keys;
    int others = 0;  ///< keys in the document that are not for us

    /// directory_unavailable if the document is none, has more than keys_max keys, or none for us.
    static Result<KeySet> parse(std::string_view text);
};
inline constexpr std::size_t keys_max = 100;

enum class Verdict : std::uint8_t {
    good,
    algorithm_not_allowed,  ///< also "none" and HMAC, always
    key_unknown,            ///< no key of that id: it may be newer than our copy of the set
    key_does_not_fit,       ///< there is one, but of another type or for another algorithm
    signature_wrong,
};
/// For operators.
std::string_view words_for(Verdict verdict);

/// Looks for the key by the token's `kid`. A token without one is for a set that has a single key which fits (OpenID
/// Connect Core §10.1).
Verdict verify(const Jwt& jwt, const KeySet& set, std::span<const Algorithm> allowed);

}  // namespace bursar::oidc
