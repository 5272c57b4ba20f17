// Hunts: texts of one call or of one index that two models, or one model asked in two ways, make vectors of; a channel
// that is held for, or whose price is wanted, though it cannot take the call; an operator who is not told, or told
// without need.
#include "policies/embeddings.h"

#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

using Names = std::vector<std::string>;

constexpr std::string_view providers = R"(
providers:
  openai: {dialect: openai, base_url: "https://api.openai.com/v1"}
  azure: {dialect: openai, base_url: "https://x.openai.azure.com", deployments: true, api_version: 2024-10-21}
  google: {dialect: gemini, base_url: "https://generativelanguage.googleapis.com/v1beta"}
  proxy: {dialect: gemini, base_url: "https://google.example/v1beta"}
  vertex: {dialect: gemini, base_url: "https://p.example/v1/projects/p/locations/eu/publishers/google"}
  cohere: {dialect: cohere, base_url: "https://api.cohere.com"}
  claude: {dialect: anthropic, base_url: "https://api.anthropic.com"}
prices:
  openai: {e: {input: 1}, other: {input: 1}, chat: {input: 1, output: 2}}
  azure: {e: {input: 1}}
  google: {e: {input: 1}, other: {input: 1}, chat: {input: 1, output: 2}}
  proxy: {e: {input: 1}}
  vertex: {e: {input: 1}}
  cohere: {e: {input: 1}, rank: {input: 1, per_search_unit: 0.002}}
  claude: {chat: {input: 1, output: 2}}
