#pragma once

#include "policies/watch.h"
#include "service/base/money.h"
#include "service/treasury/forecast.h"

#include <optional>
#include <string>

// What is far above an account's own past. Pure.
namespace bursar::treasury {

/// An hour that is unusual, and the first one of the stretch that it ends.
struct Unusual {
    Hour hour;
    Hour since;
    NanoUsd spent;  ///< in `hour`
    NanoUsd usual;  ///< the median of the same hours of past weeks
    NanoUsd above;  ///< what would have been unusual
};

/// Looks at the last hour of the history, against the same hours of the weeks before it and their neighbours. Nothing
/// if the account has no week of past before the stretch began. The stretch is worked out from the history alone, so
/// that a restart does not begin it anew; after a week it is cut at each midnight.
std::optional<Unusual> unusual_hour(const policies::Watch::Unusual& policy, const Hourly& history);

/// What a key spends in an hour in which it spends at all: the trimmed mean. Nothing if it has spent in fewer than
/// `past_hours_min` of them.
std::optional<NanoUsd> usual_hour(const Hourly& history);
inline constexpr int past_hours_min = 5;

/// The sum from which on a key runs away, given what is usual for it.
NanoUsd runaway_above(const policies::Watch::Runaway& policy, std::optional<NanoUsd> usual_hour);

}  // namespace bursar::treasury
