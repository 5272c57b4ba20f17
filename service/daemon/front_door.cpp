#include "service/daemon/front_door.h"

#include "service/base/json.h"
#include "service/gateway/elsewhere.h"
#include "service/gateway/realtime.h"
#include "service/gateway/talk.h"

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

Task<void> answer(edge::Exchange& exchange, int status, std::string_view type, std::string body) {
    edge::ResponseHead head;
    head.status = status;
    head.add("content-type", type).add("cache-control", "no-store").add("x-content-type-options", "nosniff");
    const Result<void> sent = co_await exchange.respond(head, body);
    // A client that left before its answer needs none.
    static_cast<void>(sent);
}

/// Measurements of agents go where calls go, and are none.
bool is_telemetry(std::string_view path) { return path == "/v1/metrics" || path == "/v1/logs" || path == "/v1/traces"; }

/// Below the versions that the providers' clients write; Cohere's rerank at their second.
bool is_of_providers(std::string_view path) {
    return path.starts_with("/v1/") || path.starts_with("/v1beta/") || path == "/v2/rerank" ||
           path.starts_with("/passthrough/");
}

}  // namespace

bool FrontDoor::is_control(const edge::RequestHead& head) { return !is_of_providers(head.path()); }

/// No coroutine of its own: each is a frame more of every call.
Task<void> FrontDoor::serve(edge::Exchange& exchange) {
    const std::string_view path = exchange.head().path();
    if (is_of_providers(path) && !is_telemetry(path)) {
        if (pair_ != nullptr && !may_spend_()) return gateway::refuse_elsewhere(exchange, clock_);
        gateway::Gateway* gateway = gateway_.load(std::memory_order_acquire);
        // Its messages come here again, one by one.
        if (gateway != nullptr && gateway::wants_session(exchange.head())) return gateway->realtime(exchange);
        if (gateway != nullptr && gateway::wants_talk(exchange.head())) return gateway->converse(exchange, *this);
        return gateway != nullptr ? gateway->serve(exchange) : gateway::refuse_sealed(exchange, clock_);
    }
    if (path == "/healthz") return health(exchange);
    if (path == "/readyz") return readiness(exchange);
    if (pair_ != nullptr && PairDoor::is_for(path)) return pair_->serve(exchange);
    return relay_.serve(exchange);
}

Task<void> FrontDoor::health(edge::Exchange& exchange) const {
    co_await answer(exchange, 200, "application/json", "{\"alive\":true}");
}

Task<void> FrontDoor::readiness(edge::Exchange& exchange) const {
    bool ready = !stopping_.load(std::memory_order_relaxed);
    JsonWriter list;
    list.open_list();
    if (!ready)
        list.open().field("name", "stopping").field("good", false).field("text", "The service is stopping.").close();
    for (const admin::Check& check : checks_()) {
        ready = ready && (check.good || !check.blocks);
        list.open().field("name", check.name).field("good", check.good).field("text", check.text).close();
    }
    list.close_list();
    JsonWriter json;
    json.open().field("ready", ready).key("checks").raw(list.text()).close();
    co_await answer(exchange, ready ? 200 : 503, "application/json", std::move(json).text());
}

}  // namespace bursar::daemon
