#pragma once

#include "service/providers/translate/canonical.h"
#include "service/providers/translate/dom.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What one GenerateContentResponse says, whole or an event of a stream: both have the same form.
namespace bursar::providers::translate {

struct GeminiPart {
    Part::Kind kind = Part::Kind::text;  ///< text, thinking or a tool call
    std::string_view text, id, name, signature;
    std::optional<dom::element> args;
};

struct GeminiAnswer {
    std::vector<GeminiPart> parts;
    Stop stop = Stop::unsaid;
    std::string_view id;
    std::string_view blocked;  ///< why the prompt was, in one word
    std::optional<dom::object> usage;
};

/// False: it is none. Views point into `body`.
bool read_gemini(dom::object body, GeminiAnswer& said);

/// Not every model names its calls; the id carries what proves the thinking before it.
std::string gemini_call_id(const GeminiPart& call, std::string_view answer_id, std::size_t index);

/// A sentence for the caller, whose dialect has no word for it.
std::string blocked_words(std::string_view reason);

}  // namespace bursar::providers::translate
