// Responses that their providers keep: whose they are, and what is known of them
// (docs/decisions/0032-stored-responses.md).
#include "service/stored/stored.h"

#include "service/gateway/call.h"
#include "service/gateway/gateway.h"
#include "service/gateway/rooms.h"
#include "service/gateway/vectors.h"
#include "service/providers/answer.h"
#include "service/providers/blame.h"

#include <utility>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// In OpenAI's words; of somebody else's response the same is said as of one that nobody knows.
std::unexpected<Error> not_found(const Call& call) {
    if (is_by_id(call.endpoint))
        return fail(Fault::not_found, fmt::format("Response with id '{}' not found.", call.asked_id));
    return fail(
        Fault::not_found,
        fmt::format("Previous response with id '{}' not found. `previous_response_id` goes on from a response of "
                    "your own that its provider keeps; else send the conversation's items in full, with "
                    "\"store\": false.",
                    call.prompt.previous_response));
}

}  // namespace

bool is_by_id(Endpoint endpoint) { return facts(endpoint).reached == Reached::by_id; }

bool is_gone(Endpoint endpoint, int status, std::string_view body) {
    constexpr int status_not_found = 404;
    if (endpoint != Endpoint::response_delete) return false;
    // A page of whatever stands between is no word of the provider's.
    if (status == status_not_found) return !providers::error_in(body).empty();
    return status >= 200 && status <= 299 && providers::says_deleted(body);
}

Tokens input_booked(const Call& call) {
    const bool untold = call.prompt.item_reference || (call.kept && call.context == 0) || embeds_elsewhere(call);
    return untold && call.route ? call.route->bounds.input : input_estimate(call);
}

Result<void> Gateway::recall(Call& call) {
    const bool by_id = is_by_id(call.endpoint);
    const std::string& id = by_id ? call.asked_id : call.prompt.previous_response;
    if (!by_id && id.empty()) {
        if (!call.prompt.item_reference) return {};
        return fail(Fault::invalid_request,
                    "An item of `input` only names what the provider keeps (an `item_reference`, or a thought or a "
                    "picture without its content), which is offered here only with a `previous_response_id` of your "
                    "own. Send the items in full (thoughts with their `encrypted_content`), with \"store\": false.");
    }
    call.kept = parts_.stored.find(id, stored::owner_of(*call.caller));
    if (!call.kept) return not_found(call);
    const stored::Origin& origin = call.kept->origin;
    if (by_id) {
        call.prompt.model = origin.asked;
        call.outcome.model = origin.asked;
        return {};
    }
    // Another model may count the same text as more tokens: then its whole window is held.
    const bool same_model = call.prompt.model == origin.asked;
    if (same_model && call.kept->context)
        call.context = *call.kept->context;
    else
        call.prompt.input_elsewhere = true;
    return {};
}

policies::Pin pin_of(const Call& call) {
    const stored::Origin& origin = call.kept->origin;
    const bool same_model = call.prompt.model == origin.asked;
    return {.model = same_model ? std::string_view(origin.model) : std::string_view(),
            .provider = origin.provider,
            .there = origin.there,
            .secret = origin.secret};
}

void Gateway::keep_in_mind(Call& call, const providers::Reading& reading) {
    if (call.endpoint != Endpoint::responses || call.attempt.translated || !call.prompt.stored || reading.id.empty())
        return;
    const bool told = reading.complete && reading.source == UsageSource::provider;
    if (call.in_mind && (!told || call.context_told)) return;
    call.context_told = told;
    const Attempt& attempt = call.attempt;
    const stored::Origin origin{.owner = stored::owner_of(*call.caller),
                                .asked = call.prompt.model,
                                .model = call.route->model->name,
                                .provider = attempt.channel->provider->name,
                                .there = attempt.channel->model,
                                .secret = attempt.key != nullptr ? attempt.key->secret : std::string()};
    // Its owner may have deleted it while it streamed: then its end does not bring it back.
    if (std::exchange(call.in_mind, true))
        parts_.stored.update(reading.id, origin, reading.usage.total());
    else
        parts_.stored.remember(reading.id, origin, told ? std::optional(reading.usage.total()) : std::nullopt);
}

}  // namespace bursar::gateway
