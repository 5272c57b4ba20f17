#include "service/outbox/matching.h"

#include "policies/event_kinds.h"
#include "service/base/time_zone.h"
#include "service/outbox/detail.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bursar::outbox {
namespace {

constexpr std::string_view default_route_name = "default";

const policies::AlertRoute& default_route() {
    static const policies::AlertRoute route{.name = std::string(default_route_name),
                                            .kinds = {},
                                            .teams = {},
                                            .at_least = Severity::warning,
                                            .targets = {},
                                            .quiet = {}};
    return route;
}

/// What tells of a target's trouble must not go that way.
std::string_view target_of(const Event& event) {
    constexpr std::string_view prefix = "target:";
    const std::string_view subject = event.subject;
    return subject.starts_with(prefix) ? subject.substr(prefix.size()) : std::string_view{};
}

bool fits(const policies::AlertRoute& route, const Event& event, const policies::Snapshot& rules) {
    if (severity_of(event) < route.at_least) return false;
    if (!route.kinds.empty() &&
        std::ranges::none_of(route.kinds, [&](const std::string& word) { return fits_kind(word, event.kind); }))
        return false;
    return route.teams.empty() ||
           std::ranges::any_of(route.teams, [&](const std::string& team) { return is_below(rules, event.team, team); });
}

/// "openai" of "channel:openai/gpt-4.1" and of "provider_key:openai/key-a".
std::string_view provider_of(std::string_view subject) {
    subject.remove_prefix(std::min(subject.find(':') + 1, subject.size()));
    return subject.substr(0, subject.find('/'));
}

std::int64_t percent_of(const Event& event) {
    const auto fields = fields_of(event.detail);
    const DetailField* percent = find_field(fields, "percent");
    std::int64_t value = 0;
    if (percent != nullptr)
        std::from_chars(percent->value.data(), percent->value.data() + percent->value.size(), value);
    return std::clamp<std::int64_t>(value, 0, 1'000);
}

/// Whether the cause, an open incident, explains what `muted` tells.
bool explains(const Incident& cause, const Incident& muted) {
    const std::string_view of = cause.latest.kind, kind = muted.latest.kind;
    if (of == "budget.exhausted") return kind == "budget.forecast" && cause.latest.subject == muted.latest.subject;
    const bool about_provider = kind == "channel.down" || kind == "provider_key.down";
    if (!about_provider || provider_of(cause.latest.subject) != provider_of(muted.latest.subject)) return false;
    if (of == "provider.down") return true;
    // Of the channels of one provider the first that went tells; the others come up when it is back and they are not.
    return of == "channel.down" && cause.number < muted.number;
}

}  // namespace

bool fits_kind(std::string_view word, std::string_view kind) {
    return word == kind || (kind.starts_with(word) && kind.substr(word.size()).starts_with('.'));
}

bool is_below(const policies::Snapshot& rules, std::string_view team, std::string_view wanted) {
    constexpr int depth_max = 32;
    std::string_view at = team;
    for (int depth = 0; depth < depth_max && !at.empty(); ++depth) {
        if (at == wanted) return true;
        const auto found = rules.teams.find(at);
        if (found == rules.teams.end()) return false;
        at = found->second->parent;
    }
    return false;
}

Severity severity_of(const Event& event) {
    if (event.severity) return *event.severity;
    const policies::EventKind* kind = policies::event_kind(event.kind);
    return kind == nullptr ? Severity::warning : kind->severity;
}

std::int64_t rank_of(const Event& event) {
    return static_cast<std::int64_t>(severity_of(event)) * 10'000 + percent_of(event);
}

std::vector<Way> ways_of(const Event& event, const policies::Snapshot& rules) {
    const policies::Alerts& alerts = rules.alerts;
    const std::string_view troubled = target_of(event);
    std::vector<Way> ways;
    const auto add = [&](const std::string& target, std::string_view route) {
        const bool there = std::ranges::any_of(ways, [&](const Way& way) { return way.target == target; });
        if (!there && target != troubled && alerts.targets.contains(target))
            ways.push_back({.target = target, .route = std::string(route)});
    };
    for (const policies::AlertRoute& route : alerts.routes) {
        if (!fits(route, event, rules)) continue;
        for (const std::string& target : route.targets) add(target, route.name);
        if (!route.goes_on) break;
    }
    if (alerts.routes.empty() && !alerts.targets.empty() && fits(default_route(), event, rules))
        add(alerts.targets.begin()->first, default_route_name);
    if (troubled.empty()) return ways;
    if (!alerts.trouble.empty()) add(alerts.trouble, default_route_name);
    for (const auto& [name, target] : alerts.targets)
        if (ways.empty()) add(name, default_route_name);
    return ways;
}

const policies::AlertRoute& route_named(const policies::Snapshot& rules, std::string_view name) {
    const auto& routes = rules.alerts.routes;
    const auto found = std::ranges::find(routes, name, &policies::AlertRoute::name);
    return found == routes.end() ? default_route() : *found;
}

bool is_silenced(const State& state, const Incident& incident, const policies::Snapshot& rules, Timestamp now) {
    return std::ranges::any_of(state.silences, [&](const auto& entry) {
        const Silence& silence = entry.second;
        return now < silence.until && (silence.events.empty() || fits_kind(silence.events, incident.latest.kind)) &&
               (silence.team.empty() || is_below(rules, incident.latest.team, silence.team)) &&
               (silence.incident.empty() || silence.incident == incident.name);
    });
}

bool is_muted(const State& state, const Incident& incident) {
    if (!incident.lasts || incident.ended) return false;
    return std::ranges::any_of(state.incidents, [&](const auto& entry) {
        const Incident& cause = entry.second;
        return cause.number != incident.number && cause.lasts && !cause.ended && explains(cause, incident);
    });
}

std::optional<Timestamp> quiet_until(const policies::QuietHours& quiet, const std::string& time_zone, Timestamp now) {
    using std::chrono::days;
    using std::chrono::sys_days;
    auto zone = TimeZone::load(time_zone);
    if (!zone) zone = TimeZone::load("UTC");
    if (!zone) return std::nullopt;
    const auto is_weekend = [](sys_days day) {
        const unsigned weekday = std::chrono::weekday(day).iso_encoding();
        return weekday >= 6;
    };
    // Stretches of quiet of the days around, put together where they touch: a Friday's night goes on into the weekend.
    std::vector<std::pair<Timestamp, Timestamp>> stretches;
    const sys_days today = zone->date_of(now);
    for (sys_days day = today - days(1); day <= today + days(4); day += days(1)) {
        if (quiet.weekends && is_weekend(day))
            stretches.emplace_back(zone->start_of(day), zone->start_of(day + days(1)));
        if (quiet.from == quiet.to) continue;
        const sys_days last = quiet.from < quiet.to ? day : day + days(1);
        stretches.emplace_back(zone->at(day, quiet.from), zone->at(last, quiet.to));
    }
    std::ranges::sort(stretches);
    std::optional<Timestamp> until;
    for (const auto& [begin, end] : stretches) {
        const Timestamp inside = until.value_or(now);
        if (begin <= inside && inside < end) until = end;
    }
    return until;
}

bool is_repeated(const Event& event) {
    constexpr std::array<std::string_view, 3> once{"budget.threshold", "key.paused", "certificate.expiring"};
    return severity_of(event) == Severity::critical || std::ranges::find(once, event.kind) == once.end();
}

}  // namespace bursar::outbox
