#pragma once

#include "service/demo/answer.h"

#include <string>
#include <string_view>
#include <vector>

// Answers as OpenAI and Anthropic write them: what the providers' API references and their official clients agree on,
// November 2026.
namespace bursar::demo {

/// One event of a stream, and how many output tokens the provider has generated once it is out.
struct Event {
    std::string bytes;
    Tokens output_so_far = 0;
};

/// Whole answers.
std::string chat_body(const Ask& ask, const Answer& answer);
std::string completion_body(const Ask& ask, const Answer& answer);
std::string response_body(const Ask& ask, const Answer& answer);
std::string message_body(const Answer& answer);
std::string embeddings_body(const Ask& ask, const Answer& answer);
std::string count_tokens_body(const Answer& answer);
std::string body_of(const Ask& ask, const Answer& answer);

/// Streams, one event per word. The last event is [DONE] or its like.
std::vector<Event> chat_events(const Ask& ask, const Answer& answer);
std::vector<Event> completion_events(const Ask& ask, const Answer& answer);
std::vector<Event> response_events(const Ask& ask, const Answer& answer);
std::vector<Event> message_events(const Answer& answer);
std::vector<Event> events_of(const Ask& ask, const Answer& answer);

/// The model list, or one model of it.
std::string models_body(Dialect dialect);
std::string model_body(Dialect dialect, std::string_view name);

/// What this provider says when it refuses with that HTTP status.
std::string error_body(Dialect dialect, int status, std::string_view sentence, std::string_view request_id);
/// An error in the middle of a stream.
Event error_event(Endpoint endpoint);
/// A broken event.
Event garbage_event();

Dialect dialect_of(Endpoint endpoint);

}  // namespace bursar::demo
