#include "service/gateway/realtime.h"

#include "service/base/json.h"
#include "service/base/log.h"
#include "service/gateway/gateway.h"
#include "service/gateway/rate_limits.h"
#include "service/gateway/refusal.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr std::string_view no_more_valid = "The credential is not valid any more.";
/// How ids of events begin that only we give.
constexpr std::string_view our_events = "bursar_";
/// Of ids whose events the provider never spoke of.
constexpr std::size_t renamed_max = 1'000;

/// Of these the client may try again on the same session.
bool passes_by(Fault fault) {
    return fault == Fault::rate_limited || fault == Fault::overloaded || fault == Fault::too_large;
}

/// Closes need short words (RFC 6455 §5.5).
std::string_view reason_for(Fault fault) {
    switch (fault) {
        case Fault::budget_exhausted:
            return "There is no budget for another response.";
        case Fault::unauthenticated:
            return no_more_valid;
        default:
            return "No other response may begin.";
    }
}

/// A string of the JSON by another one.
void replace_text(std::string& text, const providers::Span& at, std::string_view name) {
    if (at.empty()) return;
    std::string quoted;
    append_json_string(quoted, name);
    text.replace(at.begin, at.end - at.begin, quoted);
}

}  // namespace

/// The timers of a session; their handlers look whether it is still there.
struct RealtimeSession::Ticker {
    explicit Ticker(const asio::any_io_executor& executor) : tick(executor), ending(executor) {}
    asio::steady_timer tick, ending;
};

RealtimeSession::RealtimeSession(Gateway& gateway, edge::Exchange& exchange, edge::Messages& messages,
                                 std::unique_ptr<Call> first, std::unique_ptr<providers::WebSocket> socket,
                                 SessionLimits limits)
    : gateway_(gateway),
      exchange_(exchange),
      messages_(messages),
      socket_(std::move(socket)),
      limits_(limits),
      clock_(gateway.parts_.clock),
      line_(exchange, first->shard),
      model_(first->prompt.model),
      model_there_(first->attempt.channel->model),
      channel_(first->attempt.channel->name()),
      output_max_(first->route->model->output_tokens_max),
      life_(clock_.moment() + limits.life),
      ticker_(std::make_shared<Ticker>(exchange.executor())) {
    turns_.add(std::move(first));
}

RealtimeSession::~RealtimeSession() = default;

Task<void> RealtimeSession::run() {
    line_.shard.add(line_);
    line_.cancel = [this] {
        end({.code = edge::CloseCode::service_restart, .reason = "Bursar is restarting.", .cut = Fault::shutting_down});
    };
    if (line_.stopping) line_.cancel();
    if (output_max_ <= providers::realtime_output_max) {
        turns_.configured();
        socket_->put(providers::realtime_limit(output_max_));
    }
    asio::co_spawn(exchange_.executor(), hear_provider(), [this](const std::exception_ptr&) {
        provider_over_ = true;
        end({.code = edge::CloseCode::internal, .reason = "Something in Bursar failed."});
        if (joined_) std::exchange(joined_, nullptr)();
    });
    arm_tick();
    std::string defect;
    try {
        co_await hear_client();
    } catch (const std::exception& exception) {
        defect = exception.what();
    }
    if (!defect.empty()) {
        log::error("session_failed", {{"channel", channel_}, {"reason", defect}});
        end({.code = edge::CloseCode::internal, .reason = "Something in Bursar failed."});
    }
    co_await wind_down();
    line_.cancel = nullptr;
    line_.shard.remove(line_);
    ticker_.reset();
    settle_rest();
    if (!client_gone_) co_await messages_.close(end_->code, end_->reason);
}

// The client.

