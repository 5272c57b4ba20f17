#pragma once

#include "service/providers/translate/canonical.h"

#include <string>
#include <string_view>

// How much a model shall think: OpenAI's word for it, Anthropic's budget or its own word, by what a model is known to
// take. The lists name older models only and so do not grow: a name that is not in them is a model of today.
namespace bursar::providers::translate {

/// What an Anthropic model is to be told.
struct Reflection {
    Thinking thinking = Thinking::unsaid;
    Tokens budget = 0;
    std::string_view effort;  ///< output_config.effort; empty: unsaid
};
/// `max_tokens`: of the request; a budget must stay below it.
Reflection reflection_of(const Ask& ask, std::string_view model, Tokens max_tokens);

/// What an OpenAI model is to be told as `reasoning_effort`; empty: nothing.
std::string_view effort_of(const Ask& ask, std::string_view model);

}  // namespace bursar::providers::translate
