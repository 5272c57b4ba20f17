#pragma once

#include "integrations/report/report.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Amounts, counts and dates as the organisation writes them. Exact whole numbers until the last step, in 128 bits: an
// amount of a hostile report can be huge, and can abort nothing.
namespace bursar::integrations::report {

__extension__ using Wide = __int128;

inline Wide wide(NanoUsd amount) { return amount.nanos(); }

/// How amounts are rounded: an amount that stands alone is converted and rounded to the currency's smallest unit
/// (cents; whole yen), half away from zero. The lines of a table are rounded so that they add up to their total as it
/// is shown: each goes to the unit below, and the units that then are missing go to those that lost most. So a line is
/// always less than one cent from its exact amount, and no reader's sum differs from ours. The exact amounts are in the
/// CSV.
class Numbers {
  public:
    explicit Numbers(Manner manner) : manner_(std::move(manner)) {}
    const Manner& manner() const { return manner_; }

    /// Nano-dollars as smallest units of the shown currency.
    Wide units(Wide nanos) const;
    /// Of several, which add up to units(their sum).
    std::vector<Wide> units_of_all(const std::vector<Wide>& nanos) const;
    /// Units as "1,234.56 USD", "1.234,56 €", "1 234,56 €".
    std::string money_of_units(Wide units) const;
    std::string money(Wide nanos) const { return money_of_units(units(nanos)); }
    /// "1.2k", "350", "4M": for the axis of a chart, of whole units of the currency.
    std::string axis_money(Wide nanos) const;
    /// The step of such an axis, in nano-dollars: 1, 2 or 5 times a power of ten of the shown currency, so that at most
    /// `steps_max` of them reach `top`.
    Wide axis_step(Wide top, int steps_max) const;
    /// "USD", "€"
    std::string_view symbol() const;
    /// "0.923400": what a dollar is.
    std::string rate() const;
    /// With nine digits after the point, for machines: "12.345678901".
    std::string exact(Wide nanos) const;

    std::string count(std::int64_t number) const;
    /// "1.2M": of tokens, which are many.
    std::string short_count(std::int64_t number) const;
    /// "12.3 %"; a dash if there is no whole.
    std::string percent(Wide part, Wide whole) const;
    /// "+12.3 %", "−4.0 %", "new", "±0.0 %".
    std::string change(Wide now, Wide before) const;
    /// "+1,234.56 USD"
    std::string signed_money(Wide nanos) const;

    /// "29 November 2026", "29. November 2026", "29 novembre 2026"
    std::string date(Timestamp at) const;
    /// "1 December 2026, 00:00 (Europe/Berlin)"
    std::string instant(Timestamp at) const;
    /// "November 2026", "week 48 of 2026, 23–29 November", "29 November 2026"
    std::string period(Every every, Timestamp from, Timestamp to) const;
    /// Below a bar of a chart: "14", "Mon", "09:00".
    std::string place(Every every, Timestamp begins) const;

  private:
    Wide unit_scale() const;
    std::string grouped(std::string digits) const;
    std::string decimals(Wide scaled, int digits) const;
    std::string short_number(Wide thousandths) const;
    std::string_view month(std::chrono::month month) const;

    Manner manner_;
};

/// How many digits after the point a currency's amounts have (ISO 4217).
int decimals_of(std::string_view currency);
/// The year and week of ISO 8601 that a day is in.
std::pair<int, int> week_of(std::chrono::sys_days day);

}  // namespace bursar::integrations::report
