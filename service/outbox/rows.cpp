#include "service/outbox/rows.h"

#include "integrations/wire.h"
#include "service/base/ensure.h"
#include "service/outbox/detail.h"
#include "service/outbox/tables.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::outbox {
namespace {

constexpr std::array states{Delivery::State::waiting, Delivery::State::under_way, Delivery::State::folded,
                            Delivery::State::sent, Delivery::State::dead};

Timestamp instant(const store::Row& row, int column) {
    return Timestamp(std::chrono::nanoseconds(row.integer(column)));
}

std::optional<Timestamp> maybe_instant(const store::Row& row, int column) {
    return row.is_null(column) ? std::nullopt : std::optional(instant(row, column));
}

}  // namespace

std::string_view name_of(Delivery::State state) {
    switch (state) {
        case Delivery::State::waiting:
            return "waiting";
        case Delivery::State::under_way:
            return "under_way";
        case Delivery::State::folded:
            return "folded";
        case Delivery::State::sent:
            return "sent";
        case Delivery::State::dead:
            return "dead";
    }
    ENSURE(false);
}

std::optional<Delivery::State> delivery_state_of(std::string_view name) {
    const auto found = std::ranges::find(states, name, [](Delivery::State state) { return name_of(state); });
    return found == states.end() ? std::nullopt : std::optional(*found);
}

std::int64_t nanoseconds(Timestamp at) { return static_cast<std::int64_t>(at.time_since_epoch().count()); }

store::Value maybe(const std::optional<Timestamp>& at) {
    return at ? store::Value(nanoseconds(*at)) : store::Value(nullptr);
}

Incident incident_of(const store::Row& row) {
    return {.number = row.integer(0),
            .name = std::string(row.text(1)),
            .latest = {.number = row.integer(5),
                       .at = instant(row, 6),
                       .name = std::string(row.text(1)),
                       .kind = std::string(row.text(7)),
                       .subject = std::string(row.text(8)),
                       .text = std::string(row.text(11)),
                       .detail = std::string(row.text(12)),
                       .incident = std::string(row.text(1)),
                       .team = std::string(row.text(9)),
                       .severity = severity_of(row.text(10))},
            .begun = instant(row, 3),
            .ended = maybe_instant(row, 4),
            .lasts = row.integer(2) != 0};
}

Thread thread_of(const store::Row& row) {
    Thread thread{.incident = row.integer(0),
                  .target = std::string(row.text(1)),
                  .route = std::string(row.text(2)),
                  .pending = {},
                  .due = maybe_instant(row, 4),
                  .made = maybe_instant(row, 5),
                  .told_rank = row.integer(6),
                  .firing_told = row.integer(7) != 0,
                  .firing_delivered = row.integer(8) != 0,
                  .end_due = row.integer(9) != 0,
                  .held = row.integer(10) != 0,
                  .ref = {}};
    for (DetailField& field : fields_of(row.text(11))) thread.ref[std::move(field.name)] = std::move(field.value);
    return thread;
}

Result<Delivery> delivery_of(const store::Row& row) {
    TRY(integrations::Message message, integrations::read_message(row.text(13)));
    return Delivery{.number = row.integer(0),
                    .id = std::string(row.text(1)),
                    .target = std::string(row.text(2)),
                    .incident = row.integer(3),
                    .state = delivery_state_of(row.text(4)).value_or(Delivery::State::dead),
                    .into = row.integer(5),
                    .made = instant(row, 6),
                    .due = instant(row, 7),
                    .tries = static_cast<int>(row.integer(8)),
                    .perhaps_sent = row.integer(9) != 0,
                    .ended = maybe_instant(row, 10),
                    .reason = std::string(row.text(11)),
                    .answer = std::string(row.text(12)),
                    .message = std::move(message)};
}

Standing standing_of(const store::Row& row) {
    return {.name = std::string(row.text(0)),
            .tokens = static_cast<double>(row.integer(1)) / tokens_scale,
            .tokens_at = instant(row, 2),
            .failures = static_cast<int>(row.integer(3)),
            .not_before = instant(row, 4),
            .parked_at = maybe_instant(row, 5),
            .lacks_secret = row.integer(6) != 0,
            .reason = std::string(row.text(7)),
            .answer = std::string(row.text(8)),
            .answered_at = maybe_instant(row, 9)};
}

