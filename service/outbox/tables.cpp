#include "service/outbox/tables.h"

#include "service/base/json.h"
#include "service/outbox/detail.h"
#include "service/outbox/dispatcher.h"
#include "service/outbox/matching.h"
#include "service/outbox/rows.h"

#include <charconv>

#include <fmt/format.h>

namespace bursar::outbox {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE outbox_cursor (one INTEGER PRIMARY KEY CHECK (one = 1), event INTEGER NOT NULL);"
    "CREATE TABLE outbox_incident (number INTEGER PRIMARY KEY, name TEXT NOT NULL, lasts INTEGER NOT NULL, begun "
    "INTEGER NOT NULL, ended INTEGER, event INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT "
    "NOT NULL, team TEXT NOT NULL, severity TEXT NOT NULL, text TEXT NOT NULL, detail TEXT NOT NULL);"
    "CREATE INDEX outbox_incident_ended ON outbox_incident (ended);"
    "CREATE TABLE outbox_thread (incident INTEGER NOT NULL, target TEXT NOT NULL, route TEXT NOT NULL, pending TEXT "
    "NOT "
    "NULL, due INTEGER, made INTEGER, told_rank INTEGER NOT NULL, firing_told INTEGER NOT NULL, firing_delivered "
    "INTEGER NOT NULL, end_due INTEGER NOT NULL, held INTEGER NOT NULL, ref TEXT NOT NULL, PRIMARY KEY (incident, "
    "target)) WITHOUT ROWID;"
    "CREATE TABLE outbox_delivery (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, target TEXT NOT NULL, incident "
    "INTEGER NOT NULL, state TEXT NOT NULL, folded_into INTEGER NOT NULL, made INTEGER NOT NULL, due INTEGER NOT NULL, "
    "tries INTEGER NOT NULL, perhaps_sent INTEGER NOT NULL, ended INTEGER, reason TEXT NOT NULL, answer TEXT NOT NULL, "
    "message TEXT NOT NULL);"
    "CREATE INDEX outbox_delivery_state ON outbox_delivery (state, number);"
    "CREATE TABLE outbox_target (name TEXT PRIMARY KEY, tokens INTEGER NOT NULL, tokens_at INTEGER NOT NULL, failures "
    "INTEGER NOT NULL, not_before INTEGER NOT NULL, parked_at INTEGER, lacks_secret INTEGER NOT NULL, reason TEXT NOT "
    "NULL, answer TEXT NOT NULL, answered_at INTEGER) WITHOUT ROWID;"
    "CREATE TABLE outbox_silence (number INTEGER PRIMARY KEY, events TEXT NOT NULL, team TEXT NOT NULL, incident TEXT "
    "NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, made INTEGER NOT NULL, until INTEGER NOT NULL);"};

Result<std::int64_t> one_number(store::Transaction& transaction, std::string_view sql) {
    std::int64_t number = 0;
    TRY_VOID(transaction.each(sql, {}, [&](const store::Row& row) -> Result<void> {
        number = row.integer(0);
        return {};
    }));
    return number;
}

Result<void> load_numbers(store::Transaction& transaction, State& state) {
    bool known = false;
    TRY_VOID(transaction.each("SELECT event FROM outbox_cursor", {}, [&](const store::Row& row) -> Result<void> {
        state.cursor = row.integer(0);
        known = true;
        return {};
    }));
    if (!known) {
        // Nobody wants to hear of what happened before there was an outbox.
        TRY(state.cursor, one_number(transaction, "SELECT COALESCE(MAX(number), 0) FROM treasury_event"));
        TRY_VOID(transaction.run("INSERT INTO outbox_cursor (one, event) VALUES (1, ?)", {state.cursor}));
    }
    TRY(const std::int64_t delivery, one_number(transaction, "SELECT COALESCE(MAX(number), 0) FROM outbox_delivery"));
    TRY(const std::int64_t silence, one_number(transaction, "SELECT COALESCE(MAX(number), 0) FROM outbox_silence"));
    state.next_delivery = delivery + 1;
    state.next_silence = silence + 1;
    return {};
}

