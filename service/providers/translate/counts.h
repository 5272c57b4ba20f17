#pragma once

#include "service/base/json.h"
#include "service/providers/answer.h"
#include "service/providers/translate/canonical.h"
#include "service/providers/translate/dom.h"

// Usage both ways. OpenAI's and Google's prompt counts contain what came from the cache, Anthropic's does not.
namespace bursar::providers::translate {

/// Reads a `usage` object of any dialect over what `counts` already says.
void read_counts(dom::object usage, Counts& counts);
Spent spent_of(Endpoint provider, const Counts& counts);

/// Appends the object.
void write_chat_usage(JsonWriter& json, const Spent& spent);
/// Where it stands decides what it has.
enum class UsageOf : unsigned char { message, delta };
void write_messages_usage(JsonWriter& json, const Spent& spent, UsageOf where);
void write_responses_usage(JsonWriter& json, const Spent& spent);
void write_gemini_usage(JsonWriter& json, const Spent& spent);

}  // namespace bursar::providers::translate
