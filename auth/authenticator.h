#pragma once

#include "auth/keys.h"
#include "auth/people.h"
#include "auth/sessions.h"

#include <functional>
#include <memory>
#include <string_view>

namespace bursar::auth {

/// Room 2 of a call: whoever presents something, by a virtual key, a session's access token or a workload's JWT.
class Authenticator {
  public:
    /// Verifies a compact JWT of a configured issuer; unauthenticated. From memory, any thread, no I/O.
    using Workload = std::function<Result<std::shared_ptr<const Caller>>(std::string_view compact, Timestamp now)>;

    Authenticator(const Keys& keys, const People& people, const Sessions& sessions, Workload workload)
        : keys_(keys), people_(people), sessions_(sessions), workload_(std::move(workload)) {}

    /// As Keys::identify(). A key of a person counts while that person is let in and still of the key's team; a key
    /// whose person nobody tells of counts as it is.
    Result<std::shared_ptr<const Caller>> identify(std::string_view presented, std::string_view address,
                                                   Timestamp now) const;

  private:
    const Keys& keys_;
    const People& people_;
    const Sessions& sessions_;
    Workload workload_;
};

}  // namespace bursar::auth
