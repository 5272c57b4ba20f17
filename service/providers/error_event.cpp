#include "service/base/json.h"
#include "service/providers/meter.h"

#include <algorithm>
#include <array>

namespace bursar::providers {
namespace {

/// Google's codes and statuses (google.rpc.Code) of OpenAI's and Anthropic's types.
struct Row {
    std::string_view type;
    int code;
    std::string_view status;
};
constexpr std::array rows = {Row{"invalid_request_error", 400, "INVALID_ARGUMENT"},
                             Row{"authentication_error", 401, "UNAUTHENTICATED"},
                             Row{"insufficient_quota", 402, "FAILED_PRECONDITION"},
                             Row{"billing_error", 402, "FAILED_PRECONDITION"},
                             Row{"permission_error", 403, "PERMISSION_DENIED"},
                             Row{"rate_limit_error", 429, "RESOURCE_EXHAUSTED"},
                             Row{"overloaded_error", 503, "UNAVAILABLE"}};

Row row_of(std::string_view type) {
    const auto* found = std::ranges::find(rows, type, &Row::type);
    return found == rows.end() ? Row{type, 500, "INTERNAL"} : *found;
}

/// As translated answers are called (translate/responses_items.h).
std::string response_id(std::string_view call_id) {
    if (call_id.starts_with("call_")) call_id.remove_prefix(5);
    return std::string("resp_").append(call_id);
}

/// OpenAI's words for why a response has failed (ResponseErrorCode of its API description), and the one by which Codex
/// knows that trying again does not help.
std::string_view response_code(std::string_view type) {
    if (type == "rate_limit_error") return "rate_limit_exceeded";
    if (type == "invalid_request_error") return "invalid_prompt";
    if (type == "insufficient_quota") return type;
    return "server_error";
}

}  // namespace

std::string error_event(Endpoint endpoint, std::string_view type, std::string_view code, std::string_view message,
                        std::string_view call_id) {
    JsonWriter json;
    json.open();
    switch (endpoint) {
        case Endpoint::responses:
            // Clients of the Responses API show the words of a failed response; a bare `error` event some of them pass
            // over. Its number in the sequence is not known here and not looked at there. The id is that of a
            // translated answer: OpenAI's own client takes another one for a mistake and does not tell the error.
            json.field("type", "response.failed").field("sequence_number", 0).key("response").open();
            json.field("id", response_id(call_id))
                .field("object", "response")
                .field("created_at", 0)
                .field("status", "failed");
            json.key("error").open().field("code", response_code(type)).field("message", message).close();
            // What the type of a response wants besides, whatever happened.
            json.key("incomplete_details").null().key("instructions").null().key("metadata").open().close();
            json.field("model", "").key("output").open_list().close_list().field("parallel_tool_calls", true);
            json.key("temperature").null().field("tool_choice", "auto").key("tools").open_list().close_list();
            json.key("access_programs")
                .null()
                .key("top_p")
                .null()
                .field("store", false)
                .key("usage")
                .null()
                .key("user")
                .null()
                .close()
                .close();
            return "event: response.failed\ndata: " + std::move(json).text() + "\n\n";
        case Endpoint::messages:
        case Endpoint::count_tokens:
            json.field("type", "error").key("error").open().field("type", type).field("message", message).close();
            json.field("request_id", call_id).close();
            return "event: error\ndata: " + std::move(json).text() + "\n\n";
        case Endpoint::generate_content:
            json.key("error").open().field("code", row_of(type).code).field("message", message);
            json.field("status", row_of(type).status).close().close();
            // Google's own client throws at an error that stands there bare, and takes one in an event for an answer
            // without candidates; others read events alone, to which the bare one is a field that nobody knows.
            return "data: " + json.text() + "\n\n" + json.text() + "\n";
        case Endpoint::chat_completions:
        case Endpoint::completions:
        case Endpoint::embeddings:
        case Endpoint::models:
        case Endpoint::converse:
        case Endpoint::moderations:
        case Endpoint::rerank:
        case Endpoint::images:
        case Endpoint::image_edits:
        case Endpoint::speech:
        case Endpoint::transcriptions:
        case Endpoint::translations:
        case Endpoint::cohere_chat:
        case Endpoint::response_get:
        case Endpoint::response_delete:
        case Endpoint::response_items:
        case Endpoint::response_cancel:
        case Endpoint::response_compact:
        case Endpoint::input_tokens:
        case Endpoint::passthrough:
        case Endpoint::file_upload:
        case Endpoint::file_list:
        case Endpoint::file_get:
        case Endpoint::file_content:
        case Endpoint::file_delete:
        case Endpoint::batch_create:
        case Endpoint::batch_list:
        case Endpoint::batch_get:
        case Endpoint::batch_cancel:
        case Endpoint::realtime:
        case Endpoint::gemini_embeddings:
        case Endpoint::cohere_embed:
            break;
    }
    json.key("error").open().field("message", message).field("type", type).key("param").null();
    json.field("code", code).field("request_id", call_id).close().close();
    return "data: " + std::move(json).text() + "\n\n";
}

}  // namespace bursar::providers
