#pragma once

#include "policies/rules.h"
#include "service/audit/audit.h"
#include "service/base/mutex.h"
#include "service/ledger/ledger.h"
#include "service/treasury/allocation_rows.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Pools that are shared out by policy, period after period. Each run is one transaction with its audit row; what it
// gave is in force from then on. Decided by time: a run that was missed is made when somebody looks next.
namespace bursar::treasury {

/// A person of a team, as somebody who may call: two entries of one person count as one.
struct Belonging {
    std::string person;
    std::string team;
};
/// Everybody who is known. Called with every tick; any thread.
using People = std::function<std::vector<Belonging>()>;

/// Who makes a run, and why.
struct Author {
    std::string actor = "service";
    std::string address;
    std::string reason;
};

/// What the next run would give, or gave.
struct Overview {
    std::shared_ptr<const policies::Allocation> rules;  ///< null: the policy no longer has it
    std::optional<AllocationRun> newest;
    std::vector<StoredLoan> loans;  ///< of the newest run's period, and those that are open
};

class Runs {
  public:
    /// The store must have allocations_schema() and events_schema().
    static Result<std::unique_ptr<Runs>> open(store::Store& store, ledger::Ledger& ledger, audit::Audit& audit,
                                              policies::Rules& rules, const Clock& clock, People people);

    /// Puts the newest stored runs in force. At the start, before anything is served. Blocking.
    Result<void> load();
    /// Makes the runs that are due: of a new period, for changed members or rules, loans for those that run out. About
    /// every ten seconds; no run for a period older than the newest one. Blocking, on a thread of the caller's own.
    void tick(Timestamp now);

    /// Who would get what, and why; nothing is stored. not_found for an allocation that the policy does not have,
    /// conflict for one whose pool has nothing to share yet. Blocking.
    Result<AllocationRun> plan(std::string_view name);
    /// The same, done: audited, and in force when it returns. Blocking; never from the writer thread.
    Result<AllocationRun> run(std::string_view name, const Author& author);

    /// Those of the policy, and those whose runs are stored; by name. Blocking.
    Result<std::vector<Overview>> list();

  private:
    struct Pool;
    struct Facts;
    using Newest = std::map<std::string, std::shared_ptr<const AllocationRun>, std::less<>>;

    Runs(store::Store& store, ledger::Ledger& ledger, audit::Audit& audit, policies::Rules& rules, const Clock& clock,
         People people);

    std::vector<std::shared_ptr<const policies::Allocation>> in_order(const policies::Snapshot& rules) const;
    std::optional<Pool> pool_of(const policies::Snapshot& rules, const policies::Allocation& allocation,
                                Timestamp now) const REQUIRES(running_);
    std::vector<policies::Member> members_of(const policies::Snapshot& rules,
                                             const policies::Allocation& allocation) const REQUIRES(running_);
    Result<Facts> gather(const policies::Snapshot& rules, const policies::Allocation& allocation, Timestamp now) const
        REQUIRES(running_);
    std::optional<Cause> due(const Facts& facts) const;
    Result<void> look_back(Facts& facts) const;
    Result<void> look_at_ledger(const policies::Snapshot& rules, Facts& facts) const;
    Result<AllocationRun> work_out(const policies::Snapshot& rules, Facts& facts, Cause cause) const;
    Result<void> add_loans(const policies::Snapshot& rules, Facts& facts) const;
    Result<AllocationRun> make(const policies::Snapshot& rules, Facts& facts, Cause cause, const Author& author)
        REQUIRES(running_);
    Result<void> store_run(AllocationRun& run, const Facts& facts, const Author& author);
    Result<void> tick_one(const policies::Snapshot& rules, const policies::Allocation& allocation, Timestamp now)
        REQUIRES(running_);
    void put_in_force() REQUIRES(running_);
    Timestamp see(Timestamp now) REQUIRES(running_);

    store::Store& store_;
    ledger::Ledger& ledger_;
    audit::Audit& audit_;
    policies::Rules& rules_;
    const Clock& clock_;
    const People people_;
    /// One run at a time, from its first look at the books until it is in force: two that were worked out side by side
    /// would give the same money twice. Nobody but callers of this class ever waits for it.
    mutable Mutex running_;
    Newest newest_ GUARDED_BY(running_);
    Timestamp seen_ GUARDED_BY(running_) = Timestamp::min();
};

}  // namespace bursar::treasury
