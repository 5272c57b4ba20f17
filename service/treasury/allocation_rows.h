#pragma once

#include "policies/allocate.h"
#include "service/store/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Runs of allocations as they are stored: the runs with their lines, the loans, and what accounts used in each period.
namespace bursar::treasury {

/// Why there was a run.
enum class Cause : std::uint8_t { period, members, policy, lending, asked };
std::string_view name_of(Cause cause);

/// One run, complete. The numbers of the enums are stored: they never change.
struct AllocationRun {
    std::int64_t number = 0;
    std::string allocation;
    AccountName pool;
    Per per = Per::month;
    Period period;
    int step = 0;  ///< of its period; 0 is the one that opened it
    Timestamp at;
    Cause cause = Cause::period;
    std::string author;
    std::string reason;
    std::int64_t revision = 0;  ///< of the policy
    bool raises_pool = true;    ///< false: another allocation has given the pool what rolls over
    std::string policy_digest;  ///< of the rules and the pool's amount
    std::string members_digest;
    policies::Plan plan;  ///< without `paid_back`, which the loans know
};

struct StoredLoan {
    std::int64_t number = 0;
    std::string allocation;
    Timestamp period_start;
    Timestamp at;
    policies::Loan loan;
    NanoUsd repaid;
    bool written_off = false;  ///< one of the two is no member any more
    NanoUsd open() const { return written_off ? NanoUsd{} : loan.amount - repaid; }
};

/// What an account had spent before a period began; with what it had spent and held before the next one, what it used
/// in this one.
struct UseRow {
    AccountName account;
    Period period;
    NanoUsd before;
    std::optional<NanoUsd> used;  ///< once the period is over
};

store::Schema allocations_schema();

/// Kept of each allocation; older ones are deleted with a new run.
constexpr std::int64_t runs_kept = 2'000;
constexpr std::int64_t uses_kept = 36;  ///< periods that an account's moving average looks back at

/// Gives the run its number and its step. conflict if another run took that step in between.
Result<void> write_run(store::Transaction& transaction, AllocationRun& run);
/// The newest run of each allocation.
Result<std::vector<AllocationRun>> read_newest_runs(store::Transaction& transaction);

Result<void> write_loan(store::Transaction& transaction, const std::string& allocation, Timestamp period_start,
                        Timestamp at, const policies::Loan& loan);
Result<void> update_loan(store::Transaction& transaction, const StoredLoan& loan);
/// Of this period, and those of earlier ones that are open; the oldest first.
Result<std::vector<StoredLoan>> read_loans(store::Transaction& transaction, std::string_view allocation,
                                           Timestamp period_start);

Result<void> write_use(store::Transaction& transaction, std::string_view allocation, const UseRow& use);
/// Those before `period_start`, newest first.
Result<std::vector<UseRow>> read_uses(store::Transaction& transaction, std::string_view allocation,
                                      Timestamp period_start);
/// A use whose end nobody saw says nothing.
Result<void> delete_use(store::Transaction& transaction, std::string_view allocation, const UseRow& use);
/// Of this period, as far as any is known.
Result<std::vector<AccountName>> read_used_accounts(store::Transaction& transaction, std::string_view allocation,
                                                    Timestamp period_start);
Result<void> forget_old(store::Transaction& transaction, std::string_view allocation);

}  // namespace bursar::treasury
