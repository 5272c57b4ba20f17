#include "policies/embeddings.h"

#include "policies/path.h"
#include "policies/units.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

/// As many texts take the two in one call. Google's reference does not say it; the API does.
constexpr std::size_t gemini_texts_max = 100, cohere_texts_max = 96;

bool speaks_openai(const Channel& channel) { return channel.provider->dialect == Dialect::openai; }

bool is_asked_elsewhere(const Channel& channel) { return can_translate(Endpoint::embeddings, *channel.provider); }

/// The one whose vectors are the model's; null: none makes any.
const Channel* leading(const Model& model) {
    for (const auto& makes : {speaks_openai, is_asked_elsewhere}) {
        const auto found = std::ranges::find_if(model.channels, makes);
        if (found != model.channels.end()) return &*found;
    }
    return nullptr;
}

bool embeds_like(const Channel& lead, const Channel& channel) {
    if (speaks_openai(lead)) return speaks_openai(channel);
    return is_asked_elsewhere(channel) && channel.provider->dialect == lead.provider->dialect &&
           channel.model == lead.model;
}

/// By its price, which has tokens that are read and none that are made.
bool only_embeds(const Channel& channel) {
    return channel.prices && std::ranges::all_of(channel.prices->versions, [](const Price& price) {
               return price.rates.input && price.per_search_unit == NanoUsd{} &&
                      !missing_for(Endpoint::chat_completions, price).empty();
           });
}

}  // namespace

bool embeds(const Model& model, const Channel& channel) {
    const Channel* lead = leading(model);
    return lead != nullptr && embeds_like(*lead, channel);
}

Result<void> check_embedded(Dialect provider, const Ask& ask) {
    if (provider == Dialect::openai) return {};
    if (ask.in_tokens)
        return fail(Fault::invalid_request,
                    "`input` cannot be tokens at this model's provider. Send the texts, or ask for a model of the "
                    "OpenAI dialect.");
    const std::size_t most = provider == Dialect::gemini ? gemini_texts_max : cohere_texts_max;
    if (ask.texts <= most) return {};
    return fail(Fault::invalid_request,
                fmt::format("`input` has {} texts, and this model's provider takes at most {} in one call. Send them "
                            "in several calls.",
                            ask.texts, most));
}

std::string embeddings_warning(const Model& model) {
    const Channel* lead = leading(model);
    if (lead == nullptr) return "";
    bool of_vectors = only_embeds(*lead);
    std::vector<std::string> others;
    for (const Channel& channel : model.channels) {
        if (embeds_like(*lead, channel) || !(speaks_openai(channel) || is_asked_elsewhere(channel))) continue;
        of_vectors = of_vectors || only_embeds(channel);
        others.push_back(channel.name());
    }
    if (others.empty() || !of_vectors) return "";
    return fmt::format(
        "model {}: its embeddings are made by {}, and never by {}, whose vectors could not be compared with "
        "those; give what makes other vectors a model of its own",
        model.name, lead->name(), fmt::join(others, ", "));
}

}  // namespace bursar::policies
