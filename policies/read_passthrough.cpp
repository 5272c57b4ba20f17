// What of a provider's API passes beside the endpoints that are governed one by one.
#include "policies/decimal.h"
#include "policies/draft.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::string_view every_team = "all";

/// It stands in the place of a model's name, and behind the provider's.
bool good_entry_name(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '-' ||
               c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= pass_name_bytes_max && std::ranges::all_of(text, fits) &&
           text.front() != ' ' && text.back() != ' ';
}

std::string read_entry_name(const Value& value) {
    const auto text = single(value);
    if (!text) return {};
    if (good_entry_name(*text)) return std::string(*text);
    value.wrong(fmt::format("must be 1 to {} letters, digits, blanks or - _ .", pass_name_bytes_max));
    return {};
}

std::string read_method(const Value& value) {
    constexpr std::array<std::string_view, 3> methods = {"GET", "POST", "DELETE"};
    const auto word = read_word(value, {methods[0], methods[1], methods[2]});
    return word ? std::string(methods[*word]) : std::string();
}

std::string read_path(const Value& value, std::string_view method) {
    const auto text = single(value);
    if (!text) return {};
    if (const std::string_view flaw = path_flaw(*text, Blanks::allowed); !flaw.empty()) {
        value.wrong(flaw);
        return {};
    }
    if (const auto reserved = reserved_in(method, *text)) {
        value.wrong(fmt::format("cannot pass: \"{}\" {}", reserved->part, reserved->why));
        return {};
    }
    return std::string(*text);
}

NanoUsd read_entry_price(const Value& value) {
    if (value.node.kind == YamlNode::Kind::text)
        if (const auto price = parse_rate(value.node.text)) return *price;
    value.wrong("is not a price in USD for each call; write it like 0.002, or 0 where it is free");
    return {};
}

void read_allow(const Value& value, PassEntry& entry) {
    if (value.node.kind == YamlNode::Kind::text) {
        entry.all = value.node.text == every_team;
        if (!entry.all) value.wrong("must be a list of teams, or the word all");
        return;
    }
    for (const Value& item : read_list(value, "passthrough team"))
        if (auto name = read_name(item)) entry.teams.push_back(*std::move(name));
    if (value.node.kind == YamlNode::Kind::list && value.node.items.empty())
        value.wrong("is empty; name a team at least, or write all");
}

PassEntry read_entry(const Value& item) {
    Fields fields(item.node, "passthrough", item.problems);
    PassEntry entry;
    if (const auto name = fields.need("name")) entry.name = read_entry_name(*name);
    if (const auto method = fields.need("method")) entry.method = read_method(*method);
    if (const auto path = fields.need("path")) entry.path = read_path(*path, entry.method);
    if (const auto price = fields.need("price")) entry.price = read_entry_price(*price);
    if (const auto allow = fields.need("allow")) read_allow(*allow, entry);
    return entry;
}

}  // namespace

std::vector<PassEntry> read_passthrough(const Value& value, std::string_view provider) {
    std::vector<PassEntry> out;
    if (provider.contains('/'))
        value.problems.add(value.node.at,
                           fmt::format("provider \"{}\" has a / in its name, which stands in the paths of what passes; "
                                       "name it without, or take passthrough out",
                                       provider));
    for (const Value& item : read_list(value, "passthrough", pass_entries_max, "entries")) {
        PassEntry entry = read_entry(item);
        if (std::ranges::any_of(out, [&](const PassEntry& other) { return other.name == entry.name; }))
            item.wrong(fmt::format("\"{}\" stands twice; give each entry a name of its own", entry.name));
        const auto both = [&](const PassEntry& other) {
            return other.method == entry.method && overlap(other.path, entry.path);
        };
        if (const auto other = std::ranges::find_if(out, both); other != out.end())
            item.wrong(fmt::format("\"{}\" and \"{}\" have paths that one request could match both; keep one of them",
                                   other->name, entry.name));
        if (!entry.name.empty() && !entry.path.empty() && !entry.method.empty()) out.push_back(std::move(entry));
    }
    return out;
}

}  // namespace bursar::policies
