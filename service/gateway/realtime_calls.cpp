// The calls of a realtime session: each of its responses has a hold before it can begin, and a row when it has ended.
#include "service/gateway/gateway.h"
#include "service/gateway/rate_limits.h"
#include "service/gateway/realtime.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::gateway {

Task<std::optional<RealtimeSession::Refused>> RealtimeSession::ensure(Speed speed) {
    while (turns_.lacking() > 0) {
        OneCall call = make_call();
        Result<void> passed = prepare(*call, speed);
        if (passed) passed = co_await gateway_.hold(*call);
        if (!passed) {
            refused(*call, passed.error());
            co_return Refused{passed.error(), call->id};
        }
        turns_.add(std::move(call));
    }
    co_return std::nullopt;
}

RealtimeSession::OneCall RealtimeSession::make_call() const {
    auto call = std::make_unique<Call>(exchange_, line_.shard);
    call->at = clock_.now();
    call->started = call->heard = clock_.moment();
    call->id = CallId::make(call->at);
    call->rules = gateway_.parts_.rules.get();
    call->endpoint = Endpoint::realtime;
    call->prompt.model = call->outcome.model = model_;
    call->prompt.input_elsewhere = true;
    call->outcome.streamed = true;
    call->answered = true;
    return call;
}

/// Rooms 2 and 3 once more: what has changed since the session began holds for its next response.
Result<void> RealtimeSession::prepare(Call& call, Speed speed) {
    TRY_VOID(identify(call, gateway_.parts_.callers));
    TRY_VOID(gateway_.find_route(call));
    const auto same = [&](const policies::Channel* channel) { return channel->name() == channel_; };
    const auto found = std::ranges::find_if(call.route->channels, same);
    if (found == call.route->channels.end())
        return fail(Fault::provider_unavailable,
                    "The policy does not lead to this session's provider any more. Open another session.",
                    fmt::format("the model {} has no channel {} any more", model_, channel_));
    if (call.route->model->output_tokens_max < output_max_)
        return fail(Fault::provider_unavailable, "The model has a smaller limit of output now. Open another session.",
                    fmt::format("the model {} has another output_tokens_max than when a session began", model_));
    call.attempt.channel = *found;
    call.attempt.began = call.started;
    return speed == Speed::counts ? gateway_.take_rates(call) : Result<void>{};
}

Result<void> RealtimeSession::still_good() {
    Call call(exchange_, line_.shard);
    call.at = clock_.now();
    call.rules = gateway_.parts_.rules.get();
    call.endpoint = Endpoint::realtime;
    return identify(call, gateway_.parts_.callers);
}

void RealtimeSession::refused(Call& call, const Error& error) {
    const FaultFacts& known = facts(error.fault);
    call.outcome.fault = known.name;
    call.outcome.status = known.http_status;
    call.reason = error.operator_text();
    end_permit(call, clock_.moment());
    record(call);
}

/// A response that has ended, at what the provider tells of it.
void RealtimeSession::book(Call& call, const providers::RealtimeEvent& event) {
    const bool failed = event.status == "failed";
    call.outcome.provider_request_id = event.response;
    call.attempt.sent = true;
    if (event.usage) {
        gateway_.book(call, {.usage = *event.usage,
                             .source = UsageSource::provider,
                             .complete = true,
                             .understood = true,
                             .content = true,
                             .id = event.response});
    } else {
        // One that failed before its first word was served to nobody.
        const bool nothing = failed && call.attempt.first_content == Moment{};
        gateway_.book_hold(call, nothing ? UsageSource::none : UsageSource::estimated);
    }
    call.outcome.status = 200;
    if (failed) {
        call.outcome.fault = facts(Fault::provider_unavailable).name;
        call.reason = fmt::format("channel {} told that its response failed", channel_);
    }
    end_permit(call, clock_.moment());
    record(call);
}

/// One of which nobody knows what it cost: the most that it can.
void RealtimeSession::book_cut(Call& call) {
    call.attempt.sent = true;
    gateway_.book_hold(call, UsageSource::estimated);
    call.outcome.status = 200;
    if (end_ && !client_gone_) call.outcome.fault = facts(end_->cut).name;
    call.reason = end_ && end_->error ? std::string(end_->error->operator_text()) : provider_why_;
    end_permit(call, clock_.moment());
    record(call);
}

void RealtimeSession::record(Call& call) {
    // Time that passed in a session is none of ours.
    call.waited = clock_.moment() - call.started;
    gateway_.settle(call);
    gateway_.record(call);
}

}  // namespace bursar::gateway
