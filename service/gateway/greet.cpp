// Rooms 1 and 2: what is asked, and who asks.
#include "service/gateway/passthrough.h"
#include "service/gateway/realtime.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shelf_paths.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// Versions that stand in front of a suffix of the table; Cohere's clients rerank at their second.
bool is_path_of(const EndpointFacts& row, std::string_view path) {
    for (const std::string_view version : {"/v1", "/v2"}) {
        if (version == "/v2" && row.endpoint != Endpoint::rerank) continue;
        if (path.starts_with(version) && path.substr(version.size()) == row.suffix) return true;
    }
    return false;
}

const EndpointFacts* row_of(std::string_view path) {
    const auto* found = std::ranges::find_if(endpoint_table, [&](const EndpointFacts& row) {
        return row.reached == Reached::by_path && is_path_of(row, path);
    });
    return found == endpoint_table.end() ? nullptr : found;
}

struct Verb {
    std::string_view name;
    Endpoint endpoint;
    bool stream;
};
constexpr std::array verbs = {
    Verb{"generateContent", Endpoint::generate_content, false},
    Verb{"streamGenerateContent", Endpoint::generate_content, true},
    Verb{"countTokens", Endpoint::count_tokens, false},
};

Dialect dialect_of(Shape shape) {
    switch (shape) {
        case Shape::openai:
            return Dialect::openai;
        case Shape::anthropic:
            return Dialect::anthropic;
        case Shape::gemini:
            return Dialect::gemini;
    }
    return Dialect::openai;
}

std::string known_paths() {
    std::string out = "GET /v1/models";
    for (const EndpointFacts& row : endpoint_table)
        if (row.reached == Reached::by_path) out.append(", POST /v1").append(row.suffix);
    for (const EndpointFacts& row : endpoint_table)
        if (row.reached == Reached::by_id)
            out.append(", ").append(method_of(row.endpoint)).append(" /v1").append(row.suffix);
    for (const Verb& verb : verbs) out.append(", POST /v1beta/models/{model}:").append(verb.name);
    return out;
}

Result<void> plain_body(const edge::RequestHead& head) {
    const std::string_view coding = head.header("content-encoding");
    if (coding.empty() || coding == "identity") return {};
    return fail(Fault::invalid_request,
                fmt::format("The body is encoded ({}); send it plain, without Content-Encoding.", coding));
}

Error wrong_method(const Call& call, std::string_view wanted) {
    return {Fault::method_not_allowed,
            fmt::format("{} takes {}, not {}.", call.exchange.head().path(), wanted, call.exchange.head().method),
            {}};
}

/// POST /v1beta/models/{model}:{verb}, GET /v1beta/models and GET /v1beta/models/{model}; `rest` stands behind
/// "models". Old and new clients differ in the version alone.
Result<void> greet_gemini(Call& call, std::string_view rest) {
    const edge::RequestHead& head = call.exchange.head();
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos || head.method == "GET") {
        call.endpoint = Endpoint::models;
        if (head.method != "GET") return std::unexpected(wrong_method(call, "GET"));
        return {};
    }
    const auto* verb = std::ranges::find(verbs, rest.substr(colon + 1), &Verb::name);
    if (verb == verbs.end() || colon < 2)
        return fail(Fault::not_found, fmt::format("There is no {} here. Known paths: {}.", head.path(), known_paths()));
    call.endpoint = verb->endpoint;
    call.asked_stream = verb->stream;
    call.asked_model = decoded(rest.substr(1, colon - 1));
    if (head.method != "POST") return std::unexpected(wrong_method(call, "POST"));
    if (verb->stream && parameter(head.query(), "alt") != "sse")
        return fail(Fault::invalid_request, "Streams are server-sent events here. Add ?alt=sse to the path.");
    return plain_body(head);
}

