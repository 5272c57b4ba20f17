// Models: what callers ask for, where it may go, and which of several places comes first.
#include "policies/draft.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t channels_max = 32;
constexpr std::size_t aliases_max = 32;
constexpr std::size_t rules_max = 32;
constexpr std::size_t tags_max = 32;
constexpr std::int64_t weight_max = 1'000;
constexpr std::int64_t priority_max = 100;
constexpr std::int64_t attempts_most = 10;
constexpr Tokens output_tokens_most = 10'000'000;
constexpr Tokens input_tokens_most = 100'000'000;
constexpr std::string_view tier_prefix = "tier:";

std::optional<Reference> read_reference(const std::optional<Value>& value) {
    if (!value) return {};
    auto name = read_name(*value);
    if (!name) return {};
    return Reference{*std::move(name), value->node.at};
}

std::vector<Reference> read_aliases(const Value& value) {
    std::vector<Reference> out;
    for (const Value& item : read_list(value, "model alias", aliases_max, "aliases")) {
        auto name = read_name(item);
        if (!name) continue;
        if (name->starts_with(tier_prefix))
            item.wrong("must not begin with tier:");
        else
            out.push_back({*std::move(name), item.node.at});
    }
    return out;
}

bool looks_at_weights(Strategy strategy) {
    switch (strategy) {
        case Strategy::weighted:
        case Strategy::least_busy:
        case Strategy::sticky:
            return true;
        case Strategy::priority:
        case Strategy::cheapest:
        case Strategy::fastest:
            return false;
    }
    return false;
}

ChannelDraft read_channel(const Value& item, const Model& model) {
    Fields fields(item.node, "channel", item.problems);
    ChannelDraft channel;
    channel.model = model.name;
    if (const auto provider = fields.need("provider"))
        channel.provider = {read_name(*provider).value_or(""), provider->node.at};
    if (const auto name = fields.find("model")) channel.model = read_name(*name).value_or(model.name);
    if (const auto priority = fields.find("priority"))
        channel.priority = static_cast<int>(read_integer(*priority, 1, priority_max).value_or(1));
    if (const auto weight = fields.find("weight")) {
        channel.weight = static_cast<int>(read_integer(*weight, 1, weight_max).value_or(1));
        if (!looks_at_weights(model.strategy))
            weight->wrong(
                fmt::format("has no effect with the strategy {}; take it out, or let the model have "
                            "strategy: weighted, least_busy or sticky",
                            name_of(model.strategy)));
    }
    return channel;
}

std::vector<ChannelDraft> read_channels(const Value& value, const Model& model) {
    std::vector<ChannelDraft> out;
    const auto items = read_list(value, "channel", channels_max, "channels");
    if (value.node.kind == YamlNode::Kind::list && value.node.items.empty())
        value.wrong("is empty; name at least one provider");
    for (const Value& item : items) {
        ChannelDraft channel = read_channel(item, model);
        const auto same = [&](const ChannelDraft& other) {
            return other.provider.name == channel.provider.name && other.model == channel.model;
        };
        if (channel.provider.name.empty()) continue;
        if (std::ranges::any_of(out, same))
            item.wrong(fmt::format("to {}/{} stands twice; keep one", channel.provider.name, channel.model));
        else
            out.push_back(std::move(channel));
    }
    return out;
}

void read_when(const Value& value, PickRule& rule) {
    Fields fields(value.node, "rule when", value.problems);
    if (const auto above = fields.find("input_tokens_above"))
        rule.input_above = read_integer(*above, 0, input_tokens_most);
    if (const auto tools = fields.find("tools")) rule.tools = read_truth(*tools);
    if (const auto images = fields.find("images")) rule.images = read_truth(*images);
    if (const auto tags = fields.find("tags")) {
        for (const Value& item : read_list(*tags, "rule tag", tags_max, "tags"))
            if (auto tag = read_name(item)) rule.tags.push_back(*std::move(tag));
        if (tags->node.kind == YamlNode::Kind::list && tags->node.items.empty())
            tags->wrong("is empty; name at least one tag or take it out");
    }
    if (const auto left = fields.find("budget_left_below")) rule.budget_left_below_percent = read_percent(*left);
    if (value.node.kind == YamlNode::Kind::map && value.node.entries.empty())
        value.wrong("is empty; say a condition, or make it the last rule and take \"when\" out");
}

