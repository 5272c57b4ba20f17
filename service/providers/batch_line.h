#pragma once

#include "service/base/result.h"
#include "service/providers/body.h"

#include <cstddef>
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

/// What a request for a batch says.
struct BatchAsk {
    std::string input_file;
    Endpoint endpoint = Endpoint::chat_completions;
};
/// invalid_request.
Result<BatchAsk> read_batch_ask(std::string_view body);

}  // namespace bursar::providers
