#pragma once

#include "service/treasury/allocations.h"

// What a run has to know, gathered from the policy, the books and the runs before it.
namespace bursar::treasury {

/// What there is to share.
struct Runs::Pool {
    NanoUsd amount;
    std::optional<NanoUsd> limit;        ///< the pool's own, where the documents give it one
    std::optional<NanoUsd> rolled_over;  ///< what another allocation has let roll over into it
};

struct Runs::Facts {
    std::shared_ptr<const policies::Allocation> allocation;
    Pool pool;
    Period period;
    Timestamp at;
    std::vector<policies::Member> members;                ///< also those that left during the period
    std::shared_ptr<const AllocationRun> continued = {};  ///< the newest run of this period; null: this one opens it
    std::shared_ptr<const AllocationRun> before = {};     ///< the newest run of the period that ends where this begins
    std::string policy_digest;
    std::string members_digest;
    // From the database:
    std::vector<StoredLoan> loans = {};  ///< of this period
    std::vector<StoredLoan> owed = {};   ///< of earlier ones
    NanoUsd pool_left = {};
    // To be stored with the run:
    std::vector<UseRow> uses_lost = {};
    std::vector<UseRow> uses_closed = {};
    std::vector<UseRow> uses_begun = {};
    std::vector<StoredLoan> loans_changed = {};
    std::vector<policies::Loan> new_loans = {};
};

}  // namespace bursar::treasury
