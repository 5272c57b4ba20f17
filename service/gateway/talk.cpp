#include "service/gateway/talk.h"

#include "service/base/endpoint.h"
#include "service/base/ids.h"
#include "service/gateway/spoken_call.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr std::string_view version = "/v1";

bool is_path_of_responses(std::string_view path) {
    return path.starts_with(version) && path.substr(version.size()) == facts(Endpoint::responses).suffix;
}

constexpr std::string_view no_more_valid = "The credential is not valid any more.";

/// As translated answers are called.
std::string response_id(const CallId& call) { return "resp_" + call.text().substr(CallKind::prefix.size()); }

}  // namespace

bool wants_talk(const edge::RequestHead& head) {
    return head.method == "GET" && is_path_of_responses(head.path()) && head.has("upgrade");
}

Result<void> same_origin(const edge::RequestHead& head) {
    std::string_view origin = head.header("origin");
    if (origin.empty()) return {};
    if (const std::size_t scheme = origin.find("://"); scheme != std::string_view::npos)
        origin.remove_prefix(scheme + 3);
    if (edge::equal_without_case(origin, head.header("host"))) return {};
    return fail(Fault::not_permitted,
                "A page of another site may not open a WebSocket here (Origin). Call from a server, or by HTTP.");
}

void Remembered::keep(std::string id, std::string items) {
    id_ = std::move(id);
    items_ = std::move(items);
    items_.shrink_to_fit();
    lost_.clear();
}

void Remembered::lose(std::string id) {
    lost_ = std::move(id);
    id_.clear();
    std::string().swap(items_);
}

Task<void> Talk::run() {
    const Moment life = parts_.clock.moment() + limits_.life;
    for (;;) {
        const Moment until = std::min(life, parts_.clock.moment() + limits_.idle);
        edge::Received received = co_await messages_.next(limits_.message_bytes_max, until);
        if (received.how != edge::Received::How::message) {
            co_await end(received.how, until == life);
            co_return;
        }
        const bool open = co_await answer(std::move(received.text));
        if (!open) co_return;
        if (parts_.clock.moment() >= life) {
            co_await end(edge::Received::How::quiet, true);
            co_return;
        }
    }
}

Task<bool> Talk::answer(std::string message) {
    // Before anything of it is looked at: what is wrong with it is no stranger's business, and work.
    SpokenCall asked(socket_, messages_, {.started = parts_.clock.moment()});
    const bool admitted = co_await parts_.admits(asked);
    if (!admitted) {
        co_await messages_.close(edge::CloseCode::not_permitted, no_more_valid);
        co_return false;
    }
    Result<providers::Turn> turn = providers::read_turn(message);
    if (!turn) {
        co_await tell(turn.error().fault, turn.error().for_caller);
        co_return true;
    }
    const bool continues = remembered_.has(*turn);
    if (!continues && remembered_.lost(*turn)) {
        const std::string sentence =
            fmt::format("Previous response with id '{}' not found. Send the whole input, without previous_response_id.",
                        turn->previous);
        co_await tell(providers::refusal_event(400, "invalid_request_error", "previous_response_not_found", sentence,
                                               "previous_response_id"));
        co_return true;
    }
    // What a provider adds from its own memory is not known here.
    const bool known = turn->previous.empty() || continues;
    const std::size_t bytes = turn->input.size() + (continues ? remembered_.items().size() : 0);
    bool keepable = known && bytes <= limits_.kept_bytes_max;
    if (!turn->generate && !keepable) {
        co_await tell(Fault::invalid_request,
                      "This cannot be prepared here: it continues what is not kept on this WebSocket, or is too large. "
                      "Send it without \"generate\": false.");
        co_return true;
    }
    std::string items;
    if (continues || keepable) items = providers::items_of(turn->input);
    if (continues) items = providers::join_items(remembered_.items(), items);
    if (!turn->generate) {
        co_await warm_up(*turn, std::move(items));
        co_return true;
    }
    std::string body = continues ? providers::body_of(*turn, items) : providers::body_of(*turn);
    // What is continued is in the new items too, and goes when they come or the turn fails.
    const std::size_t kept =
        continues ? std::max(remembered_.bytes(), items.capacity()) : remembered_.bytes() + items.capacity();
    keepable = keepable && parts_.share.become(kept);
    if (!keepable) std::string().swap(items);
    // The body has it all.
    turn->members.clear();
    turn->input = turn->previous_member = {};
    std::string().swap(message);
    const Result<void> held = messages_.holds(remembered_.bytes() + items.capacity() + body.capacity());
    if (!held) {
        count_remembered();
        co_await tell(held.error().fault, held.error().for_caller);
        co_return true;
    }
    const bool open = co_await serve(*turn, std::move(body), std::move(items), keepable);
    co_return open;
}

