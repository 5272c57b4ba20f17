#include "service/admin/body.h"
#include "service/base/crypto.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::admin {
namespace {

constexpr std::size_t pairs_max = 16;

/// application/x-www-form-urlencoded: '+' is a space, %XX a byte; decoded once.
Result<std::string> decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out.push_back(' ');
        } else if (text[i] != '%') {
            out.push_back(text[i]);
        } else {
            auto byte = text.size() - i > 2 ? from_hex(text.substr(i + 1, 2)) : fail(Fault::invalid_request, "");
            if (!byte)
                return fail(Fault::invalid_request, "A '%' in the query must be followed by two hexadecimal digits.");
            const auto code = static_cast<unsigned char>((*byte)[0]);
            if (code < 0x20 || code == 0x7f)
                return fail(Fault::invalid_request, "The query has a control character. Leave it out.");
            out.push_back((*byte)[0]);
            i += 2;
        }
    }
    return out;
}

}  // namespace

Result<Query> Query::parse(std::string_view raw, std::initializer_list<std::string_view> known) {
    Query query;
    while (!raw.empty()) {
        const std::string_view piece = raw.substr(0, raw.find('&'));
        raw.remove_prefix(std::min(raw.size(), piece.size() + 1));
        if (piece.empty()) continue;
        const std::size_t equals = piece.find('=');
        TRY(std::string name, decode(piece.substr(0, equals)));
        TRY(std::string value, decode(equals == std::string_view::npos ? "" : piece.substr(equals + 1)));
        if (std::ranges::find(known, name) == known.end()) {
            const std::vector<std::string_view> names(known);
            return fail(Fault::invalid_request,
                        fmt::format("The query has no parameter \"{}\" here. Known: {}.", name,
                                    names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
        }
        if (!query.text(name).empty())
            return fail(Fault::invalid_request, fmt::format("The query gives \"{}\" twice. Give it once.", name));
        if (query.pairs_.size() == pairs_max)
            return fail(Fault::invalid_request, fmt::format("The query has more than {} parameters.", pairs_max));
        query.pairs_.emplace_back(std::move(name), std::move(value));
    }
    return query;
}

Result<Query> Query::pick(std::string_view raw, std::initializer_list<std::string_view> known) {
    Query query;
    while (!raw.empty()) {
        const std::string_view piece = raw.substr(0, raw.find('&'));
        raw.remove_prefix(std::min(raw.size(), piece.size() + 1));
        const std::size_t equals = std::min(piece.find('='), piece.size());
        const auto name = decode(piece.substr(0, equals));
        if (!name || std::ranges::find(known, *name) == known.end()) continue;
        TRY(std::string value, decode(piece.substr(std::min(piece.size(), equals + 1))));
        const bool given =
            std::ranges::find(query.pairs_, *name, &std::pair<std::string, std::string>::first) != query.pairs_.end();
        if (given) return fail(Fault::invalid_request, fmt::format("\"{}\" is given twice. Give it once.", *name));
        query.pairs_.emplace_back(*name, std::move(value));
    }
    return query;
}

std::string_view Query::text(std::string_view name) const {
    const auto found = std::ranges::find(pairs_, name, &std::pair<std::string, std::string>::first);
    return found == pairs_.end() ? std::string_view() : std::string_view(found->second);
}

Result<std::int64_t> Query::integer(std::string_view name, std::int64_t fallback, std::int64_t min,
                                    std::int64_t max) const {
    const std::string_view value = text(name);
    if (value.empty()) return fallback;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number < min || number > max)
        return fail(Fault::invalid_request,
                    fmt::format("\"{}\" in the query must be a whole number from {} to {}, not \"{}\".", name, min, max,
                                value));
    return number;
}

Result<Timestamp> Query::instant(std::string_view name, Timestamp fallback) const {
    const std::string_view value = text(name);
    if (value.empty()) return fallback;
    auto at = parse_timestamp(value);
    if (!at)
        return fail(
            Fault::invalid_request,
            fmt::format("\"{}\" in the query must be a time such as 2026-11-30T00:00:00Z, not \"{}\".", name, value));
    return *at;
}

}  // namespace bursar::admin
