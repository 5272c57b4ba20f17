#include "service/base/money.h"

#include "service/base/ensure.h"

#include <array>

#include <fmt/format.h>

namespace bursar {

void NanoUsd::overflow() {
    constexpr bool amount_below_9_2_billion_dollars = false;
    ENSURE(amount_below_9_2_billion_dollars);
    __builtin_unreachable();
}

Result<NanoUsd> NanoUsd::parse(std::string_view text) {
    const auto wrong = [&](std::string_view why) {
        return fail(Fault::invalid_request,
                    fmt::format("'{}' is not an amount: {}. Write it like 2000 or 0.0025.", text, why));
    };
    std::string_view rest = text;
    const bool negative = rest.starts_with('-');
    if (negative) rest.remove_prefix(1);
    constexpr std::int64_t nanos_max = 9'000'000'000 * per_dollar;
    std::int64_t nanos = 0;
    int after_point = -1;
    int digits = 0;
    for (const char c : rest) {
        if (c == '.' && after_point < 0) {
            after_point = 0;
        } else if (c == ',' && after_point < 0 && digits > 0) {
            continue;
        } else if (c >= '0' && c <= '9') {
            ++digits;
            if (after_point >= 0 && ++after_point > 9) {
                if (c != '0') return wrong("more than nine digits after the point");
                continue;
            }
            if (nanos > (nanos_max - 9) / 10) return wrong("larger than nine billion");
            nanos = nanos * 10 + (c - '0');
        } else {
            return wrong("only digits and one point may stand in it");
        }
    }
    if (digits == 0) return wrong("it has no digits");
    for (int i = after_point < 0 ? 0 : after_point; i < 9; ++i) {
        if (nanos > nanos_max / 10) return wrong("larger than nine billion");
        nanos *= 10;
    }
    return NanoUsd{negative ? -nanos : nanos};
}

std::string NanoUsd::text() const {
    const auto magnitude = nanos_ < 0 ? 0 - static_cast<std::uint64_t>(nanos_) : static_cast<std::uint64_t>(nanos_);
    // From the right: nine digits of fraction, of which cents stay in any case, the point, the dollars, the sign.
    std::array<char, 32> text{};
    std::size_t at = text.size();
    const auto put = [&](std::uint64_t c) { text[--at] = static_cast<char>(c); };
    std::uint64_t fraction = magnitude % per_dollar;
    int fraction_digits = 9;
    for (; fraction_digits > 2 && fraction % 10 == 0; --fraction_digits) fraction /= 10;
    for (; fraction_digits > 0; --fraction_digits, fraction /= 10) put('0' + fraction % 10);
    put('.');
    std::uint64_t dollars = magnitude / per_dollar;
    for (; dollars >= 10; dollars /= 10) put('0' + dollars % 10);
    put('0' + dollars);
    if (nanos_ < 0) put('-');
    return {text.data() + at, text.size() - at};
}

std::string NanoUsd::for_people() const {
    const auto magnitude = nanos_ < 0 ? 0 - static_cast<std::uint64_t>(nanos_) : static_cast<std::uint64_t>(nanos_);
    const char* sign = nanos_ < 0 ? "-" : "";
    constexpr std::uint64_t cent = per_dollar / 100;
    if (magnitude != 0 && magnitude < cent) {
        const std::uint64_t millionths = (magnitude + 999) / 1000;
        return fmt::format("{}0.{:06} USD", sign, millionths);
    }
    const std::uint64_t cents = magnitude / cent + (magnitude % cent != 0 ? 1 : 0);
    std::string whole = std::to_string(cents / 100);
    for (auto at = static_cast<std::ptrdiff_t>(whole.size()) - 3; at > 0; at -= 3)
        whole.insert(static_cast<std::size_t>(at), ",");
    return fmt::format("{}{}.{:02} USD", sign, whole, cents % 100);
}

}  // namespace bursar
