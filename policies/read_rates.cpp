// How fast calls may come.
#include "policies/fields.h"
#include "service/base/limit_words.h"

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::int64_t rate_most = 1'000'000'000;

/// "600", with `unit` behind it: "600/min".
std::optional<std::int64_t> read_count(const Value& value, std::string_view unit, std::string_view example) {
    const auto text = single(value);
    if (!text) return {};
    const bool whole = text->ends_with(unit);
    const auto number = whole ? parse_scaled(text->substr(0, text->size() - unit.size()), 0) : std::nullopt;
    if (!number) return value.wrong(fmt::format("is not a rate; write it like {}", example));
    if (*number < 1 || *number > rate_most)
        return value.wrong(fmt::format("must be from 1{0} to {1}M{0}", unit, rate_most / 1'000'000));
    return number;
}

}  // namespace

Rate read_call_rate(const Value& value) {
    Fields fields(value.node, value.what, value.problems);
    Rate rate;
    if (const auto requests = fields.find("requests"))
        rate.requests_per_minute = read_count(*requests, "/min", "600/min");
    if (const auto tokens = fields.find("tokens")) rate.tokens_per_minute = read_count(*tokens, "/min", "2M/min");
    if (const auto parallel = fields.find("parallel")) rate.parallel = read_count(*parallel, "", "50");
    return rate;
}

}  // namespace bursar::policies
