#pragma once

#include "service/audit/cubes.h"
#include "service/audit/sums.h"
#include "service/base/time_zone.h"

#include <span>
#include <string>
#include <unordered_map>

// Sums by hour and by day, written together with the rows that they sum up.
namespace bursar::audit {

/// Numbers of combinations that were looked up already. What a transaction adds to it holds only once that is
/// committed: whoever undoes one has to empty it.
using KnownCombinations = std::unordered_map<std::string, std::int64_t>;

/// In the transaction that stores the outcomes.
Result<void> add_to_sums(store::Transaction& transaction, std::span<const Outcome> outcomes, KnownCombinations& known);

/// The zone that days are counted in; UTC if this machine does not know it any more.
Result<TimeZone> read_time_zone(store::Transaction& transaction);
Result<void> write_time_zone(store::Transaction& transaction, const TimeZone& zone);

/// Sums up some of the rows that were stored before there were sums. The number of rows that are still to be summed up,
/// which is 0 from then on.
Result<std::int64_t> sum_up_earlier(store::Transaction& transaction, KnownCombinations& known);

Result<UsageAnswer> read_usage(store::Transaction& transaction, const UsageQuery& query);

}  // namespace bursar::audit
