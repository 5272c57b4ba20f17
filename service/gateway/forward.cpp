// Room 6: to the provider and back. Bytes pass through unchanged but for the model's name, the token limit and the
// usage option.
#include "policies/path.h"
#include "service/base/log.h"
#include "service/gateway/allowance.h"
#include "service/gateway/gateway.h"
#include "service/gateway/headers.h"
#include "service/gateway/outgoing.h"
#include "service/gateway/passthrough.h"
#include "service/gateway/rate_limits.h"
#include "service/gateway/refusal.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/gateway/vectors.h"
#include "service/providers/blame_aws.h"
#include "service/providers/translate/translate.h"
#include "service/providers/upstream.h"

#include <algorithm>
#include <array>
#include <memory>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// An answer that is not streamed has its first byte when all of it is made.
providers::Deadlines deadlines_of(const policies::Deadlines& deadlines, bool stream, std::chrono::nanoseconds passed,
                                  bool others) {
    // What earlier attempts took is gone, but no attempt is begun without the time for one.
    constexpr std::chrono::milliseconds least{1'000};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadlines.total - passed);
    auto total = std::max(left, std::min(least, deadlines.total));
    // Of an answer that comes in one piece nothing is seen before its end: the next channel needs time as well.
    if (!stream && others) total /= 2;
    return {.connect = deadlines.connect,
            .first_byte = stream ? deadlines.first_byte : total,
            .idle = deadlines.idle,
            .total = total};
}

/// platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai, November 2026.
constexpr std::string_view vertex_version = "vertex-2023-10-16";

/// A call at its provider: known to its shard, told when the caller leaves. When this ends, nothing refers to the call
/// any more.
class AtProvider {
  public:
    explicit AtProvider(Call& call) : call_(call) {
        call_.shard.add(call_);
        call_.leave = [this] { left(); };
        call_.exchange.watch([this] { left(); });
    }
    ~AtProvider() { end(); }
    AtProvider(const AtProvider&) = delete;
    AtProvider& operator=(const AtProvider&) = delete;

    void end() {
        call_.cancel = nullptr;
        call_.leave = nullptr;
        drain_.reset();
        call_.exchange.watch({});
        call_.shard.remove(call_);
    }

  private:
    void left() {
        if (std::exchange(call_.caller_left, true)) return;
        const policies::Provider& provider = *call_.attempt.channel->provider;
        if (provider.on_disconnect == policies::OnDisconnect::cancel || call_.exchange.draining()) {
            if (call_.cancel) call_.cancel();
            return;
        }
        // The true usage is worth waiting for, but not for ever. The handler may be due already when the call ends, and
        // cannot be called back then: it looks whether the timer is still there.
        drain_ = std::make_shared<asio::steady_timer>(call_.exchange.executor(), provider.drain_max);
        drain_->async_wait([this, waiting = std::weak_ptr(drain_)](const boost::system::error_code& stopped) {
            if (!stopped && !waiting.expired() && call_.cancel) call_.cancel();
        });
    }

    Call& call_;
    std::shared_ptr<asio::steady_timer> drain_;
};

/// What must differ in the body: the provider's name for the model, a limit where the hold pays for no more, and the
/// question for usage.
providers::Rewrite rewrite_of(const Call& call) {
    const policies::Route& route = *call.route;
    providers::Rewrite rewrite;
    if (call.attempt.channel->model != call.prompt.model) rewrite.model = call.attempt.channel->model;
    const bool has_usage_option = call.endpoint == Endpoint::chat_completions || call.endpoint == Endpoint::completions;
    rewrite.ask_usage = call.prompt.stream && has_usage_option && !call.prompt.usage_asked &&
                        call.attempt.channel->provider->quirks.stream_usage;
    // A growing hold follows the stream; any other must not be outgrown. What costs nothing needs no limit, but where
    // its tokens are what is short.
    const bool lowered = call.attempt.output_paid < route.output_worst;
    const bool takes_limit = call.endpoint != Endpoint::response_compact;
    if (takes_limit && !call.attempt.grows && route.output_worst > 0 && (route.worst > NanoUsd{} || lowered)) {
        const Tokens each = call.attempt.output_paid / std::max<std::int64_t>(1, call.prompt.choices);
        // Also the dialect's own default is written: not every provider that speaks it keeps to it.
        const bool unwritten = call.prompt.max_tokens_at.empty();
        if (unwritten || !call.prompt.max_tokens || each < *call.prompt.max_tokens) rewrite.max_tokens = each;
        if (call.endpoint == Endpoint::chat_completions)
            rewrite.max_tokens_name = max_tokens_name(*call.attempt.channel->provider);
    }
    if (call.attempt.channel->provider->quirks.raw_predict) {
        rewrite.version = vertex_version;
        rewrite.without_model = call.endpoint != Endpoint::count_tokens;
    }
    // What the hold has money for, and no more.
    const bool bounded_by_caller = call.endpoint != Endpoint::responses || call.prompt.searches_max;
    if (route.bounds.web_searches > 0 && !bounded_by_caller) rewrite.max_tool_calls = route.bounds.web_searches;
    return rewrite;
}

/// A refusal of the provider in our own words, for callers to whom its own are not passed on.
Error refusal_error(const Call& call, int status, providers::Fit fit) {
    using providers::Fit;
    const std::string told = fmt::format("channel {} answered {}", call.outcome.channel, status);
    switch (fit) {
        case Fit::key_refused:
            return {Fault::provider_unavailable,
                    "The provider refused Bursar's own key. Operators: check the channel's secret (bursarctl secret "
                    "list).",
                    told + ": the key of this provider is wrong or may not use the model"};
        case Fit::key_used_up:
            return {Fault::provider_unavailable,
                    "Bursar's own account at the provider is used up. Operators: see bursarctl providers.",
                    told + ": the account of this key has no money or quota left"};
        case Fit::key_limited:
            return {Fault::rate_limited, "The provider's rate limit is reached. Try again in a moment.",
                    told + ": its rate limit is reached"};
        case Fit::caller:
        case Fit::context_too_long:
        case Fit::content_refused:
            return {Fault::provider_refused, "The provider refused the request.", told};
        case Fit::elsewhere:
            if (status == 401 || status == 403)
                return {Fault::provider_unavailable,
                        "Bursar's own key may not use this model at the provider. Operators: see bursarctl providers.",
                        told + ": this key may not use the model, or what was asked of it; allow it at the provider"};
            return {status >= 500 ? Fault::provider_unavailable : Fault::provider_refused,
                    "The provider has no such model or path. Operators: see bursarctl providers.", told};
        case Fit::channel:
            break;
    }
    const bool refused = status >= 400 && status < 500;
    return {refused ? Fault::provider_refused : Fault::provider_unavailable,
            "The provider gave an answer that Bursar cannot pass on. Try again, or ask whoever runs Bursar.",
            status < 400 ? told + ": redirects are not followed; correct the provider's base_url" : told};
}

/// What a provider that said 200 would have said had it known the end.
constexpr int status_refused = 400;

/// Of 200 whose body is none of the dialect's answers.
Error no_answer(const Call& call) {
    return {Fault::provider_unavailable,
            "The provider said that it had succeeded, but what it sent is no answer. Try again.",
            fmt::format("channel {} answered 200 with an error or with something that is no answer of its dialect",
                        call.attempt.channel->name())};
}

}  // namespace

