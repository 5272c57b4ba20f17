#include "service/providers/translate/stops.h"

#include <algorithm>
#include <array>

namespace bursar::providers::translate {

using namespace std::string_view_literals;

Stop stop_from_chat(std::string_view finish_reason) {
    if (finish_reason.empty()) return Stop::unsaid;
    if (finish_reason == "length") return Stop::length;
    if (finish_reason == "tool_calls" || finish_reason == "function_call") return Stop::tool_calls;
    return finish_reason == "content_filter" ? Stop::filtered : Stop::end;
}

Stop stop_from_messages(std::string_view stop_reason) {
    if (stop_reason.empty()) return Stop::unsaid;
    // A paused turn is not at its end either.
    if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded" || stop_reason == "pause_turn")
        return Stop::length;
    if (stop_reason == "tool_use") return Stop::tool_calls;
    if (stop_reason == "stop_sequence") return Stop::sequence;
    return stop_reason == "refusal" ? Stop::filtered : Stop::end;
}

Stop stop_from_gemini(std::string_view finish_reason) {
    if (finish_reason.empty() || finish_reason == "FINISH_REASON_UNSPECIFIED") return Stop::unsaid;
    if (finish_reason == "MAX_TOKENS") return Stop::length;
    static constexpr std::array filtered = {"SAFETY"sv,       "RECITATION"sv,         "LANGUAGE"sv,
                                            "BLOCKLIST"sv,    "PROHIBITED_CONTENT"sv, "SPII"sv,
                                            "IMAGE_SAFETY"sv, "MODEL_ARMOR"sv};
    if (std::ranges::find(filtered, finish_reason) != filtered.end()) return Stop::filtered;
    // The model tried a call that nobody can read: what came is not whole.
    const bool broken = finish_reason.starts_with("MALFORMED_") || finish_reason.ends_with("_TOOL_CALL") ||
                        finish_reason == "TOO_MANY_TOOL_CALLS";
    return broken ? Stop::length : Stop::end;
}

std::string_view chat_word(Stop stop) {
    switch (stop) {
        case Stop::unsaid:
        case Stop::end:
        case Stop::sequence:
            return "stop";
        case Stop::length:
            return "length";
        case Stop::tool_calls:
            return "tool_calls";
        case Stop::filtered:
            return "content_filter";
    }
    return "stop";
}

std::string_view messages_word(Stop stop) {
    switch (stop) {
        case Stop::unsaid:
        case Stop::end:
            return "end_turn";
        case Stop::sequence:
            return "stop_sequence";
        case Stop::length:
            return "max_tokens";
        case Stop::tool_calls:
            return "tool_use";
        case Stop::filtered:
            return "refusal";
    }
    return "end_turn";
}

/// A stop at a sequence, and one for a call, are ends like any other there.
std::string_view gemini_word(Stop stop) {
    switch (stop) {
        case Stop::unsaid:
        case Stop::end:
        case Stop::sequence:
        case Stop::tool_calls:
            return "STOP";
        case Stop::length:
            return "MAX_TOKENS";
        case Stop::filtered:
            return "SAFETY";
    }
    return "STOP";
}

std::string_view chat_error_type(std::string_view messages_type) {
    if (messages_type == "not_found_error" || messages_type == "request_too_large") return "invalid_request_error";
    if (messages_type == "billing_error") return "insufficient_quota";
    const bool same = messages_type == "invalid_request_error" || messages_type == "authentication_error" ||
                      messages_type == "permission_error" || messages_type == "rate_limit_error";
    return same ? messages_type : "server_error";
}

std::string_view messages_error_type(std::string_view chat_type) {
    if (chat_type == "insufficient_quota") return "billing_error";
    if (chat_type == "rate_limit_exceeded" || chat_type == "requests" || chat_type == "tokens")
        return "rate_limit_error";
    if (chat_type == "service_unavailable_error" || chat_type == "overloaded_error") return "overloaded_error";
    const bool same = chat_type == "invalid_request_error" || chat_type == "authentication_error" ||
                      chat_type == "permission_error" || chat_type == "rate_limit_error";
    return same ? chat_type : "api_error";
}

std::string_view error_type_from_gemini(std::string_view status) {
    if (status == "RESOURCE_EXHAUSTED") return "rate_limit_error";
    if (status == "UNAVAILABLE") return "overloaded_error";
    if (status == "INVALID_ARGUMENT" || status == "FAILED_PRECONDITION" || status == "NOT_FOUND")
        return "invalid_request_error";
    return status == "PERMISSION_DENIED" ? "permission_error" : "server_error";
}

}  // namespace bursar::providers::translate
