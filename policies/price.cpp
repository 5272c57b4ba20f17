#include "policies/price.h"

#include <algorithm>
#include <array>
#include <limits>
#include <ranges>

namespace bursar::policies {
namespace {

/// Wide enough for a billion tokens of ten classes at any price, times four factors.
__extension__ using Wide = unsigned __int128;
constexpr Wide tokens_per_rate = 1'000'000;

Wide wide(std::int64_t value, std::int64_t at_most) {
    return static_cast<Wide>(std::clamp<std::int64_t>(value, 0, at_most));
}
Wide wide(NanoUsd rate) { return wide(rate.nanos(), std::numeric_limits<std::int64_t>::max()); }

/// Every class with the price it is billed at.
struct Billed {
    NanoUsd input, cache_read, cache_write_5m, cache_write_1h, audio_input, image_input;
    NanoUsd output, reasoning, audio_output, image_output;

    NanoUsd dearest_input() const {
        return std::max({input, cache_read, cache_write_5m, cache_write_1h, audio_input, image_input});
    }
    NanoUsd dearest_output() const { return std::max({output, reasoning, audio_output, image_output}); }
};

/// `below` is what the classes cost without this tier; nothing for the base rates.
Billed billed(const Rates& rates, const Billed& below) {
    Billed out;
    out.input = rates.input.value_or(below.input);
    out.cache_read = rates.cache_read.value_or(std::max(below.cache_read, out.input));
    out.cache_write_5m = rates.cache_write_5m.value_or(std::max(below.cache_write_5m, out.input));
    out.cache_write_1h = rates.cache_write_1h.value_or(std::max({below.cache_write_1h, out.input, out.cache_write_5m}));
    out.audio_input = rates.audio_input.value_or(std::max(below.audio_input, out.input));
    out.image_input = rates.image_input.value_or(std::max(below.image_input, out.input));
    out.output = rates.output.value_or(std::max(below.output, out.input));
    out.reasoning = rates.reasoning.value_or(std::max(below.reasoning, out.output));
    out.audio_output = rates.audio_output.value_or(std::max(below.audio_output, out.output));
    out.image_output = rates.image_output.value_or(std::max(below.image_output, out.output));
    return out;
}

/// Counts come from a provider's answer: none below zero, none absurd.
Usage bounded(const Usage& usage) {
    const auto bound = [](Tokens count) { return std::clamp<Tokens>(count, 0, call_tokens_max); };
    return {.input = bound(usage.input),
            .cache_read = bound(usage.cache_read),
            .cache_write_5m = bound(usage.cache_write_5m),
            .cache_write_1h = bound(usage.cache_write_1h),
            .output = bound(usage.output),
            .reasoning = bound(usage.reasoning),
            .audio_input = bound(usage.audio_input),
            .audio_output = bound(usage.audio_output),
            .image_input = bound(usage.image_input),
            .image_output = bound(usage.image_output),
            .images = bound(usage.images),
            .web_searches = bound(usage.web_searches),
            .characters = bound(usage.characters),
            .seconds = bound(usage.seconds),
            .search_units = bound(usage.search_units)};
}

/// The product of the factors that apply, still a fraction, so that only the whole is rounded.
struct Scale {
    Wide numerator = 1;
    Wide denominator = 1;
    void by(const Factor& factor) {
        numerator *= wide(factor.numerator, std::numeric_limits<std::int32_t>::max());
        denominator *= static_cast<Wide>(std::max<std::int64_t>(1, factor.denominator));
    }
};

bool dearer(const Factor& a, const Factor& b) {
    return wide(a.numerator, std::numeric_limits<std::int64_t>::max()) * static_cast<Wide>(b.denominator) >
           wide(b.numerator, std::numeric_limits<std::int64_t>::max()) * static_cast<Wide>(a.denominator);
}

Factor dearest(const Factor& a, const Factor& b) { return dearer(b, a) ? b : a; }

Factor service_factor(const Price& price, std::string_view tier) {
    if (tier == "priority") return price.priority;
    if (tier == "flex") return price.flex;
    if (tier == "batch") return price.batch;
    if (tier == "fast") return price.fast;
    return {};
}

Factor hour_factor(const Price& price, Timestamp at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const auto hour = std::chrono::duration_cast<std::chrono::hours>(at - day).count();
    const unsigned weekday = std::chrono::weekday{day}.iso_encoding() - 1;  // Monday is 0
    for (const Hours& each : price.hours)
        if ((each.days >> weekday & 1U) != 0 && hour >= each.from_hour && hour < each.until_hour) return each.factor;
    return {};
}

/// `weighted` is tokens times nano-USD per million tokens, summed over the classes.
NanoUsd total(Wide weighted, const Scale& scale, Wide fees) {
    const Wide most = wide(call_cost_max);
    if (scale.numerator != 0 && weighted > ~Wide{0} / scale.numerator) return call_cost_max;
    const Wide divisor = tokens_per_rate * scale.denominator;
    const Wide scaled = weighted * scale.numerator;
    const Wide nanos = scaled / divisor + (scaled % divisor != 0 ? 1 : 0) + fees;
    return NanoUsd{static_cast<std::int64_t>(std::min(nanos, most))};
}

/// The rates of every tier that a call with at most this input may fall into.
template <typename Visit>
void for_reachable(const Price& price, Tokens input_at_most, Visit visit) {
    const Billed base = billed(price.rates, {});
    visit(base);
    for (const Tier& tier : price.tiers)
        if (input_at_most > tier.above) visit(billed(tier.rates, base));
}

Scale scale_at_most(const Price& price, std::string_view asked, Timestamp at) {
    Factor region;
    for (const auto& each : price.regions) region = dearest(region, each.second);
    Scale scale;
    scale.by(dearest({}, service_factor(price, asked == "auto" ? "priority" : asked)));
    scale.by(region);
    scale.by(hour_factor(price, at));
    return scale;
}

/// What is counted in other things than tokens.
Wide fees_of(const Price& price, const Usage& used, NanoUsd per_picture) {
    constexpr Wide minute = 60;
    constexpr Wide million = 1'000'000;
    const auto count = [](std::int64_t each) { return static_cast<Wide>(each); };
    const auto up = [](Wide parts, Wide whole) { return (parts + whole - 1) / whole; };
    return wide(price.per_request) + wide(price.per_web_search) * count(used.web_searches) +
           wide(per_picture) * count(used.images) + up(wide(price.per_minute) * count(used.seconds), minute) +
           up(wide(price.per_million_characters) * count(used.characters), million) +
           wide(price.per_search_unit) * count(used.search_units);
}

NanoUsd dearest_picture(const Price& price) {
    NanoUsd dearest = price.per_image;
    for (const auto& [name, fee] : price.pictures) dearest = std::max(dearest, fee);
    return dearest;
}

}  // namespace

NanoUsd picture_fee(const Price& price, std::string_view picture) {
    if (price.pictures.empty()) return price.per_image;
    const auto fee_of = [&](std::string_view name) {
        const auto found =
            std::ranges::find(price.pictures, name, [](const auto& one) -> std::string_view { return one.first; });
        return found == price.pictures.end() ? std::optional<NanoUsd>() : found->second;
    };
    if (const auto fee = fee_of(picture)) return *fee;
    // The quality that a provider gives where nobody asks for one has no name in most lists.
    for (const std::string_view plain : {"auto/", "standard/"})
        if (picture.starts_with(plain))
            if (const auto fee = fee_of(picture.substr(plain.size()))) return *fee;
    if (picture.empty() && price.per_image != NanoUsd{}) return price.per_image;
    return dearest_picture(price);
}

NanoUsd picture_fee_at_most(const Price& price, std::string_view picture) {
    return picture.contains('/') ? picture_fee(price, picture) : dearest_picture(price);
}

const Price* PriceBook::at(Timestamp when) const {
    const auto holds = [&](const Price& price) { return price.from <= when && when < price.until; };
    const auto found = std::ranges::find_if(versions, holds);
    return found == versions.end() ? nullptr : &*found;
}

bool known_service_tier(std::string_view asked) {
    constexpr std::array<std::string_view, 9> known = {"",         "auto", "default", "standard", "standard_only",
                                                       "priority", "flex", "batch",   "fast"};
    return std::ranges::find(known, asked) != known.end();
}

NanoUsd cost(const Price& price, const Usage& usage, const Served& served, Timestamp at) {
    const Usage used = bounded(usage);
    Billed rates = billed(price.rates, {});
    const Tokens input_total = used.input_total();
    for (const Tier& tier : price.tiers | std::views::reverse) {
        if (input_total <= tier.above) continue;
        rates = billed(tier.rates, rates);
        break;
    }
    const std::array<std::pair<Tokens, NanoUsd>, 10> lines = {{{used.input, rates.input},
                                                               {used.cache_read, rates.cache_read},
                                                               {used.cache_write_5m, rates.cache_write_5m},
                                                               {used.cache_write_1h, rates.cache_write_1h},
                                                               {used.audio_input, rates.audio_input},
                                                               {used.image_input, rates.image_input},
                                                               {used.output, rates.output},
                                                               {used.reasoning, rates.reasoning},
                                                               {used.audio_output, rates.audio_output},
                                                               {used.image_output, rates.image_output}}};
    Wide weighted = 0;
    for (const auto& [count, rate] : lines) weighted += static_cast<Wide>(count) * wide(rate);

    Scale scale;
    scale.by(service_factor(price, served.service_tier));
    if (served.speed == "fast" && served.service_tier != "fast") scale.by(price.fast);
    for (const auto& [region, factor] : price.regions)
        if (region == served.region) scale.by(factor);
    scale.by(hour_factor(price, at));

    return total(weighted, scale, fees_of(price, used, picture_fee(price, served.picture)));
}

NanoUsd cost_at_most(const Price& price, const Bounds& bounds, Tokens output_at_most) {
    const Wide input = wide(bounds.input, call_tokens_max);
    const Wide output = wide(output_at_most, call_tokens_max);
    Wide weighted = 0;
    for_reachable(price, bounds.input, [&](const Billed& rates) {
        weighted = std::max(weighted, input * wide(rates.dearest_input()) + output * wide(rates.dearest_output()));
    });
    const Usage counted = bounded({.images = bounds.images,
                                   .web_searches = bounds.web_searches,
                                   .characters = bounds.characters,
                                   .seconds = bounds.seconds,
                                   .search_units = bounds.search_units});
    const Wide fees = fees_of(price, counted, picture_fee_at_most(price, bounds.picture));
    return total(weighted, scale_at_most(price, bounds.service_tier, bounds.at), fees);
}

Tokens output_bought(const Price& price, NanoUsd money, const Bounds& bounds) {
    const auto affordable = [&](Tokens output) { return cost_at_most(price, bounds, output) <= money; };
    if (!affordable(0)) return 0;
    // The cost never falls as the output grows: halve the distance between what is surely bought and what may not be.
    Tokens bought = 0;
    Tokens beyond = call_tokens_max + 1;
    while (beyond - bought > 1) {
        const Tokens middle = bought + (beyond - bought) / 2;
        (affordable(middle) ? bought : beyond) = middle;
    }
    return bought;
}

Price ceiling_of(std::span<const Price* const> prices, const Bounds& bounds) {
    Price out;
    out.rates.input = NanoUsd{};
    out.rates.output = NanoUsd{};
    for (const Price* price : prices) {
        // What the call costs before its first output token, then the steepest that output can add to it.
        out.per_request = std::max(out.per_request, cost_at_most(*price, bounds, 0));
        const Scale scale = scale_at_most(*price, bounds.service_tier, bounds.at);
        for_reachable(*price, bounds.input, [&](const Billed& rates) {
            const Wide scaled = wide(rates.dearest_output()) * scale.numerator;
            const Wide rounded_up = (scaled + scale.denominator - 1) / scale.denominator;
            const auto rate = static_cast<std::int64_t>(std::min(rounded_up, wide(call_cost_max)));
            out.rates.output = std::max(*out.rates.output, NanoUsd{rate});
        });
    }
    return out;
}

}  // namespace bursar::policies
