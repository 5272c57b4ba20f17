#include "policies/decimal.h"

#include <charconv>
#include <numeric>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t text_bytes_max = 64;
constexpr int exponent_max = 100;
constexpr int factor_digits = 4;
constexpr std::int64_t factor_unit = 10'000;
constexpr std::int64_t factor_max = 100;

/// The exponent behind 'e' or 'E', digits only but for a sign.
std::optional<int> parse_exponent(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.front() == '-' || error != std::errc() || end != text.data() + text.size()) return {};
    if (value > exponent_max) return {};
    return negative ? -value : value;
}

}  // namespace

std::optional<std::int64_t> parse_decimal(std::string_view text, int shift, std::int64_t at_most) {
    if (text.size() > text_bytes_max) return {};
    std::string digits;
    int exponent = shift;
    bool point = false;
    int after_point = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c >= '0' && c <= '9') {
            digits += c;
            if (point) ++after_point;
        } else if (c == '.' && !point && !digits.empty()) {
            point = true;
        } else if ((c == 'e' || c == 'E') && !digits.empty()) {
            const auto behind = parse_exponent(text.substr(i + 1));
            if (!behind) return {};
            exponent += *behind;
            break;
        } else {
            return {};
        }
    }
    if (digits.empty() || (point && after_point == 0)) return {};
    exponent -= after_point;
    // What is cut off behind the last whole unit must be nothing.
    for (; exponent < 0 && !digits.empty(); ++exponent) {
        if (digits.back() != '0') return {};
        digits.pop_back();
    }
    std::int64_t value = 0;
    const auto append = [&](int digit) {
        return value <= (at_most - digit) / 10 ? (value = value * 10 + digit, true) : false;
    };
    for (const char c : digits)
        if (!append(c - '0')) return {};
    for (; exponent > 0 && value != 0; --exponent)
        if (!append(0)) return {};
    return value;
}

std::optional<NanoUsd> parse_rate(std::string_view text) {
    const auto nanos = parse_decimal(text, 9, rate_max.nanos());
    if (!nanos) return {};
    return NanoUsd{*nanos};
}

std::optional<Factor> parse_factor(std::string_view text) {
    if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
        constexpr std::int64_t part_max = 1'000;
        const auto above = parse_decimal(text.substr(0, slash), 0, part_max);
        const auto below = parse_decimal(text.substr(slash + 1), 0, part_max);
        if (!above || !below || *below == 0 || *above > factor_max * *below) return {};
        const std::int64_t common = std::gcd(*above, *below);
        return Factor{*above / common, *below / common};
    }
    const auto parts = parse_decimal(text, factor_digits, factor_max * factor_unit);
    if (!parts) return {};
    const std::int64_t common = std::gcd(*parts, factor_unit);
    return Factor{*parts / common, factor_unit / common};
}

std::string to_text(const Factor& factor) {
    if (factor_unit % factor.denominator != 0) return fmt::format("{}/{}", factor.numerator, factor.denominator);
    const std::int64_t parts = factor.numerator * (factor_unit / factor.denominator);
    std::string out = fmt::format("{}.{:04}", parts / factor_unit, parts % factor_unit);
    while (out.ends_with('0')) out.pop_back();
    if (out.ends_with('.')) out.pop_back();
    return out;
}

}  // namespace bursar::policies
