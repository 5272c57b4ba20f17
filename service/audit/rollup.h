#pragma once

#include "service/audit/cubes.h"
#include "service/audit/sums.h"
#include "service/base/time_zone.h"

#include <span>
#include <string>
#include <unordered_map>

// Sums by hour and by day, written together with the rows that they sum up.
namespace bursar::audit {

/// A combination counts as in use for so long from a day on which it was: its row need not be written every day.
inline constexpr std::int64_t days_in_use = 30;

/// A combination that has a number, and until which day it counts as in use: not before then its row is written again.
struct Known {
    std::int64_t number = 0;
    std::int64_t last_day = 0;
};
/// Combinations that were looked up already. What a transaction adds to it holds only once that is
/// committed: whoever undoes one has to empty it.
using KnownCombinations = std::unordered_map<std::string, Known>;

/// So many of the first outcomes have at most that many combinations, and so take the writer a limited time.
std::size_t count_with(std::span<const Outcome> outcomes, std::size_t combinations_max);

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
