#include "service/demo/dialects.h"

#include "service/base/crypto.h"
#include "service/base/json.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

namespace bursar::demo {
namespace {

constexpr std::int64_t models_created = 1'767'225'600;  // 2026-01-01
constexpr std::array<std::string_view, 4> models = {"demo-chat", "demo-reasoning", "demo-messages", "demo-embedding"};

std::string_view openai_error_type(int status) {
    if (status == 429) return "requests";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

std::string_view openai_error_code(int status) {
    switch (status) {
        case 401:
            return "invalid_api_key";
        case 429:
            return "rate_limit_exceeded";
        default:
            return {};
    }
}

std::string_view anthropic_error_type(int status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 402:
            return "billing_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_error";
        case 504:
            return "timeout_error";
        case 529:
            return "overloaded_error";
        default:
            return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

void write_model(JsonWriter& json, Dialect dialect, std::string_view name) {
    json.open().field("id", name);
    if (dialect == Dialect::anthropic)
        json.field("type", "model").field("display_name", name).field("created_at", "2026-01-01T00:00:00Z");
    else
        json.field("object", "model").field("created", models_created).field("owned_by", "demo");
    json.close();
}

void append_float(std::string& out, float number) { fmt::format_to(std::back_inserter(out), "{}", number); }

}  // namespace

Dialect dialect_of(Endpoint endpoint) {
    return endpoint == Endpoint::messages || endpoint == Endpoint::count_tokens ? Dialect::anthropic : Dialect::openai;
}

std::string body_of(const Ask& ask, const Answer& answer) {
    switch (ask.endpoint) {
        case Endpoint::chat_completions:
            return chat_body(ask, answer);
        case Endpoint::completions:
            return completion_body(ask, answer);
        case Endpoint::responses:
            return response_body(ask, answer);
        case Endpoint::embeddings:
            return embeddings_body(ask, answer);
        case Endpoint::messages:
            return message_body(answer);
        case Endpoint::count_tokens:
            return count_tokens_body(answer);
        case Endpoint::models:
            return models_body(Dialect::openai);
        case Endpoint::generate_content:
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
            return {};  // the demo provider does not speak them
    }
    return {};
}

std::vector<Event> events_of(const Ask& ask, const Answer& answer) {
    switch (ask.endpoint) {
        case Endpoint::chat_completions:
            return chat_events(ask, answer);
        case Endpoint::completions:
            return completion_events(ask, answer);
        case Endpoint::responses:
            return response_events(ask, answer);
        case Endpoint::messages:
            return message_events(answer);
        case Endpoint::embeddings:
        case Endpoint::count_tokens:
        case Endpoint::models:
        case Endpoint::generate_content:
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
            return {};
    }
    return {};
}

std::string embeddings_body(const Ask& ask, const Answer& answer) {
    JsonWriter json;
    json.open().field("object", "list").key("data").open_list();
    for (std::size_t i = 0; i < ask.inputs.size(); ++i) {
        const std::vector<float> vector = embedding_of(ask.inputs[i], ask.dimensions);
        json.open().field("object", "embedding").field("index", static_cast<std::int64_t>(i)).key("embedding");
        if (ask.base64) {
            std::string bytes(vector.size() * sizeof(float), '\0');
            std::memcpy(bytes.data(), vector.data(), bytes.size());  // little-endian, as the clients read it
            json.value(to_base64(bytes));
        } else {
            std::string numbers;
            for (const float number : vector) {
                numbers += numbers.empty() ? '[' : ',';
                append_float(numbers, number);
            }
            json.raw(numbers + ']');
        }
        json.close();
    }
    json.close_list().field("model", answer.model);
    if (answer.tell_usage)
        json.key("usage")
            .open()
            .field("prompt_tokens", answer.prompt_tokens())
            .field("total_tokens", answer.prompt_tokens())
            .close();
    json.close();
    return std::move(json).text();
}

std::string models_body(Dialect dialect) {
    JsonWriter json;
    json.open();
    if (dialect == Dialect::openai) json.field("object", "list");
    json.key("data").open_list();
    for (const std::string_view name : models) write_model(json, dialect, name);
    json.close_list();
    if (dialect == Dialect::anthropic)
        json.field("has_more", false).field("first_id", models.front()).field("last_id", models.back());
    json.close();
    return std::move(json).text();
}

std::string model_body(Dialect dialect, std::string_view name) {
    JsonWriter json;
    write_model(json, dialect, name);
    return std::move(json).text();
}

std::string error_body(Dialect dialect, int status, std::string_view sentence, std::string_view request_id) {
    JsonWriter json;
    json.open();
    if (dialect == Dialect::anthropic) {
        json.field("type", "error")
            .key("error")
            .open()
            .field("type", anthropic_error_type(status))
            .field("message", sentence)
            .close();
        json.field("request_id", request_id);
    } else {
        json.key("error")
            .open()
            .field("message", sentence)
            .field("type", openai_error_type(status))
            .key("param")
            .null()
            .key("code");
        if (const std::string_view code = openai_error_code(status); code.empty())
            json.null();
        else
            json.value(code);
        json.close();
    }
    json.close();
    return std::move(json).text();
}

Event error_event(Endpoint endpoint) {
    if (endpoint == Endpoint::messages)
        return {
            "event: error\ndata: "
            "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
            0};
    if (endpoint == Endpoint::responses)
        return {
            "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,\"code\":\"server_error\",\"message\":\"The "
            "server had an "
            "error while processing your request.\",\"param\":null}\n\n",
            0};
    return {
        "data: {\"error\":{\"message\":\"The server had an error while processing your "
        "request.\",\"type\":\"server_error\","
        "\"param\":null,\"code\":null}}\n\n",
        0};
}

Event garbage_event() {
    using namespace std::string_literals;
    return {"data: {\"id\":\"chatcmpl-demo\",\"choi\n\n\xff\xfe\0garbage\n\n"s, 0};
}

}  // namespace bursar::demo
