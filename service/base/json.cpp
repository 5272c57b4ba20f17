#include "service/base/json.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

namespace bursar {
namespace {

/// A bit in each byte of `word` that equals `byte`. A borrow may set one too many, but only above the first.
constexpr std::uint64_t equal_to(std::uint64_t word, unsigned char byte) {
    constexpr std::uint64_t ones = 0x0101010101010101, highest = 0x8080808080808080;
    const std::uint64_t zero_where_equal = word ^ (ones * byte);
    return (zero_where_equal - ones) & ~zero_where_equal & highest;
}

/// How many bytes from `at` on stand for themselves, as most of any prompt does; eight at a time, and so perhaps fewer
/// at the end.
std::size_t plain_bytes(std::string_view text, std::size_t at) {
    constexpr std::uint64_t ones = 0x0101010101010101, highest = 0x8080808080808080;
    static_assert(std::endian::native == std::endian::little, "the first byte is the lowest one of a word");
    const std::size_t from = at;
    std::uint64_t word = 0;
    for (; text.size() - at >= sizeof word; at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        const std::uint64_t beyond_ascii = word & highest, control = (word - ones * 0x20) & ~word & highest;
        const std::uint64_t special =
            beyond_ascii | control | equal_to(word, '"') | equal_to(word, '\\') | equal_to(word, 0x7f);
        if (special != 0) return at + static_cast<std::size_t>(std::countr_zero(special)) / 8 - from;
    }
    return at - from;
}

/// The length of the well-formed UTF-8 sequence at `at`, or 0 (RFC 3629 §4).
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf && follows(1)) return 2;
    if (first >= 0xe0 && first <= 0xef && follows(1) && follows(2)) {
        if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4 && follows(1) && follows(2) && follows(3)) {
        if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
        return 4;
    }
    return 0;
}

/// U+200E, U+200F, U+202A..U+202E, U+2066..U+2069 turn text round on a terminal; U+2028/9 break lines.
bool turns_text(std::string_view sequence) {
    if (sequence.size() != 3 || sequence[0] != '\xe2') return false;
    const auto second = static_cast<unsigned char>(sequence[1]), third = static_cast<unsigned char>(sequence[2]);
    return (second == 0x80 && (third == 0x8e || third == 0x8f || (third >= 0xa8 && third <= 0xae))) ||
           (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

void append_escaped(std::string& out, std::string_view text, std::size_t& at) {
    const char c = text[at];
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    }
    ++at;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out.push_back('"');
    std::size_t at = 0, plain_from = 0;
    const auto flush = [&] { out.append(text, plain_from, at - plain_from); };
    while (at < text.size()) {
        const auto c = static_cast<unsigned char>(text[at]);
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            at += 1 + plain_bytes(text, at + 1);
            continue;
        }
        if (c < 0x80) {
            flush();
            append_escaped(out, text, at);
            plain_from = at;
            continue;
        }
        const std::size_t length = utf8_length(text, at);
        if (length == 0) {
            flush();
            out += "\\ufffd";
            plain_from = ++at;
        } else if (turns_text(text.substr(at, length))) {
            flush();
            const unsigned code = (static_cast<unsigned char>(text[at + 1]) & 0x3fU) << 6 |
                                  (static_cast<unsigned char>(text[at + 2]) & 0x3fU) | 0x2000U;
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
            plain_from = at += 3;
        } else {
            at += length;
        }
    }
    flush();
    out.push_back('"');
}

void JsonWriter::separate() {
    if (comma_) text_.push_back(',');
    comma_ = true;
}

JsonWriter& JsonWriter::begin(char bracket) {
    separate();
    text_.push_back(bracket);
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
    text_.push_back(bracket);
    comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    separate();
    append_json_string(text_, name);
    text_.push_back(':');
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    separate();
    append_json_string(text_, text);
    return *this;
}

JsonWriter& JsonWriter::value(bool truth) { return raw(truth ? "true" : "false"); }
JsonWriter& JsonWriter::value(std::int64_t number) { return raw(fmt::format_int(number).c_str()); }
JsonWriter& JsonWriter::value(std::uint64_t number) { return raw(fmt::format_int(number).c_str()); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
    separate();
    text_.append(json);
    return *this;
}

}  // namespace bursar
