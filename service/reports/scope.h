#pragma once

#include "integrations/report/report.h"
#include "policies/snapshot.h"
#include "service/audit/audit.h"
#include "service/base/time_zone.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// Which calls a report is about, and their sums by whatever is asked for.
namespace bursar::reports {

namespace report = integrations::report;

/// The whole organisation, or a team with those below it as the policy has them now.
class Scope {
  public:
    /// No team: the organisation.
    Scope(const policies::Snapshot& rules, std::string team);

    bool is_whole() const { return team_.empty(); }
    const std::string& team() const { return team_; }
    bool has(std::string_view team) const { return team_.empty() || within_.contains(team); }
    /// Of a team alone there is nothing to tell team by team.
    bool is_single() const { return !team_.empty() && within_.size() == 1; }
    /// The team and those above it that the scope has.
    std::vector<std::string> path_of(std::string_view team) const;
    /// The department of a team.
    std::string above(std::string_view team) const;
    const std::set<std::string, std::less<>>& teams() const { return within_; }

  private:
    const policies::Snapshot& rules_;
    std::string team_;
    std::set<std::string, std::less<>> within_;  ///< of the policy's teams
};

using Sums = std::map<std::string, audit::UsageSums, std::less<>>;

void add(audit::UsageSums& to, const audit::UsageSums& more);
audit::UsageSums total_of(const Sums& sums);
report::Figures figures_of(const audit::UsageSums& sums);
/// What no sum can hold stays at the end of the range, as in the sums themselves.
NanoUsd plus(NanoUsd a, NanoUsd b);

/// Of the calls of the scope in the period. Blocking.
Result<Sums> sums_by(audit::Audit& audit, const Scope& scope, audit::By by, const Period& period);

}  // namespace bursar::reports
