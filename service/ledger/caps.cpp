#include "service/ledger/caps.h"

#include <algorithm>

namespace bursar::ledger {

std::vector<Standing> caps_of(std::vector<Standing> standings) {
    std::erase_if(standings, [](const Standing& each) {
        return !each.budget.hard || each.budget.measure != Measure::money || !each.budget.of.empty();
    });
    // Of limits that are as full the one that lasts longest: it is what a person waits for.
    std::ranges::sort(standings, [](const Standing& a, const Standing& b) {
        const std::int64_t of_a = percent_spent(a), of_b = percent_spent(b);
        return of_a != of_b ? of_a > of_b : a.period_end > b.period_end;
    });
    return standings;
}

std::int64_t percent_spent(const Standing& standing) {
    if (standing.limit <= Quantity{}) return 100;
    constexpr std::int64_t factor_max = std::int64_t{1} << 50;
    const std::int64_t spent = standing.spent.units();
    // Small limits exactly, large ones without running over.
    if (spent < factor_max) return spent * 100 / standing.limit.units();
    return spent / std::max<std::int64_t>(1, standing.limit.units() / 100);
}

std::string_view agent_period(Per per) {
    switch (per) {
        case Per::minute:
        case Per::hour:
        case Per::day:
            return "daily";
        case Per::week:
            return "weekly";
        case Per::month:
        case Per::quarter:
        case Per::year:
        case Per::dates:
        case Per::ever:
            return "monthly";
    }
    return "monthly";
}

}  // namespace bursar::ledger