teams: {t: {models: ["*"]}}
models: {m: {channels: [)";

Parsed policy_with(std::string_view channels) {
    const Parsed parsed = parse_text(std::string(providers).append(channels).append("]}}\n"));
    EXPECT_EQ(problems_of(parsed), "") << channels;
    return parsed;
}

Result<Route> asked(const Parsed& parsed, Ask ask = {}) {
    ask.endpoint = Endpoint::embeddings;
    ask.model = "m";
    ask.input_at_most = 10;
    return admit(*parsed.snapshot, {.key_id = "k", .team = "t"}, ask, {});
}

Names channels_of(const Result<Route>& route) {
    Names names;
    if (!route) return {route.error().for_caller};
    for (const Channel* channel : route->channels) names.push_back(channel->name());
    return names;
}

TEST(Embeddings, AreMadeByChannelsOfOneKindOnly) {
    struct Case {
        std::string_view channels;
        Names made_by;
    };
    const std::vector<Case> cases = {
        {"{provider: openai, model: e}, {provider: azure, model: other-name}, {provider: google, model: e}",
         {"openai/e", "azure/other-name"}},
        {"{provider: google, model: e}, {provider: openai, model: other}", {"openai/other"}},
        {"{provider: google, model: e}, {provider: google, model: other}, {provider: proxy, model: e}",
         {"google/e", "proxy/e"}},
        {"{provider: google, model: other, priority: 2}, {provider: proxy, model: e}", {"proxy/e"}},
        {"{provider: cohere, model: e}, {provider: google, model: e}", {"cohere/e"}},
        {"{provider: vertex, model: e}, {provider: google, model: e}, {provider: claude, model: chat}", {"google/e"}},
    };
    for (const Case& one : cases) {
        const Parsed parsed = policy_with(one.channels);
        Names names;
        for (const Channel& channel : parsed.snapshot->models.at("m")->channels)
            if (embeds(*parsed.snapshot->models.at("m"), channel)) names.push_back(channel.name());
        EXPECT_EQ(names, one.made_by) << one.channels;
    }
}

TEST(Embeddings, APriceIsWantedOnlyOfAChannelThatMayTakeThem) {
    const std::string_view unpriced = "{provider: openai, model: e}, {provider: google, model: unpriced}";
    EXPECT_EQ(channels_of(asked(policy_with(unpriced))), Names{"openai/e"});
    const std::string_view batched = "{provider: claude, model: unpriced}, {provider: openai, model: e}";
    const Parsed parsed = policy_with(batched);
    EXPECT_EQ(channels_of(asked(parsed, {.batch = true})), Names{"openai/e"});
    const auto chats = admit(*parsed.snapshot, {.key_id = "k", .team = "t"},
                             {.endpoint = Endpoint::responses, .model = "m", .batch = true}, {});
    ASSERT_FALSE(chats);
    EXPECT_NE(chats.error().for_operator.find("openai/e"), std::string::npos) << chats.error().for_operator;
}

TEST(Embeddings, OfABatchGoWhereBatchesAreTaken) {
    const auto refused = asked(policy_with("{provider: google, model: e}"), {.batch = true});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::invalid_request);
    EXPECT_NE(refused.error().for_caller.find("no provider that takes batches"), std::string::npos);
    EXPECT_EQ(
        channels_of(asked(policy_with("{provider: azure, model: e}, {provider: openai, model: e}"), {.batch = true})),
        Names{"openai/e"});
}

TEST(Embeddings, WhatNoChannelCanSayIsRefusedBeforeAHold) {
    const Parsed at_google = policy_with("{provider: google, model: e}, {provider: proxy, model: e}");
    const Parsed at_cohere = policy_with("{provider: cohere, model: e}");
    const Parsed at_openai = policy_with("{provider: openai, model: e}, {provider: google, model: e}");
    EXPECT_EQ(channels_of(asked(at_google, {.texts = 100})), (Names{"google/e", "proxy/e"}));
    EXPECT_EQ(channels_of(asked(at_cohere, {.texts = 96})), Names{"cohere/e"});
    EXPECT_EQ(channels_of(asked(at_openai, {.texts = 2'048, .in_tokens = true})), Names{"openai/e"});
    struct Refused {
        const Parsed& at;
        Ask ask;
        std::string_view says;
    };
    const std::vector<Refused> cases = {
        {at_google, {.texts = 101}, "`input` has 101 texts, and this model's provider takes at most 100 in one call"},
        {at_cohere, {.texts = 97}, "`input` has 97 texts, and this model's provider takes at most 96 in one call"},
        {at_google, {.in_tokens = true}, "`input` cannot be tokens at this model's provider"},
        {at_cohere, {.in_tokens = true}, "`input` cannot be tokens at this model's provider"},
    };
    for (const Refused& one : cases) {
        const auto route = asked(one.at, one.ask);
        ASSERT_FALSE(route) << one.says;
        EXPECT_EQ(route.error().fault, Fault::invalid_request);
        EXPECT_NE(route.error().for_caller.find(one.says), std::string::npos) << route.error().for_caller;
    }
}

TEST(Embeddings, TheOperatorIsToldOfChannelsThatMakeNone) {
    const auto told = [](std::string_view channels) { return policy_with(channels).warnings; };
    EXPECT_EQ(
        told("{provider: openai, model: e}, {provider: google, model: e}, {provider: cohere, model: e}"),
        Names{"model m: its embeddings are made by openai/e, and never by google/e, cohere/e, whose vectors could "
              "not be compared with those; give what makes other vectors a model of its own"});
    EXPECT_EQ(told("{provider: google, model: other}, {provider: google, model: e}").size(), 1U);
    // Nobody embeds with a model of chats, though its provider could be asked.
    for (const char* fine :
         {"{provider: openai, model: chat}, {provider: google, model: chat}, {provider: claude, model: chat}",
          "{provider: openai, model: e}, {provider: openai, model: other}",
          "{provider: google, model: e}, {provider: proxy, model: e}, {provider: vertex, model: e}",
          "{provider: openai, model: chat}, {provider: cohere, model: rank}", "{provider: claude, model: chat}"})
        EXPECT_EQ(told(fine), Names{}) << fine;
}

}  // namespace
}  // namespace bursar::policies::testing