Tokens input_estimate(const Call& call) {
    constexpr Tokens bytes_per_token_least = 2;
    return call.context + call.prompt.input_at_most / bytes_per_token_least + 1;
}

Result<Gateway::Outgoing> Gateway::compose(const Call& call) {
    Outgoing out;
    if (facts(call.endpoint).form == Form::none) return out;
    if (call.endpoint == Endpoint::passthrough) {
        out.pieces = providers::splice(call.body, {}, {});
        return out;
    }
    const providers::Rewrite rewrite = rewrite_of(call);
    if (!call.attempt.translated) {
        out.pieces = providers::splice(call.body, call.prompt, rewrite);
        return out;
    }
    const policies::Provider& provider = *call.attempt.channel->provider;
    const Tokens most = std::min(call.prompt.max_tokens.value_or(call.route->model->output_tokens_max),
                                 call.route->model->output_tokens_max);
    const providers::translate::Target to{.dialect = provider.dialect,
                                          .model = call.attempt.channel->model,
                                          .max_tokens = rewrite.max_tokens ? rewrite.max_tokens
                                                        : provider.dialect == Dialect::anthropic
                                                            ? std::optional(most)
                                                            : call.prompt.max_tokens,
                                          .max_tokens_name = max_tokens_name(provider),
                                          .version = provider.quirks.raw_predict ? vertex_version : std::string_view(),
                                          .stream = call.prompt.stream,
                                          .ask_usage = provider.quirks.stream_usage};
    TRY(out.translated, providers::translate::request(call.endpoint, call.body, to));
    return out;
}