Task<void> RealtimeSession::hear_client() {
    while (!end_) {
        const Moment until = std::min(life_, clock_.moment() + limits_.idle);
        edge::Received received = co_await messages_.next(limits_.message_bytes_max, until);
        if (end_) co_return;
        if (received.how != edge::Received::How::message) {
            close_for(received.how, until == life_);
            co_return;
        }
        const bool open = co_await pass_on(std::move(received.text));
        if (!open) co_return;
    }
}

Task<bool> RealtimeSession::pass_on(std::string text) {
    auto message = providers::read_realtime_message(text, {.model = model_, .output_max = output_max_});
    if (!message) {
        co_await tell(message.error(), {});
        co_return !end_;
    }
    if (message->event_id.starts_with(our_events)) {
        co_await tell({Fault::invalid_request, "An `event_id` that begins with \"bursar_\" is not the client's.", {}},
                      {}, message->event_id);
        co_return !end_;
    }
    if (message->asks && turns_.is_full()) {
        co_await tell({Fault::rate_limited, "Too many responses at once in one session. Wait for those that run.", {}},
                      {}, message->event_id);
        co_return !end_;
    }
    replace_text(text, message->model_at, model_there_);
    if (message->asks) name_event(*message, text);
    if (message->asks) turns_.asked(message->event_id);
    if (message->hears) turns_.hears();
    // What runs is the last: neither it nor what the session is set to brings another one.
    if (last_ && (message->asks || message->configures)) {
        turns_.refused(message->event_id);
        co_await tell(why_last_->error, why_last_->call, message->event_id);
        co_return !end_;
    }
    if (message->configures) turns_.configured();
    const auto refused = last_ ? std::nullopt : co_await ensure(message->asks ? Speed::counts : Speed::later);
    if (end_) {
        turns_.refused(message->event_id);
        co_return false;
    }
    if (refused) {
        if (message->asks) turns_.refused(message->event_id);
        if (message->asks && passes_by(refused->error.fault)) {
            co_await tell(refused->error, refused->call, message->event_id);
            co_return !end_;
        }
        end({.code = edge::CloseCode::not_permitted,
             .reason = std::string(reason_for(refused->error.fault)),
             .error = refused->error,
             .call = refused->call,
             .cut = refused->error.fault});
        co_return false;
    }
    socket_->put(text);
    std::string().swap(text);
    const bool open = co_await socket_->taken();
    co_return open && !end_;
}

/// A refusal names the event by its id, and what is refused has not begun: so it is one that no other event can have.
void RealtimeSession::name_event(providers::RealtimeMessage& message, std::string& text) {
    const std::string id = fmt::format("{}{}", our_events, ++events_);
    if (message.event_at.empty()) {
        text.insert(message.insert_at, fmt::format(R"("event_id":"{}",)", id));
    } else {
        text.replace(message.event_at.begin, message.event_at.end - message.event_at.begin, '"' + id + '"');
    }
    if (renamed_.size() > renamed_max) renamed_.clear();
    renamed_[id] = std::exchange(message.event_id, id);
}

void RealtimeSession::close_for(edge::Received::How how, bool life_over) {
    using How = edge::Received::How;
    using Code = edge::CloseCode;
    switch (how) {
        case How::message:
        case How::over:
            client_gone_ = true;
            return end({});
        case How::quiet:
            if (life_over)
                return end(
                    {.reason = "The session has lived its time.",
                     .error = Error{Fault::invalid_request,
                                    fmt::format("The session has reached its maximum of {} minutes. Open another "
                                                "one to go on.",
                                                limits_.life.count()),
                                    {}}});
            return end({.reason = "Nothing has come for long."});
        case How::too_large:
            return end({.code = Code::too_large,
                        .reason = "The message is too large.",
                        .error = Error{Fault::too_large,
                                       fmt::format("The message is too large; at most {} bytes are taken.",
                                                   limits_.message_bytes_max),
                                       {}}});
        case How::too_slow:
            return end({.code = Code::not_permitted, .reason = "The message took too long to arrive."});
        case How::overloaded:
            return end({.code = Code::try_again_later,
                        .reason = "Too much at once.",
                        .error = Error{Fault::overloaded, "Too much at once. Try again in a second.", {}}});
        case How::stopping:
            return end({.code = Code::service_restart, .reason = "Bursar is restarting.", .cut = Fault::shutting_down});
    }
}

