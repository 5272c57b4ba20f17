#include "policies/comparison.h"

#include "policies/compare_limits.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

std::string percents(const Budget& budget) {
    return budget.warn_percent.empty() ? "nothing" : fmt::format("{}%", fmt::join(budget.warn_percent, "%, "));
}

}  // namespace

Comparison::Comparison(const std::string& time_zone) {
    if (auto zone = TimeZone::load(time_zone)) zone_ = *std::move(zone);
}

void Comparison::value(std::string_view thing, std::string_view what, std::string_view before, std::string_view after) {
    if (before == after) return;
    if (before.empty())
        lines_.push_back(fmt::format("{}: {} {}", thing, what, after));
    else if (after.empty())
        lines_.push_back(fmt::format("{}: no longer {} {}", thing, what, before));
    else
        lines_.push_back(fmt::format("{}: {} {} -> {}", thing, what, before, after));
}

void Comparison::budgets(std::string_view thing, std::string_view what, const std::vector<Budget>& before,
                         const std::vector<Budget>& after, Measure money) {
    const auto words = [&](const Budget& budget) { return words_of(budget, money, zone_); };
    const auto like = [](const std::vector<Budget>& all, const Budget& one) {
        return std::ranges::find_if(all, [&](const Budget& each) { return each.is_like(one); });
    };
    for (const Budget& old : before)
        if (like(after, old) == after.end())
            lines_.push_back(fmt::format("{}: {} {} is gone", thing, what, words(old)));
    for (const Budget& now : after) {
        const auto old = like(before, now);
        if (old == before.end())
            lines_.push_back(fmt::format("{}: new {} {}", thing, what, words(now)));
        else if (old->limit != now.limit)
            lines_.push_back(fmt::format("{}: {} {} -> {}", thing, what, words(*old), words(now)));
        else if (old->warn_percent != now.warn_percent)
            lines_.push_back(fmt::format("{}: {} {} warns at {}", thing, what, words(now), percents(now)));
    }
}

void Comparison::came_or_went(std::string_view kind, std::string_view name, std::string_view which) {
    lines_.push_back(fmt::format("{} {}: {}", kind, name, which));
}

std::string joined(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

}  // namespace bursar::policies
