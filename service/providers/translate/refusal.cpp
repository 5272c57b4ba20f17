#include "service/base/json.h"
#include "service/providers/translate/dialects.h"
#include "service/providers/translate/stops.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

// Errors of providers in another dialect's shape (the providers' error references, October and November 2026).
namespace bursar::providers::translate {
namespace {

struct Refused {
    std::string message;
    std::string_view type;
    std::string_view code;
};

struct Row {
    int status;
    std::string_view openai;
    std::string_view anthropic;
};
constexpr std::array rows = {
    Row{400, "invalid_request_error", "invalid_request_error"},
    Row{401, "authentication_error", "authentication_error"},
    Row{402, "insufficient_quota", "billing_error"},
    Row{403, "permission_error", "permission_error"},
    Row{404, "invalid_request_error", "not_found_error"},
    Row{408, "server_error", "timeout_error"},
    Row{413, "invalid_request_error", "request_too_large"},
    Row{422, "invalid_request_error", "invalid_request_error"},
    Row{429, "rate_limit_error", "rate_limit_error"},
    Row{500, "server_error", "api_error"},
    Row{503, "server_error", "overloaded_error"},
    Row{504, "server_error", "timeout_error"},
    Row{529, "server_error", "overloaded_error"},
};

Row row_of(int status) {
    for (const auto& row : rows)
        if (row.status == status) return row;
    return status >= 500 ? Row{status, "server_error", "api_error"}
                         : Row{status, "invalid_request_error", "invalid_request_error"};
}

/// OpenAI's {"error": {"message", "type", "code"}}, Anthropic's {"type": "error", "error": {"type", "message"}},
/// Google's {"error": {"code", "message", "status"}}, and what servers of local models say: {"error": "…"}, {"message":
/// "…"}, {"detail": "…"}.
Refused read(std::string_view body, int status) {
    Refused refused{.message = fmt::format("The provider refused with status {}.", status), .type = {}, .code = {}};
    dom::object object;
    if (parse(Desk::body, body).get_object().get(object) != simdjson::SUCCESS) return refused;
    auto from = object_member(object, "error").value_or(object);
    for (const auto key : {"message", "detail", "error"}) {
        const auto text = text_member(from, key);
        if (text.empty()) continue;
        refused.message = text;
        break;
    }
    refused.type = text_member(from, "type");
    // Google's have a status instead.
    if (const auto word = text_member(from, "status"); refused.type.empty() && !word.empty())
        refused.type = error_type_from_gemini(word);
    refused.code = text_member(from, "code");
    return refused;
}

std::vector<std::int64_t> numbers_in(std::string_view text) {
    std::vector<std::int64_t> numbers;
    for (std::size_t at = 0; at < text.size() && numbers.size() < 8;) {
        std::int64_t number = 0;
        const char* begin = text.data() + at;
        const auto [end, error] = std::from_chars(begin, text.data() + text.size(), number);
        if (error == std::errc{} && *begin != '-' && number > 99) numbers.push_back(number);
        at += end > begin ? static_cast<std::size_t>(end - begin) : 1;
    }
    return numbers;
}

/// Claude Code compacts a conversation when it reads these words, and takes the numbers from them.
std::string too_long_for_anthropic(const std::string& message) {
    const auto numbers = numbers_in(message);
    // OpenAI names the limit first, Google the prompt.
    if (numbers.size() >= 2 && numbers[0] != numbers[1])
        return fmt::format("prompt is too long: {} tokens > {} maximum", std::max(numbers[0], numbers[1]),
                           std::min(numbers[0], numbers[1]));
    return "prompt is too long: " + message;
}

bool says_too_long(const Refused& refused, int status) {
    if (status != 400 && status != 413) return false;
    return refused.code == "context_length_exceeded" ||
           refused.message.find("maximum context length") != std::string::npos ||
           refused.message.find("input token count") != std::string::npos ||
           refused.message.find("Input is too long") != std::string::npos ||
           refused.message.find("too many tokens: size limit exceeded") != std::string::npos ||
           refused.message.find("tokens in the prompt cannot exceed") != std::string::npos ||
           refused.message.find("tokens in the prompt exceeds the limit") != std::string::npos ||
           refused.message.find("prompt is too long") != std::string::npos;
}

std::string for_anthropic(int status, const Refused& refused, std::string_view call_id) {
    std::string_view type = row_of(status).anthropic;
    if (status == 429 && (refused.type == "insufficient_quota" || refused.code == "insufficient_quota"))
        type = "billing_error";
    JsonWriter json;
    json.open().field("type", "error").key("error").open().field("type", type);
    json.field("message", says_too_long(refused, status) ? too_long_for_anthropic(refused.message) : refused.message);
    json.close().field("request_id", call_id).close();
    return std::move(json).text();
}

std::string for_openai(int status, const Refused& refused, std::string_view call_id) {
    const Row row = row_of(status);
    JsonWriter json;
    json.open().key("error").open().field("message", refused.message);
    json.field("type", refused.type == "billing_error" ? std::string_view("insufficient_quota") : row.openai);
    json.key("param").null().key("code");
    if (says_too_long(refused, status))
        json.value("context_length_exceeded");
    else if (status == 404)
        json.value("model_not_found");
    else if (!refused.type.empty())
        json.value(refused.type);
    else
        json.null();
    json.field("request_id", call_id).close().close();
    return std::move(json).text();
}

struct Status {
    int status;
    std::string_view word;
};
/// google.rpc.Code of each HTTP status.
std::string_view google_status(int status) {
    static constexpr std::array words = {
        Status{400, "INVALID_ARGUMENT"},  Status{401, "UNAUTHENTICATED"},    Status{402, "FAILED_PRECONDITION"},
        Status{403, "PERMISSION_DENIED"}, Status{404, "NOT_FOUND"},          Status{413, "INVALID_ARGUMENT"},
        Status{422, "INVALID_ARGUMENT"},  Status{429, "RESOURCE_EXHAUSTED"}, Status{503, "UNAVAILABLE"},
        Status{504, "DEADLINE_EXCEEDED"}, Status{529, "UNAVAILABLE"}};
    const auto* found = std::ranges::find(words, status, &Status::status);
    if (found != words.end()) return found->word;
    return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
}

std::string for_gemini(int status, const Refused& refused) {
    JsonWriter json;
    json.open().key("error").open().field("code", status).field("message", refused.message);
    json.field("status", google_status(status)).close().close();
    return std::move(json).text();
}

std::string in_shape_of(Endpoint caller, int status, const Refused& refused, std::string_view call_id) {
    if (caller == Endpoint::messages) return for_anthropic(status, refused, call_id);
    if (caller == Endpoint::generate_content) return for_gemini(status, refused);
    return for_openai(status, refused, call_id);
}

}  // namespace

std::string refusal(Endpoint caller, int status, std::string_view body, std::string_view call_id) {
    const Refused refused = read(body, status);
    auto done = in_shape_of(caller, status, refused, call_id);
    tidy(Desk::body);
    return done;
}

}  // namespace bursar::providers::translate
