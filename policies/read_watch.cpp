// Which spending people are told of: the section "watch".
#include "policies/draft.h"

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::int64_t factor_min = 2;
constexpr std::int64_t factor_max = 1'000;
constexpr std::chrono::minutes within_max{60};
constexpr std::chrono::minutes pause_max{7 * 24 * 60};

/// Whole minutes: spending is looked at once in each.
std::optional<std::chrono::minutes> read_minutes(const Value& value, std::chrono::minutes most) {
    const auto time = read_duration(value, most);
    if (!time) return {};
    const auto minutes = std::chrono::floor<std::chrono::minutes>(*time);
    if (minutes != *time) return value.wrong("must be whole minutes; write it like 10m or 1h");
    return minutes;
}

void read_amounts(Fields& fields, std::int64_t& factor, NanoUsd& at_least) {
    if (const auto value = fields.find("factor"))
        if (const auto number = read_integer(*value, factor_min, factor_max)) factor = *number;
    if (const auto value = fields.find("at_least"))
        if (const auto amount = read_amount(*value)) {
            if (*amount == NanoUsd{})
                value->wrong("must be more than nothing, or every cent is worth an alarm");
            else
                at_least = *amount;
        }
}

}  // namespace

void read_watch(const Value& section, Rank rank, Draft& draft) {
    Fields fields(section.node, "watch", section.problems);
    Watch watch;
    if (const auto value = fields.find("unusual")) {
        Fields unusual(value->node, "watch unusual", section.problems);
        read_amounts(unusual, watch.unusual.factor, watch.unusual.at_least);
    }
    if (const auto value = fields.find("runaway")) {
        Fields runaway(value->node, "watch runaway", section.problems);
        read_amounts(runaway, watch.runaway.factor, watch.runaway.at_least);
        if (const auto within = runaway.find("within"))
            watch.runaway.within = read_minutes(*within, within_max).value_or(watch.runaway.within);
        if (const auto pause = runaway.find("pause"))
            if (pause->node.kind != YamlNode::Kind::text || pause->node.text != "none")
                watch.runaway.pause = read_minutes(*pause, pause_max);
    }
    Ranked<Watch> entry{watch, section.node.at, rank};
    if (draft.watch && draft.watch->rank == rank)
        section.problems.add(entry.at,
                             fmt::format("watch is defined twice; the other one is at {}", to_text(draft.watch->at)));
    else
        draft.watch = entry;
}

}  // namespace bursar::policies
