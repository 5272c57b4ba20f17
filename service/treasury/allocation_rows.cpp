#include "service/treasury/allocation_rows.h"

#include "service/base/ensure.h"

#include <limits>
#include <map>

namespace bursar::treasury {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE allocation_run (number INTEGER PRIMARY KEY, allocation TEXT NOT NULL, pool TEXT NOT NULL, per "
    "INTEGER "
    "NOT NULL, period_start INTEGER NOT NULL, period_end INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, "
    "cause INTEGER NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, revision INTEGER NOT NULL, raises_pool "
    "INTEGER "
    "NOT NULL, policy_digest TEXT NOT NULL, members_digest TEXT NOT NULL, amount INTEGER NOT NULL, rolled_over INTEGER "
    "NOT "
    "NULL, unallotted INTEGER NOT NULL, UNIQUE (allocation, per, period_start, step));"
    "CREATE TABLE allocation_line (run INTEGER NOT NULL, account TEXT NOT NULL, share INTEGER NOT NULL, rolled_over "
    "INTEGER NOT NULL, lent INTEGER NOT NULL, repaid INTEGER NOT NULL, heads INTEGER NOT NULL, present_from INTEGER "
    "NOT "
    "NULL, present_until INTEGER NOT NULL, committed INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (run, account)) "
    "WITHOUT ROWID;"
    "CREATE TABLE allocation_loan (number INTEGER PRIMARY KEY, allocation TEXT NOT NULL, period_start INTEGER NOT "
    "NULL, "
    "at INTEGER NOT NULL, borrower TEXT NOT NULL, lender TEXT NOT NULL, amount INTEGER NOT NULL, repaid INTEGER NOT "
    "NULL "
    "DEFAULT 0, written_off INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX allocation_loan_of ON allocation_loan (allocation, period_start);"
    "CREATE TABLE allocation_use (allocation TEXT NOT NULL, period_start INTEGER NOT NULL, period_end INTEGER NOT "
    "NULL, "
    "account TEXT NOT NULL, before INTEGER NOT NULL, used INTEGER, PRIMARY KEY (allocation, period_start, account)) "
    "WITHOUT ROWID;",
};

std::int64_t number_of(Timestamp at) { return at.time_since_epoch().count(); }
Timestamp instant(std::int64_t number) { return Timestamp(std::chrono::nanoseconds(number)); }

Result<std::int64_t> one_number(store::Transaction& transaction, std::string_view sql,
                                std::initializer_list<store::Value> values) {
    std::int64_t number = 0;
    TRY_VOID(transaction.each(sql, values, [&](const store::Row& row) -> Result<void> {
        number = row.integer(0);
        return {};
    }));
    return number;
}

Result<void> write_line(store::Transaction& transaction, std::int64_t run, const policies::Line& line) {
    return transaction.run(
        "INSERT INTO allocation_line (run, account, share, rolled_over, lent, repaid, heads, present_from, "
        "present_until, committed, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {run, std::string_view(line.account), line.share.nanos(), line.rolled_over.nanos(), line.lent.nanos(),
         line.repaid.nanos(), line.heads, number_of(line.present_from), number_of(line.present_until),
         line.committed.nanos(), std::string_view(line.why)});
}

AllocationRun run_of(const store::Row& row) {
    AllocationRun run{.number = row.integer(0),
                      .allocation = std::string(row.text(1)),
                      .pool = std::string(row.text(2)),
                      .per = static_cast<Per>(row.integer(3)),
                      .period = {instant(row.integer(4)), instant(row.integer(5))},
                      .step = static_cast<int>(row.integer(6)),
                      .at = instant(row.integer(7)),
                      .cause = static_cast<Cause>(row.integer(8)),
                      .author = std::string(row.text(9)),
                      .reason = std::string(row.text(10)),
                      .revision = row.integer(11),
                      .raises_pool = row.integer(12) != 0,
                      .policy_digest = std::string(row.text(13)),
                      .members_digest = std::string(row.text(14)),
                      .plan = {}};
    run.plan.pool = NanoUsd(row.integer(15));
    run.plan.raise = NanoUsd(row.integer(16));
    run.plan.unallotted = NanoUsd(row.integer(17));
    return run;
}

