#pragma once

#include "auth/oidc/json.h"
#include "service/base/clock.h"
#include "service/base/result.h"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// What the claims of a verified token must say (RFC 7519 §4.1, OpenID Connect Core §2 and §3.1.3.7). Pure; every
// refusal is not_accepted, and names the claim.
namespace bursar::oidc {

/// How far another machine's clock may be from ours.
inline constexpr std::chrono::seconds skew_max{60};
inline constexpr std::size_t identity_bytes_max = 255;

/// Nothing if the claim is not there or is no instant.
std::optional<Timestamp> instant_at(const Json& claims, std::string_view name);
/// `exp` must be there and not be over, `iat` must be there and not to come, `nbf` may be there.
Result<void> check_times(const Json& claims, Timestamp now);
Result<void> check_issuer(const Json& claims, std::string_view issuer);
/// Whether `aud`, a text or a list, has it; `alone`: and nothing else.
bool is_for(const Json& claims, std::string_view audience);
bool is_for_alone(const Json& claims, std::string_view audience);
/// A text that is not empty and not too long to identify somebody.
Result<std::string> identity_at(const Json& claims, std::string_view name);

/// A claim by its name, or by the names of objects on the way to it: "realm_access.roles".
const Json* find_claim(const Json& claims, std::string_view name);
/// The claims that the policy asks for: equal as text, or a list that has the text.
Result<void> check_required(const Json& claims, std::span<const std::pair<std::string, std::string>> require);

struct IdTokenExpected {
    std::string_view issuer, client_id, nonce, access_token;
    std::optional<Timestamp> login_since;  ///< `auth_time` must be there and not be earlier
    std::string_view type;                 ///< `typ` of its header
    int hash_bits = 256;                   ///< of its algorithm
};
Result<void> check_id_token(const Json& claims, const IdTokenExpected& expected, Timestamp now);

}  // namespace bursar::oidc
