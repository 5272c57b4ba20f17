#include "service/providers/translate/translate.h"

#include "service/providers/translate/dialects.h"
#include "service/providers/translate/embeddings.h"

#include <fmt/format.h>

namespace bursar::providers::translate {
namespace {

Result<void> read_request(Endpoint from, dom::object body, Ask& ask) {
    if (from == Endpoint::chat_completions) return read_chat_request(body, ask);
    if (from == Endpoint::messages) return read_messages_request(body, ask);
    if (from == Endpoint::generate_content) return read_gemini_request(body, ask);
    if (from == Endpoint::responses) return read_responses_request(body, ask);
    return fail(Fault::invalid_request,
                "This model's provider speaks another dialect, into which only chat completions, responses, messages "
                "and generateContent can be translated. Use one of these.");
}

/// Cohere's is the only other dialect that can say them.
Result<void> check_penalties(const Ask& ask, Dialect to) {
    if (to == Dialect::cohere || (!ask.frequency_penalty && !ask.presence_penalty)) return {};
    return no_form({.name = ask.frequency_penalty ? "frequency_penalty" : "presence_penalty"},
                   "has no form there. Leave it out, or ask for a model of the OpenAI dialect.");
}

Result<std::string> translated(Endpoint from, dom::object body, std::size_t bytes, const Target& to) {
    if (from == Endpoint::embeddings && takes_embeddings(to.dialect)) return embeddings_request(body, bytes, to);
    Ask ask{.stream = to.stream, .bytes = bytes};
    TRY_VOID(read_request(from, body, ask));
    TRY_VOID(check_penalties(ask, to.dialect));
    switch (to.dialect) {
        case Dialect::openai:
            return write_chat_request(ask, to);
        case Dialect::anthropic:
            return write_messages_request(ask, to);
        case Dialect::gemini:
            return write_gemini_request(ask, to);
        case Dialect::bedrock:
            return write_converse_request(ask, to);
        case Dialect::cohere:
            return write_cohere_request(ask, to);
    }
    return fail(Fault::internal, "Bursar does not know this provider's dialect.");
}

std::unexpected<Error> no_answer(std::string_view reason) {
    return fail(Fault::provider_unavailable, "The provider's answer could not be understood.",
                fmt::format("translation: the provider's answer {}", reason));
}

bool read_answer(Endpoint provider, dom::object body, Reply& reply) {
    if (provider == Endpoint::messages) return read_messages_answer(body, reply);
    if (provider == Endpoint::generate_content) return read_gemini_answer(body, reply);
    if (provider == Endpoint::converse) return read_converse_answer(body, reply);
    if (provider == Endpoint::cohere_chat) return read_cohere_answer(body, reply);
    return read_chat_answer(body, reply);
}

std::string write_answer(Endpoint caller, const Reply& reply, const Shown& shown) {
    if (caller == Endpoint::messages) return write_messages_answer(reply, shown);
    if (caller == Endpoint::responses) return write_responses_answer(reply, shown);
    return caller == Endpoint::generate_content ? write_gemini_answer(reply, shown) : write_chat_answer(reply, shown);
}

Result<std::string> translated_answer(const Way& way, dom::object body, std::size_t bytes, const Shown& shown) {
    if (way.caller == Endpoint::embeddings) {
        auto vectors = embeddings_answer(way.provider, body, bytes, shown);
        if (!vectors) return no_answer(vectors.error());
        return std::move(*vectors);
    }
    Reply reply{.bytes = bytes};
    if (!read_answer(way.provider, body, reply)) return no_answer("is no whole answer of its dialect");
    return write_answer(way.caller, reply, shown);
}

}  // namespace

Result<std::string> request(Endpoint from, std::string_view body, const Target& to) {
    dom::object object;
    if (const auto error = parse(Desk::body, body).get_object().get(object))
        return fail(Fault::invalid_request,
                    fmt::format("The body is not a JSON object: {}.", simdjson::error_message(error)));
    auto done = translated(from, object, body.size(), to);
    tidy(Desk::body);
    tidy(Desk::inner);
    return done;
}

Result<std::string> answer(const Way& way, std::string_view body, const Shown& shown) {
    dom::object object;
    if (const auto error = parse(Desk::body, body).get_object().get(object))
        return no_answer(fmt::format("is no JSON object: {}", simdjson::error_message(error)));
    auto done = translated_answer(way, object, body.size(), shown);
    tidy(Desk::body);
    tidy(Desk::inner);
    return done;
}

std::string answer_id(std::string_view prefix, std::string_view call_id) {
    if (call_id.starts_with("call_")) call_id.remove_prefix(5);
    return std::string(prefix).append(call_id);
}

}  // namespace bursar::providers::translate
