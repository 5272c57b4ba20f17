// Hunts: a model for somebody who may not have it; a channel of the wrong dialect or without a price; a hold too small
// for what may come.
#include "policies/admit.h"

#include "tests/unit/policies/policy.h"

#include <limits>
#include <map>

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

const Timestamp now = *parse_timestamp("2026-11-24T12:00:00Z");

std::shared_ptr<const Snapshot> rules() {
    static const Parsed parsed = parse_text(company);
    return parsed.snapshot;
}

Caller caller_of(std::string team, std::vector<std::string> models = {}) {
    return {.key_id = "k1",
            .name = "test",
            .team = std::move(team),
            .person = "",
            .models = std::move(models),
            .budgets = {}};
}

std::string names(const std::vector<std::shared_ptr<const Model>>& models) {
    std::string out;
    for (const auto& model : models) out += model->name + " ";
    return out;
}

struct RefusalCase {
    std::string_view name;
    Caller caller;
    Ask ask;
    Fault fault;
    std::string_view text;
};

TEST(Admit, RefusesWithASentenceThatHelps) {
    const std::vector<RefusalCase> cases = {
        {"a model that nobody has",
         caller_of("research"),
         {.model = "gpt-9"},
         Fault::model_unknown,
         "There is no model \"gpt-9\". See GET /v1/models for those this key may use."},
        {"a model of other teams",
         caller_of("sales"),
         {.dialect = Dialect::anthropic, .model = "claude"},
         Fault::not_permitted,
         "Team \"sales\" may not use the model \"claude\". See GET /v1/models for those it may use."},
        {"a key that is narrower than its team",
         caller_of("research", {"embed"}),
         {.model = "gpt"},
         Fault::not_permitted,
         "This key may not use the model \"gpt\", though its team \"research\" may. See GET /v1/models for those it "
         "may use."},
        {"a key that is wider than its team",
         caller_of("sales", {"*"}),
         {.model = "embed"},
         Fault::not_permitted,
         "Team \"sales\" may not use the model \"embed\". See GET /v1/models for those it may use."},
        {"a team that is gone",
         caller_of("gone"),
         {.model = "gpt"},
         Fault::not_permitted,
         "The team \"gone\" of this key is no longer in the policy. Ask your operator for a key of another team."},
        {"a parent does not inherit what its children may",
         caller_of("rnd"),
         {.model = "gpt"},
         Fault::not_permitted,
         "Team \"rnd\" may not use the model \"gpt\". See GET /v1/models for those it may use."},
        {"the other dialect",
         caller_of("research"),
         {.endpoint = Endpoint::embeddings, .dialect = Dialect::openai, .model = "claude"},
         Fault::model_unknown,
         "The model \"claude\" is not offered in the OpenAI API. Call it in the Anthropic API: POST /v1/messages."},
        {"the other dialect, the other way",
         caller_of("research"),
         {.endpoint = Endpoint::count_tokens, .dialect = Dialect::anthropic, .model = "gpt"},
         Fault::model_unknown,
         "The model \"gpt\" is not offered in the Anthropic API. Call it in the OpenAI API: POST "
         "/v1/chat/completions."},
        {"no price",
         caller_of("research"),
         {.model = "priceless"},
         Fault::price_missing,
         "The model \"priceless\" has no price, so its cost cannot be held. Ask your operator to add it to the policy; "
         "see "
         "GET /v1/models for others."},
        {"no output price for an answer in words",
         caller_of("research"),
         {.model = "embed"},
         Fault::price_missing,
         "The model \"embed\" has no price, so its cost cannot be held. Ask your operator to add it to the policy; see "
         "GET /v1/models for others."},
        {"a service tier without a price",
         caller_of("research"),
         {.model = "gpt", .service_tier = "ultrafast"},
         Fault::price_missing,
         "The service tier \"ultrafast\" has no price here. Leave it out or ask for auto, default, flex or priority."},
    };
    for (const RefusalCase& each : cases) {
        const auto route = admit(*rules(), each.caller, each.ask, now);
        ASSERT_FALSE(route) << each.name;
        EXPECT_EQ(facts(route.error().fault).name, facts(each.fault).name) << each.name;
        EXPECT_EQ(route.error().for_caller, each.text) << each.name;
    }
}