std::vector<RuleDraft> read_rules(const Value& value) {
    std::vector<RuleDraft> out;
    const auto items = read_list(value, "rule", rules_max, "rules");
    if (value.node.kind == YamlNode::Kind::list && value.node.items.empty())
        value.wrong("is empty; write at least {use: MODEL}");
    for (const Value& item : items) {
        const bool last = &item == &items.back();
        Fields fields(item.node, "rule", item.problems);
        RuleDraft rule;
        const auto when = fields.find("when");
        if (when) read_when(*when, rule.rule);
        if (item.node.kind == YamlNode::Kind::map && when && last)
            when->wrong(
                "must not stand in the last rule, so that every call goes somewhere; add {use: MODEL} behind it");
        if (item.node.kind == YamlNode::Kind::map && !when && !last)
            item.wrong(
                "has no \"when\", so the rules behind it would never be looked at; add it, or make this rule the "
                "last");
        if (auto use = read_reference(fields.need("use"))) {
            rule.use = *std::move(use);
            out.push_back(std::move(rule));
        }
    }
    return out;
}

Abilities read_abilities(const Value& value) {
    Abilities out;
    for (const Value& item : read_list(value, "ability", ability_names.size(), "abilities")) {
        const auto word = read_word(item, {"images", "documents", "audio", "tools", "structured_output", "reasoning"});
        if (!word) continue;
        const auto ability = static_cast<Ability>(*word);
        if (out.has(ability)) item.wrong("stands twice; keep one");
        out.add(ability);
    }
    return out;
}

/// What only a model with channels may have: a virtual one takes it from the model that it picks.
void read_route(Fields& fields, ModelDraft& draft) {
    Model& model = draft.model;
    const auto refuse = [&](const Value& value) {
        if (draft.is_virtual) value.wrong("has no effect on a model with rules; say it of the models that they use");
    };
    const auto find = [&](std::string_view name) {
        auto value = fields.find(name);
        if (value) refuse(*value);
        return value;
    };
    if (const auto strategy = find("strategy"))
        if (const auto word =
                read_word(*strategy, {"priority", "weighted", "cheapest", "fastest", "least_busy", "sticky"}))
            model.strategy = static_cast<Strategy>(*word);
    if (const auto most = find("attempts_max"))
        model.attempts_max = static_cast<int>(read_integer(*most, 1, attempts_most).value_or(1));
    if (const auto fallbacks = find("fallbacks")) {
        Fields kinds(fallbacks->node, "fallbacks", fallbacks->problems);
        draft.context_too_long = read_reference(kinds.find("context_too_long"));
        draft.content_refused = read_reference(kinds.find("content_refused"));
    }
    if (const auto most = find("output_tokens_max"))
        model.output_tokens_max = read_integer(*most, 1, output_tokens_most).value_or(1);
    if (const auto most = find("input_tokens_max"))
        model.input_tokens_max = read_integer(*most, 1, input_tokens_most).value_or(1);
    if (const auto hidden = find("hidden_reasoning")) draft.hidden_reasoning = read_truth(*hidden);
    if (const auto abilities = find("abilities")) model.abilities = read_abilities(*abilities);
}

void read_model(const Named& named, Rank rank, Draft& draft) {
    Fields fields(named.value.node, fmt::format("model \"{}\"", named.name), named.value.problems);
    ModelDraft model;
    model.model.name = named.name;
    if (named.name.starts_with(tier_prefix))
        named.value.problems.add(named.at, fmt::format("model name \"{}\" must not begin with tier:", named.name));
    if (const auto tier = fields.find("tier")) model.model.tier = read_name(*tier).value_or("");
    const auto channels = fields.find("channels");
    const auto rules = fields.find("rules");
    if (const auto aliases = fields.find("aliases")) model.aliases = read_aliases(*aliases);
    model.is_virtual = rules.has_value();
    read_route(fields, model);
    if (channels) model.channels = read_channels(*channels, model.model);
    if (rules) model.rules = read_rules(*rules);
    if (channels && rules)
        rules->wrong("cannot stand beside channels; take one of them out");
    else if (!channels && !rules && named.value.node.kind == YamlNode::Kind::map)
        named.value.wrong("has no \"channels\"; add them, or rules that pick another model");
    take(draft.models, named.name, Ranked<ModelDraft>{std::move(model), named.at, rank},
         fmt::format("model \"{}\"", named.name), named.value.problems);
}

}  // namespace

void read_models(const Value& section, Rank rank, Draft& draft) {
    for (const Named& named : read_entries(section, "model")) read_model(named, rank, draft);
}

}  // namespace bursar::policies
