// What accounts are charged for calls that cost the company something else.
#include "policies/charge.h"
#include "policies/draft.h"
#include "service/base/limit_words.h"

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t charge_rules_max = 200;

std::optional<Reference> read_of(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    const auto words = parse_of(*text);
    if (words && words->kind != OfWords::Kind::tag) return Reference{std::string(*text), value.node.at};
    value.wrong("must be tier:NAME or model:NAME");
    return {};
}

ChargeRuleDraft read_rule(const Value& value) {
    Fields fields(value.node, "charge", value.problems);
    ChargeRuleDraft draft;
    if (const auto team = fields.find("team"))
        if (auto name = read_name(*team)) draft.team = Reference{*std::move(name), team->node.at};
    if (const auto of = fields.find("of")) draft.of = read_of(*of);
    const auto factor = fields.find("factor"), per_call = fields.find("per_call");
    if (factor)
        if (const auto text = single(*factor)) {
            const auto read = parse_charge_factor(*text);
            if (read)
                draft.rule.factor = *read;
            else
                factor->wrong("must be from 0 to 1000, with at most six digits after the point; write it like 1.2");
        }
    if (per_call) draft.rule.per_call = read_amount(*per_call).value_or(NanoUsd{});
    if (!factor && !per_call && value.node.kind == YamlNode::Kind::map)
        value.problems.add(value.node.at, "charge has neither \"factor\" nor \"per_call\"; add one of them");
    return draft;
}

}  // namespace

void read_charging(const Value& section, Rank rank, Draft& draft) {
    std::vector<ChargeRuleDraft> rules;
    for (const Value& item : read_list(section, "charge", charge_rules_max, "rules")) rules.push_back(read_rule(item));
    take_whole(draft.charging, Ranked<std::vector<ChargeRuleDraft>>{std::move(rules), section.node.at, rank},
               "charging", section.problems);
}

}  // namespace bursar::policies
