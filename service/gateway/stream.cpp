// Room 6 for streams: whole events only, and an end that cannot be mistaken for the provider's own.
#include "service/gateway/gateway.h"
#include "service/gateway/rate_limits.h"
#include "service/gateway/refusal.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/providers/translate/translate.h"
#include "service/providers/upstream.h"

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// Counts a stream for as long as it is relayed.
class OpenStream {
  public:
    explicit OpenStream(Metrics& metrics) : metrics_(metrics) { metrics_.stream_opened(); }
    ~OpenStream() { metrics_.stream_closed(); }
    OpenStream(const OpenStream&) = delete;
    OpenStream& operator=(const OpenStream&) = delete;

  private:
    Metrics& metrics_;
};

/// What came of a stream before its first content: nobody has seen it, so another channel may still answer.
class HeldBack {
  public:
    explicit HeldBack(const providers::Meter& meter) : meter_(meter) {}
    /// Whether the caller has to wait on. A whole answer without content is one, too; and whoever sends a giant event,
    /// or repeats a long prompt before he begins, is not held back.
    bool holds() {
        const providers::Reading& reading = meter_.reading();
        passed_ = passed_ || (reading.content && reading.understood) || reading.complete || meter_.mid_event() ||
                  (is_full() && reading.understood);
        return !passed_;
    }
    /// As holds() said last: nothing has gone to the caller.
    bool held() const { return !passed_; }
    /// Of what is no answer.
    bool has_enough() const { return is_full() && !meter_.reading().understood; }
    void keep(std::string_view events) { events_.append(events); }
    /// All that may go to the caller now.
    std::string_view with(std::string_view events) {
        if (events_.empty()) return events;
        events_.append(events);
        shown_ = std::exchange(events_, {});
        return shown_;
    }
    std::string_view events() const { return events_; }

  private:
    static constexpr std::size_t bytes_max = std::size_t{256} * 1024;
    bool is_full() const { return events_.size() > bytes_max; }

    const providers::Meter& meter_;
    std::string events_;
    std::string shown_;
    bool passed_ = false;
};

Error cut_short(const Call& call) {
    return {Fault::provider_unavailable,
            "The provider ended its answer before it was complete. What came so far may be cut off.",
            fmt::format("channel {} ended a stream without the end of its dialect", call.outcome.channel)};
}

}  // namespace

Task<Result<void>> Gateway::relay_stream(Call& call, providers::Answer& answer) {
    const OpenStream counted(metrics_);
    const bool translated = call.attempt.translated;
    const bool renamed = call.attempt.channel->model != call.prompt.model && !translated;
    const auto meter =
        providers::Meter::make({.endpoint = call.attempt.spoken,
                                .streamed = true,
                                .hide_usage_chunk = !call.prompt.usage_asked && !translated,
                                .shown_model = renamed ? std::string_view(call.prompt.model) : std::string_view{}});
    const CallText text(call);
    const providers::translate::Way way{.caller = call.endpoint, .provider = call.attempt.spoken};
    const auto translator = translated ? providers::translate::Stream::make(way, text.shown()) : nullptr;
    HeldBack held_back(*meter);
    answer.expect_content_by(parts_.clock.moment() + call.attempt.channel->provider->deadlines.first_token);
    Error failure;
    bool ended = false, failed = false;
    bool mid_event = false;  // as the caller sees it: the meter may be further
    while (!ended && !failed) {
        const Moment began = parts_.clock.moment();
        const auto bytes = co_await answer.read();
        const Moment now = parts_.clock.moment();
        if (!call.answered) call.waited += now - began;
        if (!bytes) {
            failure = call.stopping ? stopping_error() : bytes.error();
            failed = true;
            break;
        }
        ended = bytes->empty();
        std::string_view whole_events = meter->pass(*bytes);
        if (translator) whole_events = ended ? translator->finish() : translator->pass(whole_events);
        if (held_back.holds()) {
            held_back.keep(whole_events);
            if (meter->reading().failed || held_back.has_enough()) break;
            continue;
        }
        if (const Result<void> paid = grow(call, meter->reading()); !paid) {
            failure = paid.error();
            failed = true;
            break;
        }
        whole_events = held_back.with(whole_events);
        if (whole_events.empty() || call.caller_left) continue;
        if (const providers::Reading& so_far = meter->reading(); so_far.complete)
            end_permit(call, now, so_far.source == UsageSource::provider ? &so_far.usage : nullptr);
        // Whoever sees its id, or its end, may go on from it at once.
        keep_in_mind(call, meter->reading());
        // The view dies with the next wait: the edge keeps a copy of what it cannot write at once.
        Result<void> sent;
        if (call.answered) {
            sent = co_await call.exchange.write(whole_events);
        } else {
            begin_stream(call, answer, now);
            const edge::ResponseHead head = success_head(call, answer.head(), now);
            sent = co_await call.exchange.begin(head, whole_events);
        }
        mid_event = meter->mid_event() && !translator;
        if (sent) continue;
        // Where the way to the client has no room, it has not left, and is told.
        failed = sent.error().fault != Fault::malformed;
        if (failed) failure = sent.error();
        if (!failed) call.leave();
        if (failed || call.attempt.channel->provider->on_disconnect == policies::OnDisconnect::cancel) break;
    }
    if (held_back.held() && !call.caller_left && ended && is_by_id(call.endpoint) && !meter->reading().failed)
        co_return co_await nothing_left(call, answer, *meter, held_back.events());
    if (held_back.held() && !call.caller_left)
        co_return co_await without_content(call, *meter, held_back.events(), std::move(failure));
    // Before the meter looks at what never became a whole event: of that the caller has seen nothing.
    const bool end_shown =
        translator ? translator->ended() || translator->failed() : meter->reading().complete || meter->reading().failed;
    // The books are right before the caller can see the end.
    const providers::Reading reading = meter->finish(input_booked(call));
    book(call, reading);
    keep_in_mind(call, reading);
    if (!failed && !end_shown) {
        failure = cut_short(call);
        failed = true;
    }
    learn_from_end(call, reading, failed ? &failure : nullptr);
    if (failed && !call.caller_left) {
        co_await end_stream(call, mid_event, failure);
        co_return Result<void>{};
    }
    if (reading.failed || (translator && translator->failed())) {
        call.outcome.fault = facts(Fault::provider_unavailable).name;
        call.reason = fmt::format("channel {} sent an error event", call.outcome.channel);
    }
    if (call.caller_left || !call.answered) co_return Result<void>{};
    const Result<void> finished = co_await call.exchange.finish();
    if (!finished) call.caller_left = true;
    co_return Result<void>{};
}

