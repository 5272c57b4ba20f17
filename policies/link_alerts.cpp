// What the section "alerts" refers to: teams and targets.
#include "policies/draft.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

template <typename Known>
bool is_there(const Reference& reference, std::string_view what, const Known& known, Problems& problems) {
    if (known.contains(reference.name)) return true;
    problems.add(reference.at, fmt::format("there is no {} \"{}\"{}", what, reference.name,
                                           advice_for(reference.name, known, problems)));
    return false;
}

AlertRoute link_route(AlertRouteDraft& draft, const Snapshot& out, Problems& problems) {
    AlertRoute route = std::move(draft.route);
    for (Reference& team : draft.teams)
        if (is_there(team, "team", out.teams, problems)) route.teams.push_back(std::move(team.name));
    for (Reference& target : draft.targets)
        if (is_there(target, "target", out.alerts.targets, problems)) route.targets.push_back(std::move(target.name));
    return route;
}

/// A target that is written down and hears nothing is worse than none.
void warn_of_idle(const Alerts& alerts, std::vector<std::string>& warnings) {
    if (alerts.routes.empty()) return;
    for (const auto& [name, target] : alerts.targets) {
        const bool used = name == alerts.trouble || std::ranges::any_of(alerts.routes, [&](const AlertRoute& route) {
                              return std::ranges::find(route.targets, name) != route.targets.end();
                          });
        if (!used) warnings.push_back(fmt::format("alerts: no route leads to the target {}", name));
    }
}

}  // namespace

void link_alerts(Draft& draft, Snapshot& out, Problems& problems, std::vector<std::string>& warnings) {
    if (!draft.alerts) return;
    AlertsDraft& alerts = draft.alerts->content;
    for (auto& [name, target] : alerts.targets) {
        for (const auto& [team, at] : target.teams) is_there({team, at}, "team", out.teams, problems);
        out.alerts.targets.emplace(name, std::move(target.target));
    }
    if (!alerts.routes.empty() && alerts.targets.empty())
        problems.add(alerts.routes.front().at, "alerts has routes and no targets; add the targets that they lead to");
    else
        for (AlertRouteDraft& route : alerts.routes) out.alerts.routes.push_back(link_route(route, out, problems));
    if (alerts.trouble && is_there(*alerts.trouble, "target", out.alerts.targets, problems))
        out.alerts.trouble = alerts.trouble->name;
    warn_of_idle(out.alerts, warnings);
}

}  // namespace bursar::policies
