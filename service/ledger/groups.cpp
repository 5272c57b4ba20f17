// From the books to the journal: what is entered without a call, what a group takes along, and what follows when it is
// written, or is not.
#include "service/base/ensure.h"
#include "service/ledger/books.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace bursar::ledger {
namespace {

std::string lines_of(const std::vector<AccountName>& names) {
    std::string text;
    for (const AccountName& name : names) text.append(name).push_back('\n');
    return text;
}

}  // namespace

/// The accounts with those of their books that count such calls only.
std::vector<AccountName> Books::with_books_of(const Posting& posting) const {
    std::vector<AccountName> names = posting.accounts;
    const MutexLock lock(mutex_);
    const auto add = [&](std::string_view kind, std::string_view name) REQUIRES(mutex_) {
        if (name.empty()) return;
        for (const AccountName& account : posting.accounts) {
            AccountName books = fmt::format("{}|{}:{}", account, kind, name);
            if (by_name_.contains(books) && std::ranges::find(names, books) == names.end())
                names.push_back(std::move(books));
        }
    };
    add("model", posting.model);
    add("tier", posting.tier);
    for (std::string_view rest = posting.tags; !rest.empty();) {
        std::string_view tag = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), tag.size() + 1));
        while (tag.starts_with(' ')) tag.remove_prefix(1);
        while (tag.ends_with(' ')) tag.remove_suffix(1);
        add("tag", tag);
    }
    return names;
}

Result<std::int64_t> Books::enter(Posting posting, AlsoEntered also) {
    posting.accounts = with_books_of(posting);
    std::vector<Level> levels;
    for (const AccountName& account : posting.accounts) levels.push_back({.account = account, .budgets = {}});
    auto scopes = std::make_shared<Scopes>();
    TRY(scopes->rungs, rungs_of(std::move(levels)));
    std::int64_t number = 0;
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(transaction.each("SELECT COALESCE(MAX(number), 0) + 1 FROM ledger_posting", {},
                                  [&](const store::Row& row) -> Result<void> {
                                      number = row.integer(0);
                                      return {};
                                  }));
        const std::string accounts = lines_of(posting.accounts);
        TRY_VOID(transaction.run(
            "INSERT INTO ledger_posting (number, at, charge, cost, tokens, calls, accounts, applied) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            {number, static_cast<std::int64_t>(posting.at.time_since_epoch().count()), posting.amounts.charge.nanos(),
             posting.amounts.cost.nanos(), posting.amounts.tokens, posting.amounts.calls, std::string_view(accounts)}));
        return also(transaction, number);
    }));
    // Beyond this line it is owed: a start after a crash would give it to the accounts.
    {
        const MutexLock lock(mutex_);
        see(posting.at);
        for (std::size_t i = 0; i < scopes->rungs.size(); ++i) {
            Scopes::Rung& rung = scopes->rungs[i];
            scopes->whole.set(i);
            rung.account = &account_named(rung.shown);
            // One that nobody has prepared yet needs periods to be booked to.
            if (rung.account->tallies.empty())
                for (const auto& [zone, calendar] : calendars_) (void)rung.account->in(calendar, sequence_);
            rung.account->book(posting.at, posting.amounts);
            list(*rung.account);
        }
        const Taken taken = scopes->whole;
        pending_.push_back({.kind = RecordKind::posting,
                            .at = posting.at,
                            .amount = posting.amounts,
                            .scopes = std::move(scopes),
                            .taken = taken,
                            .posting = number});
    }
    store_.wake_soon();
    return number;
}

Result<void> Books::contribute(store::Transaction& transaction) {
    ENSURE(group_.entries.empty());
    gather();
    if (group_.entries.empty()) return {};
    return journal_.write(transaction, group_);
}

void Books::gather() {
    const MutexLock lock(mutex_);
    if (pending_.empty()) return;
    group_.entries.swap(pending_);
    group_.newest = newest_;
    for (Account* account : unlisted_) group_.rows.push_back({account, write_account(*account)});
    unlisted_.clear();
    journal_.collect(group_, open_);
}

void Books::committed() {
    if (group_.entries.empty()) return;
    journal_.committed(group_);
    for (Entry& entry : group_.entries)
        if (entry.durable) entry.durable({});
    group_.clear();
}

/// Undoes the holds of the group and keeps the rest for the next one. A settlement names its accounts itself, so it
/// needs no hold; growth or release of an attempt that the journal does not know means nothing.
void Books::failed(const Error& error) {
    std::vector<Entry> undone, kept;
    {
        const MutexLock lock(mutex_);
        for (Entry& entry : group_.entries) {
            if (entry.kind != RecordKind::hold) {
                kept.push_back(std::move(entry));
                continue;
            }
            if (const auto found = open_.find(entry.attempt); found != open_.end()) {
                entry.scopes->each(entry.taken,
                                   [&](const Scopes::Rung& rung) { rung.account->close(found->second.booking, {}); });
                totals_.held -= found->second.booking.amount.charge;
                ++totals_.released;
                open_.erase(found);
            }
            undone.push_back(std::move(entry));
        }
        std::ranges::move(pending_, std::back_inserter(kept));
        pending_.swap(kept);
        for (const Group::AccountRow& row : group_.rows)
            if (row.account->journal_written == 0 && row.account->journal_since == 0) unlisted_.push_back(row.account);
    }
    group_.clear();
    for (Entry& entry : undone)
        if (entry.durable) entry.durable(std::unexpected(error));
}

}  // namespace bursar::ledger
