#include "service/admin/leads.h"

#include "service/admin/limited.h"
#include "service/treasury/accounts.h"

#include <algorithm>

namespace bursar::admin {

std::vector<Caller> callers_now(const Parts& parts) {
    std::vector<Caller> callers = auth::callers_of(parts.keys.list());
    for (const auto& person : parts.people.all()) {
        if (!person->let_in()) continue;
        for (const std::string& team : person->standing.teams)
            callers.push_back(
                {.key_id = {}, .name = {}, .team = team, .person = person->name, .models = {}, .budgets = {}});
    }
    return callers;
}

std::vector<std::string> led_by(const Visit& visit) {
    if (visit.person != nullptr) return visit.person->standing.leads;
    if (visit.who.team.empty()) return {};
    return {visit.who.team};
}

bool is_of_leads(const Visit& visit, const AccountName& account, const std::vector<Caller>& callers) {
    const auto rules = visit.parts->rules.get();
    return std::ranges::any_of(
        led_by(visit), [&](const std::string& team) { return treasury::is_of_team(*rules, callers, account, team); });
}

}  // namespace bursar::admin
