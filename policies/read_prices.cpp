// Prices: catalogue -> model -> one version or several dated ones. Numbers are read as decimal text.
#include "policies/decimal.h"
#include "policies/draft.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

constexpr std::size_t versions_max = 100;
constexpr std::size_t tiers_max = 16;
constexpr std::size_t regions_max = 64;
constexpr std::size_t hours_max = 24;
constexpr std::size_t pictures_max = 64;

std::optional<NanoUsd> read_rate(const Value& value) {
    if (value.node.kind == YamlNode::Kind::text)
        if (const auto rate = parse_rate(value.node.text)) return rate;
    return value.wrong(
        "is not a price in USD; write it like 2.50 (at most nine digits after the point, below a million)");
}

std::optional<Factor> read_factor(const Value& value) {
    if (value.node.kind == YamlNode::Kind::text)
        if (const auto factor = parse_factor(value.node.text)) return factor;
    return value.wrong("is not a factor; write it like 0.5 or 5/3 (at most 100, four digits after the point)");
}

void read_rates(Fields& fields, Rates& rates) {
    const auto read = [&](std::string_view name, std::optional<NanoUsd>& rate) {
        const auto value = fields.find(name);
        if (value) rate = read_rate(*value);
        return value;
    };
    read("input", rates.input);
    read("cached_input", rates.cache_read);
    if (const auto other = fields.find("cache_read")) {
        if (rates.cache_read) other->wrong("is the same as cached_input; keep one of them");
        rates.cache_read = read_rate(*other);
    }
    read("cache_write_5m", rates.cache_write_5m);
    read("cache_write_1h", rates.cache_write_1h);
    read("output", rates.output);
    read("reasoning", rates.reasoning);
    read("audio_input", rates.audio_input);
    read("audio_output", rates.audio_output);
    read("image_input", rates.image_input);
    read("image_output", rates.image_output);
}

std::vector<Tier> read_tiers(const Value& value) {
    std::vector<Tier> out;
    const auto items = read_list(value, "price tier", tiers_max, "tiers");
    for (const Value& item : items) {
        Fields fields(item.node, "price tier", item.problems);
        Tier tier;
        if (const auto above = fields.need("above")) tier.above = read_integer(*above, 1, call_tokens_max).value_or(1);
        read_rates(fields, tier.rates);
        if (std::ranges::find(out, tier.above, &Tier::above) != out.end())
            item.wrong(fmt::format("above {} stands twice; keep one", tier.above));
        out.push_back(tier);
    }
    std::ranges::sort(out, {}, &Tier::above);
    return out;
}

/// A discount may not raise a price, nor a surcharge lower it: what is held before a call relies on it.
void read_factors(Fields& fields, Price& price) {
    const auto read = [&](std::string_view name, Factor& factor, bool discount) {
        const auto value = fields.find(name);
        if (!value) return;
        factor = read_factor(*value).value_or(Factor{});
        if (discount && factor.numerator > factor.denominator) value->wrong("must be at most 1: it is a discount");
        if (!discount && factor.numerator < factor.denominator) value->wrong("must be at least 1: it is a surcharge");
    };
    price.batch = Factor{};  // a discount that nobody stated is not given
    read("batch", price.batch, true);
    read("flex", price.flex, true);
    read("priority", price.priority, false);
    read("fast", price.fast, false);
}

std::vector<std::pair<std::string, Factor>> read_regions(const Value& value) {
    std::vector<std::pair<std::string, Factor>> out;
    const auto entries = read_entries(value, "price region", regions_max, "regions");
    for (const Named& named : entries)
        if (const auto factor = read_factor(named.value)) out.emplace_back(named.name, *factor);
    return out;
}

std::vector<std::pair<std::string, NanoUsd>> read_pictures(const Value& value) {
    std::vector<std::pair<std::string, NanoUsd>> out;
    const auto entries = read_entries(value, "price of a picture", pictures_max, "pictures");
    for (const Named& named : entries)
        if (const auto fee = read_rate(named.value)) out.emplace_back(named.name, *fee);
    return out;
}

std::uint8_t read_days(const Value& value) {
    constexpr std::array<std::string_view, 7> names = {"monday", "tuesday",  "wednesday", "thursday",
                                                       "friday", "saturday", "sunday"};
    std::uint8_t days = 0;
    for (const Value& item : read_list(value, "price day")) {
        const auto found = std::ranges::find(names, item.node.text);
        if (item.node.kind != YamlNode::Kind::text || found == names.end())
            item.wrong("must be one of: monday, tuesday, wednesday, thursday, friday, saturday, sunday");
        else
            days = static_cast<std::uint8_t>(days | 1U << (found - names.begin()));
    }
    if (value.node.kind == YamlNode::Kind::list && value.node.items.empty())
        value.wrong("names no day; leave it out for every day");
    return days;
}

