#include "service/treasury/unusual.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bursar::treasury {
namespace {

/// Makes of a median absolute deviation what a standard deviation would be for figures that scatter normally.
constexpr double deviation_scale = 1.4826;

NanoUsd money(double nanos) {
    constexpr double most = 9e18;
    return NanoUsd{std::llround(std::clamp(nanos, -most, most))};
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// What the account's past makes of the hour at `index`.
struct Verdict {
    bool known = false;  ///< there is a past to compare with
    double usual = 0;
    double above = 0;
};

Verdict judge(const policies::Watch::Unusual& policy, const std::vector<double>& spent, std::size_t index,
              std::size_t first) {
    std::vector<double> past;
    for (std::size_t week = 1; week <= weeks_max; ++week) {
        // The neighbours too: nobody's habits are as exact as an hour, and four figures are few.
        for (const std::size_t beside : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
            const std::size_t back = week * hours_of_week + 1;
            if (index + beside < back) continue;
            const std::size_t at = index + beside - back;
            if (at >= first && at < index) past.push_back(spent[at]);
        }
    }
    if (past.empty()) return {};
    Verdict verdict{.known = true, .usual = median(past)};
    for (double& value : past) value = std::abs(value - verdict.usual);
    const auto factor = static_cast<double>(policy.factor);
    verdict.above = std::max({static_cast<double>(policy.at_least.nanos()), factor * verdict.usual,
                              verdict.usual + factor * deviation_scale * median(past)});
    return verdict;
}

std::size_t first_spent(const std::vector<double>& spent) {
    return static_cast<std::size_t>(std::ranges::find_if(spent, [](double value) { return value > 0; }) -
                                    spent.begin());
}

}  // namespace

std::optional<Unusual> unusual_hour(const policies::Watch::Unusual& policy, const Hourly& history) {
    if (history.spent.empty()) return {};
    const std::vector<double>& spent = history.spent;
    const std::size_t first = first_spent(spent), last = spent.size() - 1;
    const auto is_unusual = [&](std::size_t index, Verdict& verdict) {
        if (spent[index] <= static_cast<double>(policy.at_least.nanos())) return false;
        verdict = judge(policy, spent, index, first);
        return verdict.known && spent[index] > verdict.above;
    };
    Verdict verdict, of_earlier;
    if (!is_unusual(last, verdict)) return {};
    std::size_t since = last;
    while (since > 0 && last - since < hours_of_week && is_unusual(since - 1, of_earlier)) --since;
    const Hour hour = history.from + std::chrono::hours(last);
    Unusual out{.hour = hour,
                .since = history.from + std::chrono::hours(since),
                .spent = money(spent[last]),
                .usual = money(verdict.usual),
                .above = money(verdict.above)};
    if (last - since == hours_of_week) out.since = std::chrono::floor<std::chrono::days>(hour);
    return out;
}

std::optional<NanoUsd> usual_hour(const Hourly& history) {
    const std::vector<double> spent = trimmed(history.from, history.spent);
    const auto active = std::ranges::count_if(spent, [](double value) { return value > 0; });
    if (active < past_hours_min) return {};
    return money(std::accumulate(spent.begin(), spent.end(), 0.0) / static_cast<double>(active));
}

NanoUsd runaway_above(const policies::Watch::Runaway& policy, std::optional<NanoUsd> usual_hour) {
    const auto factor = static_cast<double>(policy.factor);
    const auto floor = static_cast<double>(policy.at_least.nanos());
    if (!usual_hour) return money(factor * floor);
    const double part = static_cast<double>(policy.within.count()) / 60;
    return money(std::max(floor, factor * part * static_cast<double>(usual_hour->nanos())));
}

}  // namespace bursar::treasury
