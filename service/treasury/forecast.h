#pragma once

#include "service/base/budget.h"
#include "service/base/clock.h"
#include "service/base/time_zone.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// Where spending is going. Estimates, in doubles: nothing that is booked comes from here. Pure.
namespace bursar::treasury {

using Hour = std::chrono::sys_time<std::chrono::hours>;

/// What an account spent in each full hour; the last one ends at or before now. Hours are UTC: an hour of the week
/// moves by one with daylight saving, which is less than weeks differ anyway.
struct Hourly {
    Hour from;                  ///< when the first one begins
    std::vector<double> spent;  ///< in the limit's unit; empty: no history
};

/// One limit of an account as it stands.
struct LimitNow {
    Quantity limit;
    Quantity spent;
    Quantity held;
    Period period;
};

/// What a forecast rests on.
enum class Basis : std::uint8_t {
    nothing,  ///< too little is known: no figures
    period,   ///< the pace of the period so far
    days,     ///< the mean of the last days
    weeks,    ///< how the weeks went, by hour of the week
};
std::string_view name_of(Basis basis);

struct Forecast {
    Basis basis = Basis::nothing;
    Quantity projected;                     ///< spent at the period's end
    Quantity low;                           ///< with as little as in the weaker of the days or weeks
    Quantity high;                          ///< with as much as in the stronger
    std::optional<Timestamp> exhausted_at;  ///< within the period, or within a year where the period has no end
};

/// How fast an account spends, worked out once for all of its limits.
class Pace {
  public:
    /// Hours before the first spending say nothing: the account was not there.
    explicit Pace(const Hourly& history);

    Basis basis() const { return basis_; }
    /// What is expected in an hour of the week, at the middle of what is known.
    double in_hour(Hour hour) const;
    double in_week() const { return week_; }
    double low() const { return low_; }    ///< of the middle: 0.8 is a fifth less
    double high() const { return high_; }  ///< likewise, at least 1

  private:
    void learn_days(const std::vector<double>& spent);
    void learn_weeks(Hour from, const std::vector<double>& spent);

    Basis basis_ = Basis::nothing;
    std::vector<double> profile_;  ///< by hour of the week; adds up to week_
    double week_ = 0;
    double low_ = 1;
    double high_ = 1;
};

/// Deterministic. A limit that is taken up already is exhausted now, whatever the pace.
Forecast forecast(const Pace& pace, const LimitNow& limit, Timestamp now);

/// Hours without their outliers: one huge hour counts as at most four times the next largest of its hour of the day.
std::vector<double> trimmed(Hour from, std::vector<double> spent);

inline constexpr std::size_t hours_of_week = 168;
/// Further back nobody looks: habits change.
inline constexpr std::size_t weeks_max = 4;

}  // namespace bursar::treasury
