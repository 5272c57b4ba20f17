// Room 6: to the provider and back. Bytes pass through unchanged but for the model's name, the token limit and the
// usage option.
#include "service/base/log.h"
#include "service/gateway/gateway.h"
#include "service/gateway/headers.h"
#include "service/gateway/refusal.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/providers/upstream.h"

#include <memory>

#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

namespace bursar::gateway {
namespace {

providers::Target target_of(const policies::Provider& provider) {
    providers::Target target{.tls = provider.base_url.tls,
                             .host = provider.base_url.host,
                             .port = provider.base_url.port,
                             .ca_file = provider.ca_file};
    if (provider.proxy) {
        target.proxied = true;
        target.proxy_host = provider.proxy->host;
        target.proxy_port = provider.proxy->port;
    }
    return target;
}

/// An answer that is not streamed has its first byte when all of it is made.
providers::Deadlines deadlines_of(const policies::Deadlines& deadlines, bool stream, std::chrono::nanoseconds passed) {
    // What earlier attempts took is gone, but no attempt is begun without the time for one.
    constexpr std::chrono::milliseconds least{1'000};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadlines.total - passed);
    const auto total = std::max(left, std::min(least, deadlines.total));
    return {.connect = deadlines.connect,
            .first_byte = stream ? deadlines.first_byte : total,
            .idle = deadlines.idle,
            .total = total};
}

/// OpenAI's newer models take only the newer name; those who copy its API know the older one for sure, and some refuse
/// the other.
bool knows_max_completion_tokens(const policies::Provider& provider) {
    const std::string& host = provider.base_url.host;
    return provider.catalogue == "openai" || provider.catalogue == "azure" || host.ends_with(".openai.com") ||
           host.ends_with(".azure.com");
}

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
    rewrite.ask_usage = call.prompt.stream && has_usage_option && !call.prompt.usage_asked;
    // A growing hold follows the stream; any other must not be outgrown. What costs nothing needs no limit.
    if (!route.grows && route.output_worst > 0 && route.worst > NanoUsd{}) {
        const Tokens each = call.attempt.output_paid / std::max<std::int64_t>(1, call.prompt.choices);
        // Also the dialect's own default is written: not every provider that speaks it keeps to it.
        const bool unwritten = call.prompt.max_tokens_at.empty();
        if (unwritten || !call.prompt.max_tokens || each < *call.prompt.max_tokens) rewrite.max_tokens = each;
        if (call.endpoint == Endpoint::chat_completions &&
            !knows_max_completion_tokens(*call.attempt.channel->provider))
            rewrite.max_tokens_name = "max_tokens";
    }
    // What the hold has money for, and no more.
    const bool bounded_by_caller = call.endpoint != Endpoint::responses || call.prompt.searches_max;
    if (route.bounds.web_searches > 0 && !bounded_by_caller) rewrite.max_tool_calls = route.bounds.web_searches;
    return rewrite;
}

/// Bad gateway, gateway timeout, and Cloudflare's own (520 to 527).
bool lost_between(int status) { return status == 502 || status == 504 || (status >= 520 && status <= 527); }

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

/// Of 200 whose body is none of the dialect's answers.
Error no_answer(const Call& call) {
    return {Fault::provider_unavailable,
            "The provider said that it had succeeded, but what it sent is no answer. Try again.",
            fmt::format("channel {} answered 200 with an error or with something that is no answer of its dialect",
                        call.attempt.channel->name())};
}

void add_default(std::vector<edge::HeaderView>& headers, const edge::RequestHead& head, std::string_view name,
                 std::string_view value) {
    if (!head.has(name)) headers.push_back({name, value});
}

}  // namespace

Tokens input_estimate(const Call& call) {
    constexpr Tokens bytes_per_token_least = 2;
    return call.prompt.input_at_most / bytes_per_token_least + 1;
}

std::string provider_target(const policies::Provider& provider, const edge::RequestHead& head) {
    // "/v1/chat/completions" -> "/chat/completions" behind a base that names its version, as both providers' clients
    // write it.
    constexpr std::string_view version = "/v1";
    std::string out = provider.base_url.path;
    if (provider.dialect == Dialect::anthropic && !out.ends_with(version)) out += version;
    return out.append(std::string_view(head.target).substr(version.size()));
}

Task<Result<void>> Gateway::forward(Call& call, const vault::Lease& lease) {
    const policies::Provider& provider = *call.attempt.channel->provider;
    const edge::RequestHead& head = call.exchange.head();
    std::vector<edge::HeaderView> headers = headers_for_provider(head);
    add_default(headers, head, "content-type", "application/json");
    if (provider.dialect == Dialect::anthropic) add_default(headers, head, "anthropic-version", "2023-06-01");
    const std::string target_text = provider_target(provider, head);
    const providers::Pieces pieces = providers::splice(call.body, call.prompt, rewrite_of(call));
    providers::UpstreamRequest request{
        .method = head.method, .target = target_text, .headers = &headers, .body = pieces.views()};
    if (lease) {
        request.credential = lease.get();
        request.credential_header = provider.dialect == Dialect::anthropic ? "x-api-key" : "authorization";
        request.credential_prefix = provider.dialect == Dialect::anthropic ? "" : "Bearer ";
    }

    AtProvider there(call);
    if (call.stopping) co_return std::unexpected(stopping_error());
    const providers::Target target = target_of(provider);
    const Moment began = parts_.clock.moment();
    auto answer = co_await call.shard.pool().send(
        target, request, deadlines_of(provider.deadlines, call.prompt.stream, began - call.heard), &call.cancel);
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
    const int status = open.head().status;
    Result<void> passed;
    if (status < 200 || status > 299)
        passed = co_await relay_refusal(call, open);
    else if (call.prompt.stream && open.head().event_stream())
        passed = co_await relay_stream(call, open);
    else
        passed = co_await relay_whole(call, open);
    co_return passed;
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
    const providers::Judgement judgement = providers::judge(status, answer.head().headers, said, parts_.clock.now());
    Error error = refusal_error(call, status, judgement.fit);
    if (!body) error.for_operator += ": " + std::string(body.error().operator_text());
    if (judgement.fit != providers::Fit::caller) {
        const auto failed = give_up(call, judgement, error);
        if (call.again) co_return failed;
    } else {
        call.attempt.passage.well();
    }
    // There is no other channel, so the provider's own words go to the caller, unless they are about us.
    const bool about_us =
        judgement.fit == providers::Fit::key_refused || judgement.fit == providers::Fit::key_used_up || status < 400;
    if (!body || about_us) co_return std::unexpected(std::move(error));
    call.outcome.fault = facts(error.fault).name;
    call.reason = error.operator_text();
    co_await pass_on_refusal(call, answer.head(), *body);
    co_return Result<void>{};
}

Task<void> Gateway::pass_on_refusal(Call& call, const providers::AnswerHead& head, std::string_view body) {
    call.answered = true;
    call.outcome.status = head.status;
    const edge::ResponseHead shown = answer_head(call, head.status, head.headers, parts_.clock.moment());
    const Result<void> sent = co_await call.exchange.respond(shown, body);
    if (!sent) call.caller_left = true;
}

Task<Result<void>> Gateway::relay_whole(Call& call, providers::Answer& answer) {
    const Moment began = parts_.clock.moment();
    const auto body = co_await answer.read_all(limits_.answer_bytes_max);
    const Moment now = parts_.clock.moment();
    call.waited += now - began;
    // Cut off, but generated: somebody pays for it, and give_up() books the hold.
    if (!body) co_return give_up(call, {}, call.stopping ? stopping_error() : body.error());
    const bool renamed = call.attempt.channel->model != call.prompt.model;
    const auto meter =
        providers::Meter::make({.endpoint = call.endpoint,
                                .streamed = false,
                                .shown_model = renamed ? std::string_view(call.prompt.model) : std::string_view{}});
    const std::string_view shown = meter->pass_whole(*body);
    const providers::Reading reading = meter->finish(input_estimate(call));
    if (!reading.understood || reading.failed) {
        // An error in the body of a success was not billed; what nobody understands may have been.
        if (reading.failed && !reading.content) book(call, reading);
        co_return give_up(call, providers::judge_words(*body), no_answer(call));
    }
    call.body = std::string();
    call.outcome.first_byte = now - call.heard;
    book(call, reading);
    call.attempt.passage.well();
    call.attempt.passage.channel()->measure_plain(now - call.attempt.began, reading.usage.output);
    const int status = answer.head().status;
    const edge::ResponseHead head = answer_head(call, status, answer.head().headers, parts_.clock.moment());
    call.outcome.overhead = parts_.clock.moment() - call.started - call.waited;
    call.answered = true;
    call.outcome.status = status;
    const Result<void> sent = co_await call.exchange.respond(head, shown);
    if (!sent) call.caller_left = true;
    co_return Result<void>{};
}

}  // namespace bursar::gateway
