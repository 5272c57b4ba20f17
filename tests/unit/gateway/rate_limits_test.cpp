// Hunts: a team's limit that does not hold below it, a sentence that does not say whose limit it is or when to come
// again, and headers that a client of either dialect cannot read; a stored conversation that no small limit lets go on,
// or that is booked for less than was held; a key that calls without a price close for all others.
#include "service/gateway/rate_limits.h"

#include "service/gateway/refusal.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "tests/unit/gateway/fake_exchange.h"

#include <algorithm>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

using namespace std::chrono_literals;
using policies::Rate;

void add_team(policies::Snapshot& rules, policies::Team team) {
    const std::string name = team.name;
    rules.teams[name] = std::make_shared<const policies::Team>(std::move(team));
}

policies::Snapshot company() {
    policies::Snapshot rules;
    add_team(rules, {.name = "rnd",
                     .rate = {.requests_per_minute = 900},
                     .rate_per_person = {.requests_per_minute = 60, .parallel = 10},
                     .rate_per_key = {.requests_per_minute = 50}});
    add_team(rules, {.name = "research",
                     .parent = "rnd",
                     .rate_per_person = {.requests_per_minute = 100, .tokens_per_minute = 5'000, .parallel = 4},
                     .rate_per_key = {.tokens_per_minute = 3'000}});
    add_team(rules, {.name = "sales"});
    return rules;
}

const RateLevel* level_of(const RateLevels& levels, std::string_view account) {
    const auto found = std::ranges::find(levels, account, &RateLevel::account);
    return found == levels.end() ? nullptr : &*found;
}

TEST(RateLevels, HoldWhatEachTeamOnThePathAllows) {
    policies::Snapshot rules = company();
    rules.organisation.rate = {.parallel = 500};
    const RateLevels levels = rate_levels_of(rules, {.key_id = "k1", .team = "research", .person = "alice"});
    ASSERT_EQ(levels.size(), 4U) << "research itself has no limit of its own";
    EXPECT_EQ(levels.front().account, "org");
    EXPECT_EQ(levels[1].account, "team:rnd");
    EXPECT_EQ(levels[1].rate, Rate{.requests_per_minute = 900});
    ASSERT_TRUE(level_of(levels, "person:alice"));
    EXPECT_EQ(level_of(levels, "person:alice")->rate,
              (Rate{.requests_per_minute = 60, .tokens_per_minute = 5'000, .parallel = 4}))
        << "the smallest of each";
    EXPECT_EQ(levels.back().account, "key:k1");
    EXPECT_EQ(levels.back().rate, (Rate{.requests_per_minute = 50, .tokens_per_minute = 3'000}));
}

TEST(RateLevels, NoLimitIsNoLevel) {
    policies::Snapshot rules = company();
    EXPECT_TRUE(rate_levels_of(rules, {.key_id = "k1", .team = "sales", .person = "bob"}).empty());
    rules.organisation.rate = {.parallel = 500};
    const RateLevels levels = rate_levels_of(rules, {.key_id = "k1", .team = "sales", .person = "bob"});
    ASSERT_EQ(levels.size(), 2U);
    EXPECT_EQ(levels.back().account, "key:k1") << "shares are counted by keys";
}

struct SentenceCase {
    const char* name;
    Rates::Refusal refusal;
    Fault fault;
    const char* sentence;
};

TEST(RateRefusal, NamesTheLimitWhoseItIsAndWhenToComeAgain) {
    using Why = Rates::Why;
    const auto refusal = [](Why why, RateMeasure measure, AccountName account, std::int64_t limit) {
        return Rates::Refusal{.why = why,
                              .measure = measure,
                              .account = std::move(account),
                              .limit = limit,
                              .left = 1'200,
                              .asked = 3'000,
                              .keys = 3,
                              .wait = 11'200ms};
    };
    const std::vector<SentenceCase> cases = {
        {"requests", refusal(Why::reached, RateMeasure::requests, "team:research", 600), Fault::rate_limited,
         "The limit of team \"research\" is reached: 600 requests per minute. Try again in 12 s."},
        {"tokens", refusal(Why::reached, RateMeasure::tokens, "person:alice", 2'000'000), Fault::rate_limited,
         "The limit of person \"alice\" is reached: 2,000,000 tokens per minute. 1,200 are left, and this call is "
         "expected to use about 3,000. Try again in 12 s."},
        {"calls at once", refusal(Why::reached, RateMeasure::parallel, "key:7f", 1), Fault::rate_limited,
         "The limit of this key is reached: 1 call at once. Try again when one of them has ended."},
        {"a share", refusal(Why::shared, RateMeasure::requests, "org", 600), Fault::rate_limited,
         "The limit of your organisation (600 requests per minute) is shared by 3 keys that call just now. Others "
         "wait, and this key has had its part. Try again in 12 s."},
        {"a call that never fits", refusal(Why::never, RateMeasure::tokens, "team:research", 2'000), Fault::too_large,
         "This call is expected to use about 3,000 tokens, and the limit of team \"research\" is 2,000 tokens per "
         "minute. Send a shorter prompt, or ask for less output (max_tokens)."},
        {"a limit of nothing", refusal(Why::never, RateMeasure::parallel, "key:7f", 0), Fault::not_permitted,
         "The limit of this key is 0 calls at once: no call passes it. Whoever runs Bursar can raise it."},
    };
    for (const SentenceCase& one : cases) {
        SCOPED_TRACE(one.name);
        const Error error = error_of(one.refusal);
        EXPECT_EQ(error.fault, one.fault);
        EXPECT_EQ(error.for_caller, one.sentence);
        EXPECT_NE(error.for_operator.find(one.refusal.account), std::string::npos);
    }
}

TEST(RateRefusal, APausedKeyIsToldWhyAndThatARetryDoesNotHelp) {
    const Timestamp now = *parse_timestamp("2026-11-23T10:00:00Z");
    const policies::InForce::Pause pause{.reason = "It spent ten times as much as it usually does.",
                                         .until = *parse_timestamp("2026-11-24T00:00:00+01:00")};
    const Error error = error_of(pause, {.key_id = "k1"}, "Europe/Berlin");
    EXPECT_EQ(
        error.for_caller,
        "This key is paused. It spent ten times as much as it usually does. It goes on at 24 November 2026, 00:00 "
        "(Europe/Berlin).");
    const auto has = [](const RefusalText& refusal, std::string_view name, std::string_view value) {
        return std::ranges::any_of(refusal.head.headers,
                                   [&](const auto& one) { return one.name == name && one.value == value; });
    };
    for (const Shape shape : {Shape::openai, Shape::anthropic}) {
        const RefusalText refusal =
            refusal_of(error, shape, Endpoint::chat_completions, CallId::make(now), pause.until, now);
        EXPECT_EQ(refusal.head.status, shape == Shape::anthropic ? 429 : 402);
        EXPECT_TRUE(has(refusal, "x-should-retry", "false"));
    }
    const RefusalText codex =
        refusal_of(error, Shape::openai, Endpoint::responses, CallId::make(now), pause.until, now);
    EXPECT_NE(codex.body.find("\"code\":\"paused\""), std::string::npos) << codex.body;
    EXPECT_NE(error_of({.reason = "Stopped."}, {.key_id = "k1"}, "UTC").for_caller.find("let it go on"),
              std::string::npos);
}

TEST(RateHeaders, AreThoseOfTheCallersDialect) {
    const Rates::State state{.requests = Rates::Reading{.limit = 600, .left = 599, .full_in = 61s},
                             .tokens = Rates::Reading{.limit = 2'000, .left = 0, .full_in = 61s}};
    const Timestamp at = *parse_timestamp("2026-11-23T10:00:00.250Z");
    edge::ResponseHead openai;
    add_rate_headers(openai, Shape::openai, state, at, 0s);
    EXPECT_EQ(
        openai.lines,
        "x-ratelimit-limit-requests: 600\r\nx-ratelimit-remaining-requests: 599\r\n"
        "x-ratelimit-reset-requests: 1m1s\r\n"
        "x-ratelimit-limit-tokens: 2000\r\nx-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 1m1s\r\n");
    edge::ResponseHead anthropic;
    add_rate_headers(anthropic, Shape::anthropic, state, at, 20s);
    EXPECT_NE(anthropic.lines.find("x-ratelimit-reset-requests: 41s\r\n"), std::string::npos) << anthropic.lines;
    EXPECT_NE(anthropic.lines.find("anthropic-ratelimit-requests-limit: 600\r\n"
                                   "anthropic-ratelimit-requests-remaining: 599\r\n"
                                   "anthropic-ratelimit-requests-reset: 2026-11-23T10:01:02.000Z\r\n"),
              std::string::npos)
        << anthropic.lines;
    edge::ResponseHead late;
    add_rate_headers(late, Shape::openai, {.requests = state.requests}, at, 10min);
    EXPECT_EQ(late.lines,
              "x-ratelimit-limit-requests: 600\r\nx-ratelimit-remaining-requests: 599\r\n"
              "x-ratelimit-reset-requests: 0s\r\n");
    edge::ResponseHead none;
    add_rate_headers(none, Shape::anthropic, {}, at, 0s);
    EXPECT_EQ(none.lines, "");
}

TEST(StoredInput, IsExpectedAsFarAsItIsKnownAndBookedAsItWasHeld) {
    asio::io_context context;
    Shard shard(context);
    HeadOnly exchange;
    Call call(exchange, shard);
    call.prompt.input_at_most = 1'000;
    call.prompt.input_elsewhere = true;  // a tool of the provider's
    call.route.emplace();
    call.route->bounds.input = 400'000;
    call.route->output_worst = 2'000;
    constexpr Tokens body = 501, answer = 1'024;
    EXPECT_EQ(input_booked(call), body);
    call.kept.emplace();
    EXPECT_EQ(tokens_expected(call), body + answer) << "a key of 100,000 tokens a minute may go on";
    EXPECT_EQ(input_booked(call), 400'000) << "nobody told how long it is";
    call.context = 30'000;
    EXPECT_EQ(tokens_expected(call), 30'000 + body + answer);
    EXPECT_EQ(input_booked(call), 30'000 + body);
    call.prompt.item_reference = true;
    EXPECT_EQ(tokens_expected(call), 30'000 + body + answer);
    EXPECT_EQ(input_booked(call), 400'000) << "nobody knows how long the item is";
}

TEST(KeyLimits, AreNotLearnedFromWhatIsFree) {
    using providers::Fit;
    for (const Fit fit : {Fit::key_limited, Fit::key_used_up}) {
        EXPECT_FALSE(teaches_key(Endpoint::input_tokens, fit));
        EXPECT_FALSE(teaches_key(Endpoint::count_tokens, fit));
        EXPECT_TRUE(teaches_key(Endpoint::responses, fit));
        EXPECT_TRUE(teaches_key(Endpoint::embeddings, fit));
    }
    EXPECT_TRUE(teaches_key(Endpoint::input_tokens, Fit::key_refused)) << "a wrong key is wrong for all";
    EXPECT_TRUE(teaches_key(Endpoint::count_tokens, Fit::channel));
}

}  // namespace
}  // namespace bursar::gateway
