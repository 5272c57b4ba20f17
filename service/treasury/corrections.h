#pragma once

#include "service/audit/audit.h"
#include "service/ledger/ledger.h"
#include "service/treasury/decision.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bursar::treasury {

/// What the books are corrected by: a further entry, never a change of one.
struct Correction {
    std::int64_t number = 0;            ///< of the ledger's posting
    Timestamp at;                       ///< when it was entered
    Timestamp booked_at;                ///< whose periods it counts in: the call's, or `at`
    std::string call;                   ///< "call_…"; empty: of an account
    AccountName account;                ///< the account that was named; of a call its key
    std::vector<AccountName> accounts;  ///< all that it is booked on
    Amounts amounts;
    std::string reason;
    std::string by;
};

class Corrections {
  public:
    /// Of one entry, either way: a slip of the finger must not take the sums out of their range.
    static constexpr NanoUsd amount_max = NanoUsd::dollars(1'000'000);
    static constexpr Tokens tokens_max = 1'000'000'000'000;

    static store::Schema schema();
    /// Ledger::enter.
    using Enter = std::function<Result<std::int64_t>(ledger::Posting, ledger::Ledger::AlsoEntered)>;
    Corrections(Desk& desk, audit::Audit& audit, Enter enter) : desk_(desk), audit_(audit), enter_(std::move(enter)) {}

    struct Entry {
        std::string call;     ///< or
        AccountName account;  ///< with
        /// It and those above it (path_of). Of a call: the books that it was booked on, as ledger::books_taken() names
        /// them; empty: those of its team, person and key by today's policy.
        std::vector<AccountName> accounts;
        std::string amount;               ///< what is charged more, or less: "-1.50 USD"
        std::optional<std::string> cost;  ///< what the provider is paid more, or less; none: the same
        Tokens tokens = 0;
        std::int64_t calls = 0;  ///< for limits that count calls
        std::string reason;
        std::string by;
        /// Of a call, by whoever knows what it cost in all: the amounts are the difference to what was booked at first,
        /// and what was corrected of it since is taken off them. That may leave nothing.
        bool from_first = false;
        Usage usage = {};  ///< for the usage reports; goes with `from_first`
    };
    using Also = std::function<Result<void>(store::Transaction&, const Correction&)>;
    /// invalid_request, not_found for a call that is not in the books. Of a call nothing is taken back beyond what it
    /// was charged. Blocking.
    Result<Correction> enter(const Entry& entry, const Also& also);

    struct Filter {
        std::string call;     ///< empty: of all
        AccountName account;  ///< that it is booked on; empty: any
        std::int64_t before = INT64_MAX;
        int count_max = 100;
    };
    /// Newest first. Blocking.
    Result<std::vector<Correction>> list(const Filter& filter);

  private:
    struct Concerned {
        Correction correction;
        std::vector<AccountName> books;  ///< what is posted to
        audit::Outcome row;              ///< for the usage reports
    };
    Result<Concerned> of_call(const Entry& entry, Amounts amounts) const;
    Result<void> write(Concerned& concerned, const Entry& entry, const Also& also);

    Desk& desk_;
    audit::Audit& audit_;
    const Enter enter_;
};

}  // namespace bursar::treasury
