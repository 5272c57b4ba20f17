#pragma once

#include "service/providers/translate/canonical.h"

#include <optional>
#include <string>
#include <string_view>

// Thinking of other providers, and what they prove it with, as the `encrypted_content` of a reasoning item. A client of
// the Responses API owes nothing but this back: so the thinking itself stands in it too, and what the client made of
// the summary beside it is not looked at.
namespace bursar::providers::translate {

/// Of thinking or redacted thinking; empty of anything else.
std::string sealed(const Part& part);
/// What sealed() gave; nullopt if nobody takes it back, or it is of another making, such as OpenAI's own.
std::optional<Part> unsealed(std::string_view text);

}  // namespace bursar::providers::translate
