#include "policies/compare_limits.h"

#include "policies/charge.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

std::string words_of(const ChargeRule& rule) {
    const std::string whom = rule.team.empty() ? "every team" : "team " + rule.team;
    return fmt::format("{}{} pays {}", whom, rule.of.empty() ? "" : " for " + rule.of,
                       words_of(Charge{.factor = rule.factor, .per_call = rule.per_call}));
}

}  // namespace

std::string words_of(const Budget& budget, Measure usual, const std::optional<TimeZone>& zone) {
    std::string text = budget.limit.for_people(budget.measure);
    if (is_money(budget.measure) && budget.measure != usual)
        text += budget.measure == Measure::cost ? " of cost" : " as charged";
    const std::string period =
        budget.per == Per::dates && zone
            ? fmt::format("from {} until {}", zone->day_words(budget.from), zone->day_words(budget.until))
            : period_words(budget);
    return fmt::format("{} {}{}{}", text, period, budget.of.empty() ? "" : " of " + budget.of,
                       budget.hard ? "" : " (soft)");
}

std::string words_of(const Rate& rate) {
    std::vector<std::string> parts;
    const auto count = [](std::int64_t number, Measure measure) { return Quantity{number}.for_people(measure); };
    if (rate.requests_per_minute)
        parts.push_back(fmt::format("{} per minute", count(*rate.requests_per_minute, Measure::calls)));
    if (rate.tokens_per_minute)
        parts.push_back(fmt::format("{} per minute", count(*rate.tokens_per_minute, Measure::tokens)));
    if (rate.parallel) parts.push_back(fmt::format("{} at once", count(*rate.parallel, Measure::calls)));
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> charging_changes(const std::vector<ChargeRule>& before, const std::vector<ChargeRule>& after) {
    std::vector<std::string> lines;
    const auto absent = [](const std::vector<ChargeRule>& rules, const ChargeRule& rule) {
        return std::ranges::find(rules, rule) == rules.end();
    };
    for (const ChargeRule& old : before)
        if (absent(after, old)) lines.push_back(fmt::format("charging: no longer {}", words_of(old)));
    for (const ChargeRule& now : after)
        if (absent(before, now)) lines.push_back(fmt::format("charging: {}", words_of(now)));
    if (lines.empty() && before != after)
        lines.emplace_back("charging: the rules stand in another order; the first that fits counts");
    return lines;
}

}  // namespace bursar::policies
