#include "auth/oidc/claims.h"

#include "auth/oidc/digest.h"
#include "auth/oidc/words.h"
#include "service/base/secret.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace bursar::oidc {
namespace {

/// Beyond it nanoseconds since 1970 do not fit; that is in 2255.
constexpr double seconds_max = 9e9;

std::int64_t seconds_between(Timestamp a, Timestamp b) {
    return std::chrono::duration_cast<std::chrono::seconds>(a - b).count();
}

bool says(const Json& claim, std::string_view value) {
    if (claim.text() != nullptr) return *claim.text() == value;
    if (claim.truth() != nullptr) return value == (*claim.truth() ? "true" : "false");
    if (claim.whole() != nullptr) return value == fmt::format("{}", *claim.whole());
    return false;
}

/// OpenID Connect Core §2: auth_time is required where max_age was asked for. A provider that ignores the question
/// would otherwise pass a session of this morning off as a proof of now.
Result<void> check_fresh(const Json& claims, Timestamp since) {
    const auto at = instant_at(claims, "auth_time");
    if (!at)
        return not_accepted("auth_time is missing: a fresh sign-in was asked for, and nothing says that it is one");
    if (*at + skew_max < since) return not_accepted("auth_time is of an earlier sign-in than the one asked for");
    return {};
}

}  // namespace

std::optional<Timestamp> instant_at(const Json& claims, std::string_view name) {
    const Json* claim = claims.member(name);
    const auto seconds = claim == nullptr ? std::nullopt : claim->number();
    if (!seconds || !std::isfinite(*seconds) || *seconds < 0) return std::nullopt;
    if (claim->whole() != nullptr && *seconds <= seconds_max) return Timestamp(std::chrono::seconds(*claim->whole()));
    const auto nanoseconds = static_cast<std::int64_t>(std::min(*seconds, seconds_max) * 1e9);
    return Timestamp(std::chrono::nanoseconds(nanoseconds));
}

Result<void> check_times(const Json& claims, Timestamp now) {
    const auto expires_at = instant_at(claims, "exp"), issued_at = instant_at(claims, "iat");
    if (!expires_at) return not_accepted("exp is missing or no number of seconds since 1970");
    if (!issued_at) return not_accepted("iat is missing or no number of seconds since 1970");
    if (now > *expires_at + skew_max)
        return not_accepted(fmt::format("exp passed {} s ago; more than {} s are not put down to clocks that differ",
                                        seconds_between(now, *expires_at), skew_max.count()));
    if (*issued_at > now + skew_max)
        return not_accepted(
            fmt::format("iat is {} s ahead of the clock here; compare both clocks", seconds_between(*issued_at, now)));
    if (claims.member("nbf") == nullptr) return {};
    const auto from = instant_at(claims, "nbf");
    if (!from) return not_accepted("nbf is no number of seconds since 1970");
    if (*from > now + skew_max)
        return not_accepted(
            fmt::format("nbf is {} s ahead of the clock here; compare both clocks", seconds_between(*from, now)));
    return {};
}

Result<void> check_issuer(const Json& claims, std::string_view issuer) {
    if (claims.text_at("iss") == issuer) return {};
    return not_accepted(fmt::format("iss is {}, not {}", in_quotes(claims.text_at("iss")), in_quotes(issuer)));
}

bool is_for(const Json& claims, std::string_view audience) {
    const Json* claim = claims.member("aud");
    if (claim == nullptr || audience.empty()) return false;
    if (claim->list() == nullptr) return claim->text() != nullptr && *claim->text() == audience;
    return std::ranges::any_of(*claim->list(),
                               [&](const Json& each) { return each.text() != nullptr && *each.text() == audience; });
}

bool is_for_alone(const Json& claims, std::string_view audience) {
    const Json* claim = claims.member("aud");
    return is_for(claims, audience) && (claim->list() == nullptr || claim->list()->size() == 1);
}

Result<std::string> identity_at(const Json& claims, std::string_view name) {
    const Json* claim = find_claim(claims, name);
    if (claim == nullptr || claim->text() == nullptr || claim->text()->empty())
        return not_accepted(fmt::format("{} is missing or no text", name));
    if (claim->text()->size() > identity_bytes_max)
        return not_accepted(fmt::format("{} has {} bytes; at most {} identify anybody", name, claim->text()->size(),
                                        identity_bytes_max));
    return *claim->text();
}

const Json* find_claim(const Json& claims, std::string_view name) {
    if (name.empty()) return nullptr;
    // The whole name first: names that are addresses have dots too.
    if (const Json* found = claims.member(name)) return found;
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return nullptr;
    const Json* inner = claims.member(name.substr(0, dot));
    return inner == nullptr ? nullptr : find_claim(*inner, name.substr(dot + 1));
}

Result<void> check_required(const Json& claims, std::span<const std::pair<std::string, std::string>> require) {
    for (const auto& [name, value] : require) {
        const Json* claim = find_claim(claims, name);
        const bool listed = claim != nullptr && claim->list() != nullptr &&
                            std::ranges::any_of(*claim->list(), [&](const Json& each) { return says(each, value); });
        if (claim == nullptr || !(listed || says(*claim, value)))
            return not_accepted(
                fmt::format("the claim {} is not {}, which the policy requires", name, in_quotes(value)));
    }
    return {};
}

Result<void> check_id_token(const Json& claims, const IdTokenExpected& expected, Timestamp now) {
    // Access tokens (RFC 9068) and logout tokens are signed with the same keys.
    if (!expected.type.empty() && expected.type != "jwt")
        return not_accepted(fmt::format("typ is {}, which no ID token has", in_quotes(expected.type)));
    TRY_VOID(check_issuer(claims, expected.issuer));
    TRY_VOID(identity_at(claims, "sub"));
    if (!is_for(claims, expected.client_id)) return not_accepted("aud does not have our client_id");
    const Json* party = claims.member("azp");
    if (party == nullptr && !is_for_alone(claims, expected.client_id))
        return not_accepted("aud has others besides us, and there is no azp");
    if (party != nullptr && claims.text_at("azp") != expected.client_id)
        return not_accepted("azp is not our client_id");
    TRY_VOID(check_times(claims, now));
    if (expected.nonce.empty() || !equal_in_constant_time(claims.text_at("nonce"), expected.nonce))
        return not_accepted("nonce is missing or not the one that was sent");
    if (claims.member("events") != nullptr) return not_accepted("it has events, so it is no ID token");
    if (expected.login_since) TRY_VOID(check_fresh(claims, *expected.login_since));
    const Json* hash = claims.member("at_hash");
    if (hash == nullptr) return {};
    if (claims.text_at("at_hash") != half_hash(expected.access_token, expected.hash_bits))
        return not_accepted("at_hash is not of the access token that came with it");
    return {};
}

}  // namespace bursar::oidc