Task<Result<void>> Gateway::forward(Call& call, const vault::Lease& lease) {
    const policies::Channel& channel = *call.attempt.channel;
    const policies::Provider& provider = *channel.provider;
    const edge::RequestHead& head = call.exchange.head();
    call.attempt.spoken = policies::spoken_at(call.endpoint, provider);
    call.attempt.translated = call.attempt.spoken != call.endpoint;
    const Result<Outgoing> outgoing = compose(call);
    // Another channel may speak the caller's own dialect, in which nothing has to be said differently; but of those
    // that make embeddings all speak the same.
    if (!outgoing && embeds_elsewhere(call)) call.failed_channels = call.route->channels;
    if (!outgoing) co_return give_up(call, {.fit = providers::Fit::elsewhere, .retry_after = {}}, outgoing.error());
    std::vector<edge::HeaderView> headers = call.endpoint == Endpoint::passthrough
                                                ? headers_that_pass(head, provider)
                                                : headers_for_provider(head, provider, call.attempt.translated);
    const auto delivery = call.prompt.stream ? policies::Delivery::streamed : policies::Delivery::whole;
    const std::string target_text = provider_target(channel, call.endpoint, head, delivery, call.asked_id);
    const std::array<std::string_view, 1> whole = {outgoing->translated};
    providers::UpstreamRequest request{.method = head.method, .target = target_text, .headers = &headers};
    if (call.attempt.translated)
        request.body = whole;
    else
        request.body = outgoing->pieces.views();
    Signature signature;
    if (lease) {
        const Result<void> signed_so = sign(request, headers, provider, *lease.get(), parts_.clock.now(), signature);
        if (!signed_so)
            co_return give_up(call, {.fit = providers::Fit::key_refused, .retry_after = {}}, signed_so.error());
    }

    AtProvider there(call);
    if (call.stopping) co_return std::unexpected(stopping_error());
    const providers::Target target = target_of(provider);
    const Moment began = parts_.clock.moment();
    auto answer =
        co_await call.shard.pool().send(target, request,
                                        deadlines_of(provider.deadlines, call.prompt.stream, began - call.heard,
                                                     !call.prompt.stream && has_others(call)),
                                        &call.cancel);
    call.waited += parts_.clock.moment() - began;
    if (!answer) {
        there.end();
        call.attempt.sent = answer.error().sent == providers::Sent::maybe;
        Error error = call.stopping ? stopping_error() : std::move(answer.error().error);
        if (error.for_operator.empty()) error.for_operator = error.for_caller;
        co_return give_up(call, {}, std::move(error));
    }
    call.attempt.sent = true;
    // Beyond this line the provider has heard of it: this attempt is never free, and is not sent there again.
    call.cancel = [&answer] { (*answer)->cancel(); };
    providers::Answer& open = **answer;
    const int status = call.attempt.status = open.head().status;
    // A stored response is asked for as a stream in more words than one (stream=1, escapes): the provider reads them.
    if (is_by_id(call.endpoint)) call.prompt.stream = call.outcome.streamed = open.head().event_stream();
    Result<void> passed;
    if (status < 200 || status > 299)
        passed = co_await relay_refusal(call, open);
    else if (call.endpoint == Endpoint::passthrough)
        passed = co_await relay_as_it_is(call, open);
    else if (call.prompt.stream && open.head().event_stream())
        passed = co_await relay_stream(call, open);
    else
        passed = co_await relay_whole(call, open);
    co_return passed;
}

CallText::CallText(const Call& call) : call_(call), id_(call.id.text()) {}

providers::translate::Shown CallText::shown() const {
    return {.model = call_.prompt.model,
            .id = id_,
            .created = std::chrono::floor<std::chrono::seconds>(call_.at).time_since_epoch().count(),
            .usage_chunk = call_.prompt.usage_asked,
            .texts = call_.prompt.texts,
            .dimensions = call_.prompt.dimensions,
            .base64 = call_.prompt.base64};
}

Error stopping_error() {
    return {Fault::shutting_down, "Bursar is restarting and had to end this answer before it was complete. Ask again.",
            "the drain time of the stop was over"};
}

