#include "policies/compare_alerts.h"

#include "policies/identity_fields.h"
#include "service/base/crypto.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

/// Long texts by their digest: certificates, fields.
std::string shown(const std::string& text) {
    constexpr std::size_t shown_max = 200, digits = 12;
    if (text.size() <= shown_max) return text;
    return fmt::format("{} bytes (SHA-256 {}…)", text.size(), to_hex(sha256(text)).substr(0, digits));
}

void compare_target(Comparison& out, const std::string& thing, const AlertTarget& before, const AlertTarget& after) {
    out.value(thing, "kind", before.kind, after.kind);
    std::set<std::string> settings, secrets;
    for (const AlertTarget* const each : {&before, &after}) {
        for (const auto& entry : each->settings) settings.insert(entry.first);
        for (const auto& entry : each->secrets) secrets.insert(entry.first);
    }
    const auto value_of = [](const std::map<std::string, std::string>& values, const std::string& name) {
        const auto found = values.find(name);
        if (found == values.end()) return std::string();
        // Whoever may answer requests without a sign-in here is read by eyes.
        return name.starts_with("approve") ? found->second : shown(found->second);
    };
    for (const std::string& name : settings)
        out.value(thing, name, value_of(before.settings, name), value_of(after.settings, name));
    for (const std::string& name : secrets)
        out.value(thing, "secret of its " + name, value_of(before.secrets, name), value_of(after.secrets, name));
    const auto pace = [](const AlertTarget& target) { return fmt::format("{} messages a minute", target.per_minute); };
    if (!before.name.empty() || after.per_minute != AlertTarget{}.per_minute)
        out.value(thing, "at most", before.name.empty() ? std::string() : pace(before), pace(after));
}

std::string what_of(const AlertRoute& route) {
    if (route.name.empty()) return {};
    return fmt::format("{}{}, from {} on", route.kinds.empty() ? "every event" : joined(route.kinds),
                       route.teams.empty() ? "" : " of " + joined(route.teams), name_of(route.at_least));
}

std::string clock_of(std::chrono::minutes at) { return fmt::format("{:02}:{:02}", at.count() / 60, at.count() % 60); }

std::string quiet_of(const AlertRoute& route) {
    if (!route.quiet) return {};
    const QuietHours& quiet = *route.quiet;
    const std::string hours =
        quiet.from == quiet.to ? std::string() : fmt::format("{} to {}", clock_of(quiet.from), clock_of(quiet.to));
    if (!quiet.weekends) return hours;
    return hours.empty() ? "at weekends" : hours + " and at weekends";
}

std::string pace_of(const AlertRoute& route) {
    if (route.name.empty()) return {};
    return fmt::format(
        "{}, news every {}, {}", words_of(route.group_wait), words_of(route.group_interval),
        route.repeat_interval.count() == 0 ? "no reminders" : "reminders every " + words_of(route.repeat_interval));
}

void compare_route(Comparison& out, const std::string& thing, const AlertRoute& before, const AlertRoute& after) {
    out.value(thing, "tells of", what_of(before), what_of(after));
    out.value(thing, "to", joined(before.targets), joined(after.targets));
    out.value(thing, "waits", pace_of(before), pace_of(after));
    out.value(thing, "is quiet", quiet_of(before), quiet_of(after));
    if (before.goes_on != after.goes_on)
        out.line(fmt::format("{}: {}", thing,
                             after.goes_on ? "the next route is looked at, too" : "no further route is looked at"));
    if (before.resolved != after.resolved)
        out.line(fmt::format("{}: the end is {}", thing, after.resolved ? "told, too" : "not told"));
}

}  // namespace

void compare_alerts(Comparison& out, const Alerts& before, const Alerts& after) {
    out.section("alert target", before.targets, after.targets,
                [&](const std::string& thing, const AlertTarget& old, const AlertTarget& now) {
                    compare_target(out, thing, old, now);
                });
    std::map<std::string, AlertRoute> old_routes, new_routes;
    std::vector<std::string> old_order, new_order;
    for (const AlertRoute& route : before.routes) {
        old_routes.emplace(route.name, route);
        if (std::ranges::find(after.routes, route.name, &AlertRoute::name) != after.routes.end())
            old_order.push_back(route.name);
    }
    for (const AlertRoute& route : after.routes) {
        new_routes.emplace(route.name, route);
        if (old_routes.contains(route.name)) new_order.push_back(route.name);
    }
    out.section("alert route", old_routes, new_routes,
                [&](const std::string& thing, const AlertRoute& old, const AlertRoute& now) {
                    compare_route(out, thing, old, now);
                });
    if (old_order != new_order) out.value("alerts", "routes in the order", joined(old_order), joined(new_order));
    out.value("alerts", "trouble is told to", before.trouble, after.trouble);
}

}  // namespace bursar::policies
