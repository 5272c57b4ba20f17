#pragma once

#include "service/edge/http.h"
#include "service/gateway/call.h"

#include <optional>
#include <string>

namespace bursar::gateway {

/// A refusal in the shape at which each client shows our sentence at once instead of retrying
/// (docs/decisions/0005-refusals.md).
struct RefusalText {
    edge::ResponseHead head;
    std::string body;
};
/// `period_end` of an exhausted budget; Timestamp::max() or none: it does not come back by itself.
/// A response to go on from that is not there is told as OpenAI does it, 400 `previous_response_not_found`: clients
/// then send the whole input.
RefusalText refusal_of(const Error& error, Shape shape, Endpoint endpoint, const CallId& call,
                       std::optional<Timestamp> period_end, Timestamp now);

/// "team:research" -> team "research"
std::string account_in_words(const AccountName& account);

/// The key does not call until somebody, or the time, lets it go on.
Error error_of(const policies::InForce::Pause& pause, const Caller& caller, const std::string& time_zone);

/// What the caller reads when a limit is reached, with the operator's text beside it.
/// `contact`: whom to ask for more, empty if the policy names nobody.
struct Asker {
    CallId call;
    std::string time_zone;
    std::string contact = {};
    Timestamp at;
};
Error error_of(const ledger::Refusal& refusal, const Asker& asker);

/// The type and code of the fault in the dialect of the endpoint, for in-band errors.
struct InBand {
    std::string_view type;
    std::string_view code;
};
InBand in_band(Fault fault, Shape shape);

}  // namespace bursar::gateway
