// Room 6 for streams: whole events only, and an end that cannot be mistaken for the provider's own.
#include "service/gateway/gateway.h"
#include "service/gateway/refusal.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
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

}  // namespace

Task<void> Gateway::relay_stream(Call& call, providers::Answer& answer) {
    const OpenStream counted(metrics_);
    const bool renamed = call.attempt.channel->model != call.prompt.model;
    const auto meter =
        providers::Meter::make({.endpoint = call.endpoint,
                                .streamed = true,
                                .hide_usage_chunk = !call.prompt.usage_asked,
                                .shown_model = renamed ? std::string_view(call.prompt.model) : std::string_view{}});
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
        const std::string_view whole_events = meter->pass(*bytes);
        if (const Result<void> paid = grow(call, meter->reading()); !paid) {
            failure = paid.error();
            failed = true;
            break;
        }
        if (whole_events.empty() || call.caller_left) continue;
        // The view dies with the next wait: the edge keeps a copy of what it cannot write at once.
        Result<void> sent;
        if (call.answered) {
            sent = co_await call.exchange.write(whole_events);
        } else {
            call.answered = true;
            call.outcome.status = answer.head().status;
            call.outcome.first_byte = now - call.heard;
            call.outcome.overhead = now - call.started - call.waited;
            const edge::ResponseHead head = answer_head(call, answer.head().status, answer.head().headers, now);
            sent = co_await call.exchange.begin(head, whole_events);
        }
        mid_event = meter->mid_event();
        if (!sent) {
            call.leave();
            if (call.attempt.channel->provider->on_disconnect == policies::OnDisconnect::cancel) break;
        }
    }
    // Before the meter looks at what never became a whole event: of that the caller has seen nothing.
    const bool end_shown = meter->reading().complete || meter->reading().failed;
    // The books are right before the caller can see the end.
    const providers::Reading reading = meter->finish(input_estimate(call));
    book(call, reading);
    if (!failed && !end_shown) {
        failure = {Fault::provider_unavailable,
                   "The provider ended its answer before it was complete. What came so far may be cut off.",
                   fmt::format("channel {} ended a stream without the end of its dialect", call.outcome.channel)};
        failed = true;
    }
    if (failed && !call.caller_left) {
        co_await end_stream(call, mid_event, failure);
        co_return;
    }
    if (reading.failed) {
        call.outcome.fault = facts(Fault::provider_unavailable).name;
        call.reason = fmt::format("channel {} sent an error event", call.outcome.channel);
    }
    if (call.caller_left || !call.answered) co_return;
    const Result<void> finished = co_await call.exchange.finish();
    if (!finished) call.caller_left = true;
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
    const Result<void> sent = co_await call.exchange.write(event);
    if (!sent) co_return;
    const Result<void> finished = co_await call.exchange.finish();
    if (!finished) call.caller_left = true;
}

}  // namespace bursar::gateway
