#include "policies/litellm_entry.h"

#include "policies/decimal.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::policies {
namespace {

/// Dearer than anything on sale: a slip of the list.
constexpr NanoUsd chat_rate_max = NanoUsd::dollars(2'000);
constexpr NanoUsd embedding_rate_max = NanoUsd::dollars(10);
constexpr NanoUsd fee_max = NanoUsd::dollars(10);
constexpr std::int64_t surcharge_max = 10;
/// From dollars for one token to nano-dollars for a million.
constexpr int rate_shift = 15;
constexpr int fee_shift = 9;

struct Spelling {
    std::string_view field;
    std::optional<NanoUsd> Rates::* rate;
};

constexpr std::array<Spelling, 10> base_fields = {{
    {"input_cost_per_token", &Rates::input},
    {"cache_read_input_token_cost", &Rates::cache_read},
    {"cache_creation_input_token_cost", &Rates::cache_write_5m},
    {"cache_creation_input_token_cost_above_1hr", &Rates::cache_write_1h},
    {"output_cost_per_token", &Rates::output},
    {"output_cost_per_reasoning_token", &Rates::reasoning},
    {"input_cost_per_audio_token", &Rates::audio_input},
    {"output_cost_per_audio_token", &Rates::audio_output},
    {"input_cost_per_image_token", &Rates::image_input},
    {"output_cost_per_image_token", &Rates::image_output},
}};

/// Reads an entry field by field and remembers which were of use.
class EntryReader {
  public:
    EntryReader(const ListEntry& entry, NanoUsd rate_max) : entry_(entry), rate_max_(rate_max) {}

    Result<std::optional<NanoUsd>> amount(const std::string& field, int shift, NanoUsd most) {
        const auto found = entry_.numbers.find(field);
        if (found == entry_.numbers.end()) return std::nullopt;
        used_.insert(field);
        const auto nanos = parse_decimal(found->second, shift, most.nanos());
        if (!nanos)
            return fail(Fault::invalid_request, fmt::format("{} is {}, which is no price up to {}", field,
                                                            found->second.substr(0, 40), most.for_people()));
        return NanoUsd{*nanos};
    }

    /// The rates whose fields carry this prefix and suffix.
    Result<Rates> rates(std::string_view prefix, std::string_view suffix) {
        Rates out;
        for (const Spelling& each : base_fields) {
            TRY(out.*each.rate, amount(fmt::format("{}{}{}", prefix, each.field, suffix), rate_shift, rate_max_));
        }
        return out;
    }

    std::vector<std::string> left_out() const {
        std::vector<std::string> out;
        for (const auto& [field, number] : entry_.numbers) {
            const bool money =
                field.contains("cost") || field.contains("price") || field.starts_with("provider_specific");
            if (money && !used_.contains(field) && parse_decimal(number, 0, 0) != 0) out.push_back(field);
        }
        return out;
    }

    void use(const std::string& field) { used_.insert(field); }
    const ListEntry& entry() const { return entry_; }

  private:
    const ListEntry& entry_;
    NanoUsd rate_max_;
    std::set<std::string, std::less<>> used_;
};

/// above / below as a policy can write it: exactly where the parts are small, else rounded up.
Factor factor_of(std::int64_t above, std::int64_t below) {
    constexpr std::int64_t part_max = 1'000;
    constexpr std::int64_t unit = 10'000;
    const std::int64_t common = std::gcd(above, below);
    if (above / common <= part_max && below / common <= part_max) return {above / common, below / common};
    const std::int64_t parts = (above / common * unit + below / common - 1) / (below / common);
    const std::int64_t shared = std::gcd(parts, unit);
    return {parts / shared, unit / shared};
}

/// How much dearer or cheaper a service tier is: by the dearest of its classes, so that nothing is billed too low.
Result<Factor> tier_factor(EntryReader& reader, const Rates& base, std::string_view suffix, bool discount) {
    TRY(const Rates rates, reader.rates("", suffix));
    std::optional<Factor> dearest;
    for (const Spelling& each : base_fields) {
        if (!(rates.*each.rate) || !(base.*each.rate)) continue;
        const std::int64_t above = (rates.*each.rate)->nanos();
        const std::int64_t below = (base.*each.rate)->nanos();
        if (below == 0 && above == 0) continue;
        if (below == 0 || above > surcharge_max * below)
            return fail(Fault::invalid_request,
                        fmt::format("{}{} is more than {} times its base price", each.field, suffix, surcharge_max));
        const Factor factor = factor_of(above, below);
        if (!dearest || factor.numerator * dearest->denominator > dearest->numerator * factor.denominator)
            dearest = factor;
    }
    const bool raises = dearest && dearest->numerator > dearest->denominator;
    return dearest && raises != discount ? *dearest : Factor{};
}

/// "input_cost_per_token_above_200k_tokens" and its like.
Result<void> read_thresholds(EntryReader& reader, Price& price) {
    constexpr std::string_view marker = "input_cost_per_token_above_";
    constexpr std::string_view end = "k_tokens";
    constexpr Tokens above_max = 100'000;
    for (const auto& [field, number] : reader.entry().numbers) {
        if (!field.starts_with(marker) || !field.ends_with(end)) continue;
        const std::string_view digits =
            std::string_view(field).substr(marker.size(), field.size() - marker.size() - end.size());
        const auto thousands = parse_decimal(digits, 0, above_max);
        if (!thousands || *thousands == 0)
            return fail(Fault::invalid_request, fmt::format("{} names no number of tokens", field));
        TRY(Rates rates, reader.rates("", fmt::format("_above_{}k_tokens", *thousands)));
        price.tiers.push_back({.above = *thousands * 1'000, .rates = rates});
    }
    return {};
}

/// A list of ranges, each with prices of its own: the first is the base.
Result<void> read_steps(EntryReader& reader, Price& price) {
    constexpr int steps_max = 16;
    for (int i = 0; i < steps_max; ++i) {
        const std::string prefix = fmt::format("tiered_pricing.{}.", i);
        TRY(const Rates rates, reader.rates(prefix, ""));
        if (!rates.input) return {};
        const auto from = reader.entry().numbers.find(prefix + "range.0");
        const auto above =
            from == reader.entry().numbers.end() ? std::nullopt : parse_decimal(from->second, 0, call_tokens_max);
        if (!above || (i == 0) != (*above == 0))
            return fail(Fault::invalid_request, "tiered_pricing does not begin at 0 and rise");
        if (i == 0)
            price.rates = rates;
        else
            price.tiers.push_back({.above = *above, .rates = rates});
    }
    return fail(Fault::invalid_request, fmt::format("tiered_pricing has {} steps or more", steps_max));
}

Result<void> read_fees(EntryReader& reader, Price& price) {
    for (const std::string_view size : {"low", "medium", "high"}) {
        const std::string field = fmt::format("search_context_cost_per_query.search_context_size_{}", size);
        TRY(const std::optional<NanoUsd> fee, reader.amount(field, fee_shift, fee_max));
        // Which size was searched is not in the answer: the dearest.
        price.per_web_search = std::max(price.per_web_search, fee.value_or(NanoUsd{}));
    }
    TRY(const std::optional<NanoUsd> request, reader.amount("input_cost_per_request", fee_shift, fee_max));
    price.per_request = request.value_or(NanoUsd{});
    return {};
}

/// "provider_specific_entry": {"us": 1.1, "fast": 6.0}
Result<void> read_provider_factors(EntryReader& reader, Price& price) {
    constexpr std::string_view prefix = "provider_specific_entry.";
    for (const auto& [field, number] : reader.entry().numbers) {
        if (!field.starts_with(prefix)) continue;
        const std::string name = field.substr(prefix.size());
        if (name != "fast" && name.size() != 2) continue;
        const auto factor = parse_factor(number);
        if (!factor || factor->numerator < factor->denominator ||
            factor->numerator > surcharge_max * factor->denominator)
            return fail(Fault::invalid_request, fmt::format("{} is {}, which is no surcharge up to {}", field,
                                                            number.substr(0, 40), surcharge_max));
        reader.use(field);
        if (name == "fast")
            price.fast = *factor;
        else
            price.regions.emplace_back(name, *factor);
    }
    return {};
}

Result<void> check_plausible(const Price& price, bool embedding) {
    const auto wrong = [](std::string_view text) { return fail(Fault::invalid_request, std::string(text)); };
    const auto check = [&](const Rates& rates) -> Result<void> {
        if (rates.cache_read && rates.input && *rates.cache_read > *rates.input)
            return wrong("its cached input is dearer than its input");
        if (rates.reasoning && rates.output && *rates.reasoning != *rates.output)
            return wrong("it bills thinking at a price of its own, which an answer does not tell from other output");
        return {};
    };
    if (!price.rates.input) return wrong("it has no price per input token");
    if (!price.rates.output && !embedding) return wrong("it has no price per output token");
    if (*price.rates.input == NanoUsd{} && price.rates.output.value_or(NanoUsd{}) == NanoUsd{})
        return wrong(
            "the list says it is free, as it says of models whose price it does not know; write the price yourself");
    TRY_VOID(check(price.rates));
    for (const Tier& tier : price.tiers) TRY_VOID(check(tier.rates));
    return {};
}

struct Provider {
    std::string_view listed;     ///< litellm_provider begins so
    std::string_view catalogue;  ///< empty: as it is listed
};

/// Longer names first where one begins like another.
constexpr std::array<Provider, 16> providers = {{{"text-completion-openai", "openai"},
                                                 {"openai", "openai"},
                                                 {"anthropic", "anthropic"},
                                                 {"azure_ai", "azure-foundry"},
                                                 {"azure_text", "azure"},
                                                 {"azure", "azure"},
                                                 {"bedrock", "aws-bedrock"},
                                                 {"gemini", "google-gemini"},
                                                 {"vertex_ai", "google-vertex"},
                                                 {"cohere", "cohere"},
                                                 {"together_ai", "together"},
                                                 {"fireworks_ai", "fireworks"},
                                                 {"codestral", "mistral"},
                                                 {"text-completion-codestral", "mistral"},
                                                 {"mistral", "mistral"},
                                                 {"dashscope", "dashscope"}}};

}  // namespace

ListedName listed_name(const ListEntry& entry) {
    const auto found = entry.words.find("litellm_provider");
    const std::string listed = found == entry.words.end() ? std::string() : found->second;
    const auto known =
        std::ranges::find_if(providers, [&](const Provider& each) { return listed.starts_with(each.listed); });
    const std::string_view family = known == providers.end() ? std::string_view(listed) : known->listed;
    ListedName out{.catalogue = std::string(known == providers.end() ? family : known->catalogue), .model = entry.key};
    for (const std::string_view prefix : {std::string_view(listed), family})
        if (!prefix.empty() && out.model.starts_with(prefix) && out.model.substr(prefix.size()).starts_with('/'))
            out.model.erase(0, prefix.size() + 1);
    return out;
}

Result<ListedPrice> listed_price(const ListEntry& entry, std::string_view today) {
    const auto word = [&](std::string_view name) -> std::string_view {
        const auto found = entry.words.find(name);
        return found == entry.words.end() ? std::string_view() : found->second;
    };
    const std::string_view mode = word("mode");
    const bool embedding = mode == "embedding";
    if (!embedding && mode != "chat" && mode != "completion" && mode != "responses")
        return fail(Fault::invalid_request, fmt::format("its mode \"{}\" is not served here", mode.substr(0, 40)));
    const std::string_view end = word("deprecation_date");
    if (!end.empty() && end <= today)
        return fail(Fault::invalid_request, fmt::format("it ended on {}", end.substr(0, 10)));

    EntryReader reader(entry, embedding ? embedding_rate_max : chat_rate_max);
    ListedPrice out;
    Price& price = out.price;
    TRY(price.rates, reader.rates("", ""));
    if (!price.rates.input) TRY_VOID(read_steps(reader, price));
    TRY_VOID(read_thresholds(reader, price));
    TRY_VOID(read_fees(reader, price));
    TRY_VOID(read_provider_factors(reader, price));
    TRY(price.batch, tier_factor(reader, price.rates, "_batches", true));
    TRY(price.flex, tier_factor(reader, price.rates, "_flex", true));
    TRY(price.priority, tier_factor(reader, price.rates, "_priority", false));
    TRY_VOID(check_plausible(price, embedding));
    std::ranges::sort(price.tiers, {}, &Tier::above);
    out.left_out = reader.left_out();
    return out;
}

}  // namespace bursar::policies
