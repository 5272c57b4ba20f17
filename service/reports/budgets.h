#pragma once

#include "service/ledger/ledger.h"
#include "service/reports/periods.h"
#include "service/reports/scope.h"

#include <string_view>

// How the limits of a report's teams stood, or stand, and where spending goes.
namespace bursar::reports {

struct BudgetQuestion {
    const policies::Snapshot& rules;
    const Scope& scope;
    const TimeZone& zone;
    Every every;
    Period period;
    Timestamp now;
    bool is_over() const { return period.end <= now; }
};

struct BudgetAnswer {
    std::vector<report::Budget> budgets;  ///< the fullest first, all of them
    NanoUsd unused;
    std::int64_t idle = 0;
    std::optional<NanoUsd> expected;  ///< charge of the whole scope at the end of the period, if that runs
};

/// Limits in money of the organisation and its teams that last as long as the report's period or longer. Of those by
/// the calendar what was spent comes from the sums of usage, which know every period; of the others from the books, as
/// they stand now. Blocking.
Result<BudgetAnswer> budgets_of(audit::Audit& audit, ledger::Ledger& ledger, const BudgetQuestion& question);

}  // namespace bursar::reports
