#pragma once

#include "auth/oidc/client.h"
#include "auth/oidc/jwt.h"
#include "service/base/crypto.h"
#include "service/base/mutex.h"

#include <map>
#include <string>
#include <string_view>

namespace bursar::oidc {

/// Checks what a verified logout token says (Back-Channel Logout 1.0 §2.6). Pure; not_accepted.
struct LogoutClaims {
    LogoutNotice notice;
    std::string id;       ///< `jti`
    Timestamp issued_at;  ///< `iat`
};
Result<LogoutClaims> check_logout(const Jwt& jwt, std::string_view issuer, std::string_view client_id, Timestamp now);

inline constexpr std::chrono::seconds logout_age_max = std::chrono::minutes(5);

/// The `jti` of logout tokens for as long as each could be shown again. Any thread.
class Seen {
  public:
    /// not_accepted if it was there before; overloaded if there are seen_max others.
    Result<void> take(std::string_view id, Timestamp issued_at, Timestamp now);

  private:
    Mutex mutex_;
    std::map<Digest, Timestamp> until_ GUARDED_BY(mutex_);
};
inline constexpr std::size_t seen_max = 100'000;

}  // namespace bursar::oidc
