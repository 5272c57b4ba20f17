#include "service/ledger/journal.h"

#include "service/base/ensure.h"

#include <algorithm>

namespace bursar::ledger {
namespace {

/// How many places of holds a group looks at, besides one for each of its entries.
constexpr std::size_t looked_at_max = 256;

bool changes_sums(RecordKind kind) {
    return kind == RecordKind::settle || kind == RecordKind::lost || kind == RecordKind::posting;
}

void pack_accounts(GroupWriter& writer, const Entry& entry) {
    writer.account_count(entry.taken.count());
    entry.scopes->each(entry.taken, [&](const Scopes::Rung& rung) { writer.account(rung.account->number); });
}

void pack_entry(GroupWriter& writer, const Entry& entry) {
    switch (entry.kind) {
        case RecordKind::hold:
            writer.hold(entry.call, entry.attempt, entry.at, entry.amount, entry.price_version, entry.channel);
            return pack_accounts(writer, entry);
        case RecordKind::grow:
            return writer.grow(entry.attempt, entry.amount);
        case RecordKind::settle:
        case RecordKind::lost:
            writer.cost(entry.kind, entry.call, entry.attempt, entry.at, entry.amount);
            return pack_accounts(writer, entry);
        case RecordKind::release:
            return writer.release(entry.attempt);
        case RecordKind::posting:
            writer.posting(entry.posting, entry.at, entry.amount);
            return pack_accounts(writer, entry);
    }
}

}  // namespace

void Group::clear() {
    entries.clear();
    carried.clear();
    rows.clear();
}

std::string pack(const Group& group) {
    GroupWriter writer(group.newest, static_cast<std::uint32_t>(group.entries.size() + group.carried.size()));
    for (const Entry& entry : group.entries) pack_entry(writer, entry);
    // Behind the entries: a carried amount includes the growth that may stand among them.
    for (const Entry& entry : group.carried) pack_entry(writer, entry);
    return std::move(writer).sealed();
}

Result<void> write_account_row(store::Transaction& transaction, const Account& account, std::uint64_t applied,
                               std::string_view state) {
    return transaction.run(
        "INSERT INTO ledger_accounts (number, name, applied, state) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (number) DO UPDATE SET applied = excluded.applied, state = excluded.state",
        {static_cast<std::int64_t>(account.number), account.name, static_cast<std::int64_t>(applied),
         store::Blob{state}});
}

Result<void> mark_applied(store::Transaction& transaction, std::int64_t posting) {
    return transaction.run("UPDATE ledger_posting SET applied = 1 WHERE number = ?", {posting});
}

// REPLACE: when a commit was reported as failed and yet reached the disk, the group that is written next stands for it.
Result<void> write_journal_row(store::Transaction& transaction, std::uint64_t number, std::string_view records) {
    return transaction.run("INSERT OR REPLACE INTO ledger_journal (number, records) VALUES (?, ?)",
                           {static_cast<std::int64_t>(number), store::Blob{records}});
}

void Journal::collect(Group& group, const OpenHolds& open) {
    accounts_due_ = 0;
    for (Account* account : unwritten_) {
        if (accounts_due_ == pace_.account_rows_max || account->journal_since + pace_.checkpoint_groups > next_) break;
        group.rows.push_back({account, write_account(*account)});
        ++accounts_due_;
    }
    const std::size_t look_max = std::min(holds_.size(), looked_at_max + group.entries.size());
    for (holds_looked_at_ = 0; holds_looked_at_ < look_max; ++holds_looked_at_) {
        const auto& [number, attempt] = holds_[holds_looked_at_];
        const auto found = open.find(attempt);
        if (found == open.end()) continue;
        if (number + pace_.carry_groups > next_ || group.carried.size() == pace_.carried_max) break;
        const OpenHold& hold = found->second;
        group.carried.push_back({.attempt = attempt,
                                 .call = hold.call,
                                 .at = hold.booking.at,
                                 .amount = hold.booking.amount,
                                 .price_version = hold.price_version,
                                 .scopes = hold.scopes,
                                 .taken = hold.taken,
                                 .channel = hold.channel});
    }
}

std::uint64_t Journal::floor() const {
    // Until the outcome rows of these groups are stored, only the journal knows that they are owed.
    std::uint64_t floor = next_ > pace_.kept_groups ? next_ - pace_.kept_groups : 0;
    if (holds_looked_at_ < holds_.size()) floor = std::min(floor, holds_[holds_looked_at_].group);
    if (accounts_due_ < unwritten_.size()) floor = std::min(floor, unwritten_[accounts_due_]->journal_since);
    return floor;
}

Result<void> Journal::write(store::Transaction& transaction, const Group& group) {
    for (const Group::AccountRow& row : group.rows)
        TRY_VOID(write_account_row(transaction, *row.account, next_, row.state));
    TRY_VOID(write_journal_row(transaction, next_, pack(group)));
    for (const Entry& entry : group.entries)
        if (entry.kind == RecordKind::posting) TRY_VOID(mark_applied(transaction, entry.posting));
    deleted_below_ = oldest_;
    const std::uint64_t floor_now = floor();
    if (floor_now < oldest_ + pace_.deleted_min) return {};
    deleted_below_ = std::min(floor_now, oldest_ + pace_.deleted_max);
    return transaction.run("DELETE FROM ledger_journal WHERE number < ?", {static_cast<std::int64_t>(deleted_below_)});
}

void Journal::committed(const Group& group) {
    unwritten_.erase(unwritten_.begin(), unwritten_.begin() + static_cast<std::ptrdiff_t>(accounts_due_));
    holds_.erase(holds_.begin(), holds_.begin() + static_cast<std::ptrdiff_t>(holds_looked_at_));
    for (const Group::AccountRow& row : group.rows) {
        row.account->journal_since = 0;
        row.account->journal_written = next_;
    }
    for (const Entry& entry : group.entries) {
        if (entry.kind == RecordKind::hold) holds_.push_back({next_, entry.attempt});
        if (!changes_sums(entry.kind)) continue;
        entry.scopes->each(entry.taken, [&](const Scopes::Rung& rung) {
            Account& account = *rung.account;
            if (account.journal_since != 0 || account.journal_written == next_) return;
            account.journal_since = next_;
            unwritten_.push_back(&account);
        });
    }
    for (const Entry& entry : group.carried) holds_.push_back({next_, entry.attempt});
    oldest_ = deleted_below_;
    ++next_;
}

}  // namespace bursar::ledger
