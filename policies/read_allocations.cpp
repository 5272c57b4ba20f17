// How pools are shared out.
#include "policies/draft.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t warnings_max = 10;

ShareRule read_share(const Value& value, const ShareRule& otherwise) {
    Fields fields(value.node, value.what, value.problems);
    ShareRule rule = otherwise;
    const auto weight = fields.find("weight");
    if (weight) rule.weight = read_integer(*weight, 0, share_weight_max).value_or(rule.weight);
    const auto floor = fields.find("floor");
    if (floor) rule.floor = read_amount(*floor).value_or(rule.floor);
    const auto cap = fields.find("cap");
    if (cap) rule.cap = read_amount(*cap);
    const auto fixed = fields.find("fixed");
    if (fixed) {
        rule.fixed = read_amount(*fixed);
        if (floor || cap || weight) fixed->wrong("leaves no room for a weight, floor or cap; keep either it or those");
    }
    if (const auto heads = fields.find("heads")) rule.heads = read_integer(*heads, 0, share_heads_max);
    // What `each` says of everybody does not hold where one's own entry says another thing.
    if (!fixed && (floor || cap || weight)) rule.fixed.reset();
    if (rule.cap && !rule.fixed && rule.floor > *rule.cap)
        value.wrong(fmt::format("has a floor of {} above its cap of {}; change one of them", rule.floor.for_people(),
                                rule.cap->for_people()));
    return rule;
}

void read_among(const Value& value, AllocationDraft& draft) {
    if (value.node.kind == YamlNode::Kind::list) {
        draft.allocation.among = Among::listed;
        if (value.node.items.empty())
            value.wrong("is an empty list; name those who get a part, or write teams or people");
        for (const Value& item : read_list(value, "allocation member"))
            if (auto name = read_name(item)) draft.listed.push_back({*std::move(name), item.node.at});
        return;
    }
    if (value.node.kind == YamlNode::Kind::text && value.node.text == "teams")
        draft.allocation.among = Among::teams;
    else if (value.node.kind == YamlNode::Kind::text && value.node.text == "people")
        draft.allocation.among = Among::people;
    else
        value.wrong("must be teams, people, or a list such as [team:alpha, person:ada]");
}

RollOver read_roll_over(const Value& value) {
    Fields fields(value.node, value.what, value.problems);
    RollOver rule;
    if (const auto part = fields.find("up_to")) rule.up_to_percent = read_percent(*part).value_or(rule.up_to_percent);
    if (const auto ceiling = fields.find("ceiling")) rule.ceiling = read_amount(*ceiling);
    return rule;
}

Lending read_lending(const Value& value) {
    Fields fields(value.node, value.what, value.problems);
    Lending rule;
    if (const auto part = fields.find("up_to")) rule.up_to_percent = read_percent(*part).value_or(rule.up_to_percent);
    if (const auto keep = fields.find("keep")) rule.keep_percent = read_percent(*keep).value_or(rule.keep_percent);
    return rule;
}

void read_shares(Fields& fields, AllocationDraft& draft) {
    Allocation& out = draft.allocation;
    if (const auto each = fields.find("each")) out.each = read_share(*each, out.each);
    const auto shares = fields.find("shares");
    if (!shares) return;
    for (const Named& named : read_entries(*shares, "allocation share")) {
        out.shares.emplace(named.name, read_share(named.value, out.each));
        draft.share_places.emplace(named.name, named.at);
    }
}

std::vector<int> read_warnings(const Value& value) {
    std::vector<int> out;
    for (const Value& part : read_list(value, "allocation warning", warnings_max, "parts"))
        if (const auto percent = read_percent(part)) out.push_back(*percent);
    std::ranges::sort(out);
    const auto repeated = std::ranges::unique(out);
    out.erase(repeated.begin(), repeated.end());
    return out;
}

void read_allocation(const Named& named, Rank rank, Draft& draft) {
    Fields fields(named.value.node, fmt::format("allocation \"{}\"", named.name), named.value.problems);
    AllocationDraft read;
    Allocation& out = read.allocation;
    out.name = named.name;
    if (const auto pool = fields.need("pool"))
        if (auto name = read_name(*pool)) read.pool = Reference{*std::move(name), pool->node.at};
    if (const auto amount = fields.find("amount")) {
        out.amount = read_amount(*amount);
        read.amount_at = amount->node.at;
    }
    if (const auto per = fields.find("per"))
        if (const auto word = read_word(*per, {"hour", "day", "week", "month", "quarter", "year"}))
            out.per = static_cast<Per>(*word);
    if (const auto among = fields.find("among")) read_among(*among, read);
    if (const auto by = fields.find("by"))
        if (const auto word = read_word(*by, {"weight", "heads", "use", "fixed"})) out.by = static_cast<ShareBy>(*word);
    if (const auto smoothing = fields.find("smoothing")) {
        out.smoothing_percent = read_percent(*smoothing).value_or(out.smoothing_percent);
        if (out.by != ShareBy::use) smoothing->wrong("is of use only with by: use; take it out");
    }
    read_shares(fields, read);
    if (const auto rule = fields.find("roll_over")) out.roll_over = read_roll_over(*rule);
    if (const auto rule = fields.find("lending")) out.lending = read_lending(*rule);
    if (const auto warn = fields.find("warn")) out.warn_percent = read_warnings(*warn);
    take(draft.allocations, named.name, Ranked<AllocationDraft>{std::move(read), named.at, rank},
         fmt::format("allocation \"{}\"", named.name), named.value.problems);
}

}  // namespace

void read_allocations(const Value& section, Rank rank, Draft& draft) {
    // `allocations: []` was the way to say that there are none, and stays one.
    if (section.node.kind == YamlNode::Kind::list && section.node.items.empty()) return;
    for (const Named& named : read_entries(section, "allocation")) read_allocation(named, rank, draft);
}

}  // namespace bursar::policies