Task<void> RealtimeSession::tell(const Error& error, const CallId& call, std::string_view about) {
    if (client_gone_) co_return;
    const FaultFacts& known = facts(error.fault);
    const CallId shown = call == CallId{} ? CallId::make(clock_.now()) : call;
    const std::string event =
        providers::realtime_error(known.openai_type, known.name, error.for_caller, shown.text(), about);
    const std::array<std::string_view, 1> texts = {event};
    const Result<void> sent = co_await messages_.send(texts);
    if (!sent) client_gone_ = true;
}

// The provider.

Task<void> RealtimeSession::hear_provider() {
    for (;;) {
        auto text = co_await socket_->next();
        if (!text) {
            provider_why_ = std::string(text.error().operator_text());
            break;
        }
        const bool on = co_await met(*std::move(text));
        if (!on || (winding_ && turns_.is_settled())) socket_->close(edge::CloseCode::normal);
    }
    if (!end_)
        end({.code = edge::CloseCode::internal,
             .reason = "The provider has ended the session.",
             .error = Error{Fault::provider_unavailable,
                            "The provider has ended the session. What came so far may be cut off. Open another one.",
                            provider_why_},
             .cut = Fault::provider_unavailable});
}

/// False: it is not to be heard any more.
Task<bool> RealtimeSession::met(std::string text) {
    const providers::RealtimeEvent event = providers::read_realtime_event(text);
    bool on = true;
    if (event.type == "response.created") on = co_await begun(event);
    if (event.type == "response.done") on = done(event);
    if (event.type == "error") turns_.refused(event.refused);
    if (const auto known = renamed_.find(event.refused); known != renamed_.end()) {
        replace_text(text, event.refused_at, known->second);
        renamed_.erase(known);
    }
    if (event.type == "input_audio_buffer.committed") turns_.turn_over();
    if (event.type == "input_audio_buffer.cleared") turns_.silenced();
    if (event.type == "session.updated") turns_.told_changed();
    if (event.type.starts_with("session.") && event.by_itself) turns_.told(*event.by_itself);
    if (event.content)
        if (OneCall* const call = turns_.find(event.response);
            call != nullptr && (*call)->attempt.first_content == Moment{})
            (*call)->attempt.first_content = clock_.moment();
    if (event.type.starts_with("conversation.item.input_audio_transcription.")) on = false;
    if (!on) {
        log::error("realtime_not_held", {{"channel", channel_}, {"event", event.type}, {"response", event.response}});
        end({.code = edge::CloseCode::internal,
             .reason = "The provider does what it was not asked for.",
             .error = Error{Fault::provider_unavailable,
                            "The provider did what nobody had asked it for, so the session was ended.",
                            fmt::format("channel {} sent {} without being asked; nothing is held for that", channel_,
                                        event.type)},
             .cut = Fault::provider_unavailable});
        co_return false;
    }
    if (client_gone_) co_return true;
    replace_text(text, model_there_ == model_ ? providers::Span{} : event.model_at, model_);
    const std::array<std::string_view, 1> texts = {text};
    const Result<void> sent = co_await messages_.send(texts);
    if (!sent) client_gone_ = true;
    // What was said while there was no money for another one is told behind the last response.
    if (last_ && event.type == "response.done" && !end_)
        end({.code = edge::CloseCode::not_permitted,
             .reason = std::string(reason_for(why_last_->error.fault)),
             .error = why_last_->error,
             .call = why_last_->call,
             .cut = why_last_->error.fault});
    co_return true;
}

