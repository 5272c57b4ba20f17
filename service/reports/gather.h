#pragma once

#include "service/ledger/ledger.h"
#include "service/reports/periods.h"
#include "service/reports/scope.h"

#include <string>

namespace bursar::reports {

/// Which report is wanted.
struct Ask {
    std::string name;
    Every every = Every::month;
    std::string team;  ///< empty: the organisation
    Period period;     ///< of the calendar
    bool people_shown = false;
};

/// Makes reports from the sums of usage, the policy and the books.
class Gatherer {
  public:
    struct Parts {
        audit::Audit& audit;
        ledger::Ledger& ledger;
        std::string public_url;  ///< empty: no link
    };
    explicit Gatherer(Parts parts) : parts_(std::move(parts)) {}

    /// Its JSON is within report_bytes_max: what is too much is summed up in the tables' rests. A period that runs is
    /// told up to now. Blocking, for seconds at most; never from a shard.
    Result<report::Report> gather(const policies::Snapshot& rules, const Ask& ask, Timestamp now) const;

  private:
    struct Frame;
    Result<void> add_tables(const Frame& frame, report::Report& out) const;
    Result<void> add_budgets(const Frame& frame, report::Report& out) const;

    Parts parts_;
};

}  // namespace bursar::reports
