#include "service/gateway/rate_limits.h"

#include "service/gateway/refusal.h"
#include "service/gateway/rooms.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// What an answer has for each choice, as long as nothing was learned.
constexpr Tokens output_unlearned = 1'024;

void tighten(std::optional<std::int64_t>& limit, const std::optional<std::int64_t>& other) {
    if (other) limit = std::min(limit.value_or(*other), *other);
}

void tighten(policies::Rate& rate, const policies::Rate& other) {
    tighten(rate.requests_per_minute, other.requests_per_minute);
    tighten(rate.tokens_per_minute, other.tokens_per_minute);
    tighten(rate.parallel, other.parallel);
}

Tokens tokens_of(const Usage& usage) {
    return usage.input_total() + usage.output + usage.reasoning + usage.audio_output + usage.image_output;
}

std::string grouped(std::int64_t number) {
    std::string out = std::to_string(number);
    for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, 1, ',');
    return out;
}

/// "600 requests per minute"
std::string limit_in_words(const Rates::Refusal& refusal) {
    const bool one = refusal.limit == 1;
    switch (refusal.measure) {
        case RateMeasure::requests:
            return fmt::format("{} request{} per minute", grouped(refusal.limit), one ? "" : "s");
        case RateMeasure::tokens:
            return fmt::format("{} token{} per minute", grouped(refusal.limit), one ? "" : "s");
        case RateMeasure::parallel:
            return fmt::format("{} call{} at once", grouped(refusal.limit), one ? "" : "s");
    }
    return {};
}

/// "58s", "1m1s": OpenAI's way (platform.openai.com, rate limits in headers, October 2026).
std::string duration_text(std::chrono::seconds duration) {
    const auto seconds = duration.count();
    return seconds < 60 ? fmt::format("{}s", seconds) : fmt::format("{}m{}s", seconds / 60, seconds % 60);
}

}  // namespace

RateLevels rate_levels_of(const policies::Snapshot& rules, const Caller& caller) {
    RateLevels teams;  // from the caller's own up
    policies::Rate of_person, of_key;
    for (std::string_view name = caller.team; !name.empty();) {
        const auto team = rules.teams.find(name);
        if (team == rules.teams.end()) break;
        teams.push_back({"team:" + team->second->name, team->second->rate});
        tighten(of_person, team->second->rate_per_person);
        tighten(of_key, team->second->rate_per_key);
        name = team->second->parent;
    }
    RateLevels levels;
    levels.push_back({"org", rules.organisation.rate});
    levels.insert(levels.end(), std::make_move_iterator(teams.rbegin()), std::make_move_iterator(teams.rend()));
    if (!caller.person.empty()) levels.push_back({"person:" + caller.person, of_person});
    // What limits nobody is not counted, but for the key itself: shares are counted by keys.
    std::erase_if(levels, [](const RateLevel& level) { return level.rate == policies::Rate{}; });
    if (levels.empty() && of_key == policies::Rate{}) return {};
    levels.push_back({"key:" + caller.key_id, of_key});
    return levels;
}

/// What nobody knows of a stored conversation is not counted before its end: a key whose minute is smaller than the
/// model's window could never go on from one.
Tokens tokens_expected(const Call& call) {
    const Tokens input = std::min(input_estimate(call), call.route->bounds.input);
    const std::int64_t choices = std::clamp<std::int64_t>(call.prompt.choices, 1, policies::call_tokens_max);
    const Tokens each = std::min(call.output_learned.value_or(output_unlearned), policies::call_tokens_max / choices);
    return input + std::min(call.route->output_worst, each * choices);
}

void end_permit(Call& call, Moment now, const Usage* usage) {
    if (!call.permit) return;
    const Usage& last = usage != nullptr ? *usage : call.outcome.usage;
    // A hold that is booked whole, or is yet to be, says nothing about tokens: what was expected stays.
    const bool untold = call.outcome.usage_source == UsageSource::estimated && last == Usage{};
    if (usage == nullptr && (untold || (call.attempt.open && call.attempt.sent))) return call.permit.end({}, now);
    Tokens used = tokens_of(last);
    for (const audit::Outcome& each : call.earlier) used += tokens_of(each.usage);
    call.permit.end(used, now);
}

