#pragma once

#include "service/outbox/state.h"
#include "service/store/store.h"

#include <string_view>

// One row of each table, as it is read and written.
namespace bursar::outbox {

inline constexpr std::string_view incident_columns =
    "number, name, lasts, begun, ended, event, at, kind, subject, team, severity, text, detail";
inline constexpr std::string_view thread_columns =
    "incident, target, route, pending, due, made, told_rank, firing_told, firing_delivered, end_due, held, ref";
inline constexpr std::string_view delivery_columns =
    "number, id, target, incident, state, folded_into, made, due, tries, perhaps_sent, ended, reason, answer, message";
inline constexpr std::string_view standing_columns =
    "name, tokens, tokens_at, failures, not_before, parked_at, lacks_secret, reason, answer, answered_at";
inline constexpr std::string_view silence_columns = "number, events, team, incident, author, reason, made, until";
inline constexpr double tokens_scale = 1'000'000;

Incident incident_of(const store::Row& row);
/// Without what is pending.
Thread thread_of(const store::Row& row);
Result<Delivery> delivery_of(const store::Row& row);
Standing standing_of(const store::Row& row);
Silence silence_of(const store::Row& row);

std::int64_t nanoseconds(Timestamp at);
inline std::int64_t flag(bool truth) { return truth ? 1 : 0; }
store::Value maybe(const std::optional<Timestamp>& at);

}  // namespace bursar::outbox
