// Which channel a call goes to, and what becomes of it when that one fails. Nothing of a failed attempt has reached the
// caller, so another channel may do better.
#include "policies/choose.h"

#include "service/base/log.h"
#include "service/gateway/gateway.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// What an answer has, as far as nobody knows better: decides between prices and between speeds.
constexpr Tokens output_typical = 512;
/// Less time than this is none for an attempt.
constexpr std::chrono::milliseconds attempt_least{1'000};
/// By so much timers may be early.
constexpr std::chrono::milliseconds timer_slack{100};

template <typename Items, typename Item>
bool has(const Items& items, const Item& item) {
    return std::ranges::find(items, item) != items.end();
}

policies::CallShape shape_of(const Call& call) {
    const Tokens typical = output_typical * std::max<std::int64_t>(1, call.prompt.choices);
    return {.input = std::min(input_estimate(call), call.route->bounds.input),
            .output = std::min(call.route->output_worst, typical),
            .stream = call.prompt.stream,
            .at = call.at,
            .caller = policies::mixed(0, call.caller->person.empty() ? call.caller->key_id : call.caller->person)};
}

/// A key of the pool and how a call comes to it.
struct KeyChoice {
    std::size_t index = 0;
    providers::Way by = providers::Way::open;
};

/// Also a key of another account, which does not know what is stored.
bool barred(const Call& call, const policies::Provider& provider, std::size_t key) {
    if (provider.keys.empty()) return false;
    if (call.kept && provider.keys[key].secret != call.kept->origin.secret) return true;
    return has(call.failed_keys, &provider.keys[key]);
}

/// Before all others one that may be back; then by weight. Nothing if the pool has none now.
std::optional<KeyChoice> choose_key(const Call& call, const policies::Channel& channel, const ModelPlace::Way& way,
                                    std::uint64_t draw, Moment now, providers::Way among) {
    const policies::Provider& provider = *channel.provider;
    const auto weight_of = [&](std::size_t i) {
        return provider.keys.empty() ? std::uint64_t{1} : static_cast<std::uint64_t>(provider.keys[i].weight);
    };
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < way.keys.size(); ++i) {
        if (barred(call, provider, i)) continue;
        const providers::Way by = way.keys[i]->way(now);
        if (by == providers::Way::due) return KeyChoice{i, by};
        if (by == among) total += weight_of(i);
    }
    if (total == 0) return {};
    std::uint64_t rest = draw % total;
    for (std::size_t i = 0; i < way.keys.size(); ++i) {
        if (barred(call, provider, i) || way.keys[i]->way(now) != among) continue;
        if (rest < weight_of(i)) return KeyChoice{i, among};
        rest -= weight_of(i);
    }
    return {};
}

/// Open ones first; those that fail only where `avoided`.
std::optional<KeyChoice> choose_any_key(const Call& call, const policies::Channel& channel, const ModelPlace::Way& way,
                                        std::uint64_t draw, Moment now, bool avoided) {
    const auto good = choose_key(call, channel, way, draw, now, providers::Way::open);
    if (good || !avoided) return good;
    return choose_key(call, channel, way, draw, now, providers::Way::avoided);
}

/// A channel that a call may go to now, and how it comes there.
struct Found {
    const policies::Channel* channel = nullptr;
    const ModelPlace::Way* way = nullptr;
    providers::Way by = providers::Way::open;
};

/// The deadline of the whole call is for all its attempts: where next to none of it is left, another one would cost a
/// hold and come to nothing.
bool has_time(const Call& call, const policies::Channel& channel, Moment now) {
    const std::chrono::milliseconds total = channel.provider->deadlines.total;
    return call.outcome.attempts == 0 || now - call.heard + std::min(attempt_least, total / 4) <= total;
}

std::vector<Found> found_by(const Call& call, Moment now, bool avoided) {
    std::vector<Found> out;
    const policies::Model& model = *call.route->model;
    out.reserve(call.route->channels.size());
    for (const policies::Channel* channel : call.route->channels) {
        if (has(call.failed_channels, channel) || !has_time(call, *channel, now)) continue;
        const ModelPlace::Way& way = call.ways->ways[static_cast<std::size_t>(channel - model.channels.data())];
        const providers::Way by = way.channel->way(now);
        if (by == providers::Way::shut || (by == providers::Way::avoided && !avoided)) continue;
        if (choose_any_key(call, *channel, way, 0, now, avoided)) out.push_back({channel, &way, by});
    }
    return out;
}

/// Where every channel fails, a call that has not failed anywhere is let try all the same: a failing channel is better
/// than none.
std::vector<Found> gather(const Call& call, Moment now) {
    std::vector<Found> out = found_by(call, now, false);
    if (out.empty() && call.failed_channels.empty() && call.failed_keys.empty()) out = found_by(call, now, true);
    return out;
}

