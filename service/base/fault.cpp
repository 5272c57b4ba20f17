#include "service/base/fault.h"

#include "service/base/ensure.h"

#include <array>

namespace bursar {
namespace {

// Statuses: RFC 9110. Types: OpenAI's and Anthropic's published error references, October 2026. Budgets are 402 on
// OpenAI paths and 429 with billing_error on Anthropic's, the shapes at which clients show our words instead of
// retrying; the gateway's refusal writer picks the shape per dialect and client.
constexpr std::array table = {
    FaultFacts{Fault::malformed, "malformed", 400, "invalid_request_error", "invalid_request_error", Blame::caller,
               false},
    FaultFacts{Fault::invalid_request, "invalid_request", 400, "invalid_request_error", "invalid_request_error",
               Blame::caller, false},
    FaultFacts{Fault::too_large, "too_large", 413, "invalid_request_error", "request_too_large", Blame::caller, false},
    FaultFacts{Fault::too_slow, "too_slow", 408, "invalid_request_error", "timeout_error", Blame::caller, true},
    FaultFacts{Fault::not_found, "not_found", 404, "invalid_request_error", "not_found_error", Blame::caller, false},
    FaultFacts{Fault::method_not_allowed, "method_not_allowed", 405, "invalid_request_error", "invalid_request_error",
               Blame::caller, false},
    FaultFacts{Fault::not_implemented, "not_implemented", 501, "invalid_request_error", "invalid_request_error",
               Blame::caller, false},
    FaultFacts{Fault::upgrade_refused, "upgrade_refused", 426, "invalid_request_error", "invalid_request_error",
               Blame::caller, false},
    FaultFacts{Fault::conflict, "conflict", 409, "invalid_request_error", "invalid_request_error", Blame::caller,
               false},
    FaultFacts{Fault::call_in_progress, "call_in_progress", 409, "invalid_request_error", "invalid_request_error",
               Blame::caller, true},
    FaultFacts{Fault::idempotency_key_reused, "idempotency_key_reused", 422, "invalid_request_error",
               "invalid_request_error", Blame::caller, false},
    FaultFacts{Fault::idempotency_key_spent, "idempotency_key_spent", 409, "invalid_request_error",
               "invalid_request_error", Blame::caller, false},
    FaultFacts{Fault::unauthenticated, "unauthenticated", 401, "authentication_error", "authentication_error",
               Blame::caller, false},
    FaultFacts{Fault::locked_out, "locked_out", 429, "rate_limit_error", "rate_limit_error", Blame::caller, true},
    FaultFacts{Fault::not_permitted, "not_permitted", 403, "permission_error", "permission_error", Blame::caller,
               false},
    FaultFacts{Fault::step_up_needed, "step_up_needed", 403, "permission_error", "permission_error", Blame::caller,
               false},
    FaultFacts{Fault::model_unknown, "model_unknown", 404, "invalid_request_error", "not_found_error", Blame::caller,
               false},
    FaultFacts{Fault::content_refused, "content_refused", 400, "invalid_request_error", "invalid_request_error",
               Blame::caller, false},
    FaultFacts{Fault::rate_limited, "rate_limited", 429, "rate_limit_error", "rate_limit_error", Blame::caller, true},
    FaultFacts{Fault::budget_exhausted, "budget_exhausted", 402, "insufficient_quota", "billing_error", Blame::caller,
               false},
    FaultFacts{Fault::paused, "paused", 402, "insufficient_quota", "billing_error", Blame::operator_, false},
    FaultFacts{Fault::price_missing, "price_missing", 503, "server_error", "api_error", Blame::operator_, false},
    FaultFacts{Fault::storage_unavailable, "storage_unavailable", 503, "server_error", "api_error", Blame::operator_,
               true},
    FaultFacts{Fault::sealed, "sealed", 503, "server_error", "api_error", Blame::operator_, true},
    FaultFacts{Fault::key_missing, "key_missing", 503, "server_error", "api_error", Blame::operator_, false},
    FaultFacts{Fault::provider_unavailable, "provider_unavailable", 502, "server_error", "api_error", Blame::provider,
               true},
    FaultFacts{Fault::provider_refused, "provider_refused", 400, "invalid_request_error", "invalid_request_error",
               Blame::provider, false},
    FaultFacts{Fault::deadline_passed, "deadline_passed", 504, "server_error", "timeout_error", Blame::provider, true},
    FaultFacts{Fault::directory_unavailable, "directory_unavailable", 503, "server_error", "api_error",
               Blame::operator_, true},
    FaultFacts{Fault::overloaded, "overloaded", 503, "server_error", "overloaded_error", Blame::us, true},
    FaultFacts{Fault::shutting_down, "shutting_down", 503, "server_error", "overloaded_error", Blame::us, true},
    FaultFacts{Fault::wrong_configuration, "wrong_configuration", 500, "server_error", "api_error", Blame::operator_,
               false},
    FaultFacts{Fault::internal, "internal", 500, "server_error", "api_error", Blame::us, false},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].fault) != i) return false;
    return table.size() == static_cast<std::size_t>(Fault::internal) + 1;
}
static_assert(in_order(), "the fault table has one row per fault, in the enum's order");

}  // namespace

const FaultFacts& facts(Fault fault) {
    const auto index = static_cast<std::size_t>(fault);
    ENSURE(index < table.size());
    return table[index];
}

std::span<const FaultFacts> all_faults() { return table; }

}  // namespace bursar
