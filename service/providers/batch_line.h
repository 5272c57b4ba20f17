#pragma once

#include "service/base/result.h"
#include "service/providers/body.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Batches in OpenAI's dialect (platform.openai.com/docs/api-reference/batch, November 2026): a file of calls, a line
// each, that are made later, and a file of their answers.
namespace bursar::providers {

inline constexpr std::size_t custom_id_bytes_max = 512;

/// One line of the input file.
struct BatchLine {
    std::string custom_id;
    Endpoint endpoint = Endpoint::chat_completions;
    Span body;      ///< where the call's own body stands in the line
    Prompt prompt;  ///< of that body: its spans count from the body's begin
};

/// One line, without its end. Strict, and the body is read by the same reader as a call's: what is not understood is
/// not sent. invalid_request; the sentence names the field.
Result<BatchLine> read_batch_line(std::string_view line);

/// The endpoint that a batch may be made of, by the path that stands in `url` and `endpoint`; invalid_request names
/// those that there are.
Result<Endpoint> batched_endpoint(std::string_view url);

/// How long files have to stay at the provider: a batch runs for a day, and its cost is read from its results.
inline constexpr std::chrono::seconds expiry_least = std::chrono::days(3);
/// OpenAI's `expires_after` and `output_expires_after`; invalid_request: the files would be gone too early.
Result<void> check_expiry(std::string_view field, std::string_view anchor, std::int64_t seconds);

/// What a request for a batch says.
struct BatchAsk {
    std::string input_file;
    Endpoint endpoint = Endpoint::chat_completions;
};
/// Strict, as it goes on to the provider: invalid_request names what is not understood.
Result<BatchAsk> read_batch_ask(std::string_view body);

}  // namespace bursar::providers
