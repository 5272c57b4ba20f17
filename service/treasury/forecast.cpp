#include "service/treasury/forecast.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <ratio>
#include <span>

namespace bursar::treasury {
namespace {

constexpr std::size_t hours_of_day = 24;
constexpr std::size_t days_max = 7;  ///< looked at where there are no two weeks
constexpr double outlier_factor = 4;
/// Less of the period says nothing about its rest.
constexpr auto period_passed_min = std::chrono::hours(1);
constexpr double period_passed_part_min = 0.02;
constexpr auto horizon = std::chrono::days(366);

std::size_t hour_of_week(Hour hour) {
    const auto number = hour.time_since_epoch().count() % static_cast<std::int64_t>(hours_of_week);
    return static_cast<std::size_t>(number < 0 ? number + static_cast<std::int64_t>(hours_of_week) : number);
}

double sum(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

/// The value below which that part of them lies, between neighbours in proportion. Not of nothing.
double quantile(std::vector<double> values, double part) {
    std::ranges::sort(values);
    const double place = part * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return values[below] + (values[above] - values[below]) * (place - static_cast<double>(below));
}

Quantity quantity(double units) {
    constexpr double most = 9e18;
    return Quantity{std::llround(std::clamp(units, -most, most))};
}

/// The middle of several days or weeks, and how far the others are from it.
struct Level {
    double middle = 0;
    double low = 1;
    double high = 1;
};
Level level_of(const std::vector<double>& sums) {
    Level level;
    const double mean = sum(sums) / static_cast<double>(sums.size());
    // Of three or more, one outage or one holiday does not move the median.
    level.middle = sums.size() >= 3 ? quantile(sums, 0.5) : mean;
    if (level.middle <= 0) level.middle = mean;
    if (level.middle <= 0) return level;
    level.low = std::min(1.0, quantile(sums, 0.25) / level.middle);
    level.high = std::max(1.0, quantile(sums, 0.75) / level.middle);
    return level;
}

/// What is spent from `from` on, hour by hour, until `until` or until `left` is spent. Whole weeks at once.
struct Walk {
    double spent = 0;
    std::optional<Timestamp> exhausted_at;
};
Walk walk(const Pace& pace, Timestamp from, Timestamp until, double left) {
    Walk out;
    if (pace.in_week() <= 0) return out;
    for (Timestamp at = from; at < until;) {
        constexpr auto week = std::chrono::days(7);
        const Hour hour = std::chrono::floor<std::chrono::hours>(at);
        if (at == Timestamp(hour) && until - at >= week && out.spent + pace.in_week() < left) {
            out.spent += pace.in_week();
            at += week;
            continue;
        }
        const Timestamp end = std::min<Timestamp>(hour + std::chrono::hours(1), until);
        const double part = std::chrono::duration<double, std::ratio<3600>>(end - at).count();
        const double here = pace.in_hour(hour) * part;
        if (!out.exhausted_at && here > 0 && out.spent + here >= left) {
            const double of_it = std::clamp((left - out.spent) / here, 0.0, 1.0);
            out.exhausted_at = at + std::chrono::duration_cast<std::chrono::nanoseconds>((end - at) * of_it);
            // From here on only the sum is asked for, and nothing stops it.
            left = std::numeric_limits<double>::infinity();
        }
        out.spent += here;
        at = end;
    }
    return out;
}

}  // namespace

std::string_view name_of(Basis basis) {
    switch (basis) {
        case Basis::nothing:
            return "nothing";
        case Basis::period:
            return "period";
        case Basis::days:
            return "days";
        case Basis::weeks:
            return "weeks";
    }
    return "";
}

std::vector<double> trimmed(Hour from, std::vector<double> spent) {
    // The two largest of each hour of the day, and the second largest of all for hours that are otherwise without use.
    struct Top {
        double first = 0, second = 0;
        void add(double value) {
            if (value > first) {
                second = first;
                first = value;
            } else {
                second = std::max(second, value);
            }
        }
    };
    std::array<Top, hours_of_day> of_day;
    Top of_all;
    const std::size_t start = hour_of_week(from);
    for (std::size_t i = 0; i < spent.size(); ++i) {
        spent[i] = std::max(0.0, spent[i]);
        of_day[(start + i) % hours_of_day].add(spent[i]);
        of_all.add(spent[i]);
    }
    for (std::size_t i = 0; i < spent.size(); ++i) {
        const double second = of_day[(start + i) % hours_of_day].second;
        const double usual = second > 0 ? second : of_all.second;
        if (usual > 0) spent[i] = std::min(spent[i], outlier_factor * usual);
    }
    return spent;
}

Pace::Pace(const Hourly& history) {
    const auto first = std::ranges::find_if(history.spent, [](double spent) { return spent > 0; });
    auto passed = static_cast<std::size_t>(first - history.spent.begin());
    constexpr std::size_t hours_max = weeks_max * hours_of_week;
    if (history.spent.size() - passed > hours_max) passed = history.spent.size() - hours_max;
    const Hour from = history.from + std::chrono::hours(passed);
    const std::vector<double> spent =
        trimmed(from, {history.spent.begin() + static_cast<std::ptrdiff_t>(passed), history.spent.end()});
    if (spent.size() >= 2 * hours_of_week)
        learn_weeks(from, spent);
    else if (spent.size() >= hours_of_day)
        learn_days(spent);
}

void Pace::learn_days(const std::vector<double>& spent) {
    std::vector<double> days;
    for (std::size_t end = spent.size(); end >= hours_of_day && days.size() < days_max; end -= hours_of_day)
        days.push_back(sum(std::span(spent).subspan(end - hours_of_day, hours_of_day)));
    const Level level = level_of(days);
    // Of less than two weeks nobody knows which days of the week are quiet: the mean, not the median, has them in.
    const double mean = sum(days) / static_cast<double>(days.size());
    if (mean <= 0) return;
    basis_ = Basis::days;
    week_ = mean * 7;
    low_ = std::min(1.0, level.low * level.middle / mean);
    high_ = std::max(1.0, level.high * level.middle / mean);
    profile_.assign(hours_of_week, mean / static_cast<double>(hours_of_day));
}

void Pace::learn_weeks(Hour from, const std::vector<double>& spent) {
    const std::size_t weeks = spent.size() / hours_of_week;
    const std::size_t skipped = spent.size() - weeks * hours_of_week;
    std::vector<double> sums;
    profile_.assign(hours_of_week, 0.0);
    for (std::size_t week = 0; week < weeks; ++week) {
        const auto hours = std::span(spent).subspan(skipped + week * hours_of_week, hours_of_week);
        sums.push_back(sum(hours));
        for (std::size_t i = 0; i < hours_of_week; ++i)
            profile_[(hour_of_week(from) + skipped + i) % hours_of_week] += hours[i];
    }
    const Level level = level_of(sums);
    if (level.middle <= 0) {
        profile_.clear();
        return;
    }
    basis_ = Basis::weeks;
    week_ = level.middle;
    low_ = level.low;
    high_ = level.high;
    // The profile says when, the level says how much.
    const double scale = week_ / sum(profile_);
    for (double& hour : profile_) hour *= scale;
}

double Pace::in_hour(Hour hour) const { return profile_.empty() ? 0 : profile_[hour_of_week(hour)]; }

Forecast forecast(const Pace& pace, const LimitNow& limit, Timestamp now) {
    Forecast out;
    const auto taken = static_cast<double>((limit.spent + limit.held).units());
    const double left = static_cast<double>(limit.limit.units()) - taken;
    out.projected = out.low = out.high = quantity(taken);
    if (now >= limit.period.end) return out;
    if (left <= 0) out.exhausted_at = now;
    const Timestamp until = std::min<Timestamp>(limit.period.end, now + horizon);
    const auto hours = [](auto duration) { return std::chrono::duration<double, std::ratio<3600>>(duration).count(); };
    if (pace.basis() != Basis::nothing) {
        const Walk ahead = walk(pace, now, until, left);
        out.basis = pace.basis();
        out.projected = quantity(taken + ahead.spent);
        out.low = quantity(taken + ahead.spent * pace.low());
        out.high = quantity(taken + ahead.spent * pace.high());
        if (!out.exhausted_at) out.exhausted_at = ahead.exhausted_at;
        return out;
    }
    // Without history: the pace of this period, if enough of it has passed to have one.
    if (limit.period.start == Timestamp::min() || now - limit.period.start < period_passed_min || taken <= 0)
        return out;
    const double passed = hours(now - limit.period.start);
    if (limit.period.end != Timestamp::max() &&
        passed < period_passed_part_min * hours(limit.period.end - limit.period.start))
        return out;
    const double rate = taken / passed;
    out.basis = Basis::period;
    out.projected = quantity(taken + rate * hours(until - now));
    // Nothing is known of how pace differs: half to double, as a word of caution.
    out.low = quantity(taken + rate * hours(until - now) / 2);
    out.high = quantity(taken + rate * hours(until - now) * 2);
    if (!out.exhausted_at && left < rate * hours(until - now))
        out.exhausted_at = now + std::chrono::nanoseconds(std::llround(left / rate * 3.6e12));
    return out;
}

}  // namespace bursar::treasury
