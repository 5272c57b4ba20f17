#pragma once

#include "service/treasury/accounts.h"
#include "service/treasury/decision.h"
#include "service/treasury/marks.h"
#include "service/treasury/standings.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace bursar::treasury {

/// Looks at every limit that has marks, and raises what is new:
/// - each mark once in a period, also over a restart;
/// - that there is room again, after which marks are told anew;
/// - that a period is over, which ends what was told in it.
/// For the steward's thread.
class Thresholds {
  public:
    using Keys = std::function<std::vector<Caller>()>;  ///< those that are not revoked
    Thresholds(Desk& desk, Standings standings, Keys keys)
        : desk_(desk), standings_(std::move(standings)), keys_(std::move(keys)) {}

    Result<void> look(Timestamp now);

  private:
    /// An incident that nothing has ended yet, or that has had room again in its period.
    struct Open {
        std::string account;
        std::string team;
        Told told;
    };
    /// What one look has found.
    struct Look {
        std::vector<Event> found;
        std::set<std::string> seen;  ///< incidents of all limits that there are
        std::map<std::string, ledger::Standing> last;
    };
    Result<void> remember();
    void judge(const ledger::Standing& standing, const TimeZone& zone, const std::vector<Caller>& keys, Timestamp now,
               Look& look) const;
    void close(const TimeZone& zone, Timestamp now, Look& look) const;
    void note(const Event& event);

    Desk& desk_;
    const Standings standings_;
    const Keys keys_;
    bool remembered_ = false;
    std::map<std::string, Open> open_;              ///< by incident
    std::map<std::string, ledger::Standing> last_;  ///< by incident, of limits whose end is told: as of the last look
};

}  // namespace bursar::treasury
