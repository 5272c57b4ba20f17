#include "service/shelf/rows.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::shelf {
namespace {

constexpr std::string_view steps[] = {
    // Instants in nanoseconds since 1970, money in nano-dollars. The lines are long and seldom read.
    "CREATE TABLE shelf_item (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, owner TEXT "
    "NOT "
    "NULL, provider TEXT NOT NULL, secret TEXT NOT NULL, model TEXT NOT NULL, model_there TEXT NOT NULL, endpoint "
    "INTEGER "
    "NOT NULL, at INTEGER NOT NULL, lines INTEGER NOT NULL, state INTEGER NOT NULL, call TEXT NOT NULL, team TEXT NOT "
    "NULL, charge INTEGER NOT NULL, cost INTEGER NOT NULL, tokens INTEGER NOT NULL, calls INTEGER NOT NULL, shown TEXT "
    "NOT NULL);",
    "CREATE TABLE shelf_lines (id TEXT PRIMARY KEY, packed BLOB NOT NULL);",
    // By what a batch was booked; the accounts a line each. Empty once it is settled.
    "ALTER TABLE shelf_item ADD COLUMN accounts TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE shelf_item ADD COLUMN price TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE shelf_item ADD COLUMN factor_numerator INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE shelf_item ADD COLUMN factor_denominator INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE shelf_item ADD COLUMN per_call INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX shelf_item_call ON shelf_item (call) WHERE kind = 1;",
};

constexpr std::string_view columns =
    "id, kind, owner, provider, secret, model, model_there, endpoint, at, lines, state, call, team, charge, cost, "
    "tokens, calls, shown, accounts, price, factor_numerator, factor_denominator, per_call";

std::string lines_of(const std::vector<AccountName>& accounts) {
    std::string text;
    for (const AccountName& account : accounts) text.append(account).push_back('\n');
    return text;
}

std::vector<AccountName> accounts_from(std::string_view lines) {
    std::vector<AccountName> accounts;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        if (end > 0) accounts.emplace_back(lines.substr(0, end));
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return accounts;
}

std::unexpected<Error> broken() {
    return fail(Fault::wrong_configuration, "What is stored at a provider cannot be read. Restore a backup.");
}

template <typename Enum>
bool read_enum(std::int64_t number, Enum last, Enum& out) {
    if (number < 0 || number > static_cast<std::int64_t>(last)) return false;
    out = static_cast<Enum>(number);
    return true;
}

Result<Item> item_of(const store::Row& row) {
    Item item;
    item.id = row.text(0);
    item.owner = row.text(2);
    item.provider = row.text(3);
    item.secret = row.text(4);
    item.model = row.text(5);
    item.model_there = row.text(6);
    item.at = Timestamp(std::chrono::nanoseconds(row.integer(8)));
    item.lines = row.integer(9);
    if (!read_enum(row.integer(1), Kind::batch, item.kind) ||
        !read_enum(row.integer(7), endpoint_last, item.endpoint) ||
        !read_enum(row.integer(10), State::settled, item.state))
        return broken();
    if (item.kind == Kind::batch) {
        TRY(item.call, CallId::parse(row.text(11)));
    }
    item.team = row.text(12);
    item.booked = {.charge = NanoUsd{row.integer(13)},
                   .cost = NanoUsd{row.integer(14)},
                   .tokens = row.integer(15),
                   .calls = row.integer(16)};
    item.shown = row.text(17);
    item.terms = {.accounts = accounts_from(row.text(18)),
                  .price = std::string(row.text(19)),
                  .factor_numerator = row.integer(20),
                  .factor_denominator = row.integer(21),
                  .per_call = NanoUsd{row.integer(22)}};
    return item;
}

}  // namespace

