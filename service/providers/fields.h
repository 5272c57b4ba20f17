#pragma once

#include "service/base/usage.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Which fields of a request body we read, and where in it things stand that are not text.
namespace bursar::providers {

/// Where a value stands, as far as it decides how its bytes become tokens.
enum class Place : std::uint8_t {
    text,
    messages,
    message,
    content,
    part,
    image_url,
    image,
    audio_object,
    audio,
    source,
    stored,
    document,  ///< a file, of which the provider makes input
    output_settings,
    format,
    format_type,
    context,
    tools,
    tool,
    edits,
    edit,
    // Gemini's.
    contents,
    turn,
    turn_parts,
    turn_part,
    blob,
    google_tools,
    google_tool
};

enum class Key : std::uint8_t {
    model,
    stream,
    max_tokens,
    stream_options,
    choices,
    service_tier,
    messages,
    input,
    prompt,
    tools,
    context_management,
    stored_input,
    kept_input,
    previous_response,
    store,
    background,
    speed,
    thinking,
    web_search,
    max_tool_calls,
    tags,
    contents,
    instruction,
    generation_config,
    format,
    output_settings,
    encoding,
    dimensions,
    purpose
};

/// A set of endpoints, one bit each.
using EndpointBits = std::uint64_t;
static_assert(endpoints_count <= 64);
constexpr EndpointBits bit(Endpoint endpoint) { return EndpointBits{1} << static_cast<unsigned>(endpoint); }
inline constexpr EndpointBits at_chat = bit(Endpoint::chat_completions);
inline constexpr EndpointBits at_legacy = bit(Endpoint::completions);
inline constexpr EndpointBits at_responses = bit(Endpoint::responses);
/// Those whose `input` is items of the Responses API.
inline constexpr EndpointBits at_items = at_responses | bit(Endpoint::response_compact) | bit(Endpoint::input_tokens);
inline constexpr EndpointBits at_messages = bit(Endpoint::messages);
inline constexpr EndpointBits at_gemini = bit(Endpoint::generate_content);
inline constexpr EndpointBits at_embeddings = bit(Endpoint::embeddings);
inline constexpr EndpointBits at_generating = at_chat | at_legacy | at_responses | at_messages;
inline constexpr EndpointBits at_every = ~EndpointBits{0};

/// A top-level field that we read, and where. At other endpoints it is an unknown field, which passes through unread.
struct KeyName {
    std::string_view name;
    Key key;
    EndpointBits endpoints;
};
inline constexpr std::array key_names = {
    KeyName{"model", Key::model, at_every},
    KeyName{"stream", Key::stream, at_generating},
    KeyName{"max_tokens", Key::max_tokens, at_chat | at_legacy | at_messages},
    KeyName{"max_completion_tokens", Key::max_tokens, at_chat},
    KeyName{"max_output_tokens", Key::max_tokens, at_responses},
    KeyName{"stream_options", Key::stream_options, at_chat | at_legacy},
    KeyName{"n", Key::choices, at_chat | at_legacy},
    KeyName{"best_of", Key::choices, at_legacy},
    KeyName{"service_tier", Key::service_tier, at_generating | at_gemini | bit(Endpoint::response_compact)},
    KeyName{"messages", Key::messages, at_every},
    KeyName{"input", Key::input, at_every},
    KeyName{"prompt", Key::prompt, at_legacy | at_items},
    KeyName{"tools", Key::tools, at_every},
    KeyName{"context_management", Key::context_management, at_every},
    KeyName{"background", Key::background, at_responses},
    KeyName{"store", Key::store, at_responses},
    KeyName{"speed", Key::speed, at_messages},
    // Each of these makes the provider read something that is not in the body.
    KeyName{"previous_response_id", Key::previous_response, at_every},
    KeyName{"conversation", Key::kept_input, at_every},
    KeyName{"mcp_servers", Key::stored_input, at_every},
    KeyName{"container", Key::stored_input, at_every},
    KeyName{"web_search_options", Key::web_search, at_every},
    KeyName{"thinking", Key::thinking, at_messages},
    KeyName{"max_tool_calls", Key::max_tool_calls, at_responses},
    // What Claude Code says of whom to charge; no provider knows it.
    KeyName{"tags", Key::tags, at_messages | bit(Endpoint::count_tokens)},
    // Whether an answer is to follow a schema.
    KeyName{"response_format", Key::format, at_chat},
    KeyName{"text", Key::output_settings, at_responses},
    KeyName{"output_config", Key::output_settings, at_messages},
    KeyName{"output_format", Key::format, at_messages},
    KeyName{"encoding_format", Key::encoding, at_embeddings},
    KeyName{"dimensions", Key::dimensions, at_embeddings},
    KeyName{"input_type", Key::purpose, at_embeddings},
    // Google takes each of its names in both spellings.
    KeyName{"contents", Key::contents, at_gemini},
    KeyName{"systemInstruction", Key::instruction, at_gemini},
    KeyName{"system_instruction", Key::instruction, at_gemini},
    KeyName{"generationConfig", Key::generation_config, at_gemini},
    KeyName{"generation_config", Key::generation_config, at_gemini},
    KeyName{"cachedContent", Key::stored_input, at_gemini},
    KeyName{"cached_content", Key::stored_input, at_gemini},
    KeyName{"serviceTier", Key::service_tier, at_gemini},
};
inline constexpr std::size_t no_row = key_names.size();

/// The row of key_names that `name` has at this endpoint; no_row if it is not read there.
std::size_t row_of(Endpoint endpoint, std::string_view name);
/// The row that a reader without regard to case would take `name` for; no_row if there is none at this endpoint. Go's
/// encoding/json is such a reader, and servers of local models are written in it: the last of two spellings counts
/// there.
std::size_t row_meant(Endpoint endpoint, std::string_view name);
/// Whether such a reader takes `name` for `field`, which is in lower case.
bool is_meant(std::string_view field, std::string_view name);
/// The place of a member of an object that stands at `place`.
Place inside(Place place, std::string_view key);
/// The place of the elements of a list that stands at `list`.
Place element_of(Place list);
/// Tools that the provider runs itself, and edits of the context: what they find or write comes back to the model as
/// input.
bool runs_at_provider(std::string_view tool_type);
/// Tools that the provider bills beside the model's tokens, in units that no price list here has.
bool billed_besides(std::string_view tool_type);

}  // namespace bursar::providers
