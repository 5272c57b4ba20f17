#pragma once

#include "service/providers/translate/canonical.h"

#include <optional>
#include <string_view>

// How much one of Google's models shall think, by what it is known to take. As in effort.h, a name that is not in the
// lists is a model of today.
namespace bursar::providers::translate {

/// A thinkingConfig; neither: nothing is said.
struct GeminiReflection {
    std::optional<Tokens> budget;  ///< -1: as the model likes
    std::string_view level;
    bool shown = false;  ///< summaries of it come with the answer
};
GeminiReflection gemini_reflection_of(const Ask& ask, std::string_view model);

/// Whether a tool call in the conversation must prove the thinking that led to it.
bool wants_signed_calls(std::string_view model);

}  // namespace bursar::providers::translate
