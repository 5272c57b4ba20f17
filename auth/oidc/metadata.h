#pragma once

#include "service/base/result.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::oidc {

/// How a client proves at the token endpoint that it is one (OpenID Connect Core §9).
enum class ClientAuthentication : std::uint8_t { basic, post, none };

/// What an issuer says of itself (OpenID Connect Discovery 1.0 §3, RFC 9207 §3).
struct Metadata {
    std::string issuer;
    std::string authorization_endpoint, token_endpoint, jwks_uri;
    std::string userinfo_endpoint, end_session_endpoint, device_authorization_endpoint;  ///< empty: has none
    bool names_itself = false;  ///< every redirect carries `iss`
    bool can_basic = true, can_post = false;
    std::vector<std::string> algorithms;  ///< of ID tokens; empty: it does not say
    bool backchannel_logout = false;

    /// directory_unavailable if it is no such document, speaks for another issuer, or names a place that is not to be
    /// asked. Of `jwks_uri` alone is asked that it is there; a relying party needs the other two as well.
    static Result<Metadata> parse(std::string_view text, std::string_view issuer);
    Result<void> is_whole_for_sign_in() const;
};

/// Where an issuer's document is (Discovery §4).
std::string discovery_url(std::string_view issuer);

/// How long an answer is kept: what its Cache-Control says, within these bounds; an hour if it says nothing.
std::chrono::seconds kept_for(std::string_view cache_control);
inline constexpr std::chrono::seconds kept_for_min = std::chrono::minutes(5);
inline constexpr std::chrono::seconds kept_for_default = std::chrono::hours(1);
inline constexpr std::chrono::seconds kept_for_max = std::chrono::hours(24);

}  // namespace bursar::oidc
