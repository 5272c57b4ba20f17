// What the section "identity" refers to, and what each group gives.
#include "policies/draft.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::string_view tier_prefix = "tier:";

bool has_tier(const Snapshot& rules, std::string_view tier) {
    return std::ranges::any_of(rules.models, [&](const auto& entry) { return entry.second->tier == tier; });
}

void link_workload(WorkloadDraft& draft, Snapshot& out, Problems& problems) {
    WorkloadPolicy& workload = draft.workload;
    if (draft.team) {
        workload.team = draft.team->name;
        if (!out.teams.contains(workload.team))
            problems.add(draft.team->at, fmt::format("there is no team \"{}\"{}", workload.team,
                                                     advice_for(workload.team, out.teams, problems)));
    }
    for (Reference& model : draft.models) {
        const std::string_view name = model.name;
        const bool known =
            name.starts_with(tier_prefix) ? has_tier(out, name.substr(tier_prefix.size())) : out.models.contains(name);
        if (!known)
            problems.add(model.at,
                         name.starts_with(tier_prefix)
                             ? fmt::format("no model is of tier \"{}\"; define it or take it out",
                                           name.substr(tier_prefix.size()))
                             : fmt::format("there is no model \"{}\"{}", name, advice_for(name, out.models, problems)));
        workload.models.push_back(std::move(model.name));
    }
    out.identity.workloads.emplace(workload.name, std::move(workload));
}

/// What groups of the policy give by themselves; teams below those that somebody leads are found when it is asked.
void gather_groups(Snapshot& out) {
    const auto add = [](std::vector<std::string>& names, const std::string& name) {
        // Teams come in their order, so the same one can only be the last.
        if (names.empty() || names.back() != name) names.push_back(name);
    };
    for (const auto& [name, team] : out.teams) {
        for (const std::string& group : team->groups) add(out.groups[group_key(group)].teams, name);
        for (const std::string& group : team->leads) add(out.groups[group_key(group)].leads, name);
    }
    // The mightiest first: whoever is there already keeps it.
    for (const char* role : {"operator", "finance", "auditor"}) {
        const auto named = out.identity.roles.find(role);
        if (named == out.identity.roles.end()) continue;
        for (const std::string& group : named->second) {
            GroupsGive& gives = out.groups[group_key(group)];
            if (gives.role == GroupsGive{}.role) gives.role = role;
        }
    }
}

void warn(const Snapshot& rules, std::vector<std::string>& warnings) {
    for (const auto& [name, directory] : rules.identity.directories)
        if (directory.bind_dn.empty())
            warnings.push_back(
                fmt::format("directory {}: without a service account (bind) nobody is looked up between "
                            "their sign-ins, so that who leaves is not noticed",
                            name));
    for (const auto& [name, workload] : rules.identity.workloads) {
        const auto team = rules.teams.find(workload.team);
        if (team != rules.teams.end() && team->second->models.empty())
            warnings.push_back(
                fmt::format("workload {}: its team {} lists no models, so it may use none", name, workload.team));
    }
}

}  // namespace

void link_identity(Draft& draft, Snapshot& out, Problems& problems, std::vector<std::string>& warnings) {
    if (draft.identity) {
        out.identity = std::move(draft.identity->content.identity);
        for (auto& entry : draft.identity->content.workloads) link_workload(entry.second, out, problems);
    }
    gather_groups(out);
    warn(out, warnings);
}

}  // namespace bursar::policies