std::optional<std::size_t> choose_channel(Call& call, std::span<const Found> found, const policies::CallShape& shape,
                                          Moment now) {
    if (found.size() == 1) return 0;
    std::vector<policies::Candidate>& candidates = call.shard.candidates();
    const policies::Strategy strategy = call.route->model->strategy;
    for (const Found& each : found) {
        policies::Candidate& one = candidates.emplace_back();
        one.channel = each.channel;
        one.due = each.by == providers::Way::due;
        one.under_way = each.way->channel->under_way();
        if (strategy != policies::Strategy::fastest) continue;
        const providers::Pace pace = each.way->channel->pace(now);
        one.speed = {.first_token = pace.first_token,
                     .tokens_per_second = pace.tokens_per_second,
                     .plain_tokens_per_second = pace.plain_tokens_per_second};
    }
    return policies::choose(strategy, candidates, shape, call.shard.draw());
}

/// The soonest that any of the route's channels takes calls again.
std::chrono::nanoseconds shut_for(const Call& call, Moment now) {
    auto soonest = std::chrono::nanoseconds::max();
    const policies::Model& model = *call.route->model;
    for (const policies::Channel* channel : call.route->channels) {
        const ModelPlace::Way& way = call.ways->ways[static_cast<std::size_t>(channel - model.channels.data())];
        auto keys = std::chrono::nanoseconds::max();
        for (const auto& key : way.keys)
            keys = std::min(keys, key->shut_for(now).value_or(std::chrono::nanoseconds::zero()));
        soonest =
            std::min(soonest, std::max(keys, way.channel->shut_for(now).value_or(std::chrono::nanoseconds::zero())));
    }
    return soonest;
}

Error nobody_left(Call& call, Moment now) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(shut_for(call, now));
    call.retry_after = std::max(wait, std::chrono::seconds(1));
    if (call.kept)
        return {Fault::overloaded,
                fmt::format("The provider that keeps the response takes no calls just now, and no other one knows it. "
                            "Try again in {} s.",
                            std::chrono::ceil<std::chrono::seconds>(*call.retry_after).count()),
                fmt::format("the channel {}/{} of a stored response is out, or its key {} is; see bursarctl providers",
                            call.kept->origin.provider, call.kept->origin.there, call.kept->origin.secret)};
    return {Fault::overloaded,
            fmt::format("No provider of the model \"{}\" takes calls just now. Try again in {} s.", call.prompt.model,
                        std::chrono::ceil<std::chrono::seconds>(*call.retry_after).count()),
            fmt::format("every channel of model {} is out, or its keys are; see bursarctl providers",
                        call.route->model->name)};
}

/// The whole call's deadline has passed, of which earlier attempts had their part.
bool cut_short(const Call& call, const Error& error) {
    return error.fault == Fault::deadline_passed && !call.earlier.empty() &&
           call.attempt.ended - call.heard + timer_slack >= call.attempt.channel->provider->deadlines.total;
}

bool is_of_key(providers::Fit fit) {
    using providers::Fit;
    return fit == Fit::key_refused || fit == Fit::key_limited || fit == Fit::key_used_up;
}

/// The row of the attempt before makes room for the next one's.
void put_aside(Call& call) {
    audit::Outcome& outcome = call.outcome;
    if (outcome.attempt == AttemptId{}) return;
    audit::Outcome earlier = outcome;
    earlier.superseded = true;
    earlier.duration = call.attempt.ended - call.attempt.began;
    call.earlier.push_back(std::move(earlier));
    outcome.attempt = AttemptId{};
    outcome.channel.clear();
    outcome.provider_request_id.clear();
    outcome.status = 0;
    outcome.fault.clear();
    outcome.usage = {};
    outcome.usage_source = UsageSource::none;
    outcome.served = {};
    outcome.held = outcome.cost = outcome.charge = {};
    outcome.price_version = 0;
    call.reason.clear();
}

}  // namespace

bool teaches_key(Endpoint endpoint, providers::Fit fit) {
    using providers::Fit;
    const bool too_much = fit == Fit::key_limited || fit == Fit::key_used_up;
    return !too_much || facts(endpoint).held != Held::nothing;
}

bool anybody_takes(const Call& call, Moment now) { return !gather(call, now).empty(); }

