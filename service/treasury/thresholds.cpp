// Looks at limits again and again, and raises what their marks say.
#include "service/treasury/thresholds.h"

#include <algorithm>
#include <utility>

namespace bursar::treasury {
namespace {

/// What is looked at: limits that have marks, and those whose end people want to know.
bool is_looked_at(const AccountName& account, const Budget& limit) {
    return !limit.warn_percent.empty() || is_reported({.account = account,
                                                       .budget = limit,
                                                       .limit = {},
                                                       .spent = Quantity(1),
                                                       .held = {},
                                                       .period_start = {},
                                                       .period_end = {}});
}

}  // namespace

/// What was told before this process began, from the events themselves.
Result<void> Thresholds::remember() {
    if (remembered_) return {};
    std::map<std::string, Open> open;
    TRY_VOID(desk_.store.read([&](store::Transaction& transaction) {
        return transaction.each(
            "SELECT name, kind, incident, subject, team, at FROM treasury_event WHERE kind IN ('budget.threshold', "
            "'budget.exhausted', 'budget.recovered', 'budget.period_closed') AND incident != '' ORDER BY number",
            {}, [&](const store::Row& row) -> Result<void> {
                const Event event{.at = restored(row.integer(5)),
                                  .name = std::string(row.text(0)),
                                  .kind = std::string(row.text(1)),
                                  .subject = {},
                                  .text = {},
                                  .detail = {}};
                const std::string incident(row.text(2));
                if (event.kind == "budget.period_closed") {
                    open.erase(incident);
                    return {};
                }
                Open& one = open[incident];
                one.account = row.text(3);
                one.team = row.text(4);
                note_told(one.told, event);
                return {};
            });
    }));
    open_ = std::move(open);
    remembered_ = true;
    return {};
}

/// What one limit says now.
void Thresholds::judge(const ledger::Standing& standing, const TimeZone& zone, const std::vector<Caller>& keys,
                       Timestamp now, Look& look) const {
    const std::string incident = incident_of(standing);
    look.seen.insert(incident);
    if (is_reported(standing)) look.last.emplace(incident, standing);
    if (standing.budget.warn_percent.empty()) return;
    const auto known = open_.find(incident);
    const Told told = known == open_.end() ? Told{} : known->second.told;
    std::vector<Event> found = threshold_events(standing, zone, now, told);
    if (auto recovered = recovery_event(standing, zone, now, told)) found.push_back(*std::move(recovered));
    if (found.empty()) return;
    // Looked up for what is told only: there may be very many keys.
    const std::string team = team_of(keys, standing.account);
    for (Event& event : found) {
        event.team = team;
        look.found.push_back(std::move(event));
    }
}

/// What was there at the last look, or was told of, and is not there now.
void Thresholds::close(const TimeZone& zone, Timestamp now, Look& look) const {
    for (const auto& [incident, one] : open_) {
        if (look.seen.contains(incident)) continue;
        const auto last = last_.find(incident);
        look.found.push_back(closing_event({.incident = incident, .account = one.account, .team = one.team},
                                           last == last_.end() ? nullptr : &last->second, zone, now));
    }
    for (const auto& [incident, standing] : last_) {
        if (look.seen.contains(incident) || open_.contains(incident)) continue;
        if (now < standing.period_end) continue;
        const std::string team = standing.account == "org" ? std::string() : standing.account.substr(5);
        look.found.push_back(
            closing_event({.incident = incident, .account = standing.account, .team = team}, &standing, zone, now));
    }
}

void Thresholds::note(const Event& event) {
    if (event.kind == "budget.period_closed") {
        open_.erase(event.incident);
        return;
    }
    Open& one = open_[event.incident];
    one.account = event.subject;
    one.team = event.team;
    note_told(one.told, event);
}

Result<void> Thresholds::look(Timestamp now) {
    TRY_VOID(remember());
    const auto rules = desk_.rules.get();
    TRY(const TimeZone zone, TimeZone::load(rules->organisation.time_zone));
    const std::vector<Caller> keys = keys_();
    Look look;
    for (auto& [account, limits] : limited_accounts(*rules, keys)) {
        std::erase_if(limits, [&](const Budget& each) { return !is_looked_at(account, each); });
        if (limits.empty()) continue;
        // One account at a time: microseconds of the ledger's lock.
        TRY(const auto all, standings_({{.account = account, .budgets = std::move(limits)}}, now));
        for (const ledger::Standing& standing : all) judge(standing, zone, keys, now, look);
    }
    close(zone, now, look);
    if (!look.found.empty())
        TRY_VOID(desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
            for (const Event& event : look.found) TRY_VOID(raise(transaction, event));
            return {};
        }));
    for (const Event& event : look.found) note(event);
    last_ = std::move(look.last);
    return {};
}

}  // namespace bursar::treasury
