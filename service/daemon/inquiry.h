#pragma once

#include "policies/snapshot.h"
#include "service/admin/control_plane.h"
#include "service/base/clock.h"
#include "service/vault/vault.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::daemon {

/// A test of one provider: what a call to it would meet, looked at step by step over connections of its own.
struct Inquiry {
    const policies::Snapshot& rules;
    const policies::Provider& provider;
    std::string model;  ///< empty: no calls, so nothing that costs money
    std::function<Result<vault::Lease>(std::string_view secret)> lend;
    const Clock& clock;
    std::function<bool()> stopping;  ///< asked often; ends the test early
};

/// The findings so far when time is over or the service stops. Blocking, at most `inquiry_time_max`; any thread.
constexpr std::chrono::seconds inquiry_time_max{50};
std::vector<admin::Finding> inquire(const Inquiry& inquiry);

}  // namespace bursar::daemon