Result<void> read_lines(store::Transaction& transaction, AllocationRun& run) {
    return transaction.each(
        "SELECT account, share, rolled_over, lent, repaid, heads, present_from, present_until, committed, why FROM "
        "allocation_line WHERE run = ? ORDER BY account",
        {run.number}, [&](const store::Row& row) -> Result<void> {
            run.plan.lines.push_back({.account = std::string(row.text(0)),
                                      .share = NanoUsd(row.integer(1)),
                                      .rolled_over = NanoUsd(row.integer(2)),
                                      .lent = NanoUsd(row.integer(3)),
                                      .repaid = NanoUsd(row.integer(4)),
                                      .heads = row.integer(5),
                                      .present_from = instant(row.integer(6)),
                                      .present_until = instant(row.integer(7)),
                                      .committed = NanoUsd(row.integer(8)),
                                      .why = std::string(row.text(9))});
            return {};
        });
}

}  // namespace

store::Schema allocations_schema() { return {.part = "allocations", .steps = steps}; }

std::string_view name_of(Cause cause) {
    switch (cause) {
        case Cause::period:
            return "period";
        case Cause::members:
            return "members";
        case Cause::policy:
            return "policy";
        case Cause::lending:
            return "lending";
        case Cause::asked:
            return "asked";
    }
    ENSURE(false);
}

Result<void> write_run(store::Transaction& transaction, AllocationRun& run) {
    TRY(const std::int64_t taken,
        one_number(
            transaction,
            "SELECT count(*) FROM allocation_run WHERE allocation = ? AND per = ? AND period_start = ? AND step >= "
            "?",
            {std::string_view(run.allocation), static_cast<std::int64_t>(run.per), number_of(run.period.start),
             static_cast<std::int64_t>(run.step)}));
    if (taken > 0)
        return fail(Fault::conflict, "The allocation was run by somebody else just now. Look at its newest run first.");
    TRY_VOID(transaction.run(
        "INSERT INTO allocation_run (allocation, pool, per, period_start, period_end, step, at, cause, author, reason, "
        "revision, raises_pool, policy_digest, members_digest, amount, rolled_over, unallotted) VALUES (?, ?, ?, ?, ?, "
        "?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {std::string_view(run.allocation), std::string_view(run.pool), static_cast<std::int64_t>(run.per),
         number_of(run.period.start), number_of(run.period.end), static_cast<std::int64_t>(run.step), number_of(run.at),
         static_cast<std::int64_t>(run.cause), std::string_view(run.author), std::string_view(run.reason), run.revision,
         std::int64_t{run.raises_pool ? 1 : 0}, std::string_view(run.policy_digest),
         std::string_view(run.members_digest), run.plan.pool.nanos(), run.plan.raise.nanos(),
         run.plan.unallotted.nanos()}));
    TRY(run.number, one_number(transaction, "SELECT max(number) FROM allocation_run", {}));
    for (const policies::Line& line : run.plan.lines) TRY_VOID(write_line(transaction, run.number, line));
    return {};
}

Result<std::vector<AllocationRun>> read_newest_runs(store::Transaction& transaction) {
    std::vector<AllocationRun> runs;
    TRY_VOID(transaction.each(
        "SELECT number, allocation, pool, per, period_start, period_end, step, at, cause, author, reason, revision, "
        "raises_pool, policy_digest, members_digest, amount, rolled_over, unallotted FROM allocation_run WHERE number "
        "IN "
        "(SELECT max(number) FROM allocation_run GROUP BY allocation) ORDER BY allocation",
        {}, [&](const store::Row& row) -> Result<void> {
            runs.push_back(run_of(row));
            return {};
        }));
    for (AllocationRun& run : runs) TRY_VOID(read_lines(transaction, run));
    return runs;
}

Result<void> write_loan(store::Transaction& transaction, const std::string& allocation, Timestamp period_start,
                        Timestamp at, const policies::Loan& loan) {
    return transaction.run(
        "INSERT INTO allocation_loan (allocation, period_start, at, borrower, lender, amount) VALUES (?, ?, ?, ?, ?, "
        "?)",
        {std::string_view(allocation), number_of(period_start), number_of(at), std::string_view(loan.borrower),
         std::string_view(loan.lender), loan.amount.nanos()});
}

Result<void> update_loan(store::Transaction& transaction, const StoredLoan& loan) {
    return transaction.run("UPDATE allocation_loan SET repaid = ?, written_off = ? WHERE number = ?",
                           {loan.repaid.nanos(), std::int64_t{loan.written_off ? 1 : 0}, loan.number});
}

