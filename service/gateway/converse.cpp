// How a WebSocket begins: by somebody who may call, and by a handshake that is one.
#include "service/gateway/gateway.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/gateway/talk.h"

namespace bursar::gateway {

Task<void> Gateway::converse(edge::Exchange& exchange, edge::Handler& calls) {
    const bool admitted = co_await admits(exchange, same_origin(exchange.head()));
    if (!admitted) co_return;
    const Result<edge::Messages*> messages = co_await exchange.upgrade();
    if (!messages) {
        // Of a client that has left nothing is to be told.
        if (messages.error().fault == Fault::malformed) co_return;
        static_cast<void>(co_await admits(exchange, std::unexpected(messages.error())));
        co_return;
    }
    Talk talk(exchange, **messages, calls, [this](edge::Exchange& one) { return admits(one, {}); }, parts_.clock,
              {.message_bytes_max = limits_.body_bytes_max});
    co_await talk.run();
}

Task<bool> Gateway::admits(edge::Exchange& exchange, Result<void> else_) {
    Call call(exchange, shard_of(exchange));
    call.at = parts_.clock.now();
    call.started = exchange.started();
    call.id = CallId::make(call.at);
    call.rules = parts_.rules.get();
    call.endpoint = Endpoint::responses;
    Result<void> passed = identify(call, parts_.callers);
    if (passed) passed = std::move(else_);
    if (passed) co_return true;
    co_await refuse(call, passed.error());
    record(call);
    co_return false;
}

}  // namespace bursar::gateway
