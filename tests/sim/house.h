#pragma once

#include "policies/documents.h"
#include "service/ledger/books.h"
#include "service/treasury/allocations.h"
#include "tests/sim/sim_store.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// A small organisation with real books, audit, policy and allocations, on a store that commits when it is told to and a
// clock that stands still.
namespace bursar::sim {

class House {
  public:
    House(std::string_view policy, std::string_view start);

    /// Puts these documents in force; a failure if something is wrong with them.
    void apply(std::string_view policy);
    /// The process ends, between two commits, and begins again.
    void restart();
    /// What the steward does every ten seconds.
    void tick() { runs_->tick(clock_.now()); }
    /// Moves the clock there, and looks whether something is due.
    void go_to(std::string_view when);
    void go_to(Timestamp when);

    // The only two places that call the ledger's side of a call.
    /// Holds `amount`, on every level or on none.
    std::optional<AttemptId> hold(const Caller& caller, NanoUsd amount);
    void settle(const AttemptId& attempt, NanoUsd cost);

    /// A whole call; false if a budget refused it.
    bool spend(const Caller& caller, NanoUsd amount);
    /// Spent and held in the current period.
    NanoUsd taken(const AccountName& account, Per per) const;
    /// The limits in force of an account that the documents give none.
    std::vector<Budget> allotted(const AccountName& account) const;
    /// What the account may spend per period now, as its allotment says; none: nothing is allotted to it.
    std::optional<NanoUsd> limit(const AccountName& account, Per per) const;
    /// The newest run of an allocation; a failure if there is none.
    treasury::AllocationRun newest(std::string_view allocation) const;
    int audit_rows(std::string_view action) const;
    std::vector<treasury::StoredLoan> loans(std::string_view allocation) const;

    Timestamp now() const { return clock_.now(); }
    /// Whose periods count: the books never go back with the clock.
    Timestamp instant() const { return std::max(clock_.now(), newest_); }
    ManualClock& clock() { return clock_; }
    SimStore& store() { return store_; }
    treasury::Runs& runs() { return *runs_; }
    policies::Rules& rules() const { return *rules_; }
    std::vector<treasury::Belonging> people;

  private:
    ManualClock clock_;
    SimStore store_;
    std::unique_ptr<ledger::Books> ledger_;
    std::unique_ptr<audit::Audit> audit_;
    std::unique_ptr<policies::Rules> rules_;
    std::unique_ptr<treasury::Runs> runs_;
    std::int64_t revision_ = 0;
    Timestamp newest_ = Timestamp::min();
    std::string policy_;
};

/// The line of an account; a failure if the run has none.
const policies::Line& line_of(const treasury::AllocationRun& run, std::string_view account);

}  // namespace bursar::sim
