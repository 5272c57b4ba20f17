// The two sides of a realtime session: what passes from one to the other, and what of it asks for a response.
#include "service/base/log.h"
#include "service/gateway/gateway.h"
#include "service/gateway/realtime.h"
#include "service/gateway/refusal.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// How ids of events begin that only we give.
constexpr std::string_view our_events = "bursar_";
/// Of ids whose events the provider never spoke of.
constexpr std::size_t renamed_max = 1'000;
/// After so many events of a client the other calls of the shard come first.
constexpr int events_in_a_row_max = 16;

/// A number that goes back when it is left.
template <typename Number>
class For {
  public:
    For(Number& number, Number more) : number_(number), more_(more) { number_ += more_; }
    ~For() { number_ -= more_; }
    For(const For&) = delete;
    For& operator=(const For&) = delete;

  private:
    Number& number_;
    Number more_;
};

}  // namespace

// The client.

/// Nothing of it goes on before the provider has been set to begin no response by itself.
Task<void> RealtimeSession::hear_client() {
    if (!set_ && !end_) co_await wait_on(ready_);
    for (int in_a_row = 1; !end_; ++in_a_row) {
        if (in_a_row % events_in_a_row_max == 0) {
            co_await asio::post(exchange_.executor(), asio::use_awaitable);
            if (end_) co_return;
        }
        const Moment until = std::min(life_, clock_.moment() + limits_.idle);
        edge::Received received = co_await messages_.next(limits_.message_bytes_max, until);
        if (end_) co_return;
        if (received.how != edge::Received::How::message) {
            close_for(received.how, until == life_);
            co_return;
        }
        co_await pass_on(std::move(received.text));
        count();
    }
}

Task<void> RealtimeSession::pass_on(std::string text) {
    const For here(in_hand_, text.capacity());
    if (!count()) co_return;
    auto message = providers::read_realtime_message(text, {.model = model_, .output_max = output_max_});
    if (message && message->event_id.starts_with(our_events))
        message = fail(Fault::invalid_request, "An `event_id` that begins with \"bursar_\" is not the client's.");
    if (!message) {
        co_await tell(message.error(), {}, {});
        co_return;
    }
    // A refusal names the event by its id, and what is refused has not begun: so it is one that no other can have.
    std::string event;
    if (message->asks || message->configures || message->commits) event = name_event(message->event_id);
    if (message->asks) {
        const bool paid = co_await afford(event, message->event_id);
        if (!paid) co_return;
    }
    if (message->configures) wishes_.changing(event, message->automatic);
    if (message->commits) wishes_.committing(event);
    providers::rewrite_for_provider(text, *message, model_there_, event);
    if (!socket_->put(text)) withdraw(event);
    std::string().swap(text);
    co_await socket_->taken();
}

std::string RealtimeSession::name_event(std::string of_client) {
    std::string id = fmt::format("{}{}", our_events, ++events_);
    if (renamed_.size() > renamed_max) renamed_.clear();
    renamed_[id] = std::move(of_client);
    return id;
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
                        .error = Error{Fault::overloaded, "Too much at once. Try again in a second.", {}},
                        .cut = Fault::overloaded});
        case How::stopping:
            return end({.code = Code::service_restart, .reason = "Bursar is restarting.", .cut = Fault::shutting_down});
    }
}

Task<void> RealtimeSession::tell(const Error& error, const CallId& call, std::string_view about) {
    const FaultFacts& known = facts(error.fault);
    const CallId shown = call == CallId{} ? CallId::make(clock_.now()) : call;
    const std::string event =
        providers::realtime_error(known.openai_type, known.name, error.for_caller, shown.text(), about);
    const Result<void> sent = co_await send(event);
    if (!sent) client_gone_ = true;
}

Task<Result<void>> RealtimeSession::send(std::string_view text) {
    if (client_gone_) co_return Result<void>{};
    const For under_way(sends_, 1);
    const std::array<std::string_view, 1> texts = {text};
    Result<void> sent = co_await messages_.send(texts);
    co_return sent;
}

/// What lies in memory for the session counts as the bodies of calls do. False: there is no room, and it ends.
bool RealtimeSession::count() {
    // Of the provider's event one more goes to the client.
    if (messages_.holds(in_hand_ + 2 * passing_ + socket_->bytes())) return true;
    close_for(edge::Received::How::overloaded, false);
    return false;
}

// The provider.

Task<void> RealtimeSession::hear_provider() {
    for (;;) {
        auto text = co_await socket_->next();
        if (!text) {
            provider_why_ = std::string(text.error().operator_text());
            co_return;
        }
        co_await met(*std::move(text));
        count();
        if (end_ && turns_.is_settled()) socket_->close(edge::CloseCode::normal);
    }
}

Task<void> RealtimeSession::met(std::string text) {
    const For here(passing_, text.capacity());
    count();
    const providers::RealtimeEvent event = providers::read_realtime_event(text);
    const bool wanted = co_await watched(event);
    if (!wanted) {
        log::error("realtime_not_held", {{"channel", channel_}, {"event", event.type}, {"response", event.response}});
        end({.code = edge::CloseCode::internal,
             .reason = "The provider does what it was not asked for.",
             .error = Error{Fault::provider_unavailable,
                            "The provider did what nobody had asked it for, so the session was ended.",
                            fmt::format("channel {} sent {} without being asked; nothing was held for that", channel_,
                                        event.type)}});
    }
    const bool turn = event.type == "input_audio_buffer.committed" && wishes_.turn_over();
    std::optional<std::string> refused;
    if (const auto known = renamed_.find(event.refused); known != renamed_.end()) {
        refused = std::move(known->second);
        renamed_.erase(known);
    }
    // Behind its end a client hears of nothing but why.
    if (end_ || client_gone_) co_return;
    providers::rewrite_for_client(text, event, model_there_ == model_ ? std::string_view{} : model_, refused,
                                  wishes_.automatic());
    const Result<void> sent = co_await send(text);
    if (!sent) client_gone_ = true;
    if (turn && sent && !end_) co_await answer_turn();
}

/// What of an event the session has to know. False: the provider does what nobody has asked for.
Task<bool> RealtimeSession::watched(const providers::RealtimeEvent& event) {
    bool wanted = true;
    if (event.type == "response.created") wanted = co_await begun(event);
    if (event.type == "response.done") wanted = co_await done(event);
    if (event.type == "error") not_taken(event.refused);
    if (event.type == "session.updated") {
        wishes_.changed();
        // Or it would begin responses by itself.
        wanted = !event.by_itself.value_or(false);
        set_ = set_ || wanted;
        if (set_ && ready_) std::exchange(ready_, nullptr)();
    }
    if (event.content)
        if (OneCall* const call = turns_.find(event.response);
            call != nullptr && (*call)->attempt.first_content == Moment{})
            (*call)->attempt.first_content = clock_.moment();
    // The usage of another model, which nobody has asked for either.
    if (event.type.starts_with("conversation.item.input_audio_transcription.")) wanted = false;
    co_return wanted;
}

void RealtimeSession::not_taken(const std::string& event) {
    if (event.empty()) return;
    withdraw(event);
    wishes_.refused(event);
    if (event != opening_ || set_) return;
    end({.code = edge::CloseCode::internal,
         .reason = "The provider refuses the session.",
         .error = Error{Fault::provider_unavailable,
                        "The provider does not take the settings that keep its responses within the budget.",
                        fmt::format("channel {} refused the first session.update", channel_)}});
}

}  // namespace bursar::gateway
