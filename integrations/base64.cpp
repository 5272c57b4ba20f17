#include "integrations/base64.h"

#include <cstdint>

namespace bursar::integrations {
namespace {

constexpr std::uint32_t no_digit = 64;

std::uint32_t digit(char c) {
    const auto from = [c](char first, std::uint32_t value) { return static_cast<std::uint32_t>(c - first) + value; };
    if (c >= 'A' && c <= 'Z') return from('A', 0);
    if (c >= 'a' && c <= 'z') return from('a', 26);
    if (c >= '0' && c <= '9') return from('0', 52);
    if (c == '+') return 62;
    return c == '/' ? 63 : no_digit;
}

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    const std::string_view digits = text.substr(0, text.size() - padding);
    std::string out;
    out.reserve(text.size() / 4 * 3);
    std::uint32_t held = 0;
    int bits = 0;
    for (const char c : digits) {
        const std::uint32_t value = digit(c);
        if (value == no_digit) return std::nullopt;
        held = (held << 6 | value) & 0xffffU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out.push_back(static_cast<char>(held >> bits & 0xffU));
    }
    const std::uint32_t left_over = held & ((1U << bits) - 1U);
    return left_over == 0 ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace bursar::integrations
