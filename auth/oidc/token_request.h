#pragma once

#include "auth/oidc/client.h"
#include "auth/oidc/issuer.h"

#include <string>
#include <string_view>

namespace bursar::oidc {

/// What the token endpoint gives for a code (OpenID Connect Core §3.1.3.3).
struct Tokens {
    std::string id_token;
    Secret access_token;  ///< empty where there is none that we could use
};

/// One exchange of an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5).
struct Exchange {
    Issuer& issuer;
    const Metadata& metadata;
    const Options& options;
    const std::function<Result<Secret>()>& client_secret;  ///< empty: a public client
};
/// not_signed_in if the provider refuses the code; not_available if it refuses us, or answers something else. Blocking.
Result<Tokens> exchange_code(const Exchange& exchange, std::string_view code, const Pending& pending);

/// The claims of the userinfo endpoint (§5.3), whose `sub` is the ID token's (§5.3.2); an object without any where the
/// endpoint does not let us in. Blocking.
Result<Json> ask_userinfo(Issuer& issuer, const std::string& endpoint, const Secret& access_token,
                          std::string_view subject);

inline constexpr std::size_t code_bytes_max = 4096;

}  // namespace bursar::oidc
