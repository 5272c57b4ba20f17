#include "auth/printable.h"

#include <optional>

namespace bursar::auth {
namespace {

/// The next code point of strict UTF-8 (RFC 3629); nothing if the bytes are none.
std::optional<char32_t> next_character(std::string_view& text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || length > text.size()) return std::nullopt;
    char32_t character = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >> 6 != 2) return std::nullopt;
        character = character << 6 | (byte & 0x3f);
    }
    constexpr char32_t shortest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (character < shortest[length] || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
        return std::nullopt;
    text.remove_prefix(length);
    return character;
}

bool is_shown(char32_t c) {
    const bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
    const bool direction = c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    return !control && !direction;
}

}  // namespace

bool is_printable(std::string_view text, std::size_t characters_max) {
    std::size_t characters = 0;
    while (!text.empty()) {
        const auto character = next_character(text);
        if (!character || ++characters > characters_max || !is_shown(*character)) return false;
    }
    return characters > 0;
}

std::string printable(std::string_view text, std::size_t characters_max) {
    std::string out;
    for (std::size_t characters = 0; !text.empty() && characters < characters_max; ++characters) {
        const std::string_view before = text;
        const auto character = next_character(text);
        if (!character) text.remove_prefix(1);
        if (character && is_shown(*character))
            out.append(before.substr(0, before.size() - text.size()));
        else
            out.push_back('?');
    }
    return out;
}

}  // namespace bursar::auth
