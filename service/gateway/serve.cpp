// The story of a call. docs/life-of-a-call.md tells it with its reasons and changes with this file.
#include "service/base/ensure.h"
#include "service/base/log.h"
#include "service/gateway/allowance.h"
#include "service/gateway/gateway.h"
#include "service/gateway/passthrough.h"
#include "service/gateway/rate_limits.h"
#include "service/gateway/recording.h"
#include "service/gateway/refusal.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/gateway/shelf_paths.h"
#include "service/providers/form.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <fmt/format.h>

namespace bursar::gateway {

Task<void> Gateway::serve(edge::Exchange& exchange) {
    // Whoever sends no Idempotency-Key pays for this with one look at the head.
    const std::unique_ptr<Recording> recording = Recording::of(exchange);
    Call call(recording ? static_cast<edge::Exchange&>(*recording) : exchange, shard_of(exchange));
    call.recording = recording.get();
    call.at = parts_.clock.now();
    call.started = exchange.started();
    call.id = CallId::make(call.at);
    std::string defect;
    try {
        co_await rooms(call);  // 1–6, may stop early
    } catch (const std::exception& exception) {
        defect = exception.what();
    }
    if (!defect.empty()) {
        const Error error{Fault::internal,
                          "Something in Bursar failed; operators find the reason in the log by the call id.", defect};
        co_await refuse(call, error);
    }
    settle(call);  // 7, always: no hold outlives its call
    end_permit(call, parts_.clock.moment());
    end_key(call);
    record(call);  // 8, always: no call goes unwritten
}

Task<void> Gateway::rooms(Call& call) {
    call.rules = parts_.rules.get();

    Result<void> passed = greet(call);                    // 1: is it something we speak?
    if (passed) passed = identify(call, parts_.callers);  // 2: who calls?
    if (!passed) {
        co_await refuse(call, passed.error());
        co_return;
    }
    // Beyond this line we know who pays, and may let them make us work.
    if (call.endpoint == Endpoint::models) {
        co_await list_models(call);
        co_return;
    }
    if (is_shelved(call.endpoint)) {
        passed = co_await run_shelf(call);
        if (!passed) co_await refuse(call, passed.error());
        co_return;
    }
    passed = co_await hear(call);  // 1, its second half: the body
    if (passed && call.recording != nullptr) {
        const Result<bool> repeated = co_await repeat(call);  // was it asked and answered before?
        if (repeated && *repeated) co_return;
        if (!repeated) passed = std::unexpected(repeated.error());
    }
    if (passed) passed = recall(call);  // is what its provider keeps of it, the caller's own?
    if (passed) passed = admit(call);   // 3: may they, where, at what worst price?
    if (!passed) {
        co_await refuse(call, passed.error());
        co_return;
    }
    // Beyond this line the channels and the worst cost are fixed.
    do {
        passed = choose(call);                     // of the channels that are well, the one that the policy prefers
        if (passed) passed = co_await hold(call);  // 4: is the money there?
        if (!passed) break;
        // Beyond this line every exit owes a settlement; serve() pays it.
        Result<vault::Lease> lease = lend(call);  // 5: the provider's key, or its token
        if (!lease && call.attempt.token_comes) lease = co_await lend_later(call);
        if (lease)
            passed = co_await forward(call, *lease);  // 6: send, stream, meter
        else
            passed = not_lent(call, lease.error());
        // An attempt of which the caller has seen nothing is over and booked; another may follow.
    } while (!passed && call.again);
    if (!passed) co_await refuse(call, passed.error());
}

namespace {

Result<providers::Prompt> read_body(const Call& call) {
    if (facts(call.endpoint).form == Form::multipart) {
        const edge::RequestHead& head = call.exchange.head();
        const auto is_type = [](const auto& each) { return edge::equal_without_case(each.name, "content-type"); };
        // They go on to the provider, who might read the other one.
        if (std::ranges::count_if(head.headers, is_type) > 1)
            return fail(Fault::invalid_request, "There are two `content-type` headers. Send one.");
        return providers::read_form_prompt(call.endpoint, head.header("content-type"), call.body);
    }
    if (call.endpoint == Endpoint::passthrough) return providers::Prompt{};
    const bool gemini = call.dialect == Dialect::gemini;
    return providers::read_prompt(gemini ? Endpoint::generate_content : call.endpoint, call.body,
                                  call.body.capacity() - call.body.size());
}

}  // namespace

Task<Result<void>> Gateway::hear(Call& call) {
    const Moment began = parts_.clock.moment();
    Result<std::string> body = co_await call.exchange.read_body(limits_.body_bytes_max);
    call.heard = parts_.clock.moment();
    call.waited += call.heard - began;
    if (!body) co_return std::unexpected(std::move(body).error());
    if (facts(call.endpoint).form == Form::none) {
        call.prompt.stream = call.outcome.streamed = call.asked_stream;
        co_return Result<void>{};
    }
    call.body = *std::move(body);
    const bool gemini = call.endpoint != Endpoint::passthrough && call.dialect == Dialect::gemini;
    Result<providers::Prompt> prompt = read_body(call);
    if (!prompt) co_return std::unexpected(std::move(prompt).error());
    call.prompt = *std::move(prompt);
    if (gemini) {
        call.prompt.model = call.asked_model;
        call.prompt.stream = call.asked_stream;
    }
    call.outcome.model = call.prompt.model;
    call.outcome.streamed = call.prompt.stream;
    co_return Result<void>{};
}

namespace {

policies::Ask ask_of(const Call& call) {
    return {.endpoint = call.endpoint,
            .dialect = call.dialect,
            .model = call.prompt.model,
            .stream = call.prompt.stream,
            .max_tokens = call.prompt.max_tokens,
            .input_at_most = call.prompt.input_at_most + call.context,
            .input_elsewhere = call.prompt.input_elsewhere,
            .choices = call.prompt.choices,
            .images = facts(call.endpoint).held == Held::units ? call.prompt.choices : 0,
            .characters = call.prompt.characters,
            .seconds = call.prompt.seconds_max,
            .search_units = call.prompt.search_units,
            .texts = call.prompt.texts,
            .in_tokens = call.prompt.in_tokens,
            .picture = call.prompt.picture,
            .untold = call.prompt.untold,
            .service_tier = call.prompt.service_tier,
            .web_search = call.prompt.web_search,
            .searches_max = call.prompt.searches_max,
            .tool_unpriced = call.prompt.tool_unpriced,
            .output_min = call.prompt.output_min,
            .input_estimated = input_estimate(call),
            .tools = call.prompt.tools,
            .pictures = call.prompt.pictures,
            .needs = call.prompt.needs,
            .tags = call.outcome.tags,
            .output_learned = call.output_learned};
}

}  // namespace

Result<void> Gateway::check_pause(Call& call) {
    const auto& paused = call.rules->in_force->paused;
    if (const auto pause = paused.find(call.caller->key_id); pause != paused.end() && call.at < pause->second.until) {
        call.resets_at = pause->second.until;
        return std::unexpected(error_of(pause->second, *call.caller, call.rules->organisation.time_zone));
    }
    return {};
}

Result<void> Gateway::admit(Call& call) {
    TRY_VOID(find_route(call));
    return take_rates(call);
}

Result<void> Gateway::find_route(Call& call) {
    TRY_VOID(check_pause(call));
    if (call.endpoint == Endpoint::passthrough) {
        TRY(call.route, route_through(call));
        call.outcome.model = call.prompt.model = call.route->model->name;
        TRY(call.scopes, call.shard.scopes_of(parts_.ledger, *call.rules, call.caller));
        return {};
    }
    // Only a stream's hold follows what was learned; limits of speed ask for it themselves, where there are any.
    if (call.prompt.stream) call.output_learned = call.shard.norms().expected(call.caller->key_id, call.prompt.model);
    policies::Ask ask = ask_of(call);
    policies::Pin pin;
    if (call.kept) ask.pin = &(pin = pin_of(call));
    if (policies::is_virtual(*call.rules, call.prompt.model)) {
        TRY(call.scopes, call.shard.scopes_of(parts_.ledger, *call.rules, call.caller));
        ask.budget_left_percent = budget_left_percent(call);
    }
    TRY(call.route, policies::admit(*call.rules, *call.caller, ask, call.at));
    TRY(call.scopes, call.shard.scopes_of(parts_.ledger, *call.rules, call.caller));
    return {};
}

/// Counting tokens is free, and clients ask for many counts at once: no limit of speed holds for it, nor for what else
/// costs nothing.
Result<void> Gateway::take_rates(Call& call) {
    if (call.shard.rate_levels_of(call.caller).empty() || facts(call.endpoint).held == Held::nothing) return {};
    if (!call.output_learned) call.output_learned = call.shard.norms().expected(call.caller->key_id, call.prompt.model);
    return take_permit(call, tokens_expected(call));
}

Result<void> Gateway::take_permit(Call& call, Tokens tokens) {
    const RateLevels& levels = call.shard.rate_levels_of(call.caller);
    if (levels.empty()) return {};
    call.admitted = parts_.clock.moment();
    auto permit = rates_.take(levels, tokens, call.admitted);
    if (permit) {
        call.permit = *std::move(permit);
        call.rates = call.permit.state();
        return {};
    }
    const Rates::Refusal& refusal = permit.error();
    call.rates = refusal.state;
    if (refusal.wait > refusal.wait.zero())
        call.retry_after = std::chrono::ceil<std::chrono::milliseconds>(refusal.wait);
    metrics_.rate_limited(refusal.account);
    return std::unexpected(error_of(refusal));
}

/// Of the tightest hard limit that pays for the caller.
int Gateway::budget_left_percent(const Call& call) const {
    int least = 100;
    for (const ledger::Standing& standing : parts_.ledger.standing(*call.scopes, call.at)) {
        // What only some calls count is none of this call's, as far as anybody knows before its model is chosen.
        if (!standing.budget.hard || !standing.budget.of.empty() || standing.limit <= Quantity{}) continue;
        const std::int64_t left = std::max(Quantity{}, standing.left()).units();
        const std::int64_t percent = left / std::max<std::int64_t>(1, standing.limit.units() / 100);
        least = static_cast<int>(std::min<std::int64_t>(least, percent));
    }
    return least;
}

bool Gateway::fall_back(Call& call, providers::Fit fit) {
    const policies::Fallbacks& fallbacks = call.route->model->fallbacks;
    const std::string& other =
        fit == providers::Fit::context_too_long ? fallbacks.context_too_long : fallbacks.content_refused;
    // What its provider keeps is known nowhere else.
    if (call.kept) return false;
    if (other.empty() || call.caller_left || call.stopping || call.outcome.attempts >= call.route->model->attempts_max)
        return false;
    auto route = policies::route_to(*call.rules, other, *call.caller, ask_of(call), call.at);
    if (!route) {
        log::warning("no_fallback",
                     {{"call", call.id.text()}, {"model", other}, {"reason", route.error().operator_text()}});
        return false;
    }
    std::optional<policies::Route> before = std::exchange(call.route, *std::move(route));
    const auto ways = std::exchange(call.ways, call.shard.place_of(parts_.health, *call.rules, *call.route->model));
    const auto failed_channels = std::exchange(call.failed_channels, {});
    const auto failed_keys = std::exchange(call.failed_keys, {});
    const bool taken = anybody_takes(call, parts_.clock.moment());
    call.ways = nullptr;
    if (taken) return true;
    // Then the provider's own words say more than that the other model takes no calls.
    call.route = std::move(before);
    call.ways = ways;
    call.failed_channels = failed_channels;
    call.failed_keys = failed_keys;
    return false;
}

/// A key that the vault does not have is one less in the pool, and so is one that gets no token; a sealed vault has
/// none.
std::unexpected<Error> Gateway::not_lent(Call& call, const Error& error) {
    if (call.attempt.no_token) return give_up(call, *call.attempt.no_token, error);
    if (error.fault != Fault::key_missing) return std::unexpected(error);
    return give_up(call, {.fit = providers::Fit::key_refused, .retry_after = {}}, error);
}

Task<void> Gateway::list_models(Call& call) {
    const Result<std::string> list = model_list(call);
    if (!list) {
        co_await refuse(call, list.error());
        co_return;
    }
    edge::ResponseHead head;
    head.add("content-type", "application/json").add("x-bursar-call-id", call.id.text());
    head.add(call.shape == Shape::anthropic ? "request-id" : "x-request-id", call.id.text());
    call.answered = true;
    call.outcome.status = head.status;
    const Result<void> sent = co_await call.exchange.respond(head, *list);
    if (!sent) call.caller_left = true;
}

Task<void> Gateway::refuse(Call& call, const Error& error) {
    call.outcome.fault = facts(error.fault).name;
    call.reason = error.operator_text();
    if (call.answered || call.caller_left) co_return;
    call.answered = true;
    end_permit(call, parts_.clock.moment());
    RefusalText refusal = refusal_of(error, call.shape, call.endpoint, call.id, call.resets_at, call.at);
    if (call.retry_after) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(*call.retry_after).count();
        std::erase_if(refusal.head.headers, [](const edge::Header& each) { return each.name == "retry-after"; });
        refusal.head.add("retry-after", std::to_string(seconds));
    }
    add_rate_headers(refusal.head, call.shape, call.rates, call.at, {});
    const bool no_more = error.fault == Fault::budget_exhausted || error.fault == Fault::paused;
    if (no_more && call.signed_in && call.shape == Shape::anthropic) add_used_up(refusal.head, call.refused_by);
    call.outcome.status = refusal.head.status;
    end_key(call);
    const Result<void> sent = co_await call.exchange.respond(refusal.head, refusal.body);
    if (!sent) call.caller_left = true;
}

