#include "service/treasury/events.h"

#include <array>

namespace bursar::treasury {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE treasury_event (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, kind "
    "TEXT "
    "NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, detail TEXT NOT NULL);",
};

}  // namespace

store::Schema events_schema() { return {.part = "events", .steps = steps}; }

Result<bool> raise(store::Transaction& transaction, const Event& event) {
    bool known = false;
    TRY_VOID(transaction.each("SELECT 1 FROM treasury_event WHERE name = ?", {std::string_view(event.name)},
                              [&](const store::Row&) -> Result<void> {
                                  known = true;
                                  return {};
                              }));
    if (known) return false;
    TRY_VOID(
        transaction.run("INSERT INTO treasury_event (name, at, kind, subject, text, detail) VALUES (?, ?, ?, ?, ?, ?)",
                        {std::string_view(event.name), static_cast<std::int64_t>(event.at.time_since_epoch().count()),
                         std::string_view(event.kind), std::string_view(event.subject), std::string_view(event.text),
                         std::string_view(event.detail)}));
    return true;
}

Result<void> forget_events(store::Transaction& transaction, Timestamp before) {
    constexpr std::int64_t portion = 2'000;
    return transaction.run(
        "DELETE FROM treasury_event WHERE number IN (SELECT number FROM treasury_event WHERE at < ? ORDER BY number "
        "LIMIT ?)",
        {static_cast<std::int64_t>(before.time_since_epoch().count()), portion});
}

Result<std::vector<Event>> read_events(store::Transaction& transaction, std::int64_t before, int count_max,
                                       std::string_view kind) {
    std::vector<Event> events;
    const std::string group = std::string(kind) + ".";
    TRY_VOID(transaction.each(
        "SELECT number, name, at, kind, subject, text, detail FROM treasury_event WHERE number < ? AND (? = '' OR kind "
        "= ? OR substr(kind, 1, ?) = ?) ORDER BY number DESC LIMIT ?",
        {before, kind, kind, static_cast<std::int64_t>(group.size()), std::string_view(group),
         static_cast<std::int64_t>(count_max)},
        [&](const store::Row& row) -> Result<void> {
            events.push_back({.number = row.integer(0),
                              .at = Timestamp(std::chrono::nanoseconds(row.integer(2))),
                              .name = std::string(row.text(1)),
                              .kind = std::string(row.text(3)),
                              .subject = std::string(row.text(4)),
                              .text = std::string(row.text(5)),
                              .detail = std::string(row.text(6))});
            return {};
        }));
    return events;
}

}  // namespace bursar::treasury
