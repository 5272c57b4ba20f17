#pragma once

#include "service/audit/audit.h"
#include "service/audit/rollup.h"

#include <functional>
#include <span>
#include <vector>

// The stored batches of outcome rows: written by the writer thread, read by queries.
namespace bursar::audit {

/// The rows and what they add to the sums.
Result<void> write_outcomes(store::Transaction& transaction, std::span<const Outcome> outcomes,
                            KnownCombinations& known);
struct Recorded {
    std::vector<AttemptId>
        attempts;               ///< that have a row; in order, since a start after many calls looks for all of theirs
    std::vector<CallId> calls;  ///< whose row is not one of an attempt only; in no order, seldom needed
};
/// Of calls that began at `since` or later (and perhaps some of before).
Result<Recorded> read_recorded(store::Transaction& transaction, Timestamp since);
/// Newest first.
Result<std::vector<Outcome>> read_calls(store::Transaction& transaction, const Audit::CallFilter& filter);
/// Every row of a batch whose columns are at_min, names, rows and version.
Result<void> each_outcome(const store::Row& batch, const std::function<void(Outcome)>& visit);

}  // namespace bursar::audit
