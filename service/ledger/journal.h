#pragma once

#include "service/ledger/record.h"
#include "service/ledger/scopes.h"
#include "service/store/store.h"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace bursar::ledger {

struct OpenHold {
    Booking booking;
    CallId call;
    std::uint64_t price_version = 0;
    std::shared_ptr<const Scopes> scopes;
    Taken taken;  ///< of its rungs
    std::string channel;
};
using OpenHolds = std::unordered_map<AttemptId, OpenHold, IdHash<AttemptKind>>;

/// A record that waits for its group. Made under the ledger's mutex, packed on the writer thread.
struct Entry {
    RecordKind kind = RecordKind::hold;
    AttemptId attempt;
    CallId call;
    Timestamp at;
    Amounts amount;
    std::uint64_t price_version = 0;
    std::shared_ptr<const Scopes> scopes;  ///< for what names its accounts
    Taken taken = {};                      ///< of its rungs
    std::int64_t posting = 0;              ///< its number
    std::string channel = {};              ///< of a hold
    std::move_only_function<void(Result<void>)> durable;
};

/// What goes into one row of the journal, and the accounts' rows that are written with it.
struct Group {
    struct AccountRow {
        Account* account;
        std::string state;
    };
    Timestamp newest;
    std::vector<Entry> entries;
    std::vector<Entry> carried;
    std::vector<AccountRow> rows;
    void clear();
};

/// How much housekeeping one group does besides its own records: bounded, so that no caller waits for it.
struct Pace {
    std::uint64_t checkpoint_groups = 1'000;  ///< an account's stored row is at most about this old
    std::uint64_t carry_groups = 4'000;       ///< so is the record of an open hold
    /// Groups stay at least so long. Outcome rows follow their settlements within a second, and the writer begins fewer
    /// than four groups a millisecond.
    std::uint64_t kept_groups = 8'000;
    std::size_t account_rows_max = 64;
    std::size_t carried_max = 64;
    std::uint64_t deleted_min = 128;
    std::uint64_t deleted_max = 512;
};

/// The rows of the journal and when they may go. Recovery reads every account's row and then those groups that are not
/// yet in it, so accounts are written a few at a time, whenever their last row is `Pace::checkpoint_groups` old, and no
/// group is ever slow. Belongs to the writer thread.
class Journal {
  public:
    /// `oldest`: the first row there may be. `next`: the number of the next group.
    Journal(std::uint64_t oldest, std::uint64_t next, const Pace& pace) : pace_(pace), oldest_(oldest), next_(next) {}

    /// Adds the accounts that are due and the open holds whose rows are old. Under the ledger's mutex, at the same
    /// instant at which `group.entries` was taken: the accounts' sums then contain those entries and no later ones.
    void collect(Group& group, const OpenHolds& open);
    Result<void> write(store::Transaction& transaction, const Group& group);
    void committed(const Group& group);

  private:
    struct Position {
        std::uint64_t group;
        AttemptId attempt;
    };
    std::uint64_t floor() const;

    const Pace pace_;
    std::uint64_t oldest_;
    std::uint64_t next_;
    std::deque<Account*> unwritten_;  ///< accounts with sums that are only in the journal, oldest first
    std::deque<Position>
        holds_;  ///< where the records of holds are, oldest first; closed ones go when they come to the front
    // Of the group that is being written:
    std::size_t accounts_due_ = 0;
    std::size_t holds_looked_at_ = 0;
    std::uint64_t deleted_below_ = 0;
};

/// Tables of what is entered without a call: it is asked for in one transaction and applied in a later one, so each row
/// says whether the journal has it.
Result<void> mark_applied(store::Transaction& transaction, std::int64_t posting);

struct NumberedPosting {
    std::int64_t number;
    Posting posting;
};

/// Packs one group.
std::string pack(const Group& group);
Result<void> write_account_row(store::Transaction& transaction, const Account& account, std::uint64_t applied,
                               std::string_view state);
Result<void> write_journal_row(store::Transaction& transaction, std::uint64_t number, std::string_view records);

}  // namespace bursar::ledger