/// The first content is there: this channel answers, and no other will be asked.
void Gateway::begin_stream(Call& call, providers::Answer& answer, Moment now) {
    answer.expect_content_by(Moment::max());
    call.body = std::string();
    call.answered = true;
    call.attempt.first_content = now;
    call.attempt.passage.well();
    call.outcome.status = answer.head().status;
    call.outcome.first_byte = now - call.heard;
    call.outcome.overhead = now - call.started - call.waited;
}

/// A stored stream that is read on from behind its last event.
Task<Result<void>> Gateway::nothing_left(Call& call, providers::Answer& answer, providers::Meter& meter,
                                         std::string_view events) {
    book(call, meter.finish(input_booked(call)));
    const Moment now = parts_.clock.moment();
    begin_stream(call, answer, now);
    const edge::ResponseHead head = success_head(call, answer.head(), now);
    Result<void> sent = co_await call.exchange.begin(head, events);
    if (sent) sent = co_await call.exchange.finish();
    if (!sent) call.caller_left = true;
    co_return Result<void>{};
}

/// A stream that broke off, or said that it failed, before its first content.
Task<Result<void>> Gateway::without_content(Call& call, providers::Meter& meter, std::string_view events,
                                            Error failure) {
    const bool said_so = meter.reading().failed;
    book(call, meter.finish(input_booked(call)));
    if (!failure.for_caller.empty()) co_return give_up(call, {}, std::move(failure));
    // The events themselves are told to nobody: some repeat the prompt, and some the key.
    if (said_so)
        co_return co_await not_served(
            call, events,
            {Fault::provider_unavailable, "The provider failed before its first word. Try again.",
             fmt::format("channel {} began its stream with an error", call.outcome.channel)});
    co_return give_up(call, {},
                      {Fault::provider_unavailable, "The provider ended its answer before its first word. Try again.",
                       fmt::format("channel {} ended a stream without any content", call.outcome.channel)});
}

void Gateway::learn_from_end(Call& call, const providers::Reading& reading, const Error* failure) {
    providers::Passage& passage = call.attempt.passage;
    const bool channels_fault = failure != nullptr && (failure->fault == Fault::provider_unavailable ||
                                                       failure->fault == Fault::deadline_passed);
    if ((channels_fault || reading.failed) && !call.caller_left && !call.stopping) {
        passage.failed(failure != nullptr ? failure->operator_text() : "an error event in the middle", {});
    } else if (reading.complete && call.attempt.first_content != Moment{} && passage.channel() != nullptr) {
        const Moment now = parts_.clock.moment();
        passage.channel()->measure_stream(call.attempt.first_content - call.attempt.began,
                                          now - call.attempt.first_content, reading.usage.output);
    }
}

Task<void> Gateway::end_stream(Call& call, bool mid_event, const Error& error) {
    if (!call.answered) {
        co_await refuse(call, error);
        co_return;
    }
    call.outcome.fault = facts(error.fault).name;
    call.reason = error.operator_text();
    // In the middle of an event nothing honest can follow: the connection is closed instead, and every client notices
    // that.
    if (mid_event) co_return;
    const InBand kind = in_band(error.fault, call.shape);
    const std::string event =
        providers::error_event(call.endpoint, kind.type, kind.code, error.for_caller, call.id.text());
    end_key(call);
    const Result<void> sent = co_await call.exchange.write(event);
    if (!sent) co_return;
    const Result<void> finished = co_await call.exchange.finish();
    if (!finished) call.caller_left = true;
}

}  // namespace bursar::gateway
