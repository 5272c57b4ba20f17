// How long is kept what the service stored.
#include "policies/draft.h"

#include <charconv>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::int64_t days_max = 36'500;

/// "90 days", "6 weeks", "1 year" (365 days); from a day to a hundred years.
std::optional<std::chrono::days> read_days(const Value& value) {
    constexpr std::string_view wanted = "must be a time from 1 day to 100 years, such as 90 days or 5 years";
    if (value.node.kind != YamlNode::Kind::text) return value.wrong(wanted), std::nullopt;
    const std::string_view text = value.node.text;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    while (unit.starts_with(' ')) unit.remove_prefix(1);
    std::int64_t days_of_unit = 0;
    if (unit == "day" || unit == "days") days_of_unit = 1;
    if (unit == "week" || unit == "weeks") days_of_unit = 7;
    if (unit == "year" || unit == "years") days_of_unit = 365;
    if (error != std::errc() || days_of_unit == 0 || number < 1 || number > days_max / days_of_unit)
        return value.wrong(wanted), std::nullopt;
    return std::chrono::days(number * days_of_unit);
}

}  // namespace

void read_retention(const Value& section, Rank rank, Draft& draft) {
    Fields fields(section.node, "retention", section.problems);
    Retention retention;
    const std::pair<std::string_view, std::chrono::days*> times[] = {{"calls", &retention.calls},
                                                                     {"usage_hours", &retention.usage_hours},
                                                                     {"usage_days", &retention.usage_days},
                                                                     {"events", &retention.events}};
    for (const auto& [name, time] : times)
        if (const auto value = fields.find(name))
            if (const auto days = read_days(*value)) *time = *days;
    Ranked<Retention> entry{retention, section.node.at, rank};
    if (draft.retention && draft.retention->rank == rank)
        section.problems.add(
            entry.at, fmt::format("retention is defined twice; the other one is at {}", to_text(draft.retention->at)));
    else
        draft.retention = entry;
}

}  // namespace bursar::policies