/// Pending events are those of the treasury; one that its retention has taken is not told any more.
Result<void> load_pending(store::Transaction& transaction, Thread& thread, std::string_view numbers) {
    while (!numbers.empty()) {
        const std::size_t end = std::min(numbers.find(','), numbers.size());
        std::int64_t number = 0;
        std::from_chars(numbers.data(), numbers.data() + end, number);
        numbers.remove_prefix(std::min(end + 1, numbers.size()));
        TRY(auto events, treasury::events_after(transaction, number - 1, 1));
        if (events.empty() || events.front().number != number) continue;
        Event& event = thread.pending.emplace_back(std::move(events.front()));
        event.severity = severity_of(event);
        if (event.incident.empty()) event.incident = event.name;
    }
    if (thread.pending.empty() && thread.end_due) {
        thread.end_due = false;
        thread.due.reset();
    }
    return {};
}

Result<void> load_threads(store::Transaction& transaction, State& state) {
    std::vector<std::pair<Thread, std::string>> found;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM outbox_thread", thread_columns), {},
                              [&](const store::Row& row) -> Result<void> {
                                  if (state.incidents.contains(row.integer(0)))
                                      found.emplace_back(thread_of(row), row.text(3));
                                  return {};
                              }));
    for (auto& [thread, pending] : found) {
        TRY_VOID(load_pending(transaction, thread, pending));
        const ThreadKey key{thread.incident, thread.target};
        state.threads.insert_or_assign(key, std::move(thread));
    }
    return {};
}

Result<void> save_incident(store::Transaction& transaction, std::int64_t number, const State& state) {
    const auto found = state.incidents.find(number);
    if (found == state.incidents.end()) return {};
    const Incident& incident = found->second;
    const Event& event = incident.latest;
    return transaction.run(
        "INSERT OR REPLACE INTO outbox_incident (number, name, lasts, begun, ended, event, at, kind, subject, team, "
        "severity, text, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {number, std::string_view(incident.name), flag(incident.lasts), nanoseconds(incident.begun),
         maybe(incident.ended), event.number, nanoseconds(event.at), std::string_view(event.kind),
         std::string_view(event.subject), std::string_view(event.team), bursar::name_of(severity_of(event)),
         std::string_view(event.text), std::string_view(event.detail)});
}

