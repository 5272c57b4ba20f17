#pragma once

#include "policies/snapshot.h"
#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/vault/vault.h"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace bursar::daemon {

/// One GET at a provider, over a connection of its own.
struct BatchFetch {
    const policies::Provider& provider;
    vault::Lease key;  ///< empty: it wants none
    std::string target;
    std::chrono::milliseconds total;  ///< all of it; a provider's own is of answers to calls
    const Clock& clock;
    std::function<bool()> stopping;                    ///< asked often; ends the fetch
    std::function<void(std::string_view bytes)> take;  ///< of the body, as it comes
};

/// The status of the answer, once all of a success was taken. provider_unavailable, deadline_passed, shutting_down.
/// Blocking; not on a shard.
Result<int> fetch_for_batch(const BatchFetch& fetch);

}  // namespace bursar::daemon