TEST(Admit, ANameOfOneMegabyteIsNotRepeated) {
    const std::string name(1'000'000, 'x');
    const auto route = admit(*rules(), caller_of("research"), {.model = name}, now);
    ASSERT_FALSE(route);
    EXPECT_LT(route.error().for_caller.size(), 400U);
}

TEST(Admit, ChannelsAreThoseThatCanAnswerInOrder) {
    const auto translatable = admit(*rules(), caller_of("research"), {.model = "both"}, now);
    ASSERT_TRUE(translatable);
    EXPECT_EQ(translatable->channels.size(), 2U) << "one speaks the dialect, the other is translated";
    const auto responses =
        admit(*rules(), caller_of("research"), {.endpoint = Endpoint::responses, .model = "both"}, now);
    ASSERT_TRUE(responses);
    EXPECT_EQ(responses->channels.size(), 2U) << "responses are translated, too";
    const auto completions =
        admit(*rules(), caller_of("research"), {.endpoint = Endpoint::completions, .model = "both"}, now);
    ASSERT_TRUE(completions);
    ASSERT_EQ(completions->channels.size(), 1U);
    EXPECT_EQ(completions->channels[0]->name(), "openai/gpt-4o");
    const auto counted =
        admit(*rules(), caller_of("research"),
              {.endpoint = Endpoint::count_tokens, .dialect = Dialect::anthropic, .model = "both"}, now);
    ASSERT_TRUE(counted);
    ASSERT_EQ(counted->channels.size(), 1U);
    EXPECT_EQ(counted->channels[0]->name(), "anthropic/claude-opus");
    const auto two = admit(*rules(), caller_of("research"), {.model = "gpt"}, now);
    ASSERT_EQ(two->channels.size(), 2U);
    EXPECT_EQ(two->channels[0]->name(), "openai/gpt-4o");
}

struct HoldCase {
    std::string_view name;
    std::string_view team;
    Ask ask;
    Tokens expected;
    Tokens worst;
    bool grows;
    std::int64_t expected_nanos;  ///< the dearer of gpt-4o (2.50/10) and gpt-4o-prod (2.75/11)
    std::int64_t min_nanos;
};