std::vector<Hours> read_hours(const Value& value) {
    std::vector<Hours> out;
    const auto items = read_list(value, "price hours", hours_max, "entries");
    for (const Value& item : items) {
        Fields fields(item.node, "price hours", item.problems);
        Hours hours;
        if (const auto from = fields.need("from"))
            hours.from_hour = static_cast<int>(read_integer(*from, 0, 23).value_or(0));
        if (const auto until = fields.need("until"))
            hours.until_hour = static_cast<int>(read_integer(*until, 1, 24).value_or(24));
        if (const auto days = fields.find("days")) hours.days = read_days(*days);
        if (const auto factor = fields.need("factor")) hours.factor = read_factor(*factor).value_or(Factor{});
        if (hours.from_hour >= hours.until_hour)
            item.wrong(fmt::format("from {} until {} never come; split them at midnight UTC", hours.from_hour,
                                   hours.until_hour));
        const auto overlap = [&](const Hours& other) {
            return (other.days & hours.days) != 0 && other.from_hour < hours.until_hour &&
                   hours.from_hour < other.until_hour;
        };
        if (std::ranges::any_of(out, overlap))
            item.wrong("overlap with others of this price; each hour has one factor");
        out.push_back(hours);
    }
    return out;
}

struct Version {
    Price price;
    bool imported = false;
};

Version read_version(const Value& value) {
    Fields fields(value.node, value.what, value.problems);
    Version version;
    Price& price = version.price;
    read_rates(fields, price.rates);
    const auto fee = [&](std::string_view name, NanoUsd& amount) {
        if (const auto given = fields.find(name)) amount = read_rate(*given).value_or(NanoUsd{});
    };
    fee("per_request", price.per_request);
    fee("per_web_search", price.per_web_search);
    fee("per_image", price.per_image);
    fee("per_minute", price.per_minute);
    fee("per_million_characters", price.per_million_characters);
    fee("per_search_unit", price.per_search_unit);
    if (const auto pictures = fields.find("pictures")) price.pictures = read_pictures(*pictures);
    constexpr std::array<std::string_view, 7> enough = {
        "input", "per_request", "per_image", "per_minute", "per_million_characters", "per_search_unit", "pictures"};
    const bool priced =
        std::ranges::any_of(enough, [&](std::string_view name) { return fields.find(name).has_value(); });
    if (value.node.kind == YamlNode::Kind::map && !priced)
        value.wrong(
            "has neither an input price nor one per request, image or other unit; write input: 0 if it is free");
    read_factors(fields, price);
    if (const auto tiers = fields.find("tiers")) price.tiers = read_tiers(*tiers);
    if (const auto regions = fields.find("regions")) price.regions = read_regions(*regions);
    if (const auto hours = fields.find("hours")) price.hours = read_hours(*hours);
    if (const auto from = fields.find("from")) price.from = read_instant(*from).value_or(Timestamp::min());
    if (const auto until = fields.find("until")) price.until = read_instant(*until).value_or(Timestamp::max());
    if (price.from >= price.until) value.wrong("ends before it begins; look at from and until");
    if (const auto hidden = fields.find("hidden_reasoning"))
        price.hidden_reasoning = read_truth(*hidden).value_or(true);
    if (const auto source = fields.find("source")) price.source = read_text(*source).value_or("");
    if (const auto imported = fields.find("imported")) version.imported = read_truth(*imported).value_or(false);
    return version;
}

void read_book(const std::string& catalogue, const Named& named, Rank rank, Draft& draft) {
    const std::string what = fmt::format("price of {}/{}", catalogue, named.name);
    PriceBook book{.provider = catalogue, .model = named.name, .versions = {}};
    std::vector<Value> items = {{named.value.node, what, named.value.problems}};
    if (named.value.node.kind == YamlNode::Kind::list) items = read_list(named.value, what, versions_max, "versions");
    if (named.value.node.kind == YamlNode::Kind::list && named.value.node.items.empty())
        named.value.wrong("is an empty list; write one version at least");
    bool imported = false;
    for (const Value& item : items) {
        Version version = read_version(item);
        imported = imported || version.imported;
        const auto overlaps = [&](const Price& other) {
            return other.from < version.price.until && version.price.from < other.until;
        };
        if (std::ranges::any_of(book.versions, overlaps))
            item.wrong("holds at the same time as another version; set from and until");
        seal(version.price, catalogue, named.name);
        book.versions.push_back(std::move(version.price));
    }
    std::ranges::sort(book.versions, {}, &Price::from);
    const Rank of_book = rank == Rank::own && imported ? Rank::imported : rank;
    take(draft.prices, std::pair(catalogue, named.name), Ranked<PriceBook>{std::move(book), named.at, of_book}, what,
         named.value.problems);
}

}  // namespace

void read_prices(const Value& section, Rank rank, Draft& draft) {
    for (const Named& catalogue : read_entries(section, "price catalogue"))
        for (const Named& model : read_entries(catalogue.value, "price")) read_book(catalogue.name, model, rank, draft);
}

}  // namespace bursar::policies