edge::ResponseHead answer_head(const Call& call, int status, const std::vector<edge::Header>& from_provider,
                               Moment now) {
    edge::ResponseHead head;
    head.status = status;
    head.lines.reserve(768);
    add_headers_for_caller(head, from_provider);
    const std::string id = call.id.text();
    head.add_line(call.shape == Shape::anthropic ? "request-id" : "x-request-id", id).add_line("x-bursar-call-id", id);
    head.add_line("x-bursar-channel", call.outcome.channel);
    head.add_line("x-bursar-attempts", std::to_string(call.outcome.attempts));
    const auto overhead = std::chrono::duration_cast<std::chrono::microseconds>(now - call.started - call.waited);
    head.add_line("x-bursar-overhead-us", std::to_string(overhead.count()));
    if (!call.attempt.open) head.add_line("x-bursar-cost-usd", call.spent().text());
    if (call.remaining != ledger::unlimited)
        head.add_line("x-bursar-budget-remaining-usd", std::max(NanoUsd{}, call.remaining).text());
    add_rate_headers(head, call.shape, call.rates, call.at, now - call.admitted);
    return head;
}

edge::ResponseHead Gateway::success_head(const Call& call, const providers::AnswerHead& from_provider,
                                         Moment now) const {
    edge::ResponseHead head = answer_head(call, from_provider.status, from_provider.headers, now);
    if (call.signed_in && call.endpoint == Endpoint::messages)
        add_allowance(head, parts_.ledger.standing(*call.scopes, call.at));
    return head;
}

Task<Result<void>> Gateway::relay_refusal(Call& call, providers::Answer& answer) {
    const int status = answer.head().status;
    const Moment began = parts_.clock.moment();
    const auto body = co_await answer.read_all(limits_.error_bytes_max);
    call.waited += parts_.clock.moment() - began;
    // A refusal serves nothing, so it costs nothing; the provider's own books agree (their error pages, October 2026).
    // What stands between says only that it lost the provider, which may have served and billed.
    book_hold(call, lost_between(status) ? UsageSource::estimated : UsageSource::none);
    call.outcome.status = status;
    const std::string_view said = body ? std::string_view(*body) : std::string_view();
    if (is_gone(call.endpoint, status, said)) parts_.stored.forget(call.asked_id);
    const providers::Judgement judgement = providers::judge(status, answer.head().headers, said, parts_.clock.now());
    Error error = refusal_error(call, status, judgement.fit);
    if (!body) error.for_operator += ": " + std::string(body.error().operator_text());
    if (judgement.fit == providers::Fit::key_refused && providers::blames_clock(said))
        error.for_operator += ": the clock of this machine differs from the provider's; set it right";
    if (judgement.fit != providers::Fit::caller) {
        const auto failed = give_up(call, judgement, error);
        if (call.again) co_return failed;
    } else {
        call.attempt.passage.well();
    }
    // There is no other channel, so the provider's own words go to the caller, unless they are about us.
    // A denial names our account at the provider, and who we are in it.
    const bool denied = judgement.fit == providers::Fit::elsewhere && (status == 401 || status == 403);
    const bool about_us = judgement.fit == providers::Fit::key_refused ||
                          judgement.fit == providers::Fit::key_used_up || denied || status < 400;
    if (!body || about_us) co_return std::unexpected(std::move(error));
    call.outcome.fault = facts(error.fault).name;
    call.reason = error.operator_text();
    co_await pass_on_refusal(call, answer.head(), *body);
    co_return Result<void>{};
}

Task<void> Gateway::pass_on_refusal(Call& call, const providers::AnswerHead& head, std::string_view body) {
    call.answered = true;
    call.outcome.status = head.status;
    std::vector<edge::Header> headers = head.headers;
    if (call.endpoint == Endpoint::passthrough) keep_here(headers);
    std::string translated;
    if (call.attempt.translated) {
        translated = providers::translate::refusal(call.endpoint, head.status, body, call.id.text());
        body = translated;
        // Whatever the provider's was, a page perhaps.
        std::erase_if(headers, [](const auto& each) { return edge::equal_without_case(each.name, "content-type"); });
        headers.push_back({"content-type", "application/json"});
    }
    end_permit(call, parts_.clock.moment());
    const edge::ResponseHead shown = answer_head(call, head.status, headers, parts_.clock.moment());
    end_key(call);
    const Result<void> sent = co_await call.exchange.respond(shown, body);
    if (!sent) call.caller_left = true;
}

