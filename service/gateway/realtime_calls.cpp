// The calls of a realtime session: each of its responses has a hold before it can begin, and a row when it has ended.
#include "service/base/log.h"
#include "service/gateway/gateway.h"
#include "service/gateway/rate_limits.h"
#include "service/gateway/realtime.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"

#include <algorithm>
#include <exception>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// Of these the client may try again on the same session.
bool passes_by(Fault fault) {
    return fault == Fault::rate_limited || fault == Fault::overloaded || fault == Fault::too_large;
}

/// Whether calls to a provider still go to the same place in the same way.
bool is_same_place(const policies::Provider& one, const policies::Provider& other) {
    return one.base_url == other.base_url && one.dialect == other.dialect && one.auth == other.auth &&
           one.proxy == other.proxy && one.ca_file == other.ca_file;
}

/// All levels that a call is booked to, none of which refuses it.
Result<std::shared_ptr<const ledger::Scopes>> scopes_without_limits(ledger::Ledger& ledger, const Call& call) {
    TRY(std::vector<policies::Charged> charged, policies::accounts_of(*call.rules, *call.caller));
    std::vector<ledger::Level> levels;
    for (policies::Charged& one : charged) {
        for (Budget& budget : one.budgets) budget.hard = false;
        levels.push_back({std::move(one.account), std::move(one.budgets)});
    }
    return ledger.prepare(std::move(levels), call.rules->organisation.time_zone);
}

bool has_key(const policies::Provider& provider, const std::string& secret) {
    return std::ranges::find(provider.keys, secret, &policies::ProviderKey::secret) != provider.keys.end();
}

}  // namespace

void RealtimeSession::Closes::operator()(Call* call) const noexcept {
    try {
        gateway->settle(*call);
    } catch (const std::exception& exception) {
        log::error("session_failed", {{"call", call->id.text()}, {"reason", exception.what()}});
    }
    delete call;
}

Task<bool> RealtimeSession::afford(std::string event, std::string about) {
    if (turns_.is_full()) {
        co_await tell({Fault::rate_limited, "Too many responses at once in one session. Wait for those that run.", {}},
                      {}, about);
        co_return false;
    }
    OneCall call = make_call();
    Result<void> passed;
    {
        const RealtimeTurns<OneCall>::Place place(turns_);
        passed = identify(*call, gateway_.parts_.callers);
        if (passed) passed = find_way(*call);
        if (passed) passed = gateway_.take_rates(*call);
        if (passed) passed = co_await gateway_.hold(*call);
    }
    if (passed && end_) {
        // It ended meanwhile, and nothing was asked.
        gateway_.release(*call);
        co_return false;
    }
    if (passed) {
        call->attempt.sent = true;
        turns_.asked(std::move(event), std::move(call));
        co_return true;
    }
    const Error error = passed.error();
    call->outcome.fault = facts(error.fault).name;
    call->outcome.status = facts(error.fault).http_status;
    call->reason = error.operator_text();
    end_permit(*call, clock_.moment());
    record(*call);
    if (passes_by(error.fault)) {
        co_await tell(error, call->id, about);
        co_return false;
    }
    const bool no_money = error.fault == Fault::budget_exhausted;
    end({.code = edge::CloseCode::not_permitted,
         .reason = no_money ? "There is no budget for another response." : "No other response may begin.",
         .error = error,
         .call = call->id,
         .cut = error.fault});
    co_return false;
}

/// What was asked by that event has not begun and never will.
void RealtimeSession::withdraw(std::string_view event) {
    std::optional<OneCall> call = turns_.refused(event);
    if (!call) return;
    gateway_.release(**call);
    end_permit(**call, clock_.moment());
}

Task<void> RealtimeSession::answer_turn() {
    const std::string event = name_event({});
    const bool paid = co_await afford(event, {});
    if (paid && !socket_->put(providers::realtime_ask(event))) withdraw(event);
}

Task<bool> RealtimeSession::begun(const providers::RealtimeEvent& event) {
    if (turns_.has_ended(event.response)) co_return true;
    OneCall* found = turns_.began(event.response);
    const bool wanted = found != nullptr;
    if (!wanted) {
        OneCall unasked = co_await take_unasked();
        found = &turns_.begin(event.response, std::move(unasked));
    }
    Call& call = **found;
    call.started = call.heard = clock_.moment();
    // The others were told when it ended.
    if (end_) socket_->put(providers::realtime_cancel(event.response));
    co_return wanted;
}

