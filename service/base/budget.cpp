#include "service/base/budget.h"

#include "service/base/ensure.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar {
namespace {

/// "1,500,000"
std::string grouped(std::int64_t number) {
    std::string text = std::to_string(number);
    const std::ptrdiff_t sign = number < 0 ? 1 : 0;
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > sign; at -= 3)
        text.insert(static_cast<std::size_t>(at), ",");
    return text;
}

std::string_view rolling_words(Per per) {
    switch (per) {
        case Per::minute:
            return "in any 60 seconds";
        case Per::hour:
            return "in any 60 minutes";
        case Per::day:
            return "in any 24 hours";
        case Per::week:
            return "in any 7 days";
        case Per::month:
            return "in any 30 days";
        case Per::quarter:
            return "in any 90 days";
        case Per::year:
            return "in any 365 days";
        case Per::ever:
        case Per::dates:
            break;
    }
    return "for good";
}

/// A day, or a whole instant where the day alone would name another one.
std::string day_or_instant(Timestamp at) {
    std::string text = to_text(at);
    constexpr std::string_view midnight = "T00:00:00.000Z";
    if (text.ends_with(midnight)) text.resize(text.size() - midnight.size());
    return text;
}

}  // namespace

std::string_view name_of(Per per) {
    switch (per) {
        case Per::minute:
            return "minute";
        case Per::hour:
            return "hour";
        case Per::day:
            return "day";
        case Per::week:
            return "week";
        case Per::month:
            return "month";
        case Per::quarter:
            return "quarter";
        case Per::year:
            return "year";
        case Per::ever:
            return "ever";
        case Per::dates:
            return "dates";
    }
    ENSURE(false);
}

std::string_view name_of(Measure measure) {
    switch (measure) {
        case Measure::money:
            return "money";
        case Measure::cost:
            return "cost";
        case Measure::tokens:
            return "tokens";
        case Measure::calls:
            return "calls";
    }
    ENSURE(false);
}

std::string Quantity::for_people(Measure measure) const {
    if (is_money(measure)) return usd().for_people();
    std::string_view unit = name_of(measure);
    if (units_ == 1) unit.remove_suffix(1);
    return fmt::format("{} {}", grouped(units_), unit);
}

std::string Quantity::text(Measure measure) const { return is_money(measure) ? usd().text() : std::to_string(units_); }

Quantity Budget::limit_at(Timestamp at) const {
    if (adjustments.empty()) return limit;
    Quantity sum = limit;
    for (const Adjustment& each : adjustments)
        if (each.from <= at && at < each.until) sum += each.amount;
    return std::max(sum, Quantity{});
}

bool Budget::is_like(const Budget& other) const {
    return per == other.per && hard == other.hard && measure == other.measure && of == other.of &&
           rolling == other.rolling && from == other.from && until == other.until;
}

std::string period_words(const Budget& budget) {
    if (budget.per == Per::ever) return "for good";
    if (budget.per == Per::dates)
        return fmt::format("from {} until {}", day_or_instant(budget.from), day_or_instant(budget.until));
    if (budget.rolling) return std::string(rolling_words(budget.per));
    return fmt::format("per {}", name_of(budget.per));
}

std::string kind_words(const Budget& budget) {
    std::string text;
    if (budget.measure != Measure::money) text = fmt::format("{} ", name_of(budget.measure));
    text += period_words(budget);
    if (!budget.of.empty()) text += " of " + budget.of;
    if (!budget.hard) text += " (soft)";
    return text;
}

}  // namespace bursar
