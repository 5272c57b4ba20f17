#include "service/treasury/reconcile/reconciliations.h"

#include <set>

#include <fmt/format.h>

namespace bursar::treasury::reconcile {
namespace {

// `treasury_corrected` is what was entered; its number says what came later than a comparison.
constexpr std::string_view steps[] = {
    "CREATE TABLE treasury_reconciliation (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, author TEXT NOT NULL, "
    "provider TEXT NOT NULL, format TEXT NOT NULL, digest TEXT NOT NULL, from_day INTEGER NOT NULL, until_day INTEGER "
    "NOT NULL, corrections INTEGER NOT NULL, corrections_cost INTEGER NOT NULL, corrected_until INTEGER NOT NULL, "
    "applied_at INTEGER, applied_by TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', comparison TEXT NOT "
    "NULL);"
    "CREATE TABLE treasury_proposed (reconciliation INTEGER NOT NULL, place INTEGER NOT NULL, call TEXT NOT NULL, "
    "attempt TEXT NOT NULL, day INTEGER NOT NULL, model TEXT NOT NULL, source INTEGER NOT NULL, charge INTEGER NOT "
    "NULL, cost INTEGER NOT NULL, tokens INTEGER NOT NULL, PRIMARY KEY (reconciliation, place)) WITHOUT ROWID;"
    "CREATE TABLE treasury_corrected (number INTEGER PRIMARY KEY, provider TEXT NOT NULL, digest TEXT NOT NULL, "
    "attempt TEXT NOT NULL, reconciliation INTEGER NOT NULL, at INTEGER NOT NULL, charge INTEGER NOT NULL, cost "
    "INTEGER NOT NULL, tokens INTEGER NOT NULL, UNIQUE (digest, attempt));",
};

std::int64_t number_of(Timestamp at) { return at.time_since_epoch().count(); }
std::int64_t number_of(Day day) { return day.time_since_epoch().count(); }
Timestamp instant_of(std::int64_t number) { return Timestamp(std::chrono::nanoseconds(number)); }
Day day_of(std::int64_t number) { return Day(std::chrono::days(number)); }

Result<std::int64_t> one_number(store::Transaction& transaction, std::string_view sql,
                                std::initializer_list<store::Value> values = {}) {
    std::int64_t number = 0;
    TRY_VOID(transaction.each(sql, values, [&](const store::Row& row) -> Result<void> {
        number = row.integer(0);
        return {};
    }));
    return number;
}

constexpr std::string_view columns =
    "number, at, author, provider, format, digest, from_day, until_day, corrections, corrections_cost, applied_at, "
    "applied_by, reason";

Reconciliation reconciliation_of(const store::Row& row) {
    Reconciliation out{.number = row.integer(0),
                       .at = instant_of(row.integer(1)),
                       .author = std::string(row.text(2)),
                       .provider = std::string(row.text(3)),
                       .format = format_of(row.text(4)).value_or(Format::plain_csv),
                       .digest = std::string(row.text(5)),
                       .from = day_of(row.integer(6)),
                       .until = day_of(row.integer(7)),
                       .corrections = row.integer(8),
                       .corrections_cost = NanoUsd{row.integer(9)},
                       .applied_at = {},
                       .applied_by = std::string(row.text(11)),
                       .reason = std::string(row.text(12)),
                       .comparison = {}};
    if (!row.is_null(10)) out.applied_at = instant_of(row.integer(10));
    return out;
}

Result<std::vector<Correction>> read_proposed(store::Transaction& transaction, std::int64_t number) {
    std::vector<Correction> out;
    TRY_VOID(transaction.each(
        "SELECT call, attempt, day, model, source, charge, cost, tokens FROM treasury_proposed WHERE reconciliation = "
        "? ORDER BY place",
        {number}, [&](const store::Row& row) -> Result<void> {
            TRY(const CallId call, CallId::parse(row.text(0)));
            TRY(const AttemptId attempt, AttemptId::parse(row.text(1)));
            out.push_back(
                {.call = call,
                 .attempt = attempt,
                 .day = day_of(row.integer(2)),
                 .model = std::string(row.text(3)),
                 .source = static_cast<UsageSource>(row.integer(4)),
                 .amounts = {
                     .charge = NanoUsd{row.integer(5)}, .cost = NanoUsd{row.integer(6)}, .tokens = row.integer(7)}});
            return {};
        }));
    return out;
}

/// What is to be entered yet.
struct Open {
    Reconciliation of;
    std::vector<Correction> corrections;
    std::int64_t entered_earlier = 0;
};

Result<Open> read_open(store::Transaction& transaction, std::int64_t number) {
    Open open;
    TRY(open.of, read(transaction, number));
    TRY(const std::int64_t corrected_until,
        one_number(transaction, "SELECT corrected_until FROM treasury_reconciliation WHERE number = ?", {number}));
    std::set<AttemptId> same, other;
    TRY_VOID(transaction.each(
        "SELECT attempt, digest, number FROM treasury_corrected WHERE digest = ? OR (provider = ? AND number > ?)",
        {std::string_view(open.of.digest), std::string_view(open.of.provider), corrected_until},
        [&](const store::Row& row) -> Result<void> {
            TRY(const AttemptId attempt, AttemptId::parse(row.text(0)));
            (row.text(1) == open.of.digest ? same : other).insert(attempt);
            return {};
        }));
    TRY(auto proposed, read_proposed(transaction, number));
    for (Correction& each : proposed) {
        if (same.contains(each.attempt)) {
            ++open.entered_earlier;
        } else if (other.contains(each.attempt)) {
            return fail(Fault::conflict,
                        fmt::format("Calls of reconciliation {} were corrected from another export since it was made. "
                                    "Compare the export again and apply that comparison.",
                                    number));
        } else {
            open.corrections.push_back(std::move(each));
        }
    }
    return open;
}

Result<void> note_corrected(store::Transaction& transaction, const Reconciliation& of, const Correction& correction,
                            Timestamp now) {
    const std::string attempt = correction.attempt.text();
    return transaction.run(
        "INSERT INTO treasury_corrected (provider, digest, attempt, reconciliation, at, charge, cost, tokens) VALUES "
        "(?, ?, ?, ?, ?, ?, ?, ?)",
        {std::string_view(of.provider), std::string_view(of.digest), std::string_view(attempt), of.number,
         number_of(now), correction.amounts.charge.nanos(), correction.amounts.cost.nanos(),
         correction.amounts.tokens});
}

}  // namespace

store::Schema schema() { return {.part = "reconciliations", .steps = steps}; }

Result<Known> read_known(store::Transaction& transaction, std::string_view provider) {
    Known known;
    TRY_VOID(transaction.each(
        "SELECT attempt, charge, cost, tokens, number FROM treasury_corrected WHERE provider = ? ORDER BY number",
        {provider}, [&](const store::Row& row) -> Result<void> {
            TRY(const AttemptId attempt, AttemptId::parse(row.text(0)));
            known.earlier[attempt] +=
                Amounts{.charge = NanoUsd{row.integer(1)}, .cost = NanoUsd{row.integer(2)}, .tokens = row.integer(3)};
            known.until = row.integer(4);
            return {};
        }));
    return known;
}

Result<Reconciliation> keep(store::Transaction& transaction, Reconciliation of, const Comparison& comparison,
                            std::int64_t known_until) {
    of.corrections = static_cast<std::int64_t>(comparison.corrections.size());
    of.corrections_cost = {};
    for (const Correction& each : comparison.corrections) of.corrections_cost += each.amounts.cost;
    of.comparison = to_json(comparison);
    TRY(const std::int64_t last,
        one_number(transaction, "SELECT coalesce(max(number), 0) FROM treasury_reconciliation"));
    of.number = last + 1;
    TRY_VOID(transaction.run(
        "INSERT INTO treasury_reconciliation (number, at, author, provider, format, digest, from_day, until_day, "
        "corrections, corrections_cost, corrected_until, comparison) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {of.number, number_of(of.at), std::string_view(of.author), std::string_view(of.provider), name_of(of.format),
         std::string_view(of.digest), number_of(of.from), number_of(of.until), of.corrections,
         of.corrections_cost.nanos(), known_until, std::string_view(of.comparison)}));
    std::int64_t place = 0;
    for (const Correction& each : comparison.corrections) {
        const std::string call = each.call.text(), attempt = each.attempt.text();
        TRY_VOID(transaction.run(
            "INSERT INTO treasury_proposed (reconciliation, place, call, attempt, day, model, source, charge, cost, "
            "tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            {of.number, ++place, std::string_view(call), std::string_view(attempt), number_of(each.day),
             std::string_view(each.model), static_cast<std::int64_t>(each.source), each.amounts.charge.nanos(),
             each.amounts.cost.nanos(), each.amounts.tokens}));
    }
    return of;
}