Task<bool> RealtimeSession::done(const providers::RealtimeEvent& event) {
    if (turns_.has_ended(event.response)) co_return true;
    std::optional<OneCall> call = turns_.ended(event.response);
    const bool wanted = call.has_value();
    if (!wanted) call = co_await take_unasked();
    book(**call, event);
    co_return wanted;
}

RealtimeSession::OneCall RealtimeSession::make_call() const {
    OneCall call(new Call(exchange_, line_.shard), Closes{&gateway_});
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

/// Nobody has asked for it, and the provider bills it all the same: it has its row and its cost, whatever the limits
/// say. It is by whom the session was when that was last looked at.
Task<RealtimeSession::OneCall> RealtimeSession::take_unasked() {
    // A provider that goes on with it is not listened to for long.
    if (++unasked_ > turns_.open_max) socket_->close(edge::CloseCode::not_permitted);
    OneCall call = make_call();
    call->rules = line_.rules;
    call->caller = line_.caller;
    call->route = line_.route;
    call->outcome.key_id = line_.outcome.key_id;
    call->outcome.team = line_.outcome.team;
    call->outcome.cost_centre = line_.outcome.cost_centre;
    call->outcome.person = line_.outcome.person;
    call->outcome.tags = line_.outcome.tags;
    call->attempt.channel = line_.attempt.channel;
    call->attempt.began = call->started;
    call->attempt.sent = true;
    Result<void> held;
    if (auto scopes = scopes_without_limits(gateway_.parts_.ledger, *call))
        call->scopes = *std::move(scopes);
    else
        held = std::unexpected(scopes.error());
    if (held) held = co_await gateway_.hold(*call);
    if (!held) log::error("realtime_not_booked", {{"call", call->id.text()}, {"reason", held.error().operator_text()}});
    co_return call;
}

/// What has changed since the session began holds for its next response.
Result<void> RealtimeSession::find_way(Call& call) const {
    TRY_VOID(gateway_.find_route(call));
    const auto same = [&](const policies::Channel* channel) { return channel->name() == channel_; };
    const auto found = std::ranges::find_if(call.route->channels, same);
    const bool there =
        found != call.route->channels.end() && is_same_place(*(*found)->provider, *line_.attempt.channel->provider);
    if (!there)
        return fail(
            Fault::provider_unavailable,
            "The policy does not lead to this session's provider any more. Open another session.",
            fmt::format("the model {} has no channel {} any more, or its provider is elsewhere", model_, channel_));
    const policies::ProviderKey* const key = line_.attempt.key;
    if (key != nullptr && !has_key(*(*found)->provider, key->secret))
        return fail(Fault::provider_unavailable,
                    "The policy has taken this session's key of the provider away. Open another session.",
                    fmt::format("the provider of {} has the secret {} no more", channel_, key->secret));
    if (call.route->model->output_tokens_max < output_max_)
        return fail(Fault::provider_unavailable, "The model has a smaller limit of output now. Open another session.",
                    fmt::format("the model {} has another output_tokens_max than when a session began", model_));
    call.attempt.channel = *found;
    call.attempt.began = call.started;
    return {};
}

/// Who is not let in any more, or would be led elsewhere, is not let go on.
Result<void> RealtimeSession::still_good() {
    const OneCall call = make_call();
    TRY_VOID(identify(*call, gateway_.parts_.callers));
    TRY_VOID(find_way(*call));
    // The views of the old rules go with them.
    const policies::ProviderKey* key = line_.attempt.key;
    const auto& keys = call->attempt.channel->provider->keys;
    if (key != nullptr) key = &*std::ranges::find(keys, key->secret, &policies::ProviderKey::secret);
    line_.caller = call->caller;
    line_.route = call->route;
    line_.attempt.channel = call->attempt.channel;
    line_.attempt.key = key;
    line_.outcome = call->outcome;
    line_.rules = call->rules;
    return {};
}

/// A response that has ended, at what the provider tells of it.
void RealtimeSession::book(Call& call, const providers::RealtimeEvent& event) {
    const bool failed = event.status == "failed";
    call.outcome.provider_request_id = event.response;
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