Result<std::vector<StoredLoan>> read_loans(store::Transaction& transaction, std::string_view allocation,
                                           Timestamp period_start) {
    std::vector<StoredLoan> loans;
    TRY_VOID(transaction.each(
        "SELECT number, allocation, period_start, at, borrower, lender, amount, repaid, written_off FROM "
        "allocation_loan "
        "WHERE allocation = ? AND (period_start = ? OR (period_start < ? AND repaid < amount AND written_off = 0)) "
        "ORDER "
        "BY number",
        {allocation, number_of(period_start), number_of(period_start)}, [&](const store::Row& row) -> Result<void> {
            loans.push_back({.number = row.integer(0),
                             .allocation = std::string(row.text(1)),
                             .period_start = instant(row.integer(2)),
                             .at = instant(row.integer(3)),
                             .loan = {.borrower = std::string(row.text(4)),
                                      .lender = std::string(row.text(5)),
                                      .amount = NanoUsd(row.integer(6))},
                             .repaid = NanoUsd(row.integer(7)),
                             .written_off = row.integer(8) != 0});
            return {};
        }));
    return loans;
}

Result<void> write_use(store::Transaction& transaction, std::string_view allocation, const UseRow& use) {
    const store::Value used = use.used ? store::Value(use.used->nanos()) : store::Value(nullptr);
    return transaction.run(
        "INSERT INTO allocation_use (allocation, period_start, period_end, account, before, used) VALUES (?, ?, ?, ?, "
        "?, "
        "?) ON CONFLICT (allocation, period_start, account) DO UPDATE SET used = excluded.used",
        {allocation, number_of(use.period.start), number_of(use.period.end), std::string_view(use.account),
         use.before.nanos(), used});
}

Result<std::vector<UseRow>> read_uses(store::Transaction& transaction, std::string_view allocation,
                                      Timestamp period_start) {
    std::vector<UseRow> uses;
    TRY_VOID(transaction.each(
        "SELECT account, period_start, period_end, before, used FROM allocation_use WHERE allocation = ? AND "
        "period_start < ? ORDER BY period_start DESC, account",
        {allocation, number_of(period_start)}, [&](const store::Row& row) -> Result<void> {
            UseRow use{.account = std::string(row.text(0)),
                       .period = {instant(row.integer(1)), instant(row.integer(2))},
                       .before = NanoUsd(row.integer(3)),
                       .used = {}};
            if (!row.is_null(4)) use.used = NanoUsd(row.integer(4));
            uses.push_back(std::move(use));
            return {};
        }));
    return uses;
}

Result<void> delete_use(store::Transaction& transaction, std::string_view allocation, const UseRow& use) {
    return transaction.run("DELETE FROM allocation_use WHERE allocation = ? AND period_start = ? AND account = ?",
                           {allocation, number_of(use.period.start), std::string_view(use.account)});
}

Result<std::vector<AccountName>> read_used_accounts(store::Transaction& transaction, std::string_view allocation,
                                                    Timestamp period_start) {
    std::vector<AccountName> accounts;
    TRY_VOID(transaction.each("SELECT account FROM allocation_use WHERE allocation = ? AND period_start = ?",
                              {allocation, number_of(period_start)}, [&](const store::Row& row) -> Result<void> {
                                  accounts.emplace_back(row.text(0));
                                  return {};
                              }));
    return accounts;
}

Result<void> forget_old(store::Transaction& transaction, std::string_view allocation) {
    TRY(const std::int64_t oldest,
        one_number(transaction,
                   "SELECT number FROM allocation_run WHERE allocation = ? ORDER BY number DESC LIMIT 1 OFFSET ?",
                   {allocation, runs_kept}));
    if (oldest > 0) {
        TRY_VOID(
            transaction.run("DELETE FROM allocation_line WHERE run IN (SELECT number FROM allocation_run WHERE "
                            "allocation = ? AND number "
                            "<= ?)",
                            {allocation, oldest}));
        TRY_VOID(
            transaction.run("DELETE FROM allocation_run WHERE allocation = ? AND number <= ?", {allocation, oldest}));
    }
    TRY(const std::int64_t since,
        one_number(transaction,
                   "SELECT DISTINCT period_start FROM allocation_use WHERE allocation = ? ORDER BY period_start DESC "
                   "LIMIT 1 OFFSET ?",
                   {allocation, uses_kept}));
    if (since == 0) return {};
    TRY_VOID(
        transaction.run("DELETE FROM allocation_use WHERE allocation = ? AND period_start <= ?", {allocation, since}));
    return transaction.run(
        "DELETE FROM allocation_loan WHERE allocation = ? AND period_start <= ? AND (repaid >= amount OR written_off = "
        "1)",
        {allocation, since});
}

}  // namespace bursar::treasury
