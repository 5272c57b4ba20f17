#include "auth/sync_history.h"

#include "auth/columns.h"
#include "auth/printable.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::int64_t kept_per_source = 1'000;
constexpr std::int64_t listed_max = 1'000;
constexpr std::size_t details_bytes_max = 512 * 1024;
constexpr std::size_t why_characters_max = 1'000;

constexpr std::string_view steps[] = {
    "CREATE TABLE auth_syncs (number INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, at INTEGER NOT NULL, "
    "state TEXT NOT NULL, stop TEXT NOT NULL, arrivals INTEGER NOT NULL, changes INTEGER NOT NULL, returns INTEGER NOT "
    "NULL, missing INTEGER NOT NULL, leavers INTEGER NOT NULL, why TEXT NOT NULL, details TEXT NOT NULL);"
    "CREATE INDEX auth_syncs_by_source ON auth_syncs (source, number);",
};

constexpr std::string_view columns =
    "number, source, at, state, stop, arrivals, changes, returns, missing, leavers, why";

SyncRecord record_in(const store::Row& row) {
    return {.number = row.integer(0),
            .source = std::string(row.text(1)),
            .at = time_in(row, 2).value_or(Timestamp{}),
            .state = std::string(row.text(3)),
            .stop = std::string(row.text(4)),
            .arrivals = row.integer(5),
            .changes = row.integer(6),
            .returns = row.integer(7),
            .missing = row.integer(8),
            .leavers = row.integer(9),
            .why = std::string(row.text(10)),
            .details = {}};
}

}  // namespace

SyncRecord record_of(const Proposal& proposal, Timestamp at) {
    const auto count = [](const auto& list) { return static_cast<std::int64_t>(list.size()); };
    const bool is_stopped = proposal.stop != SyncStop::none;
    return {.number = 0,
            .source = proposal.source,
            .at = at,
            .state = is_stopped            ? "stopped"
                     : proposal.is_empty() ? "unchanged"
                                           : "applied",
            .stop = std::string(name_of(proposal.stop)),
            .arrivals = count(proposal.arrivals),
            .changes = count(proposal.changes),
            .returns = count(proposal.returns),
            .missing = count(proposal.missing),
            .leavers = count(proposal.leavers),
            .why = proposal.why,
            .details = details_json(proposal)};
}

store::Schema SyncHistory::schema() { return {.part = "auth_syncs", .steps = steps}; }

Result<std::int64_t> SyncHistory::append(store::Transaction& transaction, const SyncRecord& record) {
    const std::string why = printable(record.why, why_characters_max);
    // Half of a JSON text is none; the counts are there in any case.
    const std::string_view details =
        record.details.size() > details_bytes_max ? R"({"left_out":true})" : std::string_view(record.details);
    TRY_VOID(transaction.run(
        "INSERT INTO auth_syncs (source, at, state, stop, arrivals, changes, returns, missing, leavers, why, details) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {record.source, time_value(record.at), record.state, record.stop, record.arrivals, record.changes,
         record.returns, record.missing, record.leavers, why, details}));
    std::int64_t number = 0;
    TRY_VOID(transaction.each("SELECT last_insert_rowid()", {}, [&](const store::Row& row) -> Result<void> {
        number = row.integer(0);
        return {};
    }));
    TRY_VOID(transaction.run(
        "DELETE FROM auth_syncs WHERE source = ?1 AND number <= (SELECT number FROM auth_syncs WHERE source = ?1 "
        "ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        {record.source, kept_per_source}));
    return number;
}

Result<std::vector<SyncRecord>> SyncHistory::list(store::Store& store, std::string_view source, std::int64_t most) {
    std::vector<SyncRecord> records;
    const std::string sql = fmt::format(
        "SELECT {} FROM auth_syncs WHERE (?1 = '' OR source = ?1) ORDER BY number DESC "
        "LIMIT ?2",
        columns);
    const std::int64_t limit = std::clamp<std::int64_t>(most, 0, listed_max);
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        return transaction.each(sql, {source, limit}, [&](const store::Row& row) -> Result<void> {
            records.push_back(record_in(row));
            return {};
        });
    }));
    return records;
}

Result<SyncRecord> SyncHistory::read(store::Store& store, std::int64_t number) {
    std::optional<SyncRecord> found;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        return transaction.each(fmt::format("SELECT {}, details FROM auth_syncs WHERE number = ?", columns), {number},
                                [&](const store::Row& row) -> Result<void> {
                                    found = record_in(row);
                                    found->details = row.text(11);
                                    return {};
                                });
    }));
    if (!found)
        return fail(Fault::not_found, fmt::format("There is no sync of the number {}; it may be too old.", number));
    return *std::move(found);
}

}  // namespace bursar::auth
