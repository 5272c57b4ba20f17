#pragma once

#include "policies/allocation.h"
#include "service/base/time_zone.h"

#include <string>
#include <vector>

// Who gets how much of a pool in one period, and why. Pure: whole nano-dollars, no clock, no files. The same facts give
// the same answer, in whatever order they come.
namespace bursar::policies {

/// What is known of one member.
struct Member {
    AccountName account;
    std::int64_t heads = 0;
    std::vector<NanoUsd> past_use;  ///< in earlier periods, the newest first; empty: it is new
    /// When it came and went, as far as this period goes.
    Timestamp present_from = Timestamp::min();
    Timestamp present_until = Timestamp::max();
    NanoUsd committed;  ///< spent and held in this period
    NanoUsd left;       ///< of what it had in the period before; for an opening run
    /// What an earlier run of this period brought along; not for an opening run.
    NanoUsd rolled_over;
    NanoUsd repaid;
};

struct Loan {
    AccountName borrower;
    AccountName lender;
    NanoUsd amount;
    bool operator==(const Loan&) const = default;
};

/// What one run has to know.
struct AllocateRequest {
    const Allocation& rules;
    NanoUsd pool;  ///< for the whole period
    Period period;
    Timestamp at;
    std::vector<Member> members;
    std::vector<Loan> loans = {};  ///< of this period so far
    /// The first run of the period: what was left rolls over, and loans of earlier periods are paid back.
    bool opening = true;
    NanoUsd pool_left = {};       ///< of the pool in the period before: more than that does not roll over
    std::vector<Loan> owed = {};  ///< the oldest first
};

/// What one member gets, in parts. The share alone comes from the period's pool.
struct Line {
    AccountName account;
    NanoUsd share;
    NanoUsd rolled_over;
    NanoUsd lent;    ///< borrowed from others, or lent to them: below zero
    NanoUsd repaid;  ///< paid back to it, or by it: below zero
    std::int64_t heads = 0;
    Timestamp present_from = Timestamp::min();
    Timestamp present_until = Timestamp::max();
    NanoUsd committed;  ///< when the line was worked out
    std::string why;    ///< one sentence for people
    NanoUsd extra() const { return rolled_over + lent + repaid; }
    NanoUsd total() const { return share + extra(); }
    bool operator==(const Line&) const = default;
};

/// The shares and `unallotted` sum up to `pool`, the rolled over parts to `raise`, loans and repayments to nothing:
/// each to the nano-dollar.
struct Plan {
    NanoUsd pool;
    NanoUsd raise;                   ///< what the pool's own limit has to grow by for this period
    NanoUsd unallotted;              ///< what caps, or want of members, leave with the pool
    std::vector<Line> lines;         ///< by account
    std::vector<NanoUsd> paid_back;  ///< of each loan that is owed
    NanoUsd allotted() const;        ///< the sum of the lines' totals
};
Plan allocate(const AllocateRequest& request);

/// New loans for the members that have less than `lending_at_percent` left, from those that will not need theirs: what
/// a member is expected to need follows from what it took in the part of the period that is over. Nobody lends and
/// borrows in one period.
constexpr int lending_at_percent = 5;
struct LendRequest {
    const Lending& rules;
    Period period;
    Timestamp at;
    std::vector<Line> lines;  ///< with what each has spent and holds now
    std::vector<Loan> loans;  ///< of this period so far
};
std::vector<Loan> lend(const LendRequest& request);

/// The weight that a member's use of earlier periods gives it: their moving average.
NanoUsd smoothed_use(const std::vector<NanoUsd>& newest_first, int smoothing_percent);

}  // namespace bursar::policies
