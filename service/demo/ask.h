#pragma once

#include "service/base/result.h"
#include "service/base/usage.h"
#include "service/demo/directives.h"

#include <string>
#include <string_view>
#include <vector>

namespace bursar::demo {

/// A function that the caller's program can run, as the prompt declares it.
struct Tool {
    std::string name;
    std::string schema;  ///< JSON schema of its arguments
};

enum class ToolChoice : std::uint8_t { automatic, none, required };

/// A request body, read. Of a prompt, what the answer depends on.
struct Ask {
    Endpoint endpoint = Endpoint::chat_completions;
    std::string model;
    bool stream = false;
    bool include_usage = false;  ///< stream_options.include_usage
    std::optional<Tokens> output_max;
    std::int64_t choices = 1;
    Tokens prompt_words = 0;                 ///< words of all text in it
    std::string user_text;                   ///< of the last message of the user
    std::optional<std::string> tool_result;  ///< the prompt ends with it
    std::vector<Tool> tools;
    ToolChoice tool_choice = ToolChoice::automatic;
    std::string tool_wanted;    ///< the one tool that the caller insists on
    bool cache_marked = false;  ///< Anthropic's cache_control stands somewhere in it
    bool cache_one_hour = false;
    std::string answer_schema;        ///< structured output: JSON schema of the answer; empty: text
    bool base64 = false;              ///< embeddings
    std::int64_t dimensions = 0;      ///< embeddings; 0: not said
    std::vector<std::string> inputs;  ///< embeddings: one per vector
    Directives directives;
};

/// Reads the body of a request as the provider of that endpoint would. invalid_request with the provider's kind of
/// sentence.
Result<Ask> read_ask(Endpoint endpoint, std::string_view body);

/// How many words `text` has. One word is one token here.
Tokens words_in(std::string_view text);

}  // namespace bursar::demo
