// How a WebSocket begins: by somebody who may call, and by a handshake that is one.
#include "service/gateway/gateway.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/gateway/talk.h"

#include <fmt/format.h>

namespace bursar::gateway {

Task<void> Gateway::converse(edge::Exchange& exchange, edge::Handler& calls) {
    const auto caller = co_await admits(exchange, same_origin(exchange.head()));
    if (!caller) co_return;
    const Result<edge::Messages*> messages = co_await exchange.upgrade();
    if (!messages) {
        // Of a client that has left nothing is to be told.
        if (messages.error().fault == Fault::malformed) co_return;
        static_cast<void>(co_await admits(exchange, std::unexpected(messages.error())));
        co_return;
    }
    const auto still_admitted = [this](edge::Exchange& one) -> Task<bool> {
        const auto who = co_await admits(one, {});
        co_return who != nullptr;
    };
    // As with stored responses: a person's keys are one owner.
    const stored::Owner owner = stored::owner_of(*caller);
    KeptRoom::Share share(kept_room_, fmt::format("{}\n{}\n{}", owner.team, owner.person, owner.key));
    Talk talk(exchange, **messages, {calls, still_admitted, share, parts_.clock},
              {.message_bytes_max = limits_.body_bytes_max});
    co_await talk.run();
}

Task<std::shared_ptr<const Caller>> Gateway::admits(edge::Exchange& exchange, Result<void> else_) {
    Call call(exchange, shard_of(exchange));
    call.at = parts_.clock.now();
    call.started = exchange.started();
    call.id = CallId::make(call.at);
    call.rules = parts_.rules.get();
    call.endpoint = Endpoint::responses;
    Result<void> passed = identify(call, parts_.callers);
    if (passed) passed = std::move(else_);
    if (passed) co_return std::move(call.caller);
    co_await refuse(call, passed.error());
    record(call);
    co_return nullptr;
}

}  // namespace bursar::gateway
