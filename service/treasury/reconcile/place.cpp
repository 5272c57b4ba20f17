#include "service/treasury/reconcile/place.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <tuple>

#include <fmt/format.h>

namespace bursar::treasury::reconcile {
namespace {

constexpr std::int64_t count_max = 10'000'000'000'000;
constexpr int exponent_max = 30;
/// A hundred million dollars: no export of a company says more in one number.
constexpr std::int64_t money_nanos_max = 100'000'000'000'000'000;
/// Of a sum: whoever adds up all token classes of one still has room.
constexpr std::int64_t sum_max = std::numeric_limits<std::int64_t>::max() / 32;
constexpr int nano_digits = 9;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The digits of a decimal without its point, and where the point stands among them.
struct Decimal {
    bool negative = false;
    std::string digits;
    std::int64_t point = 0;
};

std::optional<Decimal> split_decimal(std::string_view text) {
    Decimal decimal;
    if (text.starts_with('-')) {
        decimal.negative = true;
        text.remove_prefix(1);
    }
    const std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
    std::string_view exponent = text.substr(exponent_at);
    const std::string_view mantissa = text.substr(0, exponent_at);
    const std::size_t point_at = std::min(mantissa.find('.'), mantissa.size());
    constexpr std::size_t digits_max = 60;
    if (point_at == 0 || point_at + 1 == mantissa.size() || mantissa.size() > digits_max) return {};
    for (std::size_t i = 0; i < mantissa.size(); ++i) {
        if (i == point_at) continue;
        if (!is_digit(mantissa[i])) return {};
        decimal.digits += mantissa[i];
    }
    decimal.point = static_cast<std::int64_t>(point_at);
    if (exponent.empty()) return decimal;
    exponent.remove_prefix(1);
    if (exponent.starts_with('+')) {
        exponent.remove_prefix(1);
        if (exponent.starts_with('-')) return {};
    }
    int number = 0;
    const auto [end, error] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), number);
    if (exponent.empty() || error != std::errc() || end != exponent.data() + exponent.size() || number > exponent_max ||
        number < -exponent_max)
        return {};
    decimal.point += number;
    return decimal;
}

bool add(std::int64_t& sum, std::int64_t more) {
    return !__builtin_add_overflow(sum, more, &sum) && sum <= sum_max && sum >= -sum_max;
}

constexpr std::int64_t Usage::* usage_fields[] = {
    &Usage::input,     &Usage::cache_read,   &Usage::cache_write_5m, &Usage::cache_write_1h, &Usage::output,
    &Usage::reasoning, &Usage::audio_input,  &Usage::audio_output,   &Usage::image_input,    &Usage::image_output,
    &Usage::images,    &Usage::web_searches, &Usage::characters,     &Usage::seconds,        &Usage::search_units};

/// False if a sum does not fit.
bool merge(Line& into, const Line& from) {
    bool fits = add(into.calls, from.calls);
    for (const auto field : usage_fields) fits = fits && add(into.usage.*field, from.usage.*field);
    std::int64_t nanos = into.cost.nanos();
    fits = fits && add(nanos, from.cost.nanos());
    into.cost = NanoUsd{nanos};
    return fits;
}

}  // namespace

Place place_of(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    const std::size_t line_start = before.find_last_of('\n');
    return {.line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
            .column = before.size() - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1};
}

std::unexpected<Error> wrong(Place place, std::string_view sentence) {
    return fail(Fault::invalid_request, fmt::format("line {}, column {}: {}", place.line, place.column, sentence));
}

std::string in_quotes(std::string_view text) {
    constexpr std::size_t shown_max = 40;
    std::string shown = "\"";
    for (const char c : text.substr(0, shown_max)) {
        const bool plain = static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f;
        shown += plain ? c : '?';
    }
    return shown + (text.size() > shown_max ? "…\"" : "\"");
}

