#pragma once

#include "service/base/abilities.h"
#include "service/base/result.h"
#include "service/base/usage.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Request bodies: what must be known of them, and how few bytes of them we change.
namespace bursar::providers {

/// Where a value stands in the body: [begin, end), quotes included. Empty: absent.
struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool empty() const { return begin == end; }
};

/// What one pass over a body finds. Nothing else of it is looked at, checked or changed.
struct Prompt {
    std::string model;
    Span model_at;
    bool stream = false;
    std::optional<Tokens> max_tokens;  ///< legacy completions have one also where the body is silent: the dialect's own
    Span max_tokens_at;
    std::string max_tokens_field;  ///< the name in use, or the one to insert: "max_completion_tokens",
                                   ///< "max_output_tokens", "max_tokens", Gemini's "maxOutputTokens"
    bool usage_asked = false;      ///< the caller wants the usage chunk (chat and legacy completions, streamed)
    Span stream_options_at;        ///< the object, if present
    Span include_usage_at;         ///< the value inside it, if present
    Span settings_at;              ///< Gemini's generationConfig, in which the limit stands, if present
    std::int64_t choices =
        1;  ///< answers to one call, each up to max_tokens: the larger of n and best_of, times the prompts of a list
    std::string service_tier;
    bool tools = false;                        ///< offers any tools
    bool pictures = false;                     ///< shows any
    Abilities needs;                           ///< of the model, as far as the body shows it beyond doubt
    bool web_search = false;                   ///< the provider may search the web on its own
    std::optional<std::int64_t> searches_max;  ///< how often, if the caller bounded it
    Span max_tool_calls_at;                    ///< the value, if present
    std::string tool_unpriced;  ///< a tool that the provider bills besides tokens, without a price here; empty: none
    Tokens output_min = 0;      ///< Anthropic's thinking.budget_tokens: a limit must be above it
    Tokens input_at_most =
        0;  ///< a bound on input tokens: bytes of text (one token per byte), a fixed sum per image, audio by size
    bool input_elsewhere = false;  ///< the provider adds input that is not in the body (stored conversations, files,
                                   ///< results of its own tools): then only the model's context window bounds it
    // Of the Responses API.
    std::string previous_response;  ///< the id of a stored response that it goes on from: how long that is, its body
                                    ///< does not show
    bool item_reference = false;    ///< names items that are stored at the provider
    bool stored = true;             ///< its answer is to be stored there
    Span tags_at;  ///< the member "tags" of a Messages body with one of its commas: for us, never passed on
    // Of embeddings.
    std::size_t texts = 1;                   ///< that are sent, or lists of tokens
    bool in_tokens = false;                  ///< some are, or all
    bool base64 = false;                     ///< asked for as the form of the vectors
    std::optional<std::int64_t> dimensions;  ///< asked for as their length, where it is a whole number
    // Of what is not paid by tokens alone.
    std::string picture;            ///< quality and size of the pictures asked for: "hd/1024x1792"
    std::string untold;             ///< the form of an answer that does not tell what was used; empty: it tells
    std::int64_t characters = 0;    ///< to be read aloud
    std::int64_t seconds_max = 0;   ///< of the sound that is sent, by its bytes
    std::int64_t search_units = 0;  ///< of a rerank, at most
    bool form = false;              ///< the body is a form: what is put into it is not quoted
    std::size_t insert_at = 0;      ///< just after the opening brace
    bool object_empty = false;
};

/// Reads a body; one of generate_content has no model, which stands in the path there. invalid_request with a sentence
/// that names the field and what it must be: not JSON, not an object, no or wrong `model`, wrong types of stream,
/// max_tokens, n. Trailing bytes, duplicate top-level keys of the fields we read, also in another case, depth over 256:
/// invalid_request.
Result<Prompt> read_prompt(Endpoint endpoint, std::string_view body);
/// The same of a body behind which `room` more bytes may be read, as in a string with spare capacity: with 64 of them
/// it is read where it is, and not copied first.
Result<Prompt> read_prompt(Endpoint endpoint, std::string_view body, std::size_t room);

/// Quality and size of a picture, as prices name them; "" where neither is asked for.
std::string picture_of(std::string_view quality, std::string_view size);

/// What to change. Only `model`, the limits of tokens and of tools, and the usage option are ever changed; `tags`, and
/// what ids of tool calls carry for other providers, are always left out.
struct Rewrite {
    std::string_view model;                      ///< the provider's name; empty: leave
    std::optional<Tokens> max_tokens;            ///< replaces or inserts
    std::string_view max_tokens_name;            ///< of a limit that is inserted, where it is not the dialect's newest
    std::optional<std::int64_t> max_tool_calls;  ///< Responses: replaces or inserts
    bool ask_usage = false;                      ///< stream_options.include_usage = true
    std::string_view version{};                  ///< a member "anthropic_version" with this value; empty: none
    bool without_model = false;                  ///< with a version: it takes the place of the model
};

/// The body in pieces: views into the original around the few bytes that differ. Valid while `body` and this live.
class Pieces {
  public:
    const std::vector<std::string_view>& views() const { return views_; }
    std::size_t bytes() const { return bytes_; }

  private:
    friend Pieces splice(std::string_view, const Prompt&, const Rewrite&);
    std::vector<std::string_view> views_;
    std::vector<std::unique_ptr<std::string>> made_;
    std::size_t bytes_ = 0;
};
Pieces splice(std::string_view body, const Prompt& prompt, const Rewrite& rewrite);

}  // namespace bursar::providers