Task<Result<void>> Gateway::not_served(Call& call, std::string_view said, Error error) {
    using providers::Fit;
    const providers::Judgement judgement = providers::judge_words(said);
    const bool of_request =
        judgement.fit == Fit::context_too_long || judgement.fit == Fit::content_refused || judgement.fit == Fit::caller;
    if (!of_request) co_return give_up(call, judgement, std::move(error));
    const std::string told = std::move(error.for_operator);
    error = refusal_error(call, status_refused, judgement.fit);
    error.for_operator = told;
    const auto failed = give_up(call, judgement, std::move(error));
    const std::string_view words = providers::error_in(said);
    if (call.again || !words.starts_with('{')) co_return failed;
    call.outcome.fault = facts(failed.error().fault).name;
    call.reason = failed.error().operator_text();
    const providers::AnswerHead head{.status = status_refused, .headers = {{"content-type", "application/json"}}};
    co_await pass_on_refusal(
        call, head,
        fmt::format(R"({{{}"error":{}}})", call.shape == Shape::anthropic ? R"("type":"error",)" : "", words));
    co_return Result<void>{};
}

namespace {

Result<std::string> in_callers_words(const Call& call, std::string_view body, const providers::Reading& reading) {
    const CallText text(call);
    providers::translate::Shown shown = text.shown();
    shown.input = reading.usage.input_total();
    return providers::translate::answer({.caller = call.endpoint, .provider = call.attempt.spoken}, body, shown);
}

}  // namespace

Task<Result<void>> Gateway::relay_whole(Call& call, providers::Answer& answer) {
    const Moment began = parts_.clock.moment();
    const bool vectors = embeds_elsewhere(call);
    const std::size_t most = limits_.answer_bytes_max;
    const auto body = co_await answer.read_all(vectors ? vectors_bytes_max(call, most) : most);
    const Moment now = parts_.clock.moment();
    call.waited += now - began;
    // Cut off, but generated: somebody pays for it, and give_up() books the hold.
    if (!body) co_return give_up(call, {}, call.stopping ? stopping_error() : body.error());
    const bool renamed = call.attempt.channel->model != call.prompt.model && !call.attempt.translated;
    const auto meter =
        providers::Meter::make({.endpoint = call.attempt.spoken,
                                .streamed = false,
                                .shown_model = renamed ? std::string_view(call.prompt.model) : std::string_view{}});
    std::string_view shown = meter->pass_whole(*body);
    const providers::Reading reading = meter->finish(input_booked(call));
    Result<std::string> translated;
    if (call.attempt.translated && reading.understood && !reading.failed) {
        translated = in_callers_words(call, *body, reading);
        if (translated) shown = *translated;
    }
    if (!reading.understood || reading.failed || !translated) {
        // An error in the body of a success was not billed, and an answer that cannot be passed on has its count; what
        // nobody understands may have cost anything.
        const bool counted = reading.understood && reading.source == UsageSource::provider;
        if (counted || (reading.failed ? !reading.content : reading.understood)) book(call, reading);
        // It may repeat the texts, whose words say nothing; and what is wrong with them is not wrong with the channel.
        if (vectors && reading.understood && !reading.failed)
            co_return give_up(call, {.fit = providers::Fit::elsewhere, .retry_after = {}},
                              no_vectors(call, translated.error().operator_text()));
        co_return co_await not_served(call, *body, no_answer(call));
    }
    call.body = std::string();
    call.outcome.first_byte = now - call.heard;
    book(call, reading);
    keep_in_mind(call, reading);
    if (is_gone(call.endpoint, answer.head().status, *body)) parts_.stored.forget(call.asked_id);
    end_permit(call, now);
    call.attempt.passage.well();
    if (call.attempt.passage.channel() != nullptr)
        call.attempt.passage.channel()->measure_plain(now - call.attempt.began, reading.usage.output);
    // The provider is done: a caller who reads slowly keeps its channel busy no longer.
    call.attempt.passage = providers::Passage();
    const int status = answer.head().status;
    const edge::ResponseHead head = success_head(call, answer.head(), parts_.clock.moment());
    call.outcome.overhead = parts_.clock.moment() - call.started - call.waited;
    call.answered = true;
    call.outcome.status = status;
    const Result<void> sent = co_await call.exchange.respond(head, shown);
    if (!sent) call.caller_left = true;
    co_return Result<void>{};
}

}  // namespace bursar::gateway
