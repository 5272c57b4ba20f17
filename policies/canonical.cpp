// The canonical text of a price, read back: what seal.cpp writes. JSON is YAML.
#include "policies/canonical.h"

#include "policies/decimal.h"
#include "policies/yaml.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

const YamlNode* find(const YamlNode& node, std::string_view name) {
    const auto found = std::ranges::find(node.entries, name, [](const Entry& entry) { return entry.key.text; });
    return found == node.entries.end() ? nullptr : &found->value;
}

std::string_view text_of(const YamlNode& node, std::string_view name) {
    const YamlNode* const value = find(node, name);
    return value == nullptr ? std::string_view() : std::string_view(value->text);
}

template <typename Number>
Number number_of(const YamlNode& node, std::string_view name) {
    const std::string_view text = text_of(node, name);
    Number number{};
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Rates rates_of(const YamlNode& node) {
    const auto rate = [&](std::string_view name) { return parse_rate(text_of(node, name)); };
    return {.input = rate("input"),
            .cache_read = rate("cache_read"),
            .cache_write_5m = rate("cache_write_5m"),
            .cache_write_1h = rate("cache_write_1h"),
            .output = rate("output"),
            .reasoning = rate("reasoning"),
            .audio_input = rate("audio_input"),
            .audio_output = rate("audio_output"),
            .image_input = rate("image_input"),
            .image_output = rate("image_output")};
}

template <typename Take>
void each_of(const YamlNode& node, std::string_view name, Take take) {
    const YamlNode* const value = find(node, name);
    if (value == nullptr) return;
    for (const YamlNode& item : value->items) take(item);
}

template <typename Take>
void each_named(const YamlNode& node, std::string_view name, Take take) {
    const YamlNode* const value = find(node, name);
    if (value == nullptr) return;
    for (const Entry& entry : value->entries) take(entry.key.text, entry.value.text);
}

Price price_of(const YamlNode& root) {
    const auto fee = [&](std::string_view name) { return parse_rate(text_of(root, name)).value_or(NanoUsd{}); };
    const auto factor = [&](std::string_view name) { return parse_factor(text_of(root, name)).value_or(Factor{}); };
    Price price;
    price.rates = rates_of(root);
    each_of(root, "tiers", [&](const YamlNode& tier) {
        price.tiers.push_back({.above = number_of<Tokens>(tier, "above"), .rates = rates_of(tier)});
    });
    price.per_request = fee("per_request");
    price.per_web_search = fee("per_web_search");
    price.per_image = fee("per_image");
    price.per_minute = fee("per_minute");
    price.per_million_characters = fee("per_million_characters");
    price.per_search_unit = fee("per_search_unit");
    each_named(root, "pictures", [&](const std::string& picture, const std::string& text) {
        price.pictures.emplace_back(picture, parse_rate(text).value_or(NanoUsd{}));
    });
    price.batch = factor("batch");
    price.priority = factor("priority");
    price.flex = factor("flex");
    price.fast = factor("fast");
    each_named(root, "regions", [&](const std::string& region, const std::string& text) {
        price.regions.emplace_back(region, parse_factor(text).value_or(Factor{}));
    });
    each_of(root, "hours", [&](const YamlNode& hours) {
        price.hours.push_back({.from_hour = number_of<int>(hours, "from"),
                               .until_hour = number_of<int>(hours, "until"),
                               .days = number_of<std::uint8_t>(hours, "days"),
                               .factor = parse_factor(text_of(hours, "factor")).value_or(Factor{})});
    });
    if (const auto from = parse_timestamp(text_of(root, "from"))) price.from = *from;
    if (const auto until = parse_timestamp(text_of(root, "until"))) price.until = *until;
    return price;
}

}  // namespace

Result<Price> price_from(std::string_view canonical) {
    const Document document{.name = "price", .text = std::string(canonical)};
    Problems problems;
    std::size_t nodes_left = nodes_max;
    const YamlNode root = read_yaml(document, nodes_left, problems);
    Price price = price_of(root);
    seal(price, text_of(root, "catalogue"), text_of(root, "model"));
    // What is read otherwise than it was written would bill otherwise.
    if (problems.none() && price.canonical == canonical) return price;
    return fail(Fault::wrong_configuration, "The price of a batch cannot be read. Restore a backup.",
                fmt::format("this is no price's canonical text: {}", canonical.substr(0, 400)));
}

}  // namespace bursar::policies