Error error_of(const Rates::Refusal& refusal) {
    const std::string whose = account_in_words(refusal.account), limit = limit_in_words(refusal);
    const auto wait = std::chrono::ceil<std::chrono::seconds>(refusal.wait).count();
    std::string told = fmt::format("account {} limit {} left {} asked {} keys {} wait {} s", refusal.account, limit,
                                   refusal.left, refusal.asked, refusal.keys, wait);
    switch (refusal.why) {
        case Rates::Why::reached:
            break;
        case Rates::Why::shared:
            return {Fault::rate_limited,
                    fmt::format("The limit of {} ({}) is shared by {} keys that call just now. Others wait, and this "
                                "key has had its part. Try again in {} s.",
                                whose, limit, refusal.keys, wait),
                    std::move(told)};
        case Rates::Why::never:
            if (refusal.measure != RateMeasure::tokens)
                return {Fault::not_permitted,
                        fmt::format("The limit of {} is {}: no call passes it. Whoever runs Bursar can raise it.",
                                    whose, limit),
                        std::move(told)};
            return {Fault::too_large,
                    fmt::format("This call is expected to use about {} tokens, and the limit of {} is {}. Send a "
                                "shorter prompt, or ask for less output (max_tokens).",
                                grouped(refusal.asked), whose, limit),
                    std::move(told)};
        case Rates::Why::accounts:
            return {Fault::overloaded,
                    "More keys call at once than Bursar can count for their limits. Try again in a moment.",
                    fmt::format("more than {} accounts with limits of their speed called within a minute",
                                Rates::accounts_max)};
    }
    switch (refusal.measure) {
        case RateMeasure::requests:
            return {Fault::rate_limited,
                    fmt::format("The limit of {} is reached: {}. Try again in {} s.", whose, limit, wait),
                    std::move(told)};
        case RateMeasure::tokens:
            return {Fault::rate_limited,
                    fmt::format("The limit of {} is reached: {}. {} are left, and this call is expected to use about "
                                "{}. Try again in {} s.",
                                whose, limit, grouped(refusal.left), grouped(refusal.asked), wait),
                    std::move(told)};
        case RateMeasure::parallel:
            return {Fault::rate_limited,
                    fmt::format("The limit of {} is reached: {}. Try again when one of them has ended.", whose, limit),
                    std::move(told)};
    }
    return {Fault::internal, "Something in Bursar failed; operators find the reason in the log by the call id.",
            std::move(told)};
}

void add_rate_headers(edge::ResponseHead& head, Shape shape, const Rates::State& state, Timestamp at,
                      std::chrono::nanoseconds elapsed) {
    const auto add = [&](std::string_view what, const std::optional<Rates::Reading>& reading) {
        if (!reading) return;
        const std::string limit = std::to_string(reading->limit), left = std::to_string(reading->left);
        const auto full_in =
            std::max(std::chrono::ceil<std::chrono::seconds>(reading->full_in - elapsed), std::chrono::seconds::zero());
        head.add_line(fmt::format("x-ratelimit-limit-{}", what), limit);
        head.add_line(fmt::format("x-ratelimit-remaining-{}", what), left);
        head.add_line(fmt::format("x-ratelimit-reset-{}", what), duration_text(full_in));
        if (shape != Shape::anthropic) return;
        const Timestamp full_at = std::chrono::ceil<std::chrono::seconds>(at + reading->full_in);
        head.add_line(fmt::format("anthropic-ratelimit-{}-limit", what), limit);
        head.add_line(fmt::format("anthropic-ratelimit-{}-remaining", what), left);
        head.add_line(fmt::format("anthropic-ratelimit-{}-reset", what), to_text(full_at));
    };
    add("requests", state.requests);
    add("tokens", state.tokens);
}

}  // namespace bursar::gateway
