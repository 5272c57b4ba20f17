#include "service/providers/translate/converse_stops.h"

namespace bursar::providers::translate {

Stop stop_from_converse(std::string_view stop_reason) {
    if (stop_reason.empty()) return Stop::unsaid;
    if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded") return Stop::length;
    // The model tried something that nobody can read: what came is not whole.
    if (stop_reason.starts_with("malformed_")) return Stop::length;
    if (stop_reason == "tool_use") return Stop::tool_calls;
    if (stop_reason == "stop_sequence") return Stop::sequence;
    const bool filtered =
        stop_reason == "content_filtered" || stop_reason == "guardrail_intervened" || stop_reason == "refusal";
    return filtered ? Stop::filtered : Stop::end;
}

std::string_view error_type_from_converse(std::string_view exception) {
    if (exception == "throttlingException" || exception == "serviceQuotaExceededException") return "rate_limit_error";
    if (exception == "serviceUnavailableException" || exception == "modelNotReadyException") return "overloaded_error";
    if (exception == "validationException" || exception == "resourceNotFoundException") return "invalid_request_error";
    return exception == "accessDeniedException" ? "permission_error" : "server_error";
}

}  // namespace bursar::providers::translate
