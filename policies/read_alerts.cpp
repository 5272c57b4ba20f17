// Who is told of what: the section "alerts".
#include "policies/alert_fields.h"
#include "policies/draft.h"
#include "policies/event_kinds.h"
#include "policies/identity_fields.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds wait_max = 1h;
constexpr std::chrono::seconds interval_min = 10s;
constexpr std::chrono::seconds interval_max = 24h;
constexpr std::chrono::seconds repeat_max = 30 * 24h;

/// "budget.threshold", or "budget" for all of budget.*.
std::optional<std::string> read_event_word(const Value& value) {
    auto text = read_text(value);
    if (!text || event_kind(*text) != nullptr) return text;
    Nearest nearest(*text);
    for (const EventKind& kind : event_kinds()) {
        const std::string_view group = kind.name.substr(0, kind.name.find('.'));
        if (group == *text) return text;
        nearest.consider(kind.name);
        nearest.consider(group);
    }
    const std::string hint = nearest.hint();
    return value.wrong("is no kind of event" + (hint.empty() ? "; see docs/operate/events.md" : hint));
}

std::optional<QuietHours> read_quiet(const Value& value) {
    Fields fields(value.node, value.what, value.problems);
    QuietHours quiet;
    const auto from = fields.find("from"), to = fields.find("to");
    if (from) quiet.from = read_clock(*from).value_or(quiet.from);
    if (to) quiet.to = read_clock(*to).value_or(quiet.to);
    if (const auto weekends = fields.find("weekends")) quiet.weekends = read_truth(*weekends).value_or(false);
    if (from.has_value() != to.has_value()) return value.wrong("needs from and to");
    if (!from && !quiet.weekends && value.node.kind == YamlNode::Kind::map)
        return value.wrong("names no time; write it like {from: \"20:00\", to: \"07:00\", weekends: true}");
    if (from && quiet.from == quiet.to) return to->wrong("is the same as from; write hours between them");
    return quiet;
}

template <typename Read>
std::vector<std::string> read_words(const Value& value, std::string_view one, std::size_t most, Read read) {
    std::vector<std::string> out;
    for (const Value& item : read_list(value, one, most)) {
        auto word = read(item);
        if (!word) continue;
        if (std::ranges::find(out, *word) != out.end())
            item.wrong("stands twice; keep one of them");
        else
            out.push_back(*std::move(word));
    }
    return out;
}

std::vector<Reference> read_references(const Value& value, std::string_view one, std::size_t most) {
    std::vector<Reference> out;
    for (const Value& item : read_list(value, one, most))
        if (auto name = read_name(item)) out.push_back({*std::move(name), item.node.at});
    return out;
}

void read_intervals(Fields& fields, AlertRoute& route) {
    const auto take = [&](std::string_view name, std::chrono::seconds& out, std::chrono::seconds least,
                          std::chrono::seconds most) {
        if (const auto value = fields.find(name)) out = read_time(*value, least, most).value_or(out);
    };
    take("group_wait", route.group_wait, 0s, wait_max);
    take("group_interval", route.group_interval, interval_min, interval_max);
    take("repeat_interval", route.repeat_interval, 0s, repeat_max);
    // A reminder oftener than news would be news without any.
    if (route.repeat_interval > 0s && route.repeat_interval < route.group_interval)
        fields.problems().add(fields.at(),
                              fmt::format("route \"{}\" repeats after {}, sooner than its group_interval "
                                          "of {}; make it longer, or 0s for never",
                                          route.name, words_of(route.repeat_interval), words_of(route.group_interval)));
}

AlertRouteDraft read_route(const Value& value) {
    AlertRouteDraft out;
    AlertRoute& route = out.route;
    Fields fields(value.node, value.what, value.problems);
    if (const auto name = fields.need("name")) route.name = read_name(*name).value_or("");
    if (const auto words = fields.find("events"))
        route.kinds = read_words(*words, "route event", route_kinds_max, read_event_word);
    if (const auto teams = fields.find("teams")) out.teams = read_references(*teams, "route team", route_teams_max);
    if (const auto least = fields.find("at_least"))
        if (const auto word = read_word(*least, {"info", "warning", "critical"}))
            route.at_least = static_cast<Severity>(*word);
    if (const auto to = fields.need("to")) {
        out.targets = read_references(*to, "route target", route_targets_max);
        if (to->node.kind == YamlNode::Kind::list && to->node.items.empty())
            to->wrong("names no target; add one, or take the route out");
    }
    if (const auto goes_on = fields.find("continue")) route.goes_on = read_truth(*goes_on).value_or(false);
    read_intervals(fields, route);
    if (const auto resolved = fields.find("resolved")) route.resolved = read_truth(*resolved).value_or(true);
    if (const auto quiet = fields.find("quiet")) route.quiet = read_quiet(*quiet);
    out.at = value.node.at;
    return out;
}

void read_routes(const Value& value, AlertsDraft& out) {
    for (const Value& item : read_list(value, "route", alert_routes_max, "routes")) {
        AlertRouteDraft route = read_route(item);
        const bool twice = std::ranges::any_of(
            out.routes, [&](const AlertRouteDraft& each) { return each.route.name == route.route.name; });
        if (twice && !route.route.name.empty())
            item.problems.add(
                route.at, fmt::format("route \"{}\" stands twice; give one of them another name", route.route.name));
        out.routes.push_back(std::move(route));
    }
}

}  // namespace

void read_alerts(const Value& section, Rank rank, Draft& draft) {
    Fields fields(section.node, "alerts", section.problems);
    AlertsDraft alerts;
    if (const auto targets = fields.find("targets"))
        for (const Named& named : read_sources(*targets, "target", alert_targets_max))
            alerts.targets.emplace(named.name, read_alert_target(named));
    if (const auto routes = fields.find("routes")) read_routes(*routes, alerts);
    if (const auto trouble = fields.find("trouble"))
        if (auto name = read_name(*trouble)) alerts.trouble = Reference{*std::move(name), trouble->node.at};
    take_whole(draft.alerts, Ranked<AlertsDraft>{std::move(alerts), section.node.at, rank}, "alerts", section.problems);
}

}  // namespace bursar::policies