std::optional<NanoUsd> parse_money(std::string_view text, int shift) {
    const auto decimal = split_decimal(text);
    if (!decimal) return {};
    // As many digits as nano-dollars have; the next one decides how to round.
    const std::int64_t wanted = decimal->point + shift + nano_digits;
    std::int64_t nanos = 0;
    for (std::int64_t i = 0; i < wanted; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const int digit = at < decimal->digits.size() ? decimal->digits[at] - '0' : 0;
        if (nanos > money_nanos_max / 10) return {};
        nanos = nanos * 10 + digit;
    }
    if (wanted >= 0 && static_cast<std::size_t>(wanted) < decimal->digits.size() &&
        decimal->digits[static_cast<std::size_t>(wanted)] >= '5')
        ++nanos;
    if (nanos > money_nanos_max) return {};
    return NanoUsd{decimal->negative ? -nanos : nanos};
}

std::optional<std::int64_t> parse_count(std::string_view text) {
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string_view fraction = text.substr(point);
    if (fraction.size() == 1 || (fraction.size() > 1 && fraction.find_first_not_of('0', 1) != std::string_view::npos))
        return {};
    std::int64_t number = 0;
    const std::string_view whole = text.substr(0, point);
    const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), number);
    if (error != std::errc() || end != whole.data() + whole.size() || number < 0 || number > count_max) return {};
    return number;
}

std::optional<Day> parse_day(std::string_view text) {
    constexpr std::size_t date_bytes = 10;
    const auto at = parse_timestamp(text.size() == date_bytes ? std::string(text) + "T00:00:00Z" : std::string(text));
    if (!at) return {};
    return std::chrono::floor<std::chrono::days>(*at);
}

std::optional<Day> day_of_seconds(std::string_view text) {
    // Until the year 2200: a number in milliseconds must not be read as seconds.
    constexpr std::int64_t seconds_max = 7'258'118'400;
    const auto seconds = parse_count(text);
    if (!seconds || *seconds > seconds_max) return {};
    return std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(*seconds)));
}

Result<void> Lines::add(Place place, const Line& line) {
    if (++rows_ > rows_max)
        return fail(Fault::too_large,
                    fmt::format("The export has more than {} rows; export a shorter time.", rows_max));
    if (line.model.size() > model_bytes_max)
        return wrong(place, fmt::format("the model's name has more than {} bytes", model_bytes_max));
    TRY_VOID(cover(place, line.day, line.day + std::chrono::days(1)));
    lines_.push_back(line);
    return {};
}

Result<void> Lines::cover(Place place, Day from, Day until) {
    if (from >= until) return wrong(place, "this time ends before it begins");
    from_ = from_ ? std::min(*from_, from) : from;
    until_ = until_ ? std::max(*until_, until) : until;
    if ((*until_ - *from_).count() > days_max)
        return wrong(place, fmt::format("the export speaks of more than {} days; export a shorter time", days_max));
    return {};
}

Result<void> Lines::finish(Export& out) && {
    std::ranges::sort(lines_, {}, [](const Line& line) { return std::tie(line.day, line.model); });
    out.rows = rows_;
    out.from = from_.value_or(Day{});
    out.until = until_.value_or(Day{});
    // Whoever adds up some of the lines must have room, so what all of them say has to fit, signs aside.
    Line all;
    for (Line& line : lines_) {
        Line size = line;
        if (size.cost < NanoUsd{}) size.cost = -size.cost;
        const bool fits = merge(all, size);
        const bool same =
            !out.lines.empty() && out.lines.back().day == line.day && out.lines.back().model == line.model;
        if (!same)
            out.lines.push_back(std::move(line));
        else
            (void)merge(out.lines.back(), line);
        if (!fits)
            return fail(Fault::invalid_request,
                        fmt::format("The numbers until {} add up to more than can be counted; is this an export?",
                                    to_text(out.lines.back().day)));
    }
    return {};
}

}  // namespace bursar::treasury::reconcile