Task<bool> RealtimeSession::begun(const providers::RealtimeEvent& event) {
    OneCall* const found = turns_.began(event.response);
    if (found == nullptr) co_return false;
    Call& call = **found;
    call.attempt.sent = true;
    call.started = call.heard = clock_.moment();
    if (winding_) {
        socket_->put(providers::realtime_cancel(event.response));
        co_return true;
    }
    // One that began by itself has passed no limit of speed yet.
    if (!call.permit) {
        Result<void> passed;
        const auto scopes = line_.shard.scopes_of(gateway_.parts_.ledger, *call.rules, call.caller);
        if (scopes) passed = gateway_.take_rates(call);
        if (!passed) {
            socket_->put(providers::realtime_cancel(event.response));
            co_await tell(passed.error(), call.id);
        }
    }
    if (last_ || end_) co_return true;
    auto refused = co_await ensure(Speed::later);
    if (!refused) co_return true;
    // The one that runs is paid and comes to its end; none may follow.
    last_ = true;
    why_last_ = std::move(refused);
    turns_.configured();
    socket_->put(providers::realtime_no_turns());
    co_return true;
}

bool RealtimeSession::done(const providers::RealtimeEvent& event) {
    auto ended = turns_.ended(event.response);
    if (ended.held) book(**ended.held, event);
    return ended.known;
}

// The end.

void RealtimeSession::end(End why) {
    if (end_) return;
    end_ = std::move(why);
    // In a turn of its own: the session may be gone when whoever waits has gone on.
    asio::post(exchange_.executor(), [this, there = std::weak_ptr(ticker_)] {
        if (!there.expired()) messages_.wake();
    });
}

Task<void> RealtimeSession::wind_down() {
    // The provider's side is over, and says why.
    if (!end_) co_await join();
    if (end_->error) co_await tell(*end_->error, end_->call);
    winding_ = true;
    if (!provider_over_) {
        for (const std::string& response : turns_.under_way()) socket_->put(providers::realtime_cancel(response));
        if (turns_.has_sound()) {
            // Behind its answer nothing begins by itself any more.
            turns_.turn_over();
            socket_->put(providers::realtime_silence());
        }
        if (turns_.is_settled()) socket_->close(edge::CloseCode::normal);
        ticker_->ending.expires_after(limits_.ending);
        ticker_->ending.async_wait([this, there = std::weak_ptr(ticker_)](const boost::system::error_code& stopped) {
            if (!stopped && !there.expired()) socket_->close(edge::CloseCode::normal);
        });
        co_await join();
    }
}

/// Until hear_provider() has ended.
Task<void> RealtimeSession::join() {
    if (provider_over_) co_return;
    auto begin = [this](auto handler) {
        joined_ = [executor = exchange_.executor(), then = std::move(handler)]() mutable {
            asio::post(executor, std::move(then));
        };
    };
    co_await asio::async_initiate<const asio::deferred_t, void()>(std::move(begin), asio::deferred);
}

void RealtimeSession::settle_rest() {
    auto rest = turns_.take_rest();
    for (auto* const list : {&rest.under_way, &rest.doubtful})
        for (const OneCall& call : *list) book_cut(*call);
    for (const OneCall& call : rest.unused) {
        gateway_.release(*call);
        end_permit(*call, clock_.moment());
    }
}

void RealtimeSession::arm_tick() {
    ticker_->tick.expires_after(limits_.tick);
    ticker_->tick.async_wait([this, there = std::weak_ptr(ticker_)](const boost::system::error_code& stopped) {
        if (stopped || there.expired()) return;
        tick();
        arm_tick();
    });
}

void RealtimeSession::tick() {
    if (!provider_over_) socket_->tick(std::chrono::steady_clock::now());
    if (end_) return;
    if (const Result<void> good = still_good(); !good)
        return end({.code = edge::CloseCode::not_permitted,
                    .reason = std::string(no_more_valid),
                    .error = good.error(),
                    .cut = good.error().fault});
}

}  // namespace bursar::gateway
