// What the section "reports" refers to: teams and targets.
#include "policies/draft.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

using Each = ReportSchedule::Each;

class ReportLinker {
  public:
    ReportLinker(Snapshot& rules, Problems& problems, std::vector<std::string>& warnings)
        : rules_(rules), problems_(problems), warnings_(warnings) {
        for (const auto& [name, team] : rules.teams)
            if (!team->parent.empty()) departments_.insert(team->parent);
    }

    void link(ReportDraft& draft) {
        ReportSchedule& schedule = draft.schedule;
        find_subjects(draft);
        schedule.to = targets(draft.to);
        for (ReportDraft::Own& own : draft.to_of) {
            if (own.team.name != whole_organisation && !is_team(own.team)) continue;
            schedule.to_of.emplace(own.team.name, targets(own.to));
        }
        warn(schedule);
        rules_.reports.emplace(schedule.name, std::move(schedule));
    }

  private:
    bool is_team(const NameAt& name) {
        if (rules_.teams.contains(name.name)) return true;
        problems_.add(name.at, fmt::format("there is no team \"{}\"{}", name.name,
                                           advice_for(name.name, rules_.teams, problems_)));
        return false;
    }
    std::vector<std::string> targets(const std::vector<NameAt>& names) {
        std::vector<std::string> out;
        for (const NameAt& name : names) {
            if (rules_.alerts.targets.contains(name.name))
                out.push_back(name.name);
            else
                problems_.add(name.at, fmt::format("there is no target \"{}\"{}", name.name,
                                                   advice_for(name.name, rules_.alerts.targets, problems_)));
        }
        return out;
    }
    bool is_below(std::string_view team, std::string_view above) const {
        for (std::size_t level = 0; level <= rules_.teams.size(); ++level) {
            if (team == above) return true;
            const auto found = rules_.teams.find(team);
            if (found == rules_.teams.end() || found->second->parent.empty()) return false;
            team = found->second->parent;
        }
        return false;
    }
    void find_subjects(ReportDraft& draft) {
        ReportSchedule& schedule = draft.schedule;
        schedule.whole = draft.of.empty() && draft.each == Each::named;
        std::vector<std::string> named;
        bool everybody = draft.of.empty();
        for (const NameAt& name : draft.of) {
            if (name.name == whole_organisation)
                everybody = schedule.whole = true;
            else if (is_team(name))
                named.push_back(name.name);
        }
        if (draft.each == Each::named) {
            schedule.subjects = std::move(named);
            return;
        }
        // The word says where to look, not whom a further report is about.
        schedule.whole = false;
        for (const auto& [name, team] : rules_.teams) {
            if (departments_.contains(name) != (draft.each == Each::department)) continue;
            const bool wanted = everybody || std::ranges::any_of(named, [&](const std::string& above) {
                                    return is_below(name, above);
                                });
            if (wanted) schedule.subjects.push_back(name);
        }
        if (schedule.subjects.size() > report_subjects_max)
            problems_.add(draft.at, fmt::format("report \"{}\" is about {} teams; at most {} are reported on one by "
                                                "one, so name those that it is about (of:)",
                                                schedule.name, schedule.subjects.size(), report_subjects_max));
    }
    bool has_target(const ReportSchedule& schedule, std::string_view team) const {
        return !targets_of(rules_, schedule, team).empty();
    }
    void warn(const ReportSchedule& schedule) {
        if (schedule.subjects.empty() && !schedule.whole)
            warnings_.push_back(fmt::format("reports: {} is about nobody, there are no such teams", schedule.name));
        std::size_t unsent = schedule.whole && !has_target(schedule, {}) ? 1 : 0;
        for (const std::string& team : schedule.subjects)
            if (!has_target(schedule, team)) ++unsent;
        if (unsent == 0) return;
        const std::size_t all = schedule.subjects.size() + (schedule.whole ? 1 : 0);
        warnings_.push_back(
            unsent == all ? fmt::format("reports: {} goes to no target, it is only kept; see bursarctl report list",
                                        schedule.name)
                          : fmt::format("reports: {} of the {} reports of {} go to no target, they are only kept",
                                        unsent, all, schedule.name));
    }

    Snapshot& rules_;
    Problems& problems_;
    std::vector<std::string>& warnings_;
    std::set<std::string, std::less<>> departments_;  ///< teams that have others below them
};

}  // namespace

void link_reports(Draft& draft, Snapshot& out, Problems& problems, std::vector<std::string>& warnings) {
    if (draft.reports.empty()) return;
    ReportLinker linker(out, problems, warnings);
    for (auto& [name, entry] : draft.reports) linker.link(entry.content);
}

}  // namespace bursar::policies
