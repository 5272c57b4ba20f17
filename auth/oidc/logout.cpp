#include "auth/oidc/logout.h"

#include "auth/oidc/claims.h"
#include "auth/oidc/words.h"

#include <fmt/format.h>

namespace bursar::oidc {

Result<LogoutClaims> check_logout(const Jwt& jwt, std::string_view issuer, std::string_view client_id, Timestamp now) {
    constexpr std::string_view event = "http://schemas.openid.net/event/backchannel-logout";
    // Some providers still leave the type out or write "JWT"; `events` below tells the tokens apart then.
    if (jwt.type() != "logout+jwt" && jwt.type() != "jwt" && !jwt.type().empty())
        return not_accepted(fmt::format("typ is {}, which no logout token has", in_quotes(jwt.type())));
    const Json& claims = jwt.claims();
    TRY_VOID(check_issuer(claims, issuer));
    if (!is_for(claims, client_id)) return not_accepted("aud does not have our client_id");
    if (claims.member("nonce") != nullptr) return not_accepted("it has a nonce, so it is an ID token");
    const Json* events = claims.member("events");
    const Json* happened = events == nullptr ? nullptr : events->member(event);
    if (happened == nullptr || happened->object() == nullptr)
        return not_accepted("events does not have the back-channel logout");
    const auto issued_at = instant_at(claims, "iat");
    if (!issued_at) return not_accepted("iat is missing or no number of seconds since 1970");
    if (*issued_at > now + skew_max) return not_accepted("iat is ahead of the clock here; compare both clocks");
    if (now > *issued_at + logout_age_max)
        return not_accepted(fmt::format("it is older than {} s", logout_age_max.count()));
    if (claims.member("exp") != nullptr) TRY_VOID(check_times(claims, now));
    LogoutClaims out{.notice = {}, .id = {}, .issued_at = *issued_at};
    TRY(out.id, identity_at(claims, "jti"));
    if (claims.member("sub") != nullptr) {
        TRY(out.notice.subject, identity_at(claims, "sub"));
    }
    if (claims.member("sid") != nullptr) {
        TRY(out.notice.session, identity_at(claims, "sid"));
    }
    if (out.notice.subject.empty() && out.notice.session.empty()) return not_accepted("it has neither sub nor sid");
    return out;
}

Result<void> Seen::take(std::string_view id, Timestamp issued_at, Timestamp now) {
    const Digest digest = sha256(id);
    const MutexLock lock(mutex_);
    const auto known = until_.find(digest);
    if (known != until_.end() && now <= known->second) return not_accepted("its jti was shown before");
    if (until_.size() >= seen_max) std::erase_if(until_, [&](const auto& each) { return now > each.second; });
    if (until_.size() >= seen_max)
        return fail(Fault::overloaded, "Too many logouts at once. Send it again in a minute.",
                    fmt::format("{} logout tokens within {} s", seen_max, logout_age_max.count()));
    until_[digest] = issued_at + logout_age_max;
    return {};
}

}  // namespace bursar::oidc
