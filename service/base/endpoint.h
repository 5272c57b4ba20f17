#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// The one table of what callers may ask for. Routes, paths at providers, how money is held and which reader meets the
// answer follow from a row; tests/endpoints.tsv names the tests of each row, and a row without them fails the rules.
namespace bursar {

/// Which wire format is spoken. A caller's dialect may differ from a provider's.
enum class Dialect : std::uint8_t { openai, anthropic, gemini, bedrock, cohere };

/// Which kind of answer a path asks for. Stored rows know endpoints by number, so new ones come last.
enum class Endpoint : std::uint8_t {
    chat_completions,
    completions,
    responses,
    embeddings,
    messages,
    count_tokens,  ///< Anthropic's or Gemini's
    models,
    generate_content,  ///< Gemini's
    converse,          ///< Bedrock's, of providers only
    moderations,
    rerank,  ///< of Cohere and Jina, under OpenAI's base path
    images,
    image_edits,
    speech,
    transcriptions,
    translations,
    cohere_chat,  ///< Cohere's own, of providers only
    response_get,
    response_delete,
    response_items,
    response_cancel,
    response_compact,
    input_tokens,  ///< OpenAI's count of a response's prompt
    passthrough,   ///< an entry of the policy, for the rest of a provider's API
    file_upload,   ///< the input of a batch
    file_list,
    file_get,
    file_content,
    file_delete,
    batch_create,
    batch_list,
    batch_get,
    batch_cancel,
    realtime,           ///< each response of a session is a call
    gemini_embeddings,  ///< Gemini's, of providers only
    cohere_embed        ///< Cohere's own, of providers only
};

/// How a request is written.
enum class Form : std::uint8_t { none, json, multipart };

/// What a call is held for, before anything is sent.
enum class Held : std::uint8_t {
    nothing,  ///< it costs nothing
    input,    ///< the request bounds the cost, in tokens or searches
    output,   ///< the answer's tokens too, up to a limit that the body has or is given
    units     ///< what is counted in pictures, characters or seconds, and the tokens that the model makes at most
};

/// Who reads the answer's numbers.
enum class Metered : std::uint8_t {
    tokens,      ///< the reader of its dialect's statements
    units,       ///< JSON with pictures, searches or tokens
    sound,       ///< bytes that tell nothing: what was asked for is what was used
    transcript,  ///< JSON with a duration or tokens, or bare text
};

/// By what a request reaches its row.
enum class Reached : std::uint8_t {
    by_path,
    by_verb,
    as_list,
    at_providers_only,
    by_id,      ///< by its path and its method; `{id}` in the suffix stands for one part of it
    by_entry,   ///< the policy names it
    by_upgrade  ///< to a WebSocket, by its path
};

struct EndpointFacts {
    Endpoint endpoint;
    std::string_view name;    ///< in outcome rows, logs and metrics
    std::string_view suffix;  ///< of the path, behind the version: here and at providers
    Dialect dialect;          ///< of its path; by_verb and as_list: of whoever asks
    Reached reached;
    Form form;
    Held held;
    Metered metered;
    bool translated;  ///< into other dialects: all, or those that have such a call (policies/path)
};

// clang-format off
inline constexpr std::array endpoint_table = {
    EndpointFacts{Endpoint::chat_completions, "chat_completions", "/chat/completions", Dialect::openai, Reached::by_path, Form::json, Held::output, Metered::tokens, true},
    EndpointFacts{Endpoint::completions, "completions", "/completions", Dialect::openai, Reached::by_path, Form::json, Held::output, Metered::tokens, false},
    EndpointFacts{Endpoint::responses, "responses", "/responses", Dialect::openai, Reached::by_path, Form::json, Held::output, Metered::tokens, true},
    EndpointFacts{Endpoint::embeddings, "embeddings", "/embeddings", Dialect::openai, Reached::by_path, Form::json, Held::input, Metered::tokens, true},
    EndpointFacts{Endpoint::messages, "messages", "/messages", Dialect::anthropic, Reached::by_path, Form::json, Held::output, Metered::tokens, true},
    EndpointFacts{Endpoint::count_tokens, "count_tokens", "/messages/count_tokens", Dialect::anthropic, Reached::by_path, Form::json, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::models, "models", "/models", Dialect::openai, Reached::as_list, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::generate_content, "generate_content", ":generateContent", Dialect::gemini, Reached::by_verb, Form::json, Held::output, Metered::tokens, true},
    EndpointFacts{Endpoint::converse, "converse", "/converse", Dialect::bedrock, Reached::at_providers_only, Form::json, Held::output, Metered::tokens, true},
    EndpointFacts{Endpoint::moderations, "moderations", "/moderations", Dialect::openai, Reached::by_path, Form::json, Held::input, Metered::units, false},
    EndpointFacts{Endpoint::rerank, "rerank", "/rerank", Dialect::openai, Reached::by_path, Form::json, Held::input, Metered::units, false},
    EndpointFacts{Endpoint::images, "images", "/images/generations", Dialect::openai, Reached::by_path, Form::json, Held::units, Metered::units, false},
    EndpointFacts{Endpoint::image_edits, "image_edits", "/images/edits", Dialect::openai, Reached::by_path, Form::multipart, Held::units, Metered::units, false},
    EndpointFacts{Endpoint::speech, "speech", "/audio/speech", Dialect::openai, Reached::by_path, Form::json, Held::units, Metered::sound, false},
    EndpointFacts{Endpoint::transcriptions, "transcriptions", "/audio/transcriptions", Dialect::openai, Reached::by_path, Form::multipart, Held::units, Metered::transcript, false},
    EndpointFacts{Endpoint::translations, "translations", "/audio/translations", Dialect::openai, Reached::by_path, Form::multipart, Held::units, Metered::transcript, false},
    EndpointFacts{Endpoint::cohere_chat, "cohere_chat", "/chat", Dialect::cohere, Reached::at_providers_only, Form::json, Held::output, Metered::tokens, true},
    EndpointFacts{Endpoint::response_get, "response_get", "/responses/{id}", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::response_delete, "response_delete", "/responses/{id}", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::response_items, "response_items", "/responses/{id}/input_items", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::response_cancel, "response_cancel", "/responses/{id}/cancel", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::response_compact, "response_compact", "/responses/compact", Dialect::openai, Reached::by_path, Form::json, Held::output, Metered::tokens, false},
    EndpointFacts{Endpoint::input_tokens, "input_tokens", "/responses/input_tokens", Dialect::openai, Reached::by_path, Form::json, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::passthrough, "passthrough", "", Dialect::openai, Reached::by_entry, Form::json, Held::units, Metered::units, false},
    EndpointFacts{Endpoint::file_upload, "file_upload", "/files", Dialect::openai, Reached::by_id, Form::multipart, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::file_list, "file_list", "/files", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::file_get, "file_get", "/files/{id}", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::file_content, "file_content", "/files/{id}/content", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::file_delete, "file_delete", "/files/{id}", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::batch_create, "batch_create", "/batches", Dialect::openai, Reached::by_id, Form::json, Held::output, Metered::tokens, false},
    EndpointFacts{Endpoint::batch_list, "batch_list", "/batches", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::batch_get, "batch_get", "/batches/{id}", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::batch_cancel, "batch_cancel", "/batches/{id}/cancel", Dialect::openai, Reached::by_id, Form::none, Held::nothing, Metered::tokens, false},
    EndpointFacts{Endpoint::realtime, "realtime", "/realtime", Dialect::openai, Reached::by_upgrade, Form::none, Held::output, Metered::tokens, false},
    EndpointFacts{Endpoint::gemini_embeddings, "gemini_embeddings", ":batchEmbedContents", Dialect::gemini, Reached::at_providers_only, Form::json, Held::input, Metered::tokens, true},
    EndpointFacts{Endpoint::cohere_embed, "cohere_embed", "/embed", Dialect::cohere, Reached::at_providers_only, Form::json, Held::input, Metered::tokens, true},
};
// clang-format on

inline constexpr std::size_t endpoints_count = endpoint_table.size();
/// What a stored number of an endpoint can be at most.
inline constexpr Endpoint endpoint_last = endpoint_table.back().endpoint;

constexpr const EndpointFacts& facts(Endpoint endpoint) { return endpoint_table[static_cast<std::size_t>(endpoint)]; }

consteval bool in_order() {
    for (std::size_t i = 0; i < endpoints_count; ++i)
        if (static_cast<std::size_t>(endpoint_table[i].endpoint) != i) return false;
    return true;
}
static_assert(in_order() && endpoint_last == Endpoint::cohere_embed, "each endpoint has its row, in order");

}  // namespace bursar
