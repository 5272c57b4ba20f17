// Rooms 1 and 2: what is asked, and who asks.
#include "service/gateway/rooms.h"

#include <array>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

struct Place {
    std::string_view path;
    Endpoint endpoint;
    Dialect dialect;
};
constexpr std::array places = {
    Place{"/v1/chat/completions", Endpoint::chat_completions, Dialect::openai},
    Place{"/v1/completions", Endpoint::completions, Dialect::openai},
    Place{"/v1/responses", Endpoint::responses, Dialect::openai},
    Place{"/v1/embeddings", Endpoint::embeddings, Dialect::openai},
    Place{"/v1/messages", Endpoint::messages, Dialect::anthropic},
    Place{"/v1/messages/count_tokens", Endpoint::count_tokens, Dialect::anthropic},
};

/// The credential's header tells the dialect first, then the path (docs/use/clients.md).
Shape shape_of(const edge::RequestHead& head) {
    const std::string_view path = head.path();
    const std::size_t last = path.rfind('/');
    const bool verb =
        head.method == "POST" && last != std::string_view::npos && path.find(':', last) != std::string_view::npos;
    if (head.has("x-goog-api-key") || verb || path.starts_with("/v1beta/")) return Shape::gemini;
    if (head.has("anthropic-version") || path.starts_with("/v1/messages")) return Shape::anthropic;
    return Shape::openai;
}

std::string known_paths() {
    std::string out = "GET /v1/models";
    for (const Place& place : places) out.append(", POST ").append(place.path);
    return out;
}

Error wrong_method(const Call& call, std::string_view wanted) {
    return {Fault::method_not_allowed,
            fmt::format("{} takes {}, not {}.", call.exchange.head().path(), wanted, call.exchange.head().method),
            {}};
}

}  // namespace

Result<void> greet(Call& call) {
    const edge::RequestHead& head = call.exchange.head();
    const std::string_view path = head.path();
    call.shape = shape_of(head);
    call.dialect = call.shape == Shape::anthropic ? Dialect::anthropic : Dialect::openai;
    if (call.shape == Shape::gemini)
        return fail(
            Fault::not_found,
            "This version of Bursar does not speak Gemini's dialect. Use an OpenAI or Anthropic client with this key.");
    if (path == "/v1/models" || path.starts_with("/v1/models/")) {
        call.endpoint = Endpoint::models;
        if (head.method != "GET") return std::unexpected(wrong_method(call, "GET"));
        return {};
    }
    for (const Place& place : places) {
        if (path != place.path) continue;
        call.endpoint = place.endpoint;
        call.dialect = place.dialect;
        call.shape = place.dialect == Dialect::anthropic ? Shape::anthropic : Shape::openai;
        if (head.has("upgrade") && head.method == "GET")
            return fail(Fault::upgrade_refused,
                        "Bursar speaks HTTP here, not WebSocket. Send the request as POST with \"stream\": true.");
        if (head.method != "POST") return std::unexpected(wrong_method(call, "POST"));
        if (const std::string_view coding = head.header("content-encoding"); !coding.empty() && coding != "identity")
            return fail(Fault::invalid_request,
                        fmt::format("The body is encoded ({}); send it plain, without Content-Encoding.", coding));
        return {};
    }
    return fail(Fault::not_found, fmt::format("There is no {} here. Known paths: {}.", path, known_paths()));
}

Result<void> identify(Call& call, const auth::Authenticator& callers) {
    const edge::RequestHead& head = call.exchange.head();
    const auth::Presented presented{.authorization = head.header("authorization"),
                                    .x_api_key = head.header("x-api-key"),
                                    .api_key = head.header("api-key"),
                                    .x_goog_api_key = head.header("x-goog-api-key")};
    const std::string_view credential = auth::credential_of(presented);
    call.signed_in = credential.starts_with(auth::access_prefix);
    // Whoever has signed in is a coding agent, which may ask for the list without its dialect's version.
    if (call.signed_in && call.endpoint == Endpoint::models) {
        call.shape = Shape::anthropic;
        call.dialect = Dialect::anthropic;
    }
    TRY(call.caller, callers.identify(credential, call.exchange.address(), call.at));
    call.outcome.key_id = call.caller->key_id;
    call.outcome.team = call.caller->team;
    if (const auto team = call.rules->teams.find(call.caller->team); team != call.rules->teams.end())
        call.outcome.cost_centre = team->second->cost_centre;
    call.outcome.person = call.caller->person;
    call.outcome.tags = std::string(head.header("x-bursar-tags").substr(0, 256));
    return {};
}

}  // namespace bursar::gateway
