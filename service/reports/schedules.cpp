#include "service/reports/schedules.h"

#include "integrations/report/report_json.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::reports {
namespace {

/// Whom a schedule is about, a report each.
std::vector<std::string> teams_of(const policies::ReportSchedule& schedule) {
    std::vector<std::string> teams;
    if (schedule.whole) teams.emplace_back();
    teams.insert(teams.end(), schedule.subjects.begin(), schedule.subjects.end());
    return teams;
}

Result<const policies::ReportSchedule*> schedule_of(const policies::Snapshot& rules, const std::string& name) {
    const auto found = rules.reports.find(name);
    if (found == rules.reports.end())
        return fail(Fault::not_found, "The policy in force has no report of that name. See: bursarctl report list");
    return &found->second;
}

Result<std::string> team_in(const policies::Snapshot& rules, const policies::ReportSchedule& schedule,
                            const std::string& of) {
    if (of == policies::whole_organisation) return std::string();
    if (!of.empty()) {
        if (rules.teams.contains(of)) return of;
        return fail(Fault::not_found, "The policy has no team of that name. See: bursarctl teams");
    }
    const auto teams = teams_of(schedule);
    if (teams.empty())
        return fail(Fault::invalid_request, "This report is about nobody. Say whom it is to be about: --of TEAM.");
    return teams.front();
}

Ask ask_of(const policies::ReportSchedule& schedule, std::string team, const Period& period) {
    return {.name = schedule.name,
            .every = every_of(schedule),
            .team = std::move(team),
            .period = period,
            .people_shown = schedule.people_shown};
}

}  // namespace

Result<std::vector<Schedules::Due>> Schedules::due(const policies::Snapshot& rules, const TimeZone& zone,
                                                   Timestamp now) {
    Marks known;
    TRY_VOID(parts_.store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(known, read_marks(transaction));
        return {};
    }));
    Marks fresh;
    std::vector<Due> out;
    for (const auto& [name, schedule] : rules.reports) {
        const Every every = every_of(schedule);
        const Period period = last_over(zone, every, now);
        const bool is_time = due_at(zone, schedule, period) <= now;
        for (std::string& team : teams_of(schedule)) {
            const auto mark = known.extract(Mark{name, team});
            if (mark.empty())
                fresh[{name, team}] = period_around(zone, every, now).start;
            else if (is_time && period.end > mark.mapped())
                out.push_back({&schedule, std::move(team), period});
        }
    }
    if (fresh.empty() && known.empty()) return out;
    // What is left of the known ones is no longer in the policy.
    TRY_VOID(parts_.store.write([&](store::Transaction& transaction) -> Result<void> {
        for (const auto& [mark, at] : fresh) TRY_VOID(set_mark(transaction, mark, at));
        for (const auto& [mark, at] : known) TRY_VOID(erase_mark(transaction, mark));
        return {};
    }));
    return out;
}

Result<void> Schedules::tell(const policies::Snapshot& rules, const TimeZone& zone, const Due& due, Timestamp now) {
    const policies::ReportSchedule& schedule = *due.schedule;
    TRY(const report::Report made, parts_.gatherer.gather(rules, ask_of(schedule, due.team, due.period), now));
    const std::string json = report::write_report(made);
    const Kept kept{.name = schedule.name,
                    .team = due.team,
                    .label = label_of(zone, every_of(schedule), due.period),
                    .period = due.period,
                    .made = now,
                    .by = {},
                    .to = policies::targets_of(rules, schedule, due.team),
                    .formats = schedule.formats};
    return parts_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(announce(transaction, kept, json));
        return set_mark(transaction, {schedule.name, due.team}, due.period.end);
    });
}

Result<void> Schedules::look(Timestamp now) {
    const auto rules = parts_.rules.get();
    TRY(const TimeZone zone, TimeZone::load(rules->organisation.time_zone));
    TRY(const std::vector<Due> waiting, due(*rules, zone, now));
    Result<void> outcome;
    int made = 0;
    for (const Due& each : waiting) {
        if (made++ == reports_per_look_max) break;
        // One that cannot be made must not keep the others from being told.
        auto told = tell(*rules, zone, each, now);
        if (!told && outcome) outcome = std::move(told);
    }
    if (now < forget_at_) return outcome;
    forget_at_ = now + std::chrono::hours(1);
    TRY_VOID(parts_.store.write(
        [now](store::Transaction& transaction) { return forget_kept(transaction, now - kept_for); }));
    return outcome;
}

Result<std::string> Schedules::team_of(const Wish& wish) const {
    const auto rules = parts_.rules.get();
    TRY(const auto* schedule, schedule_of(*rules, wish.name));
    return team_in(*rules, *schedule, wish.of);
}

Result<report::Report> Schedules::make(const Wish& wish, Timestamp now) const {
    const auto rules = parts_.rules.get();
    TRY(const auto* schedule, schedule_of(*rules, wish.name));
    TRY(std::string team, team_in(*rules, *schedule, wish.of));
    TRY(const TimeZone zone, TimeZone::load(rules->organisation.time_zone));
    TRY(const Period period, period_called(zone, every_of(*schedule), wish.period, now));
    return parts_.gatherer.gather(*rules, ask_of(*schedule, std::move(team), period), now);
}

Result<Kept> Schedules::send(const Sending& sending, Timestamp now, const Also& also) {
    const auto rules = parts_.rules.get();
    TRY(const auto* schedule, schedule_of(*rules, sending.wish.name));
    TRY(const std::string team, team_in(*rules, *schedule, sending.wish.of));
    TRY(const TimeZone zone, TimeZone::load(rules->organisation.time_zone));
    const Every every = every_of(*schedule);
    TRY(const Period period, period_called(zone, every, sending.wish.period, now));
    Kept kept{.name = schedule->name,
              .team = team,
              .label = label_of(zone, every, period),
              .period = period,
              .made = now,
              .by = sending.by,
              .to = sending.to.empty() ? policies::targets_of(*rules, *schedule, team) : sending.to,
              .formats = schedule->formats};
    for (const std::string& target : kept.to)
        if (!rules->alerts.targets.contains(target))
            return fail(Fault::not_found,
                        fmt::format("The policy in force has no target \"{}\". See: bursarctl alerts targets",
                                    target.substr(0, 100)));
    if (kept.to.empty())
        return fail(Fault::invalid_request,
                    "This report goes to no target. Name one: --to TARGET. See: bursarctl alerts targets");
    TRY(const report::Report made, parts_.gatherer.gather(*rules, ask_of(*schedule, team, period), now));
    const std::string json = report::write_report(made);
    TRY_VOID(parts_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(kept.number, announce(transaction, kept, json));
        if (also) TRY_VOID(also(transaction, kept));
        return {};
    }));
    return kept;
}

Result<Timestamp> Schedules::next(const policies::ReportSchedule& schedule, Timestamp now) const {
    const auto rules = parts_.rules.get();
    TRY(const TimeZone zone, TimeZone::load(rules->organisation.time_zone));
    const Every every = every_of(schedule);
    const Timestamp last = due_at(zone, schedule, last_over(zone, every, now));
    return last > now ? last : due_at(zone, schedule, period_around(zone, every, now));
}

}  // namespace bursar::reports
