#include "auth/scim/query.h"

#include "auth/scim/json.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::scim {
namespace {

constexpr std::size_t query_bytes_max = 8'192;

int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char low = static_cast<char>(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// Percent-escapes and '+' for a blank, as clients write queries.
Outcome<std::string> unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex(text[i + 1]) : -1, low = i + 2 < text.size() ? hex(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return refuse("invalidSyntax", "In the query stands a % without two hexadecimal digits; write %25 for it.");
        out += static_cast<char>(static_cast<unsigned char>(high * 16 + low));
        i += 2;
    }
    return out;
}

Outcome<std::int64_t> number(std::string_view text, std::string_view name) {
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size())
        return refuse("invalidValue", fmt::format("{} must be a whole number.", name));
    return out;
}

Outcome<void> take(std::string_view name, const std::string& value, Query& out) {
    if (name == "filter") {
        TRY(out.filter, parse_filter(value));
    } else if (name == "startindex") {
        TRY(const std::int64_t start, number(value, "startIndex"));
        out.start = std::max<std::int64_t>(start, 1);
    } else if (name == "count") {
        TRY(const std::int64_t count, number(value, "count"));
        out.count = std::clamp<std::int64_t>(count, 0, page_max);
    } else if (name == "excludedattributes") {
        out.with_members = !small(value).contains("members");
    }
    return {};
}

}  // namespace

Outcome<Query> read_query(std::string_view text) {
    if (text.size() > query_bytes_max)
        return refuse("invalidSyntax", fmt::format("A query has at most {} bytes.", query_bytes_max));
    Query out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        TRY(const std::string value, unescaped(pair.substr(std::min(equals + 1, pair.size()))));
        TRY_VOID(take(small(pair.substr(0, equals)), value, out));
    }
    return out;
}

}  // namespace bursar::scim