/// A path with an id of something that is stored; nothing if it is none.
std::optional<Result<void>> greet_by_id(Call& call) {
    const edge::RequestHead& head = call.exchange.head();
    std::string methods;
    for (const EndpointFacts& row : endpoint_table) {
        const bool stored = row.reached == Reached::by_id && !is_shelved(row.endpoint);
        const auto id = stored ? id_in(head.path(), row) : std::nullopt;
        if (!id) continue;
        call.endpoint = row.endpoint;
        call.dialect = row.dialect;
        call.shape = Shape::openai;
        call.asked_id = decoded(*id);
        // For its deadlines; whether it streams the answer tells.
        call.asked_stream = row.endpoint == Endpoint::response_get && parameter(head.query(), "stream") == "true";
        const std::string_view method = method_of(row.endpoint);
        if (head.method == method) return Result<void>{};
        methods.append(methods.empty() ? "" : " or ").append(method);
    }
    if (methods.empty()) return std::nullopt;
    return std::unexpected(wrong_method(call, methods));
}

}  // namespace

std::string_view parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(one.size() + 1, query.size()));
        if (one.size() <= name.size() || one[name.size()] != '=' || !one.starts_with(name)) continue;
        one.remove_prefix(name.size() + 1);
        return one;
    }
    return {};
}

/// A verb of Gemini's, or its credential's header, tells the dialect first, then the path (docs/use/clients.md).
Shape shape_of(const edge::RequestHead& head) {
    const std::string_view path = head.path();
    const std::size_t last = path.rfind('/');
    const bool verb =
        head.method == "POST" && last != std::string_view::npos && path.find(':', last) != std::string_view::npos;
    if (head.has("x-goog-api-key") || verb || path.starts_with("/v1beta/")) return Shape::gemini;
    if (head.has("anthropic-version") || path.starts_with("/v1/messages")) return Shape::anthropic;
    return Shape::openai;
}

std::optional<std::string_view> behind_models(std::string_view path) {
    for (const std::string_view root : {"/v1beta/models", "/v1/models"}) {
        if (!path.starts_with(root)) continue;
        path.remove_prefix(root.size());
        return path.empty() || path.front() == '/' ? std::optional(path) : std::nullopt;
    }
    return std::nullopt;
}

Result<void> greet(Call& call) {
    const edge::RequestHead& head = call.exchange.head();
    const std::string_view path = head.path();
    call.shape = shape_of(head);
    call.dialect = dialect_of(call.shape);
    if (passes(path)) {
        TRY_VOID(greet_passthrough(call));
        return plain_body(head);
    }
    if (const auto rest = behind_models(path)) {
        if (call.shape == Shape::gemini) return greet_gemini(call, *rest);
        call.endpoint = Endpoint::models;
        if (head.method != "GET") return std::unexpected(wrong_method(call, "GET"));
        return {};
    }
    if (is_path_of_sessions(path)) {
        call.endpoint = Endpoint::realtime;
        call.dialect = Dialect::openai;
        call.shape = Shape::openai;
        return std::unexpected(no_such_session(head));
    }
    if (call.shape == Shape::openai && is_shelf_path(path)) return greet_shelf(call);
    if (const EndpointFacts* const row = row_of(path)) {
        call.endpoint = row->endpoint;
        call.dialect = row->dialect;
        call.shape = row->dialect == Dialect::anthropic ? Shape::anthropic : Shape::openai;
        if (head.has("upgrade") && head.method == "GET")
            return fail(Fault::upgrade_refused,
                        "Bursar speaks HTTP here, not WebSocket. Send the request as POST with \"stream\": true.");
        if (head.method != "POST") return std::unexpected(wrong_method(call, "POST"));
        return plain_body(head);
    }
    if (const std::optional<Result<void>> by_id = greet_by_id(call)) return *by_id;
    return fail(Fault::not_found, fmt::format("There is no {} here. Known paths: {}.", path, known_paths()));
}

Result<void> identify(Call& call, const auth::Authenticator& callers) {
    const edge::RequestHead& head = call.exchange.head();
    const auth::Presented presented{
        .authorization = head.header("authorization"),
        .x_api_key = head.header("x-api-key"),
        .api_key = head.header("api-key"),
        .x_goog_api_key = head.header("x-goog-api-key"),
        .key_parameter = call.shape == Shape::gemini ? parameter(head.query(), "key") : std::string_view{}};
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
