#include "service/base/log.h"
#include "service/ledger/books.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::ledger {
namespace {

constexpr std::string_view steps[] = {
    // `applied`: the last group of the journal that `state` contains.
    "CREATE TABLE ledger_accounts (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, applied INTEGER NOT NULL, "
    "state BLOB NOT NULL);"
    "CREATE TABLE ledger_journal (number INTEGER PRIMARY KEY, records BLOB NOT NULL);",
    // Sums that no call caused; `accounts` one name a line. `applied`: the journal, or an account's row, has it.
    "CREATE TABLE ledger_posting (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, charge INTEGER NOT NULL, cost "
    "INTEGER "
    "NOT NULL, tokens INTEGER NOT NULL, calls INTEGER NOT NULL, accounts TEXT NOT NULL, applied INTEGER NOT NULL);"
    "CREATE INDEX ledger_posting_owed ON ledger_posting (number) WHERE applied = 0;",
};

std::unexpected<Error> damaged(std::string_view what) {
    return fail(Fault::wrong_configuration, fmt::format("The ledger cannot be read: {} is damaged or was written by a "
                                                        "later version. Nothing was changed. Start the "
                                                        "version that wrote it, or restore a backup.",
                                                        what));
}

struct StoredRow {
    std::int64_t number;
    AccountName name;
    std::uint64_t applied;
    StoredAccount state;
};
struct NumberedGroup {
    std::uint64_t number;
    RecordGroup group;
};

/// Everything that is stored, unchanged.
struct Stored {
    std::vector<StoredRow> accounts;
    std::vector<NumberedGroup> groups;
    std::vector<NumberedPosting> owed;  ///< asked for, and not in the journal
};

std::vector<AccountName> lines_of(std::string_view text) {
    std::vector<AccountName> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

Result<Stored> read_stored(store::Transaction& transaction) {
    Stored stored;
    TRY_VOID(transaction.each("SELECT number, name, applied, state FROM ledger_accounts ORDER BY number", {},
                              [&](const store::Row& row) -> Result<void> {
                                  auto state = read_account(row.text(3));
                                  if (!state) return damaged(fmt::format("the account '{}'", row.text(1)));
                                  stored.accounts.push_back({row.integer(0), AccountName(row.text(1)),
                                                             static_cast<std::uint64_t>(row.integer(2)),
                                                             *std::move(state)});
                                  return {};
                              }));
    TRY_VOID(transaction.each(
        "SELECT number, records FROM ledger_journal ORDER BY number", {}, [&](const store::Row& row) -> Result<void> {
            auto group = read_group(row.text(1));
            if (!group) return damaged(fmt::format("row {} of the journal", row.integer(0)));
            stored.groups.push_back({static_cast<std::uint64_t>(row.integer(0)), *std::move(group)});
            return {};
        }));
    TRY_VOID(
        transaction.each("SELECT number, at, charge, cost, tokens, calls, accounts FROM ledger_posting WHERE applied = "
                         "0 ORDER BY number",
                         {}, [&](const store::Row& row) -> Result<void> {
                             stored.owed.push_back({row.integer(0),
                                                    {.accounts = lines_of(row.text(6)),
                                                     .at = Timestamp(std::chrono::nanoseconds(row.integer(1))),
                                                     .amounts = {.charge = NanoUsd{row.integer(2)},
                                                                 .cost = NanoUsd{row.integer(3)},
                                                                 .tokens = row.integer(4),
                                                                 .calls = row.integer(5)}}});
                             return {};
                         }));
    return stored;
}

/// One recovery, from what is stored to an Opening and the rows that make it last.
class Recovery {
  public:
    explicit Recovery(Stored stored) : stored_(std::move(stored)) {}

    Result<Opening> run(store::Transaction& transaction, const Recorder& record) {
        find_the_newest_instant();
        TRY_VOID(open_accounts());
        TRY_VOID(replay());
        close_what_is_open();
        pay_what_is_owed();
        TRY_VOID(write(transaction));
        if (record) TRY_VOID(record(transaction, opening_.found));
        return std::move(opening_);
    }

  private:
    void find_the_newest_instant();
    Result<void> open_accounts();
    Result<void> replay();
    Result<void> replay_record(std::uint64_t number, const Record& record);
    Result<void> book(std::uint64_t number, const Record& record);
    Charge charge_of(const AttemptId& attempt, const Record& record) const;
    void close_what_is_open();
    void pay_what_is_owed();
    Result<void> write(store::Transaction& transaction);

    Stored stored_;
    Opening opening_;
    std::vector<std::uint64_t> applied_;  ///< per account
    std::vector<bool> changed_;
    std::unordered_map<AttemptId, Record, IdHash<AttemptKind>> holds_;
};

void Recovery::find_the_newest_instant() {
    for (const auto& [number, group] : stored_.groups) opening_.newest = std::max(opening_.newest, group.newest);
    for (const auto& [number, posting] : stored_.owed) opening_.newest = std::max(opening_.newest, posting.at);
    if (stored_.groups.empty()) return;
    opening_.journal_oldest = stored_.groups.front().number;
    opening_.journal_next = stored_.groups.back().number + 1;
}

Result<void> Recovery::open_accounts() {
    for (StoredRow& row : stored_.accounts) {
        Account& account = opening_.accounts.emplace_back(std::move(row.name));
        account.number = static_cast<std::uint32_t>(opening_.accounts.size());
        if (row.number != account.number) return damaged("the list of accounts");
        account.spent = row.state.spent;
        applied_.push_back(row.applied);
        for (const StoredAccount::StoredTallies& stored : row.state.tallies) {
            auto& calendar = opening_.calendars[stored.zone];
            if (calendar == nullptr) {
                TRY(auto zone, TimeZone::load(stored.zone));
                calendar = std::make_shared<Calendar>(std::move(zone), opening_.newest);
            }
            Tallies& tallies = account.tallies.emplace_back(calendar, 0);
            for (const auto& window : stored.windows)
                tallies.restore(window.per, {.period = window.period, .spent = window.spent});
        }
        account.rolls = std::move(row.state.rolls);
        account.spans = std::move(row.state.spans);
    }
    changed_.resize(opening_.accounts.size(), false);
    return {};
}

Result<void> Recovery::replay() {
    for (const auto& [number, group] : stored_.groups)
        for (const Record& record : group.records) TRY_VOID(replay_record(number, record));
    return {};
}

Result<void> Recovery::replay_record(std::uint64_t number, const Record& record) {
    switch (record.kind) {
        case RecordKind::hold:
            holds_.insert_or_assign(record.attempt, record);
            return {};
        case RecordKind::grow:
            if (const auto open = holds_.find(record.attempt); open != holds_.end())
                open->second.amount += record.amount;
            return {};
        case RecordKind::settle: {
            TRY_VOID(book(number, record));
            Charge& charge = opening_.found.settled.emplace_back(charge_of(record.attempt, record));
            if (const auto hold = holds_.find(record.attempt); hold != holds_.end()) {
                charge.channel = hold->second.channel;
                holds_.erase(hold);
            }
            return {};
        }
        case RecordKind::lost:
            // Its outcome row was written with it.
            holds_.erase(record.attempt);
            return book(number, record);
        case RecordKind::release:
            holds_.erase(record.attempt);
            return {};
        case RecordKind::posting:
            return book(number, record);
    }
    return {};
}

Result<void> Recovery::book(std::uint64_t number, const Record& record) {
    for (const std::uint32_t account : record.accounts) {
        if (account == 0 || account > opening_.accounts.size())
            return damaged(fmt::format("row {} of the journal", number));
        if (number <= applied_[account - 1]) continue;
        opening_.accounts[account - 1].book(record.at, record.amount);
        changed_[account - 1] = true;
    }
    return {};
}

Charge Recovery::charge_of(const AttemptId& attempt, const Record& record) const {
    Charge charge{.call = record.call,
                  .attempt = attempt,
                  .amount = record.amount,
                  .at = record.at,
                  .accounts = {},
                  .channel = record.channel};
    for (const std::uint32_t account : record.accounts)
        if (account > 0 && account <= opening_.accounts.size())
            charge.accounts.push_back(opening_.accounts[account - 1].name);
    return charge;
}

/// Nobody knows what became of them, so they cost what they held.
void Recovery::close_what_is_open() {
    for (const auto& [attempt, record] : holds_) {
        for (const std::uint32_t account : record.accounts) {
            // replay() has checked the numbers of settlements only.
            if (account == 0 || account > opening_.accounts.size()) continue;
            opening_.accounts[account - 1].book(record.at, record.amount);
            changed_[account - 1] = true;
        }
        opening_.found.lost.push_back(charge_of(attempt, record));
    }
    std::ranges::sort(opening_.found.lost, {}, &Lost::attempt);
}

void Recovery::pay_what_is_owed() {
    for (const auto& [number, posting] : stored_.owed)
        for (const AccountName& name : posting.accounts) {
            auto found = std::ranges::find(opening_.accounts, name, &Account::name);
            if (found == opening_.accounts.end()) {
                Account& fresh = opening_.accounts.emplace_back(name);
                fresh.number = static_cast<std::uint32_t>(opening_.accounts.size());
                changed_.push_back(true);
                for (const auto& [zone, calendar] : opening_.calendars) (void)fresh.in(calendar, 0);
                found = std::prev(opening_.accounts.end());
            }
            found->book(posting.at, posting.amounts);
            changed_[found->number - 1] = true;
        }
}

/// Makes what was found the new beginning: every changed account with all its groups, and one row of journal.
Result<void> Recovery::write(store::Transaction& transaction) {
    const std::vector<Lost>& lost_calls = opening_.found.lost;
    if (stored_.groups.size() <= 1 && lost_calls.empty() && std::ranges::find(changed_, true) == changed_.end())
        return {};
    const std::uint64_t number = opening_.journal_next++;
    for (const Account& account : opening_.accounts)
        if (changed_[account.number - 1])
            TRY_VOID(write_account_row(transaction, account, number, write_account(account)));
    GroupWriter writer(opening_.newest, static_cast<std::uint32_t>(lost_calls.size()));
    for (const Lost& lost : lost_calls) {
        const Record& record = holds_.at(lost.attempt);
        writer.cost(RecordKind::lost, lost.call, lost.attempt, record.at, record.amount);
        writer.account_count(record.accounts.size());
        for (const std::uint32_t account : record.accounts) writer.account(account);
    }
    TRY_VOID(write_journal_row(transaction, number, std::move(writer).sealed()));
    for (const auto& [posting_number, posting] : stored_.owed) TRY_VOID(mark_applied(transaction, posting_number));
    opening_.journal_oldest = number;
    return transaction.run("DELETE FROM ledger_journal WHERE number < ?", {static_cast<std::int64_t>(number)});
}

}  // namespace

store::Schema Ledger::schema() { return {.part = "ledger", .steps = steps}; }

Result<Opening> read_books(store::Store& store, const Recorder& record) {
    Opening opening;
    TRY_VOID(store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(auto stored, read_stored(transaction));
        TRY(opening, Recovery(std::move(stored)).run(transaction, record));
        return {};
    }));
    return opening;
}

Result<std::unique_ptr<Ledger>> Ledger::recover(store::Store& store, const Clock& clock, const Recorder& record) {
    const Moment begun = clock.moment();
    TRY(auto opening, read_books(store, record));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock.moment() - begun);
    if (opening.newest > clock.now() + std::chrono::hours(1))
        log::warning("clock_behind_ledger",
                     {{"newest_booking", to_text(opening.newest)},
                      {"effect", "calls are booked to the newest period until the clock is past it"}});
    NanoUsd lost;
    for (const Lost& each : opening.found.lost) lost += each.amount.charge;
    log::info("ledger_recovered", {{"accounts", opening.accounts.size()},
                                   {"lost_calls", opening.found.lost.size()},
                                   {"lost_usd", lost.text()},
                                   {"took_ms", took.count()}});
    return std::make_unique<Books>(store, std::move(opening));
}

}  // namespace bursar::ledger
