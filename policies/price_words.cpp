#include "policies/price_words.h"

#include "policies/decimal.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

/// What a price states, in the order in which people look at it.
using Facts = std::vector<std::pair<std::string, std::string>>;

void add_rates(Facts& facts, const std::string& before, const Rates& rates) {
    const auto add = [&](std::string_view name, const std::optional<NanoUsd>& rate) {
        if (rate) facts.emplace_back(fmt::format("{}{}", before, name), rate->text());
    };
    add("input", rates.input);
    add("output", rates.output);
    add("cache_read", rates.cache_read);
    add("cache_write_5m", rates.cache_write_5m);
    add("cache_write_1h", rates.cache_write_1h);
    add("reasoning", rates.reasoning);
    add("audio_input", rates.audio_input);
    add("audio_output", rates.audio_output);
    add("image_input", rates.image_input);
    add("image_output", rates.image_output);
}

std::string words_of(const Hours& hours) {
    constexpr std::string_view names[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
    std::vector<std::string_view> days;
    for (unsigned day = 0; day < 7; ++day)
        if ((hours.days >> day & 1U) != 0) days.push_back(names[day]);
    return fmt::format("{} to {} UTC{}", hours.from_hour, hours.until_hour,
                       days.size() == 7 ? std::string() : fmt::format(" {}", fmt::join(days, " ")));
}

Facts facts_of(const Price& price) {
    Facts facts;
    add_rates(facts, "", price.rates);
    for (const Tier& tier : price.tiers) add_rates(facts, fmt::format("above {} tokens ", tier.above), tier.rates);
    const auto fee = [&](std::string_view name, NanoUsd each) {
        if (each != NanoUsd{}) facts.emplace_back(name, each.text());
    };
    fee("per_request", price.per_request);
    fee("per_web_search", price.per_web_search);
    fee("per_image", price.per_image);
    fee("per_minute", price.per_minute);
    fee("per_million_characters", price.per_million_characters);
    fee("per_search_unit", price.per_search_unit);
    for (const auto& [picture, each] : price.pictures) facts.emplace_back("picture " + picture, each.text());
    const auto factor = [&](std::string name, const Factor& each) {
        if (each != Factor{}) facts.emplace_back(std::move(name), to_text(each));
    };
    factor("batch", price.batch);
    factor("priority", price.priority);
    factor("flex", price.flex);
    factor("fast", price.fast);
    for (const auto& [region, each] : price.regions) factor("region " + region, each);
    for (const Hours& hours : price.hours) factor(words_of(hours), hours.factor);
    if (!price.hidden_reasoning) facts.emplace_back("hidden_reasoning", "no");
    if (price.from != Timestamp::min()) facts.emplace_back("from", bursar::to_text(price.from));
    if (price.until != Timestamp::max()) facts.emplace_back("until", bursar::to_text(price.until));
    return facts;
}

std::string text_of(const Facts& facts) {
    std::vector<std::string> words;
    for (const auto& [name, value] : facts) words.push_back(fmt::format("{} {}", name, value));
    return words.empty() ? "nothing" : fmt::format("{}", fmt::join(words, ", "));
}

void compare(const std::string& thing, const Price& before, const Price& after, std::vector<std::string>& out) {
    const Facts old = facts_of(before), now = facts_of(after);
    const auto value_in = [](const Facts& facts, const std::string& name) {
        const auto found = std::ranges::find(facts, name, [](const auto& fact) { return fact.first; });
        return found == facts.end() ? std::string("none") : found->second;
    };
    for (const auto& [name, value] : old)
        if (const std::string other = value_in(now, name); other != value)
            out.push_back(fmt::format("{}{} {} -> {}", thing, name, value, other));
    for (const auto& [name, value] : now)
        if (value_in(old, name) == "none") out.push_back(fmt::format("{}{} none -> {}", thing, name, value));
}

bool equal(const PriceBook& a, const PriceBook& b) {
    return std::ranges::equal(a.versions, b.versions, [](const Price& x, const Price& y) {
        return x.version == y.version && x.hidden_reasoning == y.hidden_reasoning;
    });
}

std::string start_of(const Price& price) {
    return price.from == Timestamp::min() ? "from the first" : "from " + bursar::to_text(price.from);
}

}  // namespace

std::vector<std::string> changes_between(const PriceBook& before, const PriceBook& after) {
    std::vector<std::string> out;
    if (before.versions.size() == 1 && after.versions.size() == 1) {
        compare("", before.versions[0], after.versions[0], out);
        return out;
    }
    for (const Price& old : before.versions) {
        const auto now = std::ranges::find(after.versions, old.from, &Price::from);
        if (now == after.versions.end())
            out.push_back(fmt::format("the version {} is gone", start_of(old)));
        else
            compare(start_of(old) + ": ", old, *now, out);
    }
    for (const Price& now : after.versions)
        if (std::ranges::find(before.versions, now.from, &Price::from) == before.versions.end())
            out.push_back(fmt::format("new {}: {}", start_of(now), text_of(facts_of(now))));
    return out;
}

std::string words_of(const PriceBook& book) { return text_of(facts_of(book.versions.back())); }

std::vector<std::string> count_changes(const PriceBooks& before, const PriceBooks& after) {
    constexpr std::size_t named_max = 20;
    std::vector<std::string> added, changed, gone, out;
    const auto name = [](const auto& key) { return fmt::format("{}/{}", key.first, key.second); };
    for (const auto& [key, book] : before)
        if (!after.contains(key)) gone.push_back(name(key));
    for (const auto& [key, book] : after) {
        const auto old = before.find(key);
        if (old == before.end())
            added.push_back(name(key));
        else if (!equal(*old->second, *book))
            changed.push_back(name(key));
    }
    for (const auto& [word, names] : {std::pair{"new", &added}, {"changed", &changed}, {"gone", &gone}}) {
        if (names->empty()) continue;
        const std::size_t shown = std::min(names->size(), named_max);
        out.push_back(fmt::format("prices: {} {} ({}{})", names->size(), word,
                                  fmt::join(*names | std::views::take(shown), ", "),
                                  shown < names->size() ? fmt::format(" and {} more", names->size() - shown) : ""));
    }
    return out;
}

}  // namespace bursar::policies