Result<void> insert_item(store::Transaction& transaction, const Item& item) {
    bool known = false;
    TRY_VOID(transaction.each("SELECT 1 FROM shelf_item WHERE id = ?", {std::string_view(item.id)},
                              [&](const store::Row&) -> Result<void> {
                                  known = true;
                                  return {};
                              }));
    if (known)
        return fail(Fault::conflict, "The provider gave an id that it has given before. Ask your operator.",
                    "provider " + item.provider + " gave the id " + item.id + " twice");
    const std::string call = item.kind == Kind::batch ? item.call.text() : std::string();
    const std::string accounts = lines_of(item.terms.accounts);
    return transaction.run(
        fmt::format(
            "INSERT INTO shelf_item ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
            "?, ?)",
            columns),
        {std::string_view(item.id),
         static_cast<std::int64_t>(item.kind),
         std::string_view(item.owner),
         std::string_view(item.provider),
         std::string_view(item.secret),
         std::string_view(item.model),
         std::string_view(item.model_there),
         static_cast<std::int64_t>(item.endpoint),
         item.at.time_since_epoch().count(),
         item.lines,
         static_cast<std::int64_t>(item.state),
         std::string_view(call),
         std::string_view(item.team),
         item.booked.charge.nanos(),
         item.booked.cost.nanos(),
         item.booked.tokens,
         item.booked.calls,
         std::string_view(item.shown),
         std::string_view(accounts),
         std::string_view(item.terms.price),
         item.terms.factor_numerator,
         item.terms.factor_denominator,
         item.terms.per_call.nanos()});
}

Result<void> insert_lines(store::Transaction& transaction, std::string_view id, std::string_view packed) {
    return transaction.run("INSERT OR REPLACE INTO shelf_lines (id, packed) VALUES (?, ?)", {id, store::Blob{packed}});
}

/// One that is settled stays so: the row may have been settled since `item` was read.
Result<void> update_item(store::Transaction& transaction, const Item& item) {
    return transaction.run(
        "UPDATE shelf_item SET shown = ?, state = max(state, ?) WHERE id = ?",
        {std::string_view(item.shown), static_cast<std::int64_t>(item.state), std::string_view(item.id)});
}

Result<void> remove_item(store::Transaction& transaction, std::string_view id) {
    TRY_VOID(transaction.run("DELETE FROM shelf_lines WHERE id = ?", {id}));
    return transaction.run("DELETE FROM shelf_item WHERE id = ?", {id});
}

Result<std::string> read_lines(store::Transaction& transaction, std::string_view id) {
    std::string packed;
    bool found = false;
    TRY_VOID(transaction.each("SELECT packed FROM shelf_lines WHERE id = ?", {id},
                              [&](const store::Row& row) -> Result<void> {
                                  packed = row.text(0);
                                  found = true;
                                  return {};
                              }));
    if (!found) return fail(Fault::not_found, "This file has no lines of a batch.");
    return packed;
}

Result<State> read_state(store::Transaction& transaction, std::string_view id) {
    State state = State::settled;
    bool found = false;
    TRY_VOID(
        transaction.each("SELECT state FROM shelf_item WHERE id = ?", {id}, [&](const store::Row& row) -> Result<void> {
            found = read_enum(row.integer(0), State::settled, state);
            return {};
        }));
    if (!found) return fail(Fault::not_found, "There is no such batch.");
    return state;
}

Result<void> write_settled(store::Transaction& transaction, std::string_view id) {
    TRY_VOID(transaction.run("DELETE FROM shelf_lines WHERE id = ?", {id}));
    return transaction.run("UPDATE shelf_item SET state = ?, accounts = '', price = '' WHERE id = ?",
                           {static_cast<std::int64_t>(State::settled), id});
}

Result<std::vector<Item>> read_items(store::Transaction& transaction) {
    std::vector<Item> items;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM shelf_item ORDER BY number", columns), {},
                              [&](const store::Row& row) -> Result<void> {
                                  TRY(Item item, item_of(row));
                                  items.push_back(std::move(item));
                                  return {};
                              }));
    return items;
}

Result<std::vector<Item>> Shelf::made_by(store::Transaction& transaction, const std::vector<std::string>& calls) {
    const std::string query = fmt::format("SELECT {} FROM shelf_item WHERE kind = 1 AND call = ?", columns);
    std::vector<Item> items;
    for (const std::string& call : calls)
        TRY_VOID(transaction.each(query, {std::string_view(call)}, [&](const store::Row& row) -> Result<void> {
            TRY(Item item, item_of(row));
            items.push_back(std::move(item));
            return {};
        }));
    return items;
}

store::Schema Shelf::schema() { return {.part = "shelf", .steps = steps}; }

}  // namespace bursar::shelf
