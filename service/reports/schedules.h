#pragma once

#include "policies/rules.h"
#include "service/reports/gather.h"
#include "service/reports/kept.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::reports {

/// Reports at one look at most: whatever else the steward does waits for them.
inline constexpr int reports_per_look_max = 4;

/// Makes the policy's reports when they are due, and whenever somebody asks.
class Schedules {
  public:
    struct Parts {
        store::Store& store;
        const policies::Rules& rules;
        Gatherer gatherer;
    };
    explicit Schedules(Parts parts) : parts_(std::move(parts)) {}

    /// Makes some of the reports that are due, each stored and told of in one transaction. A schedule that is new
    /// begins with the period that runs; after an outage only the last period is told. One thread at a time; blocking.
    Result<void> look(Timestamp now);

    /// One of a schedule's reports, or the same of another team. not_found, invalid_request. Any thread but shards;
    /// blocking.
    struct Wish {
        std::string name;
        std::string of;      ///< a team, or "organisation"; empty: the first that the schedule is about
        std::string period;  ///< as period_called() has it
    };
    /// Whom a wish is about: a team, or nobody for the organisation.
    Result<std::string> team_of(const Wish& wish) const;
    Result<report::Report> make(const Wish& wish, Timestamp now) const;
    /// Makes it, keeps it and tells of it; with its number. No targets: those of the schedule. `also` is written with
    /// it.
    struct Sending {
        Wish wish;
        std::vector<std::string> to;
        std::string by;
    };
    using Also = std::function<Result<void>(store::Transaction&, const Kept&)>;
    Result<Kept> send(const Sending& sending, Timestamp now, const Also& also);

    /// When the schedule makes its next report.
    Result<Timestamp> next(const policies::ReportSchedule& schedule, Timestamp now) const;

  private:
    struct Due {
        const policies::ReportSchedule* schedule = nullptr;
        std::string team;
        Period period;
    };
    Result<std::vector<Due>> due(const policies::Snapshot& rules, const TimeZone& zone, Timestamp now);
    Result<void> tell(const policies::Snapshot& rules, const TimeZone& zone, const Due& due, Timestamp now);

    Parts parts_;
    Timestamp forget_at_;
};

}  // namespace bursar::reports
