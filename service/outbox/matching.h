#pragma once

#include "policies/snapshot.h"
#include "service/outbox/state.h"

#include <string>
#include <string_view>
#include <vector>

// Who is told of what, and when not. Pure.
namespace bursar::outbox {

/// What kinds[] of policies and silences mean by a word: "budget.threshold", or "budget" for all of budget.*.
bool fits_kind(std::string_view word, std::string_view kind);
/// Whether `team` is `wanted` or below it.
bool is_below(const policies::Snapshot& rules, std::string_view team, std::string_view wanted);

Severity severity_of(const Event& event);
/// What matters more is larger: severity first, then how much of a budget is gone.
std::int64_t rank_of(const Event& event);

struct Way {
    std::string target;
    std::string route;
};
/// Which targets hear of an event, each once, in the order of the policy.
std::vector<Way> ways_of(const Event& event, const policies::Snapshot& rules);
/// The route of that name; of one that is gone, one with the usual times.
const policies::AlertRoute& route_named(const policies::Snapshot& rules, std::string_view name);

bool is_silenced(const State& state, const Incident& incident, const policies::Snapshot& rules, Timestamp now);
/// Whether something open explains this incident, so that nobody need be told of it as well.
bool is_muted(const State& state, const Incident& incident);

/// When the quiet hours end that `now` lies in; none: it lies in none.
std::optional<Timestamp> quiet_until(const policies::QuietHours& quiet, const std::string& time_zone, Timestamp now);

/// Whether something that lasts is told again and again. A mark that was passed, or a key that somebody has paused, is
/// told once: it asks nobody to act again.
bool is_repeated(const Event& event);

}  // namespace bursar::outbox
