#pragma once

#include "service/reports/scope.h"

namespace bursar::reports {

inline constexpr std::size_t cheaper_max = 5;

/// What saves most first. A tier is lower than another one if all of its models would have been cheaper for the same
/// use than every one of the other. Prices of `at`. Pure.
std::vector<report::Cheaper> cheaper_models(const policies::Snapshot& rules, const Sums& by_model, Timestamp at);

}  // namespace bursar::reports
