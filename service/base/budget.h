#pragma once

#include "service/base/clock.h"
#include "service/base/money.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bursar {

/// How long a limit lasts. Calendar periods begin in the organisation's time zone; weeks on Monday. The numbers are
/// stored: they never change.
enum class Per : std::uint8_t { hour, day, week, month, quarter, year, ever, minute, dates };
std::string_view name_of(Per per);

/// What a limit counts.
enum class Measure : std::uint8_t {
    money,   ///< what accounts are charged: the provider's cost under the policy's mark-ups and subsidies
    cost,    ///< what the provider is paid
    tokens,  ///< of every class, in and out
    calls,
};
std::string_view name_of(Measure measure);
constexpr bool is_money(Measure measure) { return measure == Measure::money || measure == Measure::cost; }

/// A number of some measure's unit: nano-dollars, tokens or calls. Checked like NanoUsd.
class Quantity {
  public:
    constexpr Quantity() = default;
    constexpr explicit Quantity(std::int64_t units) : units_(units) {}
    constexpr Quantity(NanoUsd money) : units_(money.nanos()) {}  // NOLINT(google-explicit-constructor): money is one

    constexpr std::int64_t units() const { return units_; }
    constexpr NanoUsd usd() const { return NanoUsd{units_}; }
    constexpr auto operator<=>(const Quantity&) const = default;
    Quantity operator+(Quantity other) const { return usd() + other.usd(); }
    Quantity operator-(Quantity other) const { return usd() - other.usd(); }
    Quantity& operator+=(Quantity other) { return *this = *this + other; }

    /// "2,000.00 USD", "1,500,000 tokens", "600 calls"
    std::string for_people(Measure measure) const;
    /// "1999.871204" or "600": for machines.
    std::string text(Measure measure) const;

  private:
    std::int64_t units_ = 0;
};

/// What one call takes, in every measure at once. May be negative in a correction.
struct Amounts {
    NanoUsd charge;
    NanoUsd cost;
    Tokens tokens = 0;
    std::int64_t calls = 0;

    Quantity in(Measure measure) const {
        switch (measure) {
            case Measure::money:
                return charge;
            case Measure::cost:
                return cost;
            case Measure::tokens:
                return Quantity{tokens};
            case Measure::calls:
                return Quantity{calls};
        }
        return {};
    }
    Amounts& operator+=(const Amounts& other) {
        charge += other.charge;
        cost += other.cost;
        tokens += other.tokens;
        calls += other.calls;
        return *this;
    }
    Amounts& operator-=(const Amounts& other) {
        charge -= other.charge;
        cost -= other.cost;
        tokens -= other.tokens;
        calls -= other.calls;
        return *this;
    }
    Amounts operator+(const Amounts& other) const { return Amounts(*this) += other; }
    Amounts operator-(const Amounts& other) const { return Amounts(*this) -= other; }
    bool operator==(const Amounts&) const = default;
};

/// Adds to a limit, or takes from it, for a time: a granted increase, an allotment of one period, a top-up.
struct Adjustment {
    Quantity amount;  ///< may be negative
    Timestamp from = Timestamp::min();
    Timestamp until = Timestamp::max();
    bool operator==(const Adjustment&) const = default;
};

/// One limit of one account. An account may carry several.
struct Budget {
    Quantity limit;  ///< in the measure's unit
    Per per = Per::month;
    bool hard = true;                    ///< soft limits warn and never refuse
    std::vector<int> warn_percent = {};  ///< at which part of the limit people want to know
    Measure measure = Measure::money;
    std::string of = {};                ///< which calls it counts: "" all, "tier:NAME", "model:NAME" or "tag:NAME"
    bool rolling = false;               ///< the last hour, 24 hours, 7, 30, 90 or 365 days instead of the calendar's
    Timestamp from = Timestamp::min();  ///< of Per::dates: [from, until)
    Timestamp until = Timestamp::max();
    std::vector<Adjustment> adjustments = {};

    /// The limit in force at an instant; never below zero.
    Quantity limit_at(Timestamp at) const;
    /// Whether it is the same limit with other numbers: people change the one, they do not add the other.
    bool is_like(const Budget& other) const;
    bool operator==(const Budget&) const = default;
};

/// "per month", "in any 24 hours", "for good", "from 2026-12-01 until 2026-12-24": the period of a limit in words.
std::string period_words(const Budget& budget);
/// "per month", "tokens per minute of tier:frontier (soft)": everything but the number. No two limits of one account
/// have the same.
std::string kind_words(const Budget& budget);

}  // namespace bursar