Result<std::vector<Reconciliation>> list(store::Transaction& transaction, int count_max) {
    std::vector<Reconciliation> out;
    TRY_VOID(
        transaction.each(fmt::format("SELECT {} FROM treasury_reconciliation ORDER BY number DESC LIMIT ?", columns),
                         {static_cast<std::int64_t>(count_max)}, [&](const store::Row& row) -> Result<void> {
                             out.push_back(reconciliation_of(row));
                             return {};
                         }));
    return out;
}

Result<Reconciliation> read(store::Transaction& transaction, std::int64_t number) {
    std::optional<Reconciliation> out;
    TRY_VOID(
        transaction.each(fmt::format("SELECT {}, comparison FROM treasury_reconciliation WHERE number = ?", columns),
                         {number}, [&](const store::Row& row) -> Result<void> {
                             out = reconciliation_of(row);
                             out->comparison = row.text(13);
                             return {};
                         }));
    if (!out)
        return fail(Fault::not_found,
                    fmt::format("There is no reconciliation {}. See: bursarctl reconcile list", number));
    return *std::move(out);
}

Result<Applied> apply(store::Store& store, std::int64_t number, const std::string& author, const std::string& reason,
                      Timestamp now, const Correct& correct) {
    Open open;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(open, read_open(transaction, number));
        return {};
    }));
    Applied applied{.entered_earlier = open.entered_earlier};
    for (const Correction& each : open.corrections) {
        TRY_VOID(correct(each, reason, [&](store::Transaction& transaction) {
            return note_corrected(transaction, open.of, each, now);
        }));
        ++applied.entered;
        applied.cost += each.amounts.cost;
    }
    TRY_VOID(store.write([&](store::Transaction& transaction) {
        return transaction.run(
            "UPDATE treasury_reconciliation SET applied_at = ?, applied_by = ?, reason = ? WHERE number = ? AND "
            "applied_at IS NULL",
            {number_of(now), std::string_view(author), std::string_view(reason), number});
    }));
    return applied;
}

}  // namespace bursar::treasury::reconcile