Silence silence_of(const store::Row& row) {
    return {.number = row.integer(0),
            .events = std::string(row.text(1)),
            .team = std::string(row.text(2)),
            .incident = std::string(row.text(3)),
            .author = std::string(row.text(4)),
            .reason = std::string(row.text(5)),
            .made = instant(row, 6),
            .until = instant(row, 7)};
}

Result<std::vector<IncidentRow>> list_incidents(store::Transaction& transaction, bool open_only, int count_max) {
    std::vector<IncidentRow> rows;
    TRY_VOID(transaction.each(
        fmt::format("SELECT {} FROM outbox_incident WHERE ended IS NULL OR ? = 0 ORDER BY number DESC LIMIT ?",
                    incident_columns),
        {flag(open_only), static_cast<std::int64_t>(count_max)}, [&](const store::Row& row) -> Result<void> {
            rows.push_back({.incident = incident_of(row), .threads = {}});
            return {};
        }));
    for (IncidentRow& each : rows)
        TRY_VOID(transaction.each(fmt::format("SELECT {} FROM outbox_thread WHERE incident = ?", thread_columns),
                                  {each.incident.number}, [&](const store::Row& row) -> Result<void> {
                                      each.threads.push_back(thread_of(row));
                                      return {};
                                  }));
    return rows;
}

Result<std::vector<Delivery>> list_deliveries(store::Transaction& transaction, std::vector<Delivery::State> wanted,
                                              std::int64_t before, int count_max) {
    std::vector<Delivery> deliveries;
    for (const Delivery::State state : wanted)
        TRY_VOID(transaction.each(
            fmt::format("SELECT {} FROM outbox_delivery WHERE state = ? AND number < ? ORDER BY number DESC LIMIT ?",
                        delivery_columns),
            {name_of(state), before, static_cast<std::int64_t>(count_max)}, [&](const store::Row& row) -> Result<void> {
                TRY(Delivery delivery, delivery_of(row));
                deliveries.push_back(std::move(delivery));
                return {};
            }));
    std::ranges::sort(deliveries, std::greater<>{}, &Delivery::number);
    deliveries.resize(std::min(deliveries.size(), static_cast<std::size_t>(count_max)));
    return deliveries;
}

Result<std::vector<Standing>> list_standings(store::Transaction& transaction) {
    std::vector<Standing> standings;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM outbox_target ORDER BY name", standing_columns), {},
                              [&](const store::Row& row) -> Result<void> {
                                  standings.push_back(standing_of(row));
                                  return {};
                              }));
    return standings;
}

Result<std::vector<Silence>> list_silences(store::Transaction& transaction, Timestamp now) {
    std::vector<Silence> silences;
    TRY_VOID(transaction.each(
        fmt::format("SELECT {} FROM outbox_silence WHERE until > ? ORDER BY number DESC", silence_columns),
        {nanoseconds(now)}, [&](const store::Row& row) -> Result<void> {
            silences.push_back(silence_of(row));
            return {};
        }));
    return silences;
}

Result<Delivery> read_delivery_row(store::Transaction& transaction, std::string_view id) {
    std::optional<Delivery> found;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM outbox_delivery WHERE id = ?", delivery_columns), {id},
                              [&](const store::Row& row) -> Result<void> {
                                  TRY(found, delivery_of(row));
                                  return {};
                              }));
    if (!found)
        return fail(Fault::not_found, "There is no message of that id. See: bursarctl alerts deliveries --state dead");
    return *std::move(found);
}

Result<Counts> count_deliveries(store::Transaction& transaction) {
    Counts counts;
    TRY_VOID(transaction.each(
        "SELECT SUM(state IN ('waiting', 'under_way', 'folded')), SUM(state = 'dead') FROM outbox_delivery WHERE state "
        "<> 'sent'",
        {}, [&](const store::Row& row) -> Result<void> {
            counts = {.waiting = row.is_null(0) ? 0 : row.integer(0), .dead = row.is_null(1) ? 0 : row.integer(1)};
            return {};
        }));
    return counts;
}

}  // namespace bursar::outbox
