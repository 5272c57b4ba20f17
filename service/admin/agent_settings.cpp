#include "service/admin/agent_settings.h"

#include "service/base/crypto.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

namespace bursar::admin {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t depth_max = 64;
/// From here on JavaScript writes numbers with an exponent (ECMA-262, Number::toString).
constexpr double plain_max = 1e21;
constexpr double plain_min = 1e-6;
constexpr std::uint64_t index_max = 4'294'967'294;

/// "0" to "4294967294" without leading zeros: a key that an object of JavaScript puts first.
std::optional<std::uint64_t> as_index(std::string_view key) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
    const bool whole = error == std::errc{} && end == key.data() + key.size();
    if (!whole || number > index_max || (key.size() > 1 && key.front() == '0')) return std::nullopt;
    return number;
}

/// UTF-8 orders as code points; UTF-16 puts those beyond the basic plane before U+E000 to U+FFFF.
std::u16string as_utf16(std::string_view text) {
    std::u16string out;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        std::uint32_t code = size == 1 ? lead : lead & (0x7fU >> size);
        for (std::size_t k = 1; k < size && i + k < text.size(); ++k)
            code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3fU);
        i += size;
        if (code >= 0x10000) {
            code -= 0x10000;
            out.push_back(static_cast<char16_t>(0xd800 + (code >> 10)));
            out.push_back(static_cast<char16_t>(0xdc00 + (code & 0x3ff)));
        } else {
            out.push_back(static_cast<char16_t>(code));
        }
    }
    return out;
}

bool comes_before(std::string_view a, std::string_view b) {
    const auto index_a = as_index(a), index_b = as_index(b);
    if (index_a && index_b) return *index_a < *index_b;
    if (index_a || index_b) return index_a.has_value();
    return as_utf16(a) < as_utf16(b);
}

void write_string(std::string& out, std::string_view text) {
    out.push_back('"');
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\r':
                out += "\\r";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20)
                    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
                else
                    out.push_back(c);
        }
    }
    out.push_back('"');
}

/// The shortest digits that give the number back, in JavaScript's clothes.
void write_number(std::string& out, double number) {
    if (number == 0) {
        out.push_back('0');  // also for -0
        return;
    }
    const double size = std::abs(number);
    char buffer[400];
    const auto format =
        size >= plain_max || size < plain_min ? std::chars_format::scientific : std::chars_format::fixed;
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, format).ptr;
    std::string text(buffer, end);
    // "1e-07" is "1e-7" there, and "1e+21" keeps its sign.
    if (const std::size_t e = text.find('e'); e != std::string::npos)
        while (e + 2 < text.size() - 1 && text[e + 2] == '0') text.erase(e + 2, 1);
    out += text;
}

simdjson::error_code write(std::string& out, const element& from, std::size_t depth) {
    if (depth > depth_max) return simdjson::DEPTH_ERROR;
    switch (from.type()) {
        case element_type::NULL_VALUE:
            out += "null";
            return simdjson::SUCCESS;
        case element_type::BOOL: {
            bool truth = false;
            const auto error = from.get(truth);
            out += truth ? "true" : "false";
            return error;
        }
        case element_type::INT64:
        case element_type::UINT64:
        case element_type::DOUBLE: {
            double number = 0;
            const auto error = from.get(number);
            if (error == simdjson::SUCCESS) write_number(out, number);
            return error;
        }
        case element_type::STRING: {
            std::string_view text;
            const auto error = from.get(text);
            if (error == simdjson::SUCCESS) write_string(out, text);
            return error;
        }
        case element_type::ARRAY: {
            simdjson::dom::array list;
            if (const auto error = from.get(list)) return error;
            out.push_back('[');
            bool first = true;
            for (const element item : list) {
                if (!std::exchange(first, false)) out.push_back(',');
                if (const auto error = write(out, item, depth + 1)) return error;
            }
            out.push_back(']');
            return simdjson::SUCCESS;
        }
        case element_type::OBJECT: {
            simdjson::dom::object object;
            if (const auto error = from.get(object)) return error;
            std::vector<std::pair<std::string_view, element>> fields;
            for (const auto& field : object) fields.emplace_back(field.key, field.value);
            std::ranges::sort(fields, [](const auto& a, const auto& b) { return comes_before(a.first, b.first); });
            out.push_back('{');
            bool first = true;
            for (const auto& [name, value] : fields) {
                if (!std::exchange(first, false)) out.push_back(',');
                write_string(out, name);
                out.push_back(':');
                if (const auto error = write(out, value, depth + 1)) return error;
            }
            out.push_back('}');
            return simdjson::SUCCESS;
        }
    }
    return simdjson::INCORRECT_TYPE;
}

}  // namespace

Result<std::string> canonical_json(std::string_view json) {
    simdjson::dom::parser parser;
    element root;
    std::string out;
    const simdjson::padded_string padded(json);
    auto error = parser.parse(padded).get(root);
    if (error == simdjson::SUCCESS) error = write(out, root, 0);
    if (error == simdjson::SUCCESS) return out;
    return fail(Fault::invalid_request, fmt::format("This is not JSON: {}.", simdjson::error_message(error)));
}

Result<std::string> settings_checksum(std::string_view settings) {
    TRY(const std::string canonical, canonical_json(settings));
    const Digest digest = sha256(canonical);
    return "sha256:" + to_hex(std::span<const unsigned char>(digest));
}

}  // namespace bursar::admin
