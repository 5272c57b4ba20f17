#include "service/base/limit_words.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bursar {
namespace {

constexpr int nano_decimals = 9;
constexpr std::int64_t scaled_max = 9'000'000'000'000'000'000;

/// Takes "K" or "M" off the end, as a power of ten.
int take_scale(std::string_view& text) {
    const int power = text.ends_with('K') ? 3 : text.ends_with('M') ? 6 : 0;
    if (power != 0) text.remove_suffix(1);
    return power;
}

/// The digits of "1,250.50" and how many of them stand behind the point. Commas are only for the eye.
struct Digits {
    std::int64_t value = 0;
    int behind_point = 0;
};
std::optional<Digits> read_digits(std::string_view text) {
    Digits digits;
    bool any = false, point = false;
    for (const char c : text) {
        if (c == '.' && !point && any) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            any = true;
            if (digits.value > (scaled_max - 9) / 10) return {};
            digits.value = digits.value * 10 + (c - '0');
            if (point) ++digits.behind_point;
        } else if (c != ',' || point || !any) {
            return {};
        }
    }
    if (!any || text.ends_with('.') || text.ends_with(',')) return {};
    return digits;
}

/// As policies name things, and in no way that would end a line, a list or the name of an account.
bool is_name(std::string_view text) {
    constexpr std::size_t name_bytes_max = 128;
    static constexpr std::string_view marks = "._:/@+-";
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.contains(c);
    };
    return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, allowed);
}

}  // namespace

Quantity limit_most(Measure measure) {
    constexpr std::int64_t counts_most = 1'000'000'000'000'000;
    return is_money(measure) ? Quantity{NanoUsd::dollars(1'000'000'000)} : Quantity{counts_most};
}

std::optional<std::int64_t> parse_scaled(std::string_view text, int decimals) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const int power = decimals + take_scale(text);
    const auto digits = read_digits(text);
    if (!digits) return {};
    std::int64_t value = digits->value;
    int shift = power - digits->behind_point;
    // What is finer than the unit must be nothing.
    for (; shift < 0; ++shift) {
        if (value % 10 != 0) return {};
        value /= 10;
    }
    for (; shift > 0; --shift) {
        if (value > scaled_max / 10) return {};
        value *= 10;
    }
    return negative ? -value : value;
}

std::optional<Limit> parse_limit(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, Measure>, 5> units = {{{" USD", Measure::money},
                                                                            {" tokens", Measure::tokens},
                                                                            {" token", Measure::tokens},
                                                                            {" calls", Measure::calls},
                                                                            {" call", Measure::calls}}};
    for (const auto& [unit, measure] : units) {
        if (!text.ends_with(unit)) continue;
        const auto number =
            parse_scaled(text.substr(0, text.size() - unit.size()), is_money(measure) ? nano_decimals : 0);
        if (!number) return {};
        return Limit{.quantity = Quantity{*number}, .measure = measure};
    }
    return {};
}

bool is_limit(const Limit& limit) {
    return limit.quantity >= Quantity{} && limit.quantity <= limit_most(limit.measure);
}

std::optional<Per> parse_per(std::string_view word) {
    for (const Per per : {Per::minute, Per::hour, Per::day, Per::week, Per::month, Per::quarter, Per::year, Per::ever})
        if (name_of(per) == word) return per;
    return {};
}

std::string_view per_words() { return "minute, hour, day, week, month, quarter, year or ever"; }

std::optional<OfWords> parse_of(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, OfWords::Kind>, 3> kinds = {
        {{"tier:", OfWords::Kind::tier}, {"model:", OfWords::Kind::model}, {"tag:", OfWords::Kind::tag}}};
    for (const auto& [prefix, kind] : kinds)
        if (text.starts_with(prefix) && is_name(text.substr(prefix.size())))
            return OfWords{.kind = kind, .name = text.substr(prefix.size())};
    return {};
}

}  // namespace bursar
