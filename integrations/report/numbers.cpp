#include "integrations/report/numbers.h"

#include "integrations/report/words.h"
#include "service/base/zone.h"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>

namespace bursar::integrations::report {
namespace {

/// What nano-dollars times millionths per dollar are in: 10^15 of one currency.
constexpr int product_digits = 15;
constexpr std::string_view minus = "−", no_break = "\u00a0", narrow = "\u202f", dash = "–";

constexpr Wide power_of_ten(int digits) {
    Wide out = 1;
    for (int i = 0; i < digits; ++i) out *= 10;
    return out;
}

Wide rounded(Wide number, Wide by) {
    const Wide half = by / 2;
    return number < 0 ? -((-number + half) / by) : (number + half) / by;
}

Wide floored(Wide number, Wide by) {
    const Wide whole = number / by;
    return whole * by > number ? whole - 1 : whole;
}

std::string digits_of(Wide number) {
    std::string out;
    do {
        out.push_back(static_cast<char>('0' + static_cast<int>(number % 10)));
        number /= 10;
    } while (number > 0);
    std::ranges::reverse(out);
    return out;
}

std::string_view symbol_of(const Manner& manner) {
    if (manner.language != Language::en && manner.currency == "EUR") return "€";
    return manner.currency;
}

bool has_comma(Language language) { return language != Language::en; }

}  // namespace

int decimals_of(std::string_view currency) {
    constexpr std::array none = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW",
                                 "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"};
    constexpr std::array three = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
    if (std::ranges::find(none, currency) != none.end()) return 0;
    return std::ranges::find(three, currency) != three.end() ? 3 : 2;
}

std::pair<int, int> week_of(std::chrono::sys_days day) {
    // The week's Thursday is in the week's year.
    const std::chrono::weekday weekday(day);
    const auto thursday = day - std::chrono::days(weekday.iso_encoding()) + std::chrono::days(4);
    const std::chrono::year year = std::chrono::year_month_day(thursday).year();
    const auto first = std::chrono::sys_days(year / std::chrono::January / 1);
    return {static_cast<int>(year), static_cast<int>((thursday - first).count() / 7 + 1)};
}

Wide Numbers::unit_scale() const { return power_of_ten(product_digits - decimals_of(manner_.currency)); }

Wide Numbers::units(Wide nanos) const { return rounded(nanos * manner_.per_dollar_millionths, unit_scale()); }

std::vector<Wide> Numbers::units_of_all(const std::vector<Wide>& nanos) const {
    const Wide scale = unit_scale();
    std::vector<Wide> out, lost;
    for (const Wide each : nanos) {
        const Wide exact = each * manner_.per_dollar_millionths;
        out.push_back(floored(exact, scale));
        lost.push_back(exact - out.back() * scale);
    }
    const Wide total = units(std::accumulate(nanos.begin(), nanos.end(), Wide{0}));
    const auto missing = static_cast<std::size_t>(total - std::accumulate(out.begin(), out.end(), Wide{0}));
    std::vector<std::size_t> order(nanos.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order,
                      [&](std::size_t a, std::size_t b) { return lost[a] != lost[b] ? lost[a] > lost[b] : a < b; });
    for (std::size_t i = 0; i < missing && i < order.size(); ++i) ++out[order[i]];
    return out;
}

std::string Numbers::grouped(std::string digits) const {
    std::string_view mark = ",";
    if (manner_.language == Language::de) mark = ".";
    if (manner_.language == Language::fr) mark = narrow;
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, mark);
    return digits;
}

std::string Numbers::decimals(Wide scaled, int digits) const {
    const Wide scale = power_of_ten(digits), size = scaled < 0 ? -scaled : scaled;
    std::string out(scaled < 0 ? minus : "");
    out += grouped(digits_of(size / scale));
    if (digits == 0) return out;
    const std::string fraction = digits_of(size % scale);
    out += has_comma(manner_.language) ? "," : ".";
    out.append(static_cast<std::size_t>(digits) - fraction.size(), '0');
    return out + fraction;
}

std::string Numbers::money_of_units(Wide units) const {
    return fmt::format("{}{}{}", decimals(units, decimals_of(manner_.currency)), no_break, symbol_of(manner_));
}

std::string Numbers::signed_money(Wide nanos) const {
    const Wide shown = units(nanos);
    return (shown > 0 ? "+" : "") + money_of_units(shown);
}

std::string_view Numbers::symbol() const { return symbol_of(manner_); }

std::string Numbers::rate() const { return decimals(manner_.per_dollar_millionths, 6); }

std::string Numbers::exact(Wide nanos) const {
    constexpr int digits = 9;
    const Wide scaled = rounded(nanos * manner_.per_dollar_millionths, power_of_ten(product_digits - digits));
    const Wide size = scaled < 0 ? -scaled : scaled;
    const std::string fraction = digits_of(size % power_of_ten(digits));
    return fmt::format("{}{}.{}{}", scaled < 0 ? "-" : "", digits_of(size / power_of_ten(digits)),
                       std::string(digits - fraction.size(), '0'), fraction);
}

