#pragma once

#include "service/base/time_zone.h"
#include "service/treasury/accounts.h"
#include "service/treasury/decision.h"
#include "service/treasury/events.h"
#include "service/treasury/standings.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace bursar::treasury {

/// What people want to hear of this limit now: one event for each of its marks (warn_percent) that is reached by what
/// is spent, not by what is held. Its name is the account, the limit, the period and the mark, so that it is raised
/// once in each period:
/// - a limit that is raised, falls below a mark and passes it again in the same period raises no second event;
/// - a limit for good has no period: its event is of the limit as it stands, so that a top-up arms the marks again;
/// - a rolling limit raises each mark at most once in a length of time such as its own.
/// Pure.
std::vector<Event> threshold_events(const ledger::Standing& standing, const TimeZone& zone, Timestamp now);

/// Looks at every limit that has marks, and raises what is new. For the steward's thread.
class Thresholds {
  public:
    using Keys = std::function<std::vector<Caller>()>;  ///< those that are not revoked
    Thresholds(Desk& desk, Standings standings, Keys keys)
        : desk_(desk), standings_(std::move(standings)), keys_(std::move(keys)) {}

    Result<void> look(Timestamp now);

  private:
    Desk& desk_;
    const Standings standings_;
    const Keys keys_;
    std::set<std::string> raised_;  ///< names of the last look: they need no second look at the database
};

}  // namespace bursar::treasury
