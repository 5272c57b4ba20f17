#include "service/gateway/elsewhere.h"

#include "service/base/log.h"
#include "service/gateway/refusal.h"
#include "service/gateway/rooms.h"

namespace bursar::gateway {

Task<void> refuse_elsewhere(edge::Exchange& exchange, const Clock& clock) {
    // It has no shard, no books and no row.
    const CallId id = CallId::make(clock.now());
    const Shape shape = shape_of(exchange.head());
    const Error error{
        Fault::shutting_down,
        "This machine may not spend now: it is one of two, and the other one serves, takes over, or cannot "
        "be asked. Try again in a few seconds, or ask the other one.",
        {}};
    const RefusalText refusal = refusal_of(error, shape, Endpoint::chat_completions, id, std::nullopt, clock.now());
    const Result<void> sent = co_await exchange.respond(refusal.head, refusal.body);
    if (!sent) log::debug("caller_left", {{"call", id.text()}});
}

}  // namespace bursar::gateway