/// Up to 999 as it is, then with a letter and one more digit if it says something.
std::string Numbers::short_number(Wide thousandths) const {
    const auto& letters = words_of(manner_.language).thousands;
    const bool is_negative = thousandths < 0;
    Wide size = is_negative ? -thousandths : thousandths;
    std::size_t step = 0;
    // 999,950 is 1M, not 1000k.
    while (step + 1 < letters.size() && rounded(size, 100) >= 10'000) {
        size = rounded(size, 1000);
        ++step;
    }
    const Wide tenths = rounded(size, 100);
    const bool is_whole = tenths % 10 == 0 || tenths >= 1000;
    const std::string text = is_whole ? decimals(rounded(size, 1000), 0) : decimals(tenths, 1);
    return fmt::format("{}{}{}", is_negative ? minus : "", text, letters[step]);
}

std::string Numbers::axis_money(Wide nanos) const {
    return short_number(rounded(nanos * manner_.per_dollar_millionths, power_of_ten(product_digits - 3)));
}

Wide Numbers::axis_step(Wide top, int steps_max) const {
    // In thousandths of the currency, so that the labels are round.
    const Wide scale = power_of_ten(product_digits - 3);
    const Wide high = std::max<Wide>(1, floored(top * manner_.per_dollar_millionths, scale) + 1);
    Wide step = 100;
    for (int i = 0; step * steps_max < high; ++i) step = i % 3 == 1 ? step * 5 / 2 : step * 2;
    return std::max<Wide>(1, rounded(step * scale, manner_.per_dollar_millionths));
}

std::string Numbers::count(std::int64_t number) const { return decimals(number, 0); }

std::string Numbers::short_count(std::int64_t number) const { return short_number(Wide{number} * 1000); }

std::string Numbers::percent(Wide part, Wide whole) const {
    if (whole == 0) return std::string(dash);
    const Wide per_mille = whole < 0 ? rounded(-part * 1000, -whole) : rounded(part * 1000, whole);
    return fmt::format("{}{}%", decimals(per_mille, 1), no_break);
}

std::string Numbers::change(Wide now, Wide before) const {
    if (before == 0 && now == 0) return std::string(dash);
    if (before == 0) return words_of(manner_.language).is_new;
    if (before < 0) return std::string(dash);
    const Wide per_mille = rounded((now - before) * 1000, before);
    // More than that is no longer read as a percentage.
    constexpr Wide most = 9'990;
    if (per_mille > most) return fmt::format(">{}{}%", decimals(999, 0), no_break);
    const std::string_view sign = per_mille > 0 ? "+" : per_mille == 0 ? "±" : "";
    return fmt::format("{}{}{}%", sign, decimals(per_mille, 1), no_break);
}

std::string_view Numbers::month(std::chrono::month month) const {
    return words_of(manner_.language).months[static_cast<unsigned>(month) - 1];
}

std::string Numbers::date(Timestamp at) const {
    const auto date = wall_time(at, manner_.time_zone).date;
    const std::string_view dot = manner_.language == Language::de ? "." : "";
    const auto day = static_cast<unsigned>(date.day());
    const bool is_first_in_french = manner_.language == Language::fr && day == 1;
    return fmt::format("{}{} {} {}", day, is_first_in_french ? "er" : dot, month(date.month()),
                       static_cast<int>(date.year()));
}

std::string Numbers::instant(Timestamp at) const {
    const WallTime wall = wall_time(at, manner_.time_zone);
    return fmt::format("{}, {:02}:{:02} ({})", date(at), wall.hour, wall.minute, manner_.time_zone);
}

std::string Numbers::period(Every every, Timestamp from, Timestamp to) const {
    const auto first = wall_time(from, manner_.time_zone).date;
    switch (every) {
        case Every::day:
            return date(from);
        case Every::month:
            return fmt::format("{} {}", month(first.month()), static_cast<int>(first.year()));
        case Every::week:
            break;
    }
    const auto [year, week] = week_of(std::chrono::sys_days(first));
    const auto last = wall_time(to - std::chrono::nanoseconds(1), manner_.time_zone).date;
    const auto day_month = [&](std::chrono::year_month_day day) {
        return fmt::format("{}{} {}", static_cast<unsigned>(day.day()), manner_.language == Language::de ? "." : "",
                           month(day.month()));
    };
    const std::string begin = first.month() == last.month() ? fmt::format("{}{}", static_cast<unsigned>(first.day()),
                                                                          manner_.language == Language::de ? "." : "")
                                                            : day_month(first);
    return filled(words_of(manner_.language).week,
                  {fmt::format("{}", week), fmt::format("{}", year), begin + "–" + day_month(last)});
}

std::string Numbers::place(Every every, Timestamp begins) const {
    const WallTime wall = wall_time(begins, manner_.time_zone);
    switch (every) {
        case Every::day:
            return fmt::format("{:02}:{:02}", wall.hour, wall.minute);
        case Every::week:
            return words_of(manner_.language)
                .weekdays[std::chrono::weekday(std::chrono::sys_days(wall.date)).iso_encoding() - 1];
        case Every::month:
            break;
    }
    return fmt::format("{}", static_cast<unsigned>(wall.date.day()));
}

}  // namespace bursar::integrations::report
