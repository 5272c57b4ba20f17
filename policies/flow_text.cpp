// A price as policy documents write it.
#include "policies/decimal.h"
#include "policies/litellm_entry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

void add_rates(std::vector<std::string>& out, const Rates& rates) {
    const auto add = [&](std::string_view name, const std::optional<NanoUsd>& rate) {
        if (rate) out.push_back(fmt::format("{}: {}", name, rate->text()));
    };
    add("input", rates.input);
    add("cached_input", rates.cache_read);
    add("cache_write_5m", rates.cache_write_5m);
    add("cache_write_1h", rates.cache_write_1h);
    add("output", rates.output);
    add("reasoning", rates.reasoning);
    add("audio_input", rates.audio_input);
    add("audio_output", rates.audio_output);
    add("image_input", rates.image_input);
    add("image_output", rates.image_output);
}

}  // namespace

std::string flow_text(const Price& price) {
    std::vector<std::string> out;
    add_rates(out, price.rates);
    std::vector<std::string> tiers;
    for (const Tier& tier : price.tiers) {
        std::vector<std::string> one = {fmt::format("above: {}", tier.above)};
        add_rates(one, tier.rates);
        tiers.push_back(fmt::format("{{{}}}", fmt::join(one, ", ")));
    }
    if (!tiers.empty()) out.push_back(fmt::format("tiers: [{}]", fmt::join(tiers, ", ")));
    const auto add_fee = [&](std::string_view name, NanoUsd fee) {
        if (fee != NanoUsd{}) out.push_back(fmt::format("{}: {}", name, fee.text()));
    };
    add_fee("per_request", price.per_request);
    add_fee("per_web_search", price.per_web_search);
    const auto add_factor = [&](std::string_view name, const Factor& factor) {
        if (factor != Factor{}) out.push_back(fmt::format("{}: {}", name, to_text(factor)));
    };
    add_factor("batch", price.batch);
    add_factor("flex", price.flex);
    add_factor("priority", price.priority);
    add_factor("fast", price.fast);
    std::vector<std::string> regions;
    for (const auto& [name, factor] : price.regions)
        regions.push_back(fmt::format("\"{}\": {}", name, to_text(factor)));
    if (!regions.empty()) out.push_back(fmt::format("regions: {{{}}}", fmt::join(regions, ", ")));
    return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace bursar::policies
