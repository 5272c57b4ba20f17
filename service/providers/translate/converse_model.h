#pragma once

#include "service/base/json.h"
#include "service/providers/translate/canonical.h"

#include <cstdint>
#include <string_view>

// What a model behind Bedrock's one dialect takes besides: known by whose it is.
namespace bursar::providers::translate {

/// By the name in a model's or an inference profile's id. An application's own profile does not tell.
enum class Family : std::uint8_t { anthropic, nova, gpt_oss, other };
Family family_of(std::string_view model);
/// Whether it keeps prompts where a cachePoint says so (Bedrock user guide, "Prompt caching", November 2026).
bool caches(Family family);

/// What goes into additionalModelRequestFields. A schema stands there only beside an effort of the same object.
struct ModelFields {
    std::string_view thinking;  ///< Anthropic: "enabled", "adaptive", "disabled"
    Tokens budget = 0;
    std::string_view display;
    std::string_view effort;
    std::optional<std::int64_t> top_k;
    std::string_view schema;

    bool empty() const { return thinking.empty() && effort.empty() && !top_k; }
};
/// `model`: the id. Efforts and budgets that it does not know are left out.
ModelFields model_fields(const Ask& ask, std::string_view model, std::optional<Tokens> max_tokens);
void write_model_fields(JsonWriter& json, Family family, const ModelFields& fields);

}  // namespace bursar::providers::translate
