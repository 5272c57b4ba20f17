#pragma once

#include "service/base/budget.h"
#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/ids.h"
#include "service/base/result.h"
#include "service/base/usage.h"
#include "service/store/store.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Money: spent + held <= limit, for every account and period, at every instant. The check is in memory under one mutex;
// the journal makes it last. Periods are computed from the time: there is no reset job.
namespace bursar::ledger {

/// One level that a call is charged to, with its limits. Accounts without limits are booked too.
struct Level {
    AccountName account;
    std::vector<Budget> budgets;
};

/// The levels of one caller under one policy revision, prepared once. Immutable.
class Scopes;

struct HoldRequest {
    CallId call;
    AttemptId attempt;
    std::shared_ptr<const Scopes> scopes;
    Amounts amount;      ///< what the call is expected to need
    Amounts amount_min;  ///< the least that is of use: where less than `amount` is left of a measure, what is left is
                         ///< taken, if it is this much
    std::uint64_t price_version = 0;
    /// The cost is booked to the periods of this instant, or of the newest that any hold had: time never goes back.
    Timestamp at;
    // Which limits count it, besides those that count every call. Views for the time of hold().
    std::string_view model = {};
    std::string_view tier = {};
    std::string_view tags = {};  ///< a comma list
    /// Where it goes: "provider/model". Kept with the hold, so that a call that is lost can be told to its provider.
    std::string_view channel = {};
};

struct Held {
    Amounts amount;     ///< what was taken: of each measure what was asked for, or what its tightest limit had left
    NanoUsd remaining;  ///< what the tightest hard limit of money has left after it; `unlimited` if there is none
};

/// Why there was no hold: the first account whose limit would be passed. Quantities are in the budget's measure.
struct Refusal {
    AccountName account;
    Budget budget;
    Quantity limit = {};  ///< in force: with its adjustments
    Quantity spent = {};
    Quantity held = {};
    Quantity asked = {};
    /// When the limit begins again; of a rolling one, when the first of it comes free. Timestamp::max(): never.
    Timestamp period_end = Timestamp::max();
    Fault fault = Fault::budget_exhausted;  ///< or storage_unavailable, with the account empty
};

/// How a limit stands. Quantities are in the budget's measure. Of limits for some calls only, `account` is the whole
/// account all the same.
struct Standing {
    AccountName account;
    Budget budget;
    Quantity limit;  ///< in force: with its adjustments
    Quantity spent;
    Quantity held;
    Timestamp period_start;
    Timestamp period_end;
    /// When a call was last refused in this period that would not have fitted beside what is spent alone: the rest is
    /// of no use. Since this process began.
    std::optional<Timestamp> refused_at = {};
    Quantity left() const { return limit - spent - held; }
};

struct Spending {
    AccountName account;
    Amounts spent;  ///< in all
    Amounts held;
};

/// Since this process began.
struct Totals {
    std::uint64_t holds_open = 0;
    NanoUsd held;
    std::uint64_t holds_taken = 0;
    std::uint64_t refused = 0;
    std::uint64_t settled = 0;
    std::uint64_t released = 0;
    std::uint64_t lost = 0;
    NanoUsd variance;  ///< charged above the hold, in sum
};

/// A sum that no call caused: a correction, with its sign. Its reason and author are kept by whoever enters it.
struct Posting {
    std::vector<AccountName> accounts;  ///< each once; those that the books do not know yet are opened
    Timestamp at;                       ///< whose periods it is booked to
    Amounts amounts;
    // Of a call: the books of such calls only that its accounts have are changed as well.
    std::string model = {};
    std::string tier = {};
    std::string tags = {};
};

/// What an attempt cost, as the journal knows it.
struct Charge {
    CallId call;
    AttemptId attempt;
    Amounts amount;
    Timestamp at;
    std::vector<AccountName> accounts;
    std::string channel;  ///< as its hold had it; empty if that is no longer in the journal
};
/// A hold that was open when the service ended: booked at its amount, to be reconciled.
using Lost = Charge;

/// What recovery found in the journal.
struct Found {
    std::vector<Lost> lost;
    /// Settlements of the last thousands of groups: the newest may have lost their outcome rows.
    std::vector<Charge> settled;
};
/// Writes what must be stored together with the recovery, in its transaction.
using Recorder = std::function<Result<void>(store::Transaction&, const Found&)>;

class Ledger : public store::Contributor {
  public:
    /// Tables of the ledger, for store::Options.
    static store::Schema schema();
    /// Reads checkpoint and journal, closes what was open as lost. The store must not be started yet. Blocking.
    static Result<std::unique_ptr<Ledger>> recover(store::Store& store, const Clock& clock, const Recorder& record);

    /// `time_zone` is an IANA name. wrong_configuration if it is unknown. A limit that counts some calls only has books
    /// of its own, "team:research|model:gpt-4o", from the first time it is prepared; a rolling limit and one between
    /// dates begin with what the calendar's periods know of their time: too much rather than too little.
    virtual Result<std::shared_ptr<const Scopes>> prepare(std::vector<Level> levels, const std::string& time_zone) = 0;

    /// Takes the amount on every level at once, or on none. The answer is immediate; `durable` runs on the writer
    /// thread when the journal has the hold, or with an error when it could not be written (then the hold is undone,
    /// and the caller must not send). Exactly one call of `durable` per hold taken; none after a refusal. Any thread;
    /// microseconds.
    virtual std::expected<Held, Refusal> hold(const HoldRequest& request,
                                              std::move_only_function<void(Result<void>)> durable) = 0;
    /// Adds to an open hold, all levels or none; journalled with the next group. `Held::amount` is what was added. Any
    /// thread.
    virtual std::expected<Held, Refusal> grow(const AttemptId& attempt, const Amounts& more) = 0;
    /// What the attempt really cost; the rest of its hold is free again at once. Always in full, also above the hold.
    /// Exactly once per attempt: a second settle or release of the same attempt changes nothing and says false. Never
    /// refuses. Any thread.
    virtual bool settle(const AttemptId& attempt, const Amounts& cost) = 0;
    /// Only when no byte of the attempt left for the provider.
    virtual bool release(const AttemptId& attempt) = 0;

    /// Enters a sum into the books. `also` runs in the transaction that makes it last, with the posting's number; when
    /// that is stored, the sums have it, and if the service ends in between, the next start gives it to them: once in
    /// any case. Blocking; never from a shard or the writer thread.
    using AlsoEntered = std::move_only_function<Result<void>(store::Transaction&, std::int64_t number)>;
    virtual Result<std::int64_t> enter(Posting posting, AlsoEntered also) = 0;

    /// What the tightest hard limit of these levels has left now; `unlimited` if there is none.
    virtual NanoUsd remaining(const Scopes& scopes, Timestamp at) const = 0;
    virtual std::vector<Standing> standing(const Scopes& scopes, Timestamp at) const = 0;
    virtual std::vector<Spending> spending() const = 0;
    virtual Totals totals() const = 0;
    /// What recover() closed as lost.
    virtual const std::vector<Lost>& lost_at_start() const = 0;
};

/// "unlimited" in Held::remaining.
inline constexpr NanoUsd unlimited{std::int64_t{9'223'372'036'854'775'807}};

}  // namespace bursar::ledger
