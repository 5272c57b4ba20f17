#pragma once

#include "service/base/json.h"
#include "service/providers/translate/canonical.h"

#include <optional>
#include <string_view>

// What a model of Cohere's thinks, and how much (docs.cohere.com/docs/reasoning, November 2026).
namespace bursar::providers::translate {

/// Whether thinking that was given back reaches the model: of one that does not think, or shall not, it is refused.
bool takes_thinking(const Ask& ask, std::string_view model);
/// The field `thinking`, if there is anything to say of it. `limit`: of the tokens of the answer, thoughts among them.
void write_cohere_thinking(JsonWriter& json, const Ask& ask, std::string_view model, std::optional<Tokens> limit);

}  // namespace bursar::providers::translate