Task<bool> Talk::serve(const providers::Turn& turn, std::string body, std::string items, bool keepable) {
    const bool continued = remembered_.has(turn);
    SpokenCall call(socket_, messages_,
                    {.body = std::move(body),
                     .stored = turn.stored,
                     .kept = remembered_.bytes() + items.capacity(),
                     .started = parts_.clock.moment()});
    co_await parts_.calls.serve(call);
    messages_.watch({});
    if (!call.is_whole())
        co_await tell(Fault::provider_unavailable,
                      "The answer was cut off in the middle. What came so far is not all of it.");
    constexpr int unauthenticated = 401;
    if (call.status() == unauthenticated) {
        co_await messages_.close(edge::CloseCode::not_permitted, no_more_valid);
        co_return false;
    }
    if (call.is_whole() && call.ended()) {
        std::string id = std::exchange(call.ended()->id, {});
        // There it has thoughts that nobody is shown, and its caller owns it.
        if (call.ended()->stored)
            remembered_.leave_to_provider();
        else if (!keepable || items.size() + call.ended()->items.size() > limits_.kept_bytes_max)
            remembered_.lose(std::move(id));
        else
            remember(std::move(id), providers::join_items(items, call.ended()->items));
    } else if (continued) {
        // What a failed turn continued may be what it failed of.
        remembered_.forget();
    }
    count_remembered();
    co_return true;
}

void Talk::remember(std::string id, std::string items) {
    remembered_.keep(std::move(id), std::move(items));
    if (!parts_.share.become(remembered_.bytes())) remembered_.forget();
}

void Talk::count_remembered() {
    if (!messages_.holds(remembered_.bytes())) {
        remembered_.forget();
        static_cast<void>(messages_.holds(0));
    }
    // Never more than it was.
    static_cast<void>(parts_.share.become(remembered_.bytes()));
}

/// Nothing is sent and nothing costs: what was said is kept for the turn that continues it.
Task<void> Talk::warm_up(const providers::Turn& turn, std::string items) {
    const Timestamp now = parts_.clock.now();
    const std::string id = response_id(CallId::make(now));
    remember(id, std::move(items));
    count_remembered();
    const auto events = providers::warm_up_events(id, turn.model, unix_milliseconds(now) / 1000);
    const std::array<std::string_view, 2> texts = {events.first, events.second};
    const Result<void> sent = co_await messages_.send(texts);
    // A client that has left shows at the next message.
    static_cast<void>(sent);
}

Task<void> Talk::end(edge::Received::How how, bool life_over) {
    using How = edge::Received::How;
    switch (how) {
        case How::message:
        case How::over:
            co_return;
        case How::quiet:
            if (life_over)
                co_await tell(providers::refusal_event(
                    400, "invalid_request_error", "websocket_connection_limit_reached",
                    fmt::format("Responses websocket connection limit reached ({} minutes). Create a new websocket "
                                "connection to continue.",
                                limits_.life.count())));
            co_await messages_.close(edge::CloseCode::normal,
                                     life_over ? "The WebSocket has lived its time." : "Nothing has come for long.");
            co_return;
        case How::too_large:
            co_await tell(Fault::too_large, fmt::format("The message is too large; at most {} bytes are taken.",
                                                        limits_.message_bytes_max));
            co_await messages_.close(edge::CloseCode::too_large, "The message is too large.");
            co_return;
        case How::too_slow:
            co_await messages_.close(edge::CloseCode::not_permitted, "The message took too long to arrive.");
            co_return;
        case How::overloaded:
            co_await tell(Fault::overloaded, "Too much at once. Try again in a second.");
            co_await messages_.close(edge::CloseCode::try_again_later, "Too much at once.");
            co_return;
        case How::stopping:
            co_await messages_.close(edge::CloseCode::going_away, "Bursar is restarting.");
            co_return;
    }
}

Task<void> Talk::tell(std::string event) {
    const std::array<std::string_view, 1> texts = {event};
    const Result<void> sent = co_await messages_.send(texts);
    // A client that has left shows at the next message.
    static_cast<void>(sent);
}

Task<void> Talk::tell(Fault fault, std::string_view sentence) {
    const FaultFacts& known = facts(fault);
    co_await tell(providers::refusal_event(known.http_status, known.openai_type, known.name, sentence));
}

}  // namespace bursar::gateway
