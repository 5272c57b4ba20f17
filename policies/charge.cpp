#include "policies/charge.h"

#include "policies/decimal.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

__extension__ using Wide = __int128;  // the product of an amount and a factor has more than 64 bits

constexpr int factor_digits = 6;
constexpr std::int64_t factor_unit = 1'000'000;
constexpr std::int64_t factor_max = 1'000;
constexpr NanoUsd most{std::numeric_limits<std::int64_t>::max()};
constexpr NanoUsd least{std::numeric_limits<std::int64_t>::min()};

NanoUsd within_range(Wide nanos) {
    return NanoUsd{static_cast<std::int64_t>(std::clamp<Wide>(nanos, least.nanos(), most.nanos()))};
}

/// The largest whole number that is not above the quotient; the divisor is positive.
Wide floor_of(Wide dividend, Wide divisor) {
    const Wide quotient = dividend / divisor;
    return dividend % divisor < 0 ? quotient - 1 : quotient;
}

/// From the team up. A policy has no circles; the bound is for one that is being looked at before it is checked.
std::vector<std::string_view> lineage(const Snapshot& rules, std::string_view team) {
    constexpr std::size_t levels_max = 32;
    std::vector<std::string_view> out;
    for (std::string_view name = team; !name.empty() && out.size() < levels_max;) {
        out.push_back(name);
        const auto found = rules.teams.find(name);
        name = found == rules.teams.end() ? std::string_view() : std::string_view(found->second->parent);
    }
    return out;
}

bool covers(std::string_view of, const Model& model) {
    constexpr std::string_view tier = "tier:", name = "model:";
    if (of.empty()) return true;
    if (of.starts_with(tier)) return of.substr(tier.size()) == model.tier;
    return of.starts_with(name) && of.substr(name.size()) == model.name;
}

}  // namespace

Charge charge_for(const Snapshot& rules, std::string_view team, const Model& model) {
    if (rules.charging.empty()) return {};
    const auto teams = lineage(rules, team);
    for (const ChargeRule& rule : rules.charging) {
        if (!covers(rule.of, model)) continue;
        if (!rule.team.empty() && std::ranges::find(teams, rule.team) == teams.end()) continue;
        return {.factor = rule.factor, .per_call = rule.per_call};
    }
    return {};
}

NanoUsd charged(const Charge& charge, NanoUsd cost) {
    const Wide product = Wide{cost.nanos()} * charge.factor.numerator;
    return within_range(-floor_of(-product, charge.factor.denominator) + charge.per_call.nanos());
}

NanoUsd cost_within(const Charge& charge, NanoUsd limit) {
    if (limit == most) return most;
    const Wide rest = Wide{limit.nanos()} - charge.per_call.nanos();
    if (charge.factor.numerator == 0) return rest < 0 ? NanoUsd{-1} : most;
    return within_range(floor_of(rest * charge.factor.denominator, charge.factor.numerator));
}

std::optional<Factor> parse_charge_factor(std::string_view text) {
    const std::size_t point = text.find('.');
    const bool plain = text.find_first_not_of("0123456789.") == std::string_view::npos;
    if (!plain || (point != std::string_view::npos && text.size() - point - 1 > factor_digits)) return {};
    const auto parts = parse_decimal(text, factor_digits, factor_max * factor_unit);
    if (!parts) return {};
    const std::int64_t common = std::gcd(*parts, factor_unit);
    return Factor{*parts / common, factor_unit / common};
}

std::string words_of(const Charge& charge) {
    const std::int64_t parts = charge.factor.numerator * (factor_unit / charge.factor.denominator);
    std::string factor = fmt::format("{}.{:06}", parts / factor_unit, parts % factor_unit);
    while (factor.ends_with('0')) factor.pop_back();
    if (factor.ends_with('.')) factor.pop_back();
    std::string text = charge.factor == Factor{} ? "the cost" : fmt::format("{} times the cost", factor);
    if (charge.factor.numerator == 0) text = "nothing of the cost";
    if (charge.per_call != NanoUsd{}) text += fmt::format(", and {} USD per call", charge.per_call.text());
    return text;
}

}  // namespace bursar::policies
