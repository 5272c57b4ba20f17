#include "service/treasury/events.h"

#include "policies/event_kinds.h"
#include "service/base/crypto.h"
#include "service/base/ensure.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE treasury_event (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, kind "
    "TEXT "
    "NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, detail TEXT NOT NULL);",
    "ALTER TABLE treasury_event ADD COLUMN incident TEXT NOT NULL DEFAULT ''; "
    "ALTER TABLE treasury_event ADD COLUMN team TEXT NOT NULL DEFAULT ''; "
    "ALTER TABLE treasury_event ADD COLUMN severity TEXT NOT NULL DEFAULT '';",
};

constexpr std::string_view columns = "number, name, at, kind, subject, text, detail, incident, team, severity";

Event event_of(const store::Row& row) {
    return {.number = row.integer(0),
            .at = Timestamp(std::chrono::nanoseconds(row.integer(2))),
            .name = std::string(row.text(1)),
            .kind = std::string(row.text(3)),
            .subject = std::string(row.text(4)),
            .text = std::string(row.text(5)),
            .detail = std::string(row.text(6)),
            .incident = std::string(row.text(7)),
            .team = std::string(row.text(8)),
            .severity = severity_of(row.text(9))};
}

}  // namespace

std::string incident_named(std::string_view words) {
    constexpr std::size_t bytes_max = 200, kept = 150, digits = 32;
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7f; };
    if (words.size() <= bytes_max && std::ranges::all_of(words, plain)) return std::string(words);
    std::string out;
    for (const char c : words.substr(0, kept)) out += plain(c) ? c : '?';
    return out + "#" + to_hex(sha256(words)).substr(0, digits);
}

store::Schema events_schema() { return {.part = "events", .steps = steps}; }

Result<bool> raise(store::Transaction& transaction, const Event& event) {
    ENSURE(policies::event_kind(event.kind) != nullptr);
    const std::string incident = incident_named(event.incident.empty() ? event.name : event.incident);
    bool known = false;
    TRY_VOID(transaction.each("SELECT 1 FROM treasury_event WHERE name = ?", {std::string_view(event.name)},
                              [&](const store::Row&) -> Result<void> {
                                  known = true;
                                  return {};
                              }));
    if (known) return false;
    TRY_VOID(transaction.run(
        "INSERT INTO treasury_event (name, at, kind, subject, text, detail, incident, team, severity) VALUES (?, ?, ?, "
        "?, ?, ?, ?, ?, ?)",
        {std::string_view(event.name), static_cast<std::int64_t>(event.at.time_since_epoch().count()),
         std::string_view(event.kind), std::string_view(event.subject), std::string_view(event.text),
         std::string_view(event.detail), std::string_view(incident), std::string_view(event.team),
         event.severity ? name_of(*event.severity) : std::string_view()}));
    return true;
}

Result<void> forget_events(store::Transaction& transaction, Timestamp before) {
    // The last one stays: numbers go on behind it, and whoever follows them must not meet one twice.
    constexpr std::int64_t portion = 2'000;
    return transaction.run(
        "DELETE FROM treasury_event WHERE number IN (SELECT number FROM treasury_event WHERE at < ? ORDER BY number "
        "LIMIT ?) AND number < (SELECT MAX(number) FROM treasury_event)",
        {static_cast<std::int64_t>(before.time_since_epoch().count()), portion});
}

Result<std::vector<Event>> read_events(store::Transaction& transaction, std::int64_t before, int count_max,
                                       std::string_view kind) {
    std::vector<Event> events;
    const std::string group = std::string(kind) + ".";
    TRY_VOID(transaction.each(
        fmt::format("SELECT {} FROM treasury_event WHERE number < ? AND (? = '' OR kind = ? OR substr(kind, 1, ?) = ?) "
                    "ORDER BY number DESC LIMIT ?",
                    columns),
        {before, kind, kind, static_cast<std::int64_t>(group.size()), std::string_view(group),
         static_cast<std::int64_t>(count_max)},
        [&](const store::Row& row) -> Result<void> {
            events.push_back(event_of(row));
            return {};
        }));
    return events;
}

Result<std::vector<Event>> events_after(store::Transaction& transaction, std::int64_t number, int count_max) {
    std::vector<Event> events;
    TRY_VOID(
        transaction.each(fmt::format("SELECT {} FROM treasury_event WHERE number > ? ORDER BY number LIMIT ?", columns),
                         {number, static_cast<std::int64_t>(count_max)}, [&](const store::Row& row) -> Result<void> {
                             events.push_back(event_of(row));
                             return {};
                         }));
    return events;
}

}  // namespace bursar::treasury
