// The canonical text of a price: what its version is the digest of.
#include "policies/decimal.h"
#include "service/base/crypto.h"
#include "service/base/json.h"

#include <algorithm>

namespace bursar::policies {
namespace {

void write_rates(JsonWriter& json, const Rates& rates) {
    const auto write = [&](std::string_view name, const std::optional<NanoUsd>& rate) {
        if (rate) json.field(name, rate->text());
    };
    write("input", rates.input);
    write("cache_read", rates.cache_read);
    write("cache_write_5m", rates.cache_write_5m);
    write("cache_write_1h", rates.cache_write_1h);
    write("output", rates.output);
    write("reasoning", rates.reasoning);
    write("audio_input", rates.audio_input);
    write("audio_output", rates.audio_output);
    write("image_input", rates.image_input);
    write("image_output", rates.image_output);
}

void write_fee(JsonWriter& json, std::string_view name, NanoUsd fee) {
    if (fee != NanoUsd{}) json.field(name, fee.text());
}

void write_factor(JsonWriter& json, std::string_view name, const Factor& factor) {
    if (factor != Factor{}) json.field(name, to_text(factor));
}

std::string canonical_of(const Price& price, std::string_view catalogue, std::string_view model) {
    JsonWriter json;
    json.open().field("catalogue", catalogue).field("model", model);
    write_rates(json, price.rates);
    if (!price.tiers.empty()) {
        json.key("tiers").open_list();
        for (const Tier& tier : price.tiers) {
            json.open().field("above", tier.above);
            write_rates(json, tier.rates);
            json.close();
        }
        json.close_list();
    }
    write_fee(json, "per_request", price.per_request);
    write_fee(json, "per_web_search", price.per_web_search);
    write_fee(json, "per_image", price.per_image);
    write_fee(json, "per_minute", price.per_minute);
    write_fee(json, "per_million_characters", price.per_million_characters);
    write_fee(json, "per_search_unit", price.per_search_unit);
    if (!price.pictures.empty()) {
        json.key("pictures").open();
        for (const auto& [picture, fee] : price.pictures) json.field(picture, fee.text());
        json.close();
    }
    write_factor(json, "batch", price.batch);
    write_factor(json, "priority", price.priority);
    write_factor(json, "flex", price.flex);
    write_factor(json, "fast", price.fast);
    if (!price.regions.empty()) {
        json.key("regions").open();
        for (const auto& [region, factor] : price.regions) json.field(region, to_text(factor));
        json.close();
    }
    if (!price.hours.empty()) {
        json.key("hours").open_list();
        for (const Hours& each : price.hours)
            json.open()
                .field("from", each.from_hour)
                .field("until", each.until_hour)
                .field("days", static_cast<int>(each.days))
                .field("factor", to_text(each.factor))
                .close();
        json.close_list();
    }
    if (price.from != Timestamp::min()) json.field("from", bursar::to_text(price.from));
    if (price.until != Timestamp::max()) json.field("until", bursar::to_text(price.until));
    return std::move(json.close()).text();
}

}  // namespace

void seal(Price& price, std::string_view catalogue, std::string_view model) {
    std::ranges::sort(price.tiers, {}, &Tier::above);
    std::ranges::sort(price.regions, {}, [](const auto& region) { return region.first; });
    std::ranges::sort(price.pictures, {}, [](const auto& picture) { return picture.first; });
    price.canonical = canonical_of(price, catalogue, model);
    price.version = 0;
    const Digest digest = sha256(price.canonical);
    for (std::size_t i = 0; i < 8; ++i) price.version = price.version << 8 | digest[i];
}

}  // namespace bursar::policies