/// Before the caller can hear how a call without an answer ended: whoever repeats it at once must not find it running.
void Gateway::end_key(Call& call) {
    if (call.recording == nullptr) return;
    settle(call);
    call.recording->end(call.spent(), again_of(call));
}

Gateway::Gateway(Parts parts, Limits limits, std::span<asio::io_context* const> shards)
    : parts_(parts), limits_(limits), kept_room_(limits.kept_talks_bytes_max) {
    for (asio::io_context* context : shards) shards_.push_back(std::make_unique<Shard>(*context));
}

Gateway::~Gateway() = default;

Shard& Gateway::shard_of(edge::Exchange& exchange) {
    const asio::any_io_executor executor = exchange.executor();
    const asio::execution_context& context = asio::query(executor, asio::execution::context);
    const auto found = std::ranges::find_if(shards_, [&](const auto& shard) { return &shard->context() == &context; });
    ENSURE(found != shards_.end());
    return **found;
}

void Gateway::end_streams(Ended ended) {
    for (const auto& shard : shards_)
        asio::post(shard->context(), [home = shard.get(), ended] { home->end_calls(ended); });
}

void Gateway::go_on() {
    for (const auto& shard : shards_) asio::post(shard->context(), [home = shard.get()] { home->go_on(); });
}

Task<void> refuse_sealed(edge::Exchange& exchange, const Clock& clock) {
    // A call that needs no room: it has no shard, no books and no row.
    const CallId id = CallId::make(clock.now());
    const Shape shape = shape_of(exchange.head());
    const Error error{
        Fault::sealed,
        "Bursar is sealed: its keys are locked until an operator unseals it (bursarctl vault unseal). Try again later.",
        {}};
    const RefusalText refusal = refusal_of(error, shape, Endpoint::chat_completions, id, std::nullopt, clock.now());
    const Result<void> sent = co_await exchange.respond(refusal.head, refusal.body);
    if (!sent) log::debug("caller_left", {{"call", id.text()}});
}

}  // namespace bursar::gateway
