#include "policies/units.h"

#include <algorithm>

namespace bursar::policies {
namespace {

/// Of one of everything, at the time at which the price begins.
Bounds one_of_each(const Price& price) {
    return {.input = 1,
            .images = 1,
            .web_searches = 1,
            .characters = 1,
            .seconds = 1,
            .search_units = 1,
            .picture = {},
            .service_tier = "auto",
            .at = std::max(price.from, Timestamp{})};
}

bool has_output(const Price& price) {
    return price.rates.output || price.rates.image_output || price.rates.audio_output || price.rates.input == NanoUsd{};
}

}  // namespace

std::string_view missing_for(Endpoint endpoint, const Price& price) {
    const bool by_call = price.per_request != NanoUsd{};
    switch (endpoint) {
        case Endpoint::embeddings:
        case Endpoint::gemini_embeddings:
        case Endpoint::cohere_embed:
            return {};
        case Endpoint::moderations:
            return price.rates.input || by_call ? "" : "input price";
        case Endpoint::rerank:
            return price.rates.input || by_call || price.per_search_unit != NanoUsd{} ? "" : "price of a search unit";
        case Endpoint::images:
        case Endpoint::image_edits:
            return has_output(price) || by_call || price.per_image != NanoUsd{} || !price.pictures.empty()
                       ? ""
                       : "price of a picture";
        case Endpoint::speech:
            return has_output(price) || by_call || price.per_million_characters != NanoUsd{} ? ""
                                                                                             : "price of characters";
        case Endpoint::transcriptions:
        case Endpoint::translations:
            return has_output(price) || by_call || price.per_minute != NanoUsd{} ? "" : "price of a minute";
        case Endpoint::chat_completions:
        case Endpoint::completions:
        case Endpoint::responses:
        case Endpoint::messages:
        case Endpoint::count_tokens:
        case Endpoint::models:
        case Endpoint::generate_content:
        case Endpoint::converse:
        case Endpoint::cohere_chat:
        case Endpoint::response_get:
        case Endpoint::response_delete:
        case Endpoint::response_items:
        case Endpoint::response_cancel:
        case Endpoint::response_compact:
        case Endpoint::input_tokens:
        case Endpoint::passthrough:
        case Endpoint::file_upload:
        case Endpoint::file_list:
        case Endpoint::file_get:
        case Endpoint::file_content:
        case Endpoint::file_delete:
        case Endpoint::batch_create:
        case Endpoint::batch_list:
        case Endpoint::batch_get:
        case Endpoint::batch_cancel:
        case Endpoint::realtime:
            break;
    }
    return price.rates.output || price.rates.input == NanoUsd{} ? "" : "output price";
}

bool prices_output(const Price& price) {
    constexpr Tokens many = 1'000'000;
    const Bounds bounds = one_of_each(price);
    return cost_at_most(price, bounds, many) != cost_at_most(price, bounds, 0);
}

bool prices_tokens(const Price& price) {
    constexpr Tokens many = 1'000'000;
    Bounds bounds = one_of_each(price);
    bounds.input = 0;
    const NanoUsd without = cost_at_most(price, bounds, 0);
    bounds.input = many;
    return prices_output(price) || cost_at_most(price, bounds, 0) != without;
}

bool costs_nothing(const Price* price) { return cost_at_most(*price, one_of_each(*price), 1) == NanoUsd{}; }

}  // namespace bursar::policies