const std::vector<HoldCase> hold_cases = {
    {"not streamed: the model's own limit",
     "research",
     {.model = "gpt", .input_at_most = 1'000},
     16'384,
     16'384,
     false,
     182'974'000,
     2'926'000},
    {"not streamed: the caller's limit",
     "research",
     {.model = "gpt", .max_tokens = 100, .input_at_most = 1'000},
     100,
     100,
     false,
     3'850'000,
     2'926'000},
    {"a limit above the model's is cut",
     "research",
     {.model = "gpt", .max_tokens = 1'000'000, .input_at_most = 1'000},
     16'384,
     16'384,
     false,
     182'974'000,
     2'926'000},
    {"fewer tokens than an answer needs",
     "research",
     {.model = "gpt", .max_tokens = 4, .input_at_most = 1'000},
     4,
     4,
     false,
     2'794'000,
     2'794'000},
    {"several choices",
     "research",
     {.model = "gpt", .max_tokens = 100, .input_at_most = 1'000, .choices = 3},
     300,
     300,
     false,
     6'050'000,
     3'278'000},
    {"streamed: the expected, and it grows",
     "research",
     {.model = "gpt", .stream = true, .input_at_most = 1'000},
     1'024,
     16'384,
     true,
     14'014'000,
     2'926'000},
    {"streamed with choices",
     "research",
     {.model = "gpt", .stream = true, .max_tokens = 5'000, .input_at_most = 1'000, .choices = 2},
     2'048,
     10'000,
     true,
     25'278'000,
     3'102'000},
    {"streamed but short: all of it at once",
     "research",
     {.model = "gpt", .stream = true, .max_tokens = 4'096, .input_at_most = 1'000},
     4'096,
     4'096,
     false,
     47'806'000,
     2'926'000},
    {"streamed, one token beyond short",
     "research",
     {.model = "gpt", .stream = true, .max_tokens = 4'097, .input_at_most = 1'000},
     1'024,
     4'097,
     true,
     14'014'000,
     2'926'000},
    {"streamed, and answers are known to be long",
     "research",
     {.model = "gpt", .stream = true, .input_at_most = 1'000, .output_learned = 5'793},
     5'793,
     16'384,
     true,
     66'473'000,
     2'926'000},
    {"streamed, and answers are known to be short: no less than 512",
     "research",
     {.model = "gpt", .stream = true, .input_at_most = 1'000, .choices = 2, .output_learned = 64},
     1'024,
     32'768,
     true,
     14'014'000,
     3'102'000},
    {"streamed with a small limit, and answers are known to be shorter",
     "research",
     {.model = "gpt", .stream = true, .max_tokens = 4'000, .input_at_most = 1'000, .output_learned = 512},
     512,
     4'000,
     true,
     8'382'000,
     2'926'000},
    {"streamed with a limit that answers are known to reach: all of it at once",
     "research",
     {.model = "gpt", .stream = true, .max_tokens = 500, .input_at_most = 1'000, .output_learned = 512},
     500,
     500,
     false,
     8'250'000,
     2'926'000},
    {"not streamed: what was learned bounds nothing",
     "research",
     {.model = "gpt", .max_tokens = 100'000, .input_at_most = 1'000, .output_learned = 64},
     16'384,
     16'384,
     false,
     182'974'000,
     2'926'000},
    {"a team that wants all or nothing",
     "sales",
     {.model = "gpt", .max_tokens = 100, .input_at_most = 1'000},
     100,
     100,
     false,
     3'850'000,
     3'850'000},
    {"embeddings have no output",
     "research",
     {.endpoint = Endpoint::embeddings, .model = "embed", .input_at_most = 1'000},
     0,
     0,
     false,
     130'000,
     130'000},
    {"what is free costs nothing", "research", {.model = "llama", .input_at_most = 1'000}, 16'384, 16'384, false, 0, 0},
};

TEST(Admit, HoldsWhatMayCome) {
    for (const HoldCase& each : hold_cases) {
        const auto route = admit(*rules(), caller_of(std::string(each.team)), each.ask, now);
        ASSERT_TRUE(route) << each.name << route.error().for_caller;
        EXPECT_EQ(route->output_expected, each.expected) << each.name;
        EXPECT_EQ(route->output_worst, each.worst) << each.name;
        EXPECT_EQ(route->grows, each.grows) << each.name;
        EXPECT_EQ(route->expected.nanos(), each.expected_nanos) << each.name;
        EXPECT_EQ(route->expected_min.nanos(), each.min_nanos) << each.name;
        if (!each.grows) EXPECT_EQ(route->worst, route->expected) << each.name;
        EXPECT_LE(route->expected_min, route->expected) << each.name;
        EXPECT_LE(route->expected, route->worst) << each.name;
    }
}

TEST(Admit, HiddenReasoningIsHeldWholeThoughStreamed) {
    const auto route =
        admit(*rules(), caller_of("research"), {.model = "thinker", .stream = true, .input_at_most = 10}, now);
    ASSERT_TRUE(route);
    EXPECT_FALSE(route->grows);
    EXPECT_EQ(route->expected, route->worst);
    EXPECT_EQ(route->output_expected, 16'384);
    const auto learned = admit(*rules(), caller_of("research"),
                               {.model = "thinker", .stream = true, .input_at_most = 10, .output_learned = 64}, now);
    ASSERT_TRUE(learned);
    EXPECT_FALSE(learned->grows);
    EXPECT_EQ(learned->expected, route->worst);
}

// Hunts: money that a provider's own tools cost and no hold covers.
TEST(Admit, WhatTheProviderDoesBesideTheModelIsBoundedOrRefused) {
    const auto asked = [&](Ask ask) { return admit(*rules(), caller_of("research"), ask, now); };
    const Ask response{.endpoint = Endpoint::responses, .model = "both", .max_tokens = 100, .input_at_most = 10};
    Ask searching = response;
    searching.web_search = true;
    ASSERT_TRUE(asked(searching));
    EXPECT_EQ(asked(searching)->bounds.web_searches, 5) << "a bound of ours, which is written into the request";
    searching.searches_max = 40;
    EXPECT_EQ(asked(searching)->bounds.web_searches, 40);
    EXPECT_EQ((asked(searching)->worst - asked(response)->worst).nanos(), 40 * 10'000'000);
    searching.endpoint = Endpoint::chat_completions;
    EXPECT_EQ(asked(searching)->bounds.web_searches, 1);

    Ask message{.endpoint = Endpoint::messages,
                .dialect = Dialect::anthropic,
                .model = "claude",
                .max_tokens = 100,
                .input_at_most = 10,
                .web_search = true};
    ASSERT_FALSE(asked(message));
    EXPECT_EQ(asked(message).error().fault, Fault::invalid_request);
    message.searches_max = 8;
    EXPECT_EQ(asked(message)->bounds.web_searches, 8);
    message.searches_max.reset();
    message.endpoint = Endpoint::count_tokens;
    EXPECT_TRUE(asked(message)) << "nothing is searched for a count";

    Ask free = searching;
    free.model = "llama";
    EXPECT_EQ(asked(free)->bounds.web_searches, 0) << "what costs nothing needs no bound";

    Ask unpriced = response;
    unpriced.tool_unpriced = "file_search";
    ASSERT_FALSE(asked(unpriced));
    EXPECT_EQ(asked(unpriced).error().fault, Fault::price_missing);
    unpriced.model = "llama";
    EXPECT_TRUE(asked(unpriced)) << "what is free has no tool that costs";
}

TEST(Admit, ALoweredLimitLeavesRoomForTheThoughtsThatWereOrdered) {
    const Ask plain{.endpoint = Endpoint::messages,
                    .dialect = Dialect::anthropic,
                    .model = "claude",
                    .max_tokens = 20'000,
                    .input_at_most = 10};
    Ask thinking = plain;
    thinking.output_min = 10'000;
    const auto least = [&](const Ask& ask) { return admit(*rules(), caller_of("research"), ask, now)->expected_min; };
    // 25 USD per million tokens, and a tenth more in the dearest region, twice as much if it is served fast.
    EXPECT_GE(least(thinking) - least(plain), NanoUsd(10'000 * 25'000));
}

TEST(Admit, CountingTokensHoldsNothing) {
    const auto route = admit(
        *rules(), caller_of("research"),
        {.endpoint = Endpoint::count_tokens, .dialect = Dialect::anthropic, .model = "claude", .input_at_most = 50'000},
        now);
    ASSERT_TRUE(route);
    EXPECT_EQ(route->worst, NanoUsd{});
    EXPECT_EQ(route->expected, NanoUsd{});
    EXPECT_EQ(route->expected_min, NanoUsd{});
    EXPECT_FALSE(route->grows);
}

TEST(Admit, AnAbsurdNumberOfChoicesDoesNotOverflow) {
    const auto route =
        admit(*rules(), caller_of("research"),
              {.model = "gpt", .input_at_most = 10, .choices = std::numeric_limits<std::int64_t>::max()}, now);
    ASSERT_TRUE(route);
    EXPECT_EQ(route->output_worst, call_tokens_max);
    const auto none = admit(*rules(), caller_of("research"),
                            {.model = "gpt", .max_tokens = -5, .input_at_most = 10, .choices = -1}, now);
    ASSERT_TRUE(none);
    EXPECT_EQ(none->output_worst, 0);
}

TEST(Admit, TheWindowBoundsTheInput) {
    std::string text(company);
    const std::string_view from = "tier: frontier, output_tokens_max: 32000";
    text.replace(text.find(from), from.size(), "tier: frontier, input_tokens_max: 5000");
    const Parsed parsed = parse_text(text);
    ASSERT_EQ(problems_of(parsed), "");
    const auto input = [&](Tokens in_body, bool elsewhere, std::string_view model) {
        const auto route = admit(*parsed.snapshot, caller_of("research"),
                                 {.endpoint = Endpoint::messages,
                                  .dialect = Dialect::anthropic,
                                  .model = model,
                                  .input_at_most = in_body,
                                  .input_elsewhere = elsewhere},
                                 now);
        return route ? route->bounds.input : -1;
    };
    EXPECT_EQ(input(100, false, "claude"), 100);
    EXPECT_EQ(input(100'000, false, "claude"), 5'000) << "more does not fit";
    EXPECT_EQ(input(100, true, "claude"), 5'000) << "the rest may come from elsewhere";
    EXPECT_EQ(input(100'000, false, "both"), 100'000);
    EXPECT_EQ(input(100, true, "both"), 200'000) << "a large window is assumed where none is told";
    EXPECT_EQ(input(300'000, true, "both"), 300'000);
}

TEST(Admit, ThePriceIsAsDearAsEveryChannel) {
    const auto route =
        admit(*rules(), caller_of("research"), {.model = "gpt", .stream = true, .input_at_most = 1'000}, now);
    ASSERT_TRUE(route);
    for (const Channel* channel : route->channels)
        for (const Tokens output : {0, 1, 1'024, 16'384})
            EXPECT_GE(cost_at_most(*route->price, route->bounds, output),
                      cost_at_most(*channel->prices->at(now), route->bounds, output));
    const auto single = admit(*rules(), caller_of("research"),
                              {.endpoint = Endpoint::completions, .model = "both", .input_at_most = 10}, now);
    EXPECT_EQ(single->price, single->channels[0]->prices->at(now));
}

TEST(Admit, APriceThatHasEndedIsNoPrice) {
    const Parsed parsed = parse_text(R"(
providers: {p: {dialect: openai, base_url: "http://127.0.0.1:1"}}
models: {m: {channels: [{provider: p}]}}
teams: {t: {models: ["*"]}}
prices: {p: {m: [{until: 2026-11-24, input: 1, output: 1}, {from: 2026-11-25, input: 2, output: 2}]}})");
    ASSERT_EQ(problems_of(parsed), "");
    const auto at = [&](std::string_view text) {
        return admit(*parsed.snapshot, caller_of("t"), {.model = "m"}, *parse_timestamp(text));
    };
    EXPECT_TRUE(at("2026-11-23T23:59:59Z"));
    ASSERT_FALSE(at("2026-11-24T00:00:00Z"));
    EXPECT_EQ(at("2026-11-24T00:00:00Z").error().fault, Fault::price_missing);
    EXPECT_EQ(at("2026-11-24T00:00:00Z").error().for_operator,
              "no price of p/m at 2026-11-24T00:00:00.000Z; add it under prices");
    EXPECT_EQ(at("2026-11-25T00:00:00Z")->price->rates.input, NanoUsd::dollars(2));
}

TEST(ModelsOf, OnlyWhatThisCallerMayUse) {
    EXPECT_EQ(names(models_of(*rules(), caller_of("research"))), "both claude embed gpt llama priceless thinker ");
    EXPECT_EQ(names(models_of(*rules(), caller_of("research", {"tier:frontier"}))), "claude gpt ");
    EXPECT_EQ(names(models_of(*rules(), caller_of("sales", {"embed"}))), "");
    EXPECT_EQ(names(models_of(*rules(), caller_of("gone"))), "");
}

TEST(AccountsOf, FromTheOrganisationDownToTheKey) {
    Caller caller = caller_of("research");
    caller.person = "alice";
    caller.budgets = {{.limit = NanoUsd::dollars(5), .per = Per::ever}};
    const auto charged = accounts_of(*rules(), caller);
    ASSERT_TRUE(charged);
    std::vector<std::string> accounts;
    for (const Charged& each : *charged) accounts.push_back(each.account);
    EXPECT_EQ(accounts, (std::vector<std::string>{"org", "team:rnd", "team:research", "person:alice", "key:k1"}));
    EXPECT_EQ((*charged)[0].budgets, rules()->organisation.budgets);
    EXPECT_EQ((*charged)[2].budgets[0].limit, NanoUsd::dollars(2'000));
    const std::vector<Budget>& alice = (*charged)[3].budgets;
    ASSERT_EQ(alice.size(), 3U) << "of research, of rnd above it, and her own";
    EXPECT_EQ(alice[0].limit, NanoUsd::dollars(20));
    EXPECT_EQ(alice[1].limit, NanoUsd::dollars(100));
    EXPECT_EQ(alice[2].limit, NanoUsd::dollars(300));
    EXPECT_EQ((*charged)[4].budgets, caller.budgets);

    const auto service = accounts_of(*rules(), caller_of("sales"));
    ASSERT_TRUE(service);
    EXPECT_EQ(service->size(), 3U);
    EXPECT_EQ(accounts_of(*rules(), caller_of("gone")).error().fault, Fault::not_permitted);
    EXPECT_EQ(accounts_of(*rules(), caller_of("")).error().fault, Fault::not_permitted);
}

}  // namespace
}  // namespace bursar::policies::testing
