// How a realtime session begins: by somebody who may call, at a provider that has taken it, and with the money for its
// first response set aside.
#include "policies/path.h"
#include "service/base/log.h"
#include "service/gateway/errand.h"
#include "service/gateway/gateway.h"
#include "service/gateway/headers.h"
#include "service/gateway/outgoing.h"
#include "service/gateway/rate_limits.h"
#include "service/gateway/realtime.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/gateway/talk.h"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view version = "/v1";

/// Headers that are about the connection; a new one is made with its own.
constexpr edge::HeaderNames of_the_upgrade{"connection"sv,
                                           "upgrade"sv,
                                           "origin"sv,
                                           "sec-websocket-key"sv,
                                           "sec-websocket-version"sv,
                                           "sec-websocket-extensions"sv,
                                           "sec-websocket-protocol"sv,
                                           "content-type"sv,
                                           "accept"sv};

std::vector<edge::HeaderView> headers_of_session(const edge::RequestHead& head, const policies::Provider& provider) {
    std::vector<edge::HeaderView> headers = headers_for_provider(head, provider, false);
    std::erase_if(headers, [](const edge::HeaderView& each) { return of_the_upgrade.has(each.name); });
    return headers;
}

}  // namespace

bool is_path_of_sessions(std::string_view path) {
    if (!path.starts_with(version)) return false;
    path.remove_prefix(version.size());
    const std::string_view root = facts(Endpoint::realtime).suffix;
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

bool wants_session(const edge::RequestHead& head) {
    const std::string_view path = head.path();
    return head.method == "GET" && head.has("upgrade") && is_path_of_sessions(path) &&
           path.size() == version.size() + facts(Endpoint::realtime).suffix.size();
}

Error no_such_session(const edge::RequestHead& head) {
    return {
        Fault::not_found,
        fmt::format("There is no {} {} here: what it gives would lead round Bursar to the provider. Open a WebSocket "
                    "by GET {}{}?model=MODEL with your key.",
                    head.method, head.path(), version, facts(Endpoint::realtime).suffix),
        {}};
}

Result<void> greet_session(Call& call) {
    const edge::RequestHead& head = call.exchange.head();
    TRY_VOID(same_origin(head));
    if (head.header("openai-beta").contains("realtime"))
        return fail(
            Fault::invalid_request,
            "The beta of realtime sessions is not spoken here. Leave out OpenAI-Beta and send the events of the "
            "released API.");
    std::string_view query = head.query();
    while (!query.empty()) {
        const std::string_view one = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(one.size() + 1, query.size()));
        if (!one.starts_with("model="))
            return fail(Fault::invalid_request,
                        fmt::format("The parameter \"{}\" is not understood for a session here; only `model` is.",
                                    one.substr(0, std::min<std::size_t>(one.find('='), 100))));
        if (!call.prompt.model.empty())
            return fail(Fault::invalid_request, "`model` stands twice in the query. Send it once.");
        call.prompt.model = decoded(one.substr(one.find('=') + 1));
    }
    if (call.prompt.model.empty())
        return fail(Fault::invalid_request, "The query must name the session's model: ?model=MODEL.");
    call.outcome.model = call.prompt.model;
    call.prompt.input_elsewhere = true;
    call.outcome.streamed = true;
    return {};
}

