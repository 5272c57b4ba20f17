#pragma once

#include "service/audit/audit.h"

#include <span>
#include <unordered_set>

// The stored batches of outcome rows: written by the writer thread, read by queries.
namespace bursar::audit {

Result<void> write_outcomes(store::Transaction& transaction, std::span<const Outcome> outcomes);
struct Recorded {
    std::unordered_set<AttemptId, IdHash<AttemptKind>> attempts;  ///< that have a row
    std::unordered_set<CallId, IdHash<CallKind>> calls;           ///< whose row is not one of an attempt only
};
/// Of calls that began at `since` or later (and perhaps some of before).
Result<Recorded> read_recorded(store::Transaction& transaction, Timestamp since);
/// Newest first.
Result<std::vector<Outcome>> read_calls(store::Transaction& transaction, const Audit::CallFilter& filter);
Result<std::vector<Audit::UsageRow>> sum_usage(store::Transaction& transaction,
                                               const std::vector<std::string>& group_by, Timestamp from, Timestamp to);

}  // namespace bursar::audit
