#include "service/stored/rows.h"

#include <algorithm>

namespace bursar::stored {
namespace {

constexpr std::string_view steps[] = {
    // Ids are only here as digests. `until` in nanoseconds since 1970; `context` in tokens, null if nobody told them.
    "CREATE TABLE stored_response (number INTEGER PRIMARY KEY, name BLOB NOT NULL, until INTEGER NOT NULL, context "
    "INTEGER, team TEXT NOT NULL, person TEXT NOT NULL, key TEXT NOT NULL, asked TEXT NOT NULL, model TEXT NOT NULL, "
    "provider TEXT NOT NULL, there TEXT NOT NULL, secret TEXT NOT NULL);"};

}  // namespace

Result<void> write_row(store::Transaction& transaction, const Entry& entry, const Origin& origin) {
    const Owner& owner = origin.owner;
    return transaction.run(
        "INSERT OR REPLACE INTO stored_response (number, name, until, context, team, person, key, asked, model, "
        "provider, there, secret) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {entry.number, store::Blob{as_text(entry.name)}, entry.until.time_since_epoch().count(),
         entry.context ? store::Value{*entry.context} : store::Value{nullptr}, std::string_view(owner.team),
         std::string_view(owner.person), std::string_view(owner.key), std::string_view(origin.asked),
         std::string_view(origin.model), std::string_view(origin.provider), std::string_view(origin.there),
         std::string_view(origin.secret)});
}

Result<void> remove_row(store::Transaction& transaction, std::int64_t number) {
    return transaction.run("DELETE FROM stored_response WHERE number = ?", {number});
}

Result<void> read_rows(store::Transaction& transaction, const std::function<void(const Entry&, const Origin&)>& each) {
    return transaction.each(
        "SELECT number, name, until, context, team, person, key, asked, model, provider, there, secret FROM "
        "stored_response ORDER BY number",
        {}, [&](const store::Row& row) -> Result<void> {
            Entry entry;
            entry.number = row.integer(0);
            const std::string_view name = row.text(1);
            if (name.size() != entry.name.size())
                return fail(Fault::wrong_configuration, "A stored response has no name. Restore a backup.");
            std::ranges::copy(name, entry.name.begin());
            entry.until = Timestamp(std::chrono::nanoseconds(row.integer(2)));
            if (!row.is_null(3)) entry.context = row.integer(3);
            const auto text = [&](int column) { return std::string(row.text(column)); };
            each(entry, {.owner = {.team = text(4), .person = text(5), .key = text(6)},
                         .asked = text(7),
                         .model = text(8),
                         .provider = text(9),
                         .there = text(10),
                         .secret = text(11)});
            return {};
        });
}

store::Schema Stored::schema() { return {.part = "stored", .steps = steps}; }

}  // namespace bursar::stored
