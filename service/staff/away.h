#pragma once

#include "auth/oidc/client.h"
#include "service/base/clock.h"
#include "service/base/crypto.h"
#include "service/base/mutex.h"
#include "service/staff/staff.h"

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace bursar::staff {

/// Who is away at a provider of identities: by the `state` that they come back with. In memory: a restart sends them to
/// the sign-in page once more. Any thread.
class Away {
  public:
    static constexpr std::chrono::minutes life{10};
    static constexpr std::size_t max = 10'000;
    static constexpr std::size_t max_per_address = 50;

    struct Trip {
        oidc::Pending pending;
        Purpose purpose;
        Digest browser{};  ///< SHA-256 of what the browser's cookie has
        std::string address;
        Timestamp began_at;
    };

    /// overloaded when too many are.
    Result<void> leave(const std::string& state, Trip trip, Timestamp now);
    /// Takes the trip out: a state is good for one return, whatever comes of it. conflict if there is none, if it
    /// was for another provider, or if another browser comes back.
    Result<Trip> come_back(std::string_view provider, std::string_view state, std::string_view browser, Timestamp now);

  private:
    void forget_old(Timestamp now) REQUIRES(mutex_);

    Mutex mutex_;
    std::map<std::string, Trip, std::less<>> trips_ GUARDED_BY(mutex_);
};

}  // namespace bursar::staff