Result<void> Gateway::choose(Call& call) {
    call.again = false;
    put_aside(call);
    if (call.endpoint == Endpoint::passthrough) return choose_pass_key(call);
    const policies::Model& model = *call.route->model;
    if (!call.ways) {
        call.ways = call.shard.place_of(parts_.health, *call.rules, model);
        call.ways->retries->call();
    }
    const policies::CallShape shape = shape_of(call);
    const bool sticky = model.strategy == policies::Strategy::sticky;
    const Moment now = parts_.clock.moment();
    for (;;) {
        const std::vector<Found> all = gather(call, now);
        const auto chosen = choose_channel(call, all, shape, now);
        if (!chosen) return std::unexpected(nobody_left(call, now));
        const Found& found = all[*chosen];
        const auto key =
            choose_any_key(call, *found.channel, *found.way, sticky ? shape.caller : call.shard.draw(), now, true);
        const bool teaches = !is_by_id(call.endpoint);
        // Another call may have taken the only try in this very moment: then the next best is chosen.
        if (!key || (teaches && !found.way->channel->enter(found.by))) continue;
        call.attempt = Attempt{};
        call.attempt.channel = found.channel;
        call.attempt.began = now;
        const policies::Provider& provider = *found.channel->provider;
        if (!provider.keys.empty()) call.attempt.key = &provider.keys[key->index];
        if (!teaches) return {};
        const auto& key_health = found.way->keys[key->index];
        const bool let_in = key_health->enter(key->by);
        call.attempt.passage = providers::Passage(found.way->channel, found.by, let_in ? key_health : nullptr, key->by);
        if (!let_in) {
            // Or the channel's only try would be this call's own, and hidden from it.
            call.attempt = Attempt{};
            continue;
        }
        return {};
    }
}

bool Gateway::has_others(const Call& call) const {
    if (call.route->channels.size() < 2 || call.outcome.attempts >= call.route->model->attempts_max) return false;
    const std::vector<Found> all = found_by(call, parts_.clock.moment(), false);
    return std::ranges::any_of(all, [&](const Found& each) { return each.channel != call.attempt.channel; });
}

bool Gateway::may_try_again(Call& call) {
    if (call.caller_left || call.stopping || call.answered) return false;
    if (call.outcome.attempts >= call.route->model->attempts_max) return false;
    return anybody_takes(call, parts_.clock.moment()) && call.ways->retries->retry();
}

void Gateway::tell_health(Call& call, const providers::Judgement& judgement, const Error& error) {
    using providers::Fit;
    Attempt& attempt = call.attempt;
    const std::string why(error.operator_text());
    if (attempt.sent && !teaches_key(call.endpoint, judgement.fit)) {
        attempt.passage.answered();
        return;
    }
    // Where there is no key, whoever asks for one or limits us is a channel that fails.
    switch (is_of_key(judgement.fit) && attempt.key == nullptr ? Fit::channel : judgement.fit) {
        case Fit::key_refused:
            attempt.passage.key_bad(providers::KeyState::refused, why, judgement.retry_after);
            break;
        case Fit::key_limited:
            attempt.passage.key_bad(providers::KeyState::limited, why, judgement.retry_after);
            break;
        case Fit::key_used_up:
            attempt.passage.key_bad(providers::KeyState::used_up, why, judgement.retry_after);
            break;
        case Fit::channel:
            // What ended because the caller left, we stop or others took the time says nothing about the channel.
            if (!call.caller_left && !call.stopping && !cut_short(call, error))
                attempt.passage.failed(why, judgement.retry_after);
            break;
        case Fit::elsewhere:
            if (attempt.sent) attempt.passage.well();
            break;
        case Fit::caller:
        case Fit::context_too_long:
        case Fit::content_refused:
            attempt.passage.well();
            break;
    }
}

std::unexpected<Error> Gateway::give_up(Call& call, const providers::Judgement& judgement, Error error) {
    using providers::Fit;
    Attempt& attempt = call.attempt;
    attempt.ended = parts_.clock.moment();
    // A token that has ended before its time says nothing about the key, neither that it is bad nor that it is good;
    // the next attempt has another one.
    const bool renewed = renew_token(call, judgement.fit);
    if (renewed)
        attempt.passage.answered();
    else
        tell_health(call, judgement, error);
    if (is_of_key(judgement.fit) && attempt.key != nullptr) {
        if (!renewed) call.failed_keys.push_back(attempt.key);
    } else {
        call.failed_channels.push_back(attempt.channel);
    }
    // What it came by is free for the next attempt: of a key that may be back, the only try.
    attempt.passage = providers::Passage();
    settle(call);
    call.outcome.fault = facts(error.fault).name;
    log::warning("attempt_failed", {{"call", call.id.text()},
                                    {"channel", attempt.channel->name()},
                                    {"key", attempt.key != nullptr ? attempt.key->secret : std::string()},
                                    {"reason", error.operator_text()}});
    // Another channel of the same model has the same window and the same scruples.
    const bool of_prompt = judgement.fit == Fit::context_too_long || judgement.fit == Fit::content_refused;
    if (of_prompt)
        call.again = fall_back(call, judgement.fit);
    else
        call.again = judgement.fit != Fit::caller && may_try_again(call);
    return std::unexpected(std::move(error));
}

}  // namespace bursar::gateway