Result<void> save_thread(store::Transaction& transaction, const ThreadKey& key, const State& state) {
    const auto found = state.threads.find(key);
    if (found == state.threads.end())
        return transaction.run("DELETE FROM outbox_thread WHERE incident = ? AND target = ?",
                               {key.first, std::string_view(key.second)});
    const Thread& thread = found->second;
    std::string pending;
    for (const Event& event : thread.pending) pending += fmt::format("{}{}", pending.empty() ? "" : ",", event.number);
    JsonWriter ref;
    ref.open();
    for (const auto& [name, value] : thread.ref) ref.field(name, value);
    ref.close();
    return transaction.run(
        fmt::format("INSERT OR REPLACE INTO outbox_thread ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    thread_columns),
        {thread.incident, std::string_view(thread.target), std::string_view(thread.route), std::string_view(pending),
         maybe(thread.due), maybe(thread.made), thread.told_rank, flag(thread.firing_told),
         flag(thread.firing_delivered), flag(thread.end_due), flag(thread.held), std::string_view(ref.text())});
}

Result<void> save_delivery(store::Transaction& transaction, std::int64_t number, const State& state) {
    const auto found = state.deliveries.find(number);
    if (found == state.deliveries.end())
        return transaction.run("DELETE FROM outbox_delivery WHERE number = ?", {number});
    const Delivery& each = found->second;
    const std::string message = integrations::write_message(each.message);
    return transaction.run(
        fmt::format("INSERT OR REPLACE INTO outbox_delivery ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    delivery_columns),
        {number, std::string_view(each.id), std::string_view(each.target), each.incident, name_of(each.state),
         each.into, nanoseconds(each.made), nanoseconds(each.due), static_cast<std::int64_t>(each.tries),
         flag(each.perhaps_sent), maybe(each.ended), std::string_view(each.reason), std::string_view(each.answer),
         std::string_view(message)});
}

Result<void> save_standing(store::Transaction& transaction, const std::string& name, const State& state) {
    const auto found = state.standings.find(name);
    if (found == state.standings.end())
        return transaction.run("DELETE FROM outbox_target WHERE name = ?", {std::string_view(name)});
    const Standing& each = found->second;
    return transaction.run(
        fmt::format("INSERT OR REPLACE INTO outbox_target ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    standing_columns),
        {std::string_view(name), static_cast<std::int64_t>(each.tokens * tokens_scale), nanoseconds(each.tokens_at),
         static_cast<std::int64_t>(each.failures), nanoseconds(each.not_before), maybe(each.parked_at),
         flag(each.lacks_secret), std::string_view(each.reason), std::string_view(each.answer),
         maybe(each.answered_at)});
}

Result<void> save_silence(store::Transaction& transaction, std::int64_t number, const State& state) {
    const auto found = state.silences.find(number);
    if (found == state.silences.end()) return {};
    const Silence& each = found->second;
    return transaction.run(
        fmt::format("INSERT OR REPLACE INTO outbox_silence ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", silence_columns),
        {number, std::string_view(each.events), std::string_view(each.team), std::string_view(each.incident),
         std::string_view(each.author), std::string_view(each.reason), nanoseconds(each.made),
         nanoseconds(each.until)});
}

}  // namespace

store::Schema schema() { return {.part = "outbox", .steps = steps}; }

Result<State> load(store::Transaction& transaction, Timestamp now) {
    State state;
    TRY_VOID(load_numbers(transaction, state));
    const std::int64_t lately = nanoseconds(now - reopened_within);
    TRY_VOID(transaction.each(
        fmt::format(
            "SELECT {} FROM outbox_incident WHERE ended IS NULL OR ended > ? OR number IN (SELECT incident FROM "
            "outbox_delivery WHERE state IN ('waiting', 'under_way', 'folded')) OR number IN (SELECT incident "
            "FROM outbox_thread WHERE due IS NOT NULL)",
            incident_columns),
        {lately}, [&](const store::Row& row) -> Result<void> {
            state.incidents.emplace(row.integer(0), incident_of(row));
            return {};
        }));
    TRY_VOID(load_threads(transaction, state));
    TRY_VOID(
        transaction.each(fmt::format("SELECT {} FROM outbox_delivery WHERE state IN ('waiting', 'under_way', 'folded')",
                                     delivery_columns),
                         {}, [&](const store::Row& row) -> Result<void> {
                             TRY(Delivery delivery, delivery_of(row));
                             state.deliveries.emplace(row.integer(0), std::move(delivery));
                             return {};
                         }));
    TRY(auto standings, list_standings(transaction));
    for (Standing& each : standings) state.standings.emplace(each.name, std::move(each));
    TRY(auto silences, list_silences(transaction, now));
    for (Silence& each : silences) state.silences.emplace(each.number, std::move(each));
    return state;
}

Result<void> save(store::Transaction& transaction, const State& state, const Changes& changes) {
    if (changes.cursor) TRY_VOID(transaction.run("UPDATE outbox_cursor SET event = ?", {state.cursor}));
    for (const std::int64_t number : changes.incidents) TRY_VOID(save_incident(transaction, number, state));
    for (const ThreadKey& key : changes.threads) TRY_VOID(save_thread(transaction, key, state));
    for (const std::int64_t number : changes.deliveries) TRY_VOID(save_delivery(transaction, number, state));
    for (const std::string& name : changes.standings) TRY_VOID(save_standing(transaction, name, state));
    for (const std::int64_t number : changes.silences) TRY_VOID(save_silence(transaction, number, state));
    for (const Event& event : changes.raised) TRY_VOID(treasury::raise(transaction, event));
    return {};
}

Result<void> forget(store::Transaction& transaction, Timestamp now) {
    constexpr std::int64_t portion = 1'000;
    constexpr std::chrono::days incidents_kept{90}, sent_kept{30}, dead_kept{90}, silences_kept{90};
    TRY_VOID(transaction.run(
        "DELETE FROM outbox_delivery WHERE number IN (SELECT number FROM outbox_delivery WHERE state = 'sent' AND "
        "ended < ? ORDER BY number LIMIT ?)",
        {nanoseconds(now - sent_kept), portion}));
    TRY_VOID(transaction.run(
        "DELETE FROM outbox_delivery WHERE number IN (SELECT number FROM outbox_delivery WHERE state = 'dead' AND "
        "ended < ? ORDER BY number LIMIT ?)",
        {nanoseconds(now - dead_kept), portion}));
    TRY_VOID(transaction.run(
        "DELETE FROM outbox_incident WHERE number IN (SELECT number FROM outbox_incident WHERE ended < ? ORDER BY "
        "ended LIMIT ?) AND number NOT IN (SELECT incident FROM outbox_delivery)",
        {nanoseconds(now - incidents_kept), portion}));
    TRY_VOID(
        transaction.run("DELETE FROM outbox_silence WHERE until < ? AND number < (SELECT MAX(number) FROM "
                        "outbox_silence)",
                        {nanoseconds(now - silences_kept)}));
    return transaction.run("DELETE FROM outbox_thread WHERE incident NOT IN (SELECT number FROM outbox_incident)");
}

}  // namespace bursar::outbox