Task<void> Gateway::realtime(edge::Exchange& exchange) {
    auto call = std::make_unique<Call>(exchange, shard_of(exchange));
    call->at = parts_.clock.now();
    call->started = call->heard = exchange.started();
    call->id = CallId::make(call->at);
    call->endpoint = Endpoint::realtime;
    std::unique_ptr<providers::WebSocket> socket;
    std::string defect;
    try {
        co_await open_session(*call, socket);
    } catch (const std::exception& exception) {
        defect = exception.what();
    }
    Result<edge::Messages*> messages;
    if (socket) messages = co_await exchange.upgrade();
    if (socket && messages) {
        // It was there to know that a response can be paid; each takes its own, and while none runs nothing is held.
        release(*call);
        end_permit(*call, parts_.clock.moment());
        metrics_.stream_opened();
        try {
            SessionLimits limits;
            limits.message_bytes_max = std::min(limits.message_bytes_max, limits_.body_bytes_max);
            RealtimeSession session(*this, exchange, **messages, *call, std::move(socket), limits);
            co_await session.run();
        } catch (const std::exception& exception) {
            log::error("session_failed", {{"channel", call->outcome.channel}, {"reason", exception.what()}});
        }
        metrics_.stream_closed();
        co_return;
    }
    if (!messages) {
        release(*call);
        if (messages.error().fault == Fault::malformed)
            call->caller_left = true;
        else
            co_await refuse(*call, messages.error());
    }
    if (!defect.empty()) {
        const Error error{Fault::internal,
                          "Something in Bursar failed; operators find the reason in the log by the call id.", defect};
        co_await refuse(*call, error);
    }
    settle(*call);
    end_permit(*call, parts_.clock.moment());
    record(*call);
}

Task<void> Gateway::open_session(Call& call, std::unique_ptr<providers::WebSocket>& socket) {
    call.rules = parts_.rules.get();
    Result<void> passed = identify(call, parts_.callers);
    if (passed) passed = greet_session(call);
    if (passed) passed = admit(call);
    if (!passed) {
        co_await refuse(call, passed.error());
        co_return;
    }
    do {
        passed = choose(call);
        if (passed) passed = co_await hold(call);
        if (!passed) break;
        Result<vault::Lease> lease = lend(call);
        if (!lease && call.attempt.token_comes) lease = co_await lend_later(call);
        if (lease)
            passed = co_await dial(call, *lease, socket);
        else
            passed = not_lent(call, lease.error());
    } while (!passed && call.again);
    if (!passed) co_await refuse(call, passed.error());
}

/// A session that is refused, or breaks off before it is one, has made nothing: its hold is free again.
Task<Result<void>> Gateway::dial(Call& call, const vault::Lease& lease, std::unique_ptr<providers::WebSocket>& socket) {
    const policies::Channel& channel = *call.attempt.channel;
    const policies::Provider& provider = *channel.provider;
    call.attempt.spoken = Endpoint::realtime;
    std::vector<edge::HeaderView> headers = headers_of_session(call.exchange.head(), provider);
    const std::string target_text = policies::path_at(provider, Endpoint::realtime, channel.model);
    providers::UpstreamRequest request{.method = "GET", .target = target_text, .headers = &headers};
    Signature signature;
    if (lease) {
        const Result<void> signed_so = sign(request, headers, provider, *lease.get(), parts_.clock.now(), signature);
        if (!signed_so)
            co_return give_up(call, {.fit = providers::Fit::key_refused, .retry_after = {}}, signed_so.error());
    }
    const UnderWay there(call);
    if (call.stopping) co_return std::unexpected(stopping_error());
    call.exchange.watch([&call] {
        call.caller_left = true;
        if (call.cancel) call.cancel();
    });
    const providers::Target target = target_of(provider);
    const providers::Deadlines deadlines{.connect = provider.deadlines.connect,
                                         .first_byte = provider.deadlines.first_byte,
                                         .idle = provider.deadlines.idle,
                                         .total = provider.deadlines.total};
    const Moment began = parts_.clock.moment();
    auto upgrade = co_await call.shard.pool().upgrade(target, request, deadlines, &call.cancel);
    call.waited += parts_.clock.moment() - began;
    call.exchange.watch({});
    if (!upgrade) co_return give_up(call, {}, call.stopping ? stopping_error() : std::move(upgrade.error().error));
    if (upgrade->refusal) {
        call.attempt.status = upgrade->refusal->head().status;
        release(call);
        call.cancel = [&upgrade] { upgrade->refusal->cancel(); };
        Result<void> passed = co_await relay_refusal(call, *upgrade->refusal);
        co_return passed;
    }
    call.attempt.passage.well();
    call.attempt.passage = providers::Passage();
    socket = std::move(upgrade->socket);
    co_return Result<void>{};
}

}  // namespace bursar::gateway
