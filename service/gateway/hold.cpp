// Room 4: the money is set aside before anything is sent, grows while a stream runs, and is given back once.
#include "policies/units.h"
#include "service/gateway/gateway.h"
#include "service/gateway/landing.h"
#include "service/gateway/refusal.h"
#include "service/gateway/shard.h"

#include <algorithm>
#include <optional>

namespace bursar::gateway {
namespace {

/// One token is at most one byte of text: the hold stays this far ahead of what has been delivered.
constexpr Tokens grow_ahead = 256;

/// Searches that nobody counted: chat completions never tell, and a stream that was cut had no time to.
Usage with_searches(const Call& call, const providers::Reading& reading) {
    Usage usage = reading.usage;
    const bool told = reading.source == UsageSource::provider && call.endpoint != Endpoint::chat_completions;
    if (call.prompt.web_search && !told)
        usage.web_searches = std::max(usage.web_searches, call.route->bounds.web_searches);
    return usage;
}

/// An answer that tells its pictures, seconds or searches leaves its tokens to be guessed where they cost something.
providers::Reading with_tokens(const Call& call, const providers::Reading& told) {
    providers::Reading reading = told;
    if (!policies::prices_tokens(*call.attempt.price)) return reading;
    reading.source = UsageSource::estimated;
    reading.usage.input = call.route->bounds.input;
    return reading;
}

/// Of quality and size what the answer says; what it does not say is as asked for.
std::string whole_picture(std::string_view made, std::string_view asked) {
    const auto is_size = [](std::string_view text) {
        return text.contains('x') && text.find_first_not_of("0123456789x") == std::string_view::npos;
    };
    std::string_view quality, size;
    for (std::string_view words : {made, asked})
        while (!words.empty()) {
            const std::size_t end = std::min(words.find('/'), words.size());
            std::string_view& part = is_size(words.substr(0, end)) ? size : quality;
            if (part.empty()) part = words.substr(0, end);
            words.remove_prefix(std::min(end + 1, words.size()));
        }
    return providers::picture_of(quality, size);
}

/// Units that the price counts and the answer does not tell: those that were asked for, which were held.
Usage with_units(const Call& call, const providers::Reading& reading) {
    Usage usage = with_searches(call, reading);
    if (reading.source == UsageSource::none || facts(call.endpoint).metered == Metered::tokens) return usage;
    const policies::Bounds& bounds = call.route->bounds;
    const policies::Price& price = *call.attempt.price;
    usage.characters = call.prompt.characters;
    if (usage.seconds == 0 && price.per_minute != NanoUsd{}) usage.seconds = bounds.seconds;
    if (usage.search_units == 0 && price.per_search_unit != NanoUsd{}) usage.search_units = bounds.search_units;
    return usage;
}

/// Whether the answer may have tokens of a model that nobody counted.
bool may_hide(const Call& call) {
    switch (facts(call.endpoint).held) {
        case Held::output:
            return call.route->model->hidden_reasoning;
        case Held::units:
            return call.route->output_worst > 0;
        case Held::input:
        case Held::nothing:
            break;
    }
    return false;
}

bool is_free(const Call& call) { return facts(call.endpoint).held == Held::nothing; }

/// The provider's own count is booked in full, whatever it is. What is only estimated: in full too where the hold
/// followed what came; else at most what was held, since the hold bounds what such an answer can cost; and at what was
/// held where the model may have thought what nobody saw.
NanoUsd cost_of(const Call& call, const providers::Reading& reading, const Usage& usage, const Served& served) {
    if (is_free(call) || reading.source == UsageSource::none) return {};
    const NanoUsd cost = policies::cost(*call.attempt.price, usage, served, call.at);
    if (reading.source != UsageSource::estimated) return cost;
    // The provider was ahead of what it was cut off at, nobody knows how far. So was the hold.
    if (call.attempt.cut) {
        Usage ahead = usage;
        ahead.output += grow_ahead;
        const NanoUsd with_what_was_under_way = policies::cost(*call.attempt.price, ahead, served, call.at);
        return std::max(cost, std::min(with_what_was_under_way, call.attempt.held.cost));
    }
    if (call.attempt.grows) return cost;
    return may_hide(call) ? call.attempt.held.cost : std::min(cost, call.attempt.held.cost);
}

/// What a cost and its tokens are in every measure. Of the attempts of one call, one is counted and pays its fee: the
/// first that a provider served, or may have served.
Amounts amounts_of(const Attempt& attempt, NanoUsd cost, Tokens tokens) {
    return {
        .charge = policies::charged(attempt.charge, cost), .cost = cost, .tokens = tokens, .calls = attempt.held.calls};
}

/// The output tokens that a hold pays for, by the tightest of its measures.
Tokens output_paid_by(const policies::Route& route, const Attempt& attempt) {
    const auto bought = [&](NanoUsd cost) { return policies::output_bought(*route.price, cost, route.bounds); };
    const Tokens by_money =
        std::min(bought(attempt.held.cost), bought(policies::cost_within(attempt.charge, attempt.held.charge)));
    return std::clamp<Tokens>(attempt.held.tokens - route.bounds.input, 0, std::min(route.output_expected, by_money));
}

Asker asker_of(const Call& call) {
    return {.call = call.id,
            .time_zone = call.rules->organisation.time_zone,
            .contact = policies::contact_of(*call.rules, call.caller->team),
            .at = call.at};
}

/// What `has` lacks of `wanted`, each measure for itself.
Amounts missing(const Amounts& has, const Amounts& wanted) {
    return {.charge = std::max(NanoUsd{}, wanted.charge - has.charge),
            .cost = std::max(NanoUsd{}, wanted.cost - has.cost),
            .tokens = std::max<Tokens>(0, wanted.tokens - has.tokens),
            .calls = 0};
}

}  // namespace

Task<Result<void>> Gateway::hold(Call& call) {
    const policies::Route& route = *call.route;
    Attempt& attempt = call.attempt;
    // The ids of a call's attempts are in their order, also of two in one millisecond: an id begins with the time.
    constexpr std::chrono::milliseconds apart{1};
    call.attempted_at =
        call.earlier.empty() ? call.at : std::max(parts_.clock.now(), call.attempted_at + Timestamp::duration(apart));
    attempt.id = AttemptId::make(call.attempted_at);
    const auto& prices = attempt.channel->prices;
    // What is asked by an id is free, also where no price is in force.
    attempt.price = prices ? prices->at(call.at) : nullptr;
    const std::uint64_t price_version = attempt.price != nullptr ? attempt.price->version : 0;

    attempt.charge = policies::charge_for(*call.rules, call.caller->team, *route.model);
    attempt.held = {.calls = call.counted || is_free(call) ? 0 : call.lines};
    attempt.charge.per_call = attempt.charge.per_call * attempt.held.calls;

    const std::string channel = attempt.channel->name();
    const Tokens input = is_free(call) ? 0 : route.bounds.input;
    const ledger::HoldRequest request{.call = call.id,
                                      .attempt = attempt.id,
                                      .scopes = call.scopes,
                                      .amount = amounts_of(attempt, route.expected, input + route.output_expected),
                                      .amount_min = amounts_of(attempt, route.expected_min, input + route.output_least),
                                      .price_version = price_version,
                                      .at = call.at,
                                      .model = route.model->name,
                                      .tier = route.model->tier,
                                      .tags = call.outcome.tags,
                                      .channel = channel};
    Landing landing(call.shard.inbox());
    const auto held = parts_.ledger.hold(request, landing.for_answer());
    if (!held) {
        call.resets_at = held.error().period_end;
        call.refused_by = held.error();
        co_return std::unexpected(error_of(held.error(), asker_of(call)));
    }
    // Before anything that could fail: from here on somebody owes a settlement.
    attempt.open = true;
    attempt.held = held->amount;
    call.outcome.tier = route.model->tier;
    // A call that got no money is nobody's attempt: it is told as refused, and its channel hears of none.
    ++call.outcome.attempts;
    call.outcome.attempt = attempt.id;
    call.outcome.channel = channel;
    call.outcome.price_version = price_version;
    call.remaining = held->remaining;
    const bool whole = held->amount == request.amount;
    attempt.output_paid = whole ? route.output_expected : output_paid_by(route, attempt);
    // What got less than it is expected to need gets a shorter answer; were it to grow, its first words would end it.
    attempt.grows = route.grows && whole;
    Result<void> durable = co_await landing.wait();
    // A hold that could not be written is undone already.
    if (!durable) attempt.open = false;
    co_return durable;
}

Result<void> Gateway::grow(Call& call, const providers::Reading& reading) {
    Attempt& attempt = call.attempt;
    // However many bytes its tokens have, there are no more of them than the caller allowed.
    const Tokens most = call.route->output_limit.value_or(policies::call_tokens_max);
    const Tokens needed = std::min<Tokens>(reading.content_bytes + grow_ahead, most);
    // Once the provider has said what it was, there is nothing to guess.
    const bool known = reading.complete && reading.source == UsageSource::provider;
    if (!attempt.grows || known || needed <= attempt.output_paid) return {};
    ledger::Refusal refusal;
    for (const Tokens wanted : {std::min(std::max(needed, 2 * attempt.output_paid), most), needed}) {
        const NanoUsd cost = policies::cost_at_most(*call.route->price, call.route->bounds, wanted);
        const Amounts more = missing(attempt.held, amounts_of(attempt, cost, call.route->bounds.input + wanted));
        if (more != Amounts{}) {
            const auto grown = parts_.ledger.grow(attempt.id, more);
            if (!grown) {
                refusal = grown.error();
                continue;
            }
            attempt.held += grown->amount;
            call.remaining = grown->remaining;
        }
        attempt.output_paid = wanted;
        return {};
    }
    attempt.cut = true;
    call.resets_at = refusal.period_end;
    call.refused_by = refusal;
    return std::unexpected(error_of(refusal, asker_of(call)));
}

void Gateway::book(Call& call, const providers::Reading& told) {
    Attempt& attempt = call.attempt;
    if (!attempt.open) return;
    std::optional<providers::Reading> guessed;
    const providers::Reading& reading = told.units_only ? guessed.emplace(with_tokens(call, told)) : told;
    // It was taken and answered, and then broke off before its first event: nobody knows what it cost.
    const bool untold = reading.source == UsageSource::none && !reading.failed && !is_free(call);
    if (untold) return book_hold(call, UsageSource::estimated);
    attempt.open = false;
    call.outcome.usage = with_units(call, reading);
    call.outcome.usage_source = reading.source;
    call.outcome.served = reading.served;
    if (!call.prompt.picture.empty())
        call.outcome.served.picture = whole_picture(reading.served.picture, call.prompt.picture);
    if (!reading.id.empty()) call.outcome.provider_request_id = reading.id;
    const NanoUsd cost = cost_of(call, reading, call.outcome.usage, call.outcome.served);
    const bool served = reading.source != UsageSource::none;
    settle_at(call, served ? amounts_of(attempt, cost, call.outcome.usage.total()) : Amounts{});
    if (call.remaining != ledger::unlimited)
        call.remaining = call.remaining + attempt.held.charge - call.outcome.charge;
}

void Gateway::settle_at(Call& call, const Amounts& amounts) {
    call.outcome.held = call.attempt.held.cost;
    call.outcome.cost = amounts.cost;
    call.outcome.charge = amounts.charge;
    call.counted = call.counted || amounts.calls > 0;
    parts_.ledger.settle(call.attempt.id, amounts);
}

void Gateway::book_hold(Call& call, UsageSource source) {
    Attempt& attempt = call.attempt;
    if (!attempt.open) return;
    attempt.open = false;
    call.outcome.usage_source = source;
    settle_at(call, source == UsageSource::none ? Amounts{} : attempt.held);
}

void Gateway::release(Call& call) {
    Attempt& attempt = call.attempt;
    if (!attempt.open) return;
    attempt.open = false;
    parts_.ledger.release(attempt.id);
}

void Gateway::settle(Call& call) {
    if (!call.attempt.open) return;
    if (call.attempt.sent)
        book_hold(call, UsageSource::estimated);
    else
        release(call);
}

}  // namespace bursar::gateway
