// Hunts: a call about what one provider keeps that goes to another one, by another key, for a caller who may no longer
// use the model; a hold for compacting that is lowered although nothing limits it.
#include "policies/admit.h"
#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

const Timestamp now = *parse_timestamp("2026-11-24T12:00:00Z");

std::shared_ptr<const Snapshot> rules() {
    static const Parsed parsed = parse_text(company);
    return parsed.snapshot;
}

Caller caller_of(std::string team) {
    return {.key_id = "k1", .name = "test", .team = std::move(team), .person = "", .models = {}, .budgets = {}};
}

Result<Route> asked(std::string_view model, const Pin& pin, Endpoint endpoint = Endpoint::response_get) {
    return admit(*rules(), caller_of("research"), {.endpoint = endpoint, .model = model, .pin = &pin}, now);
}

TEST(Pins, ACallGoesToItsPlaceAlone) {
    const auto route = asked("gpt", {.model = "gpt", .provider = "azure", .there = "gpt-4o-prod", .secret = "azure"});
    ASSERT_TRUE(route);
    ASSERT_EQ(route->channels.size(), 1U);
    EXPECT_EQ(route->channels[0]->name(), "azure/gpt-4o-prod");
    EXPECT_EQ(route->expected, NanoUsd{});
    // What another model made is permitted by the name that was asked for.
    const auto other =
        asked("gpt", {.model = "thinker", .provider = "openai", .there = "gpt-4o", .secret = "openai-b"});
    ASSERT_TRUE(other);
    EXPECT_EQ(other->model->name, "thinker");
}

TEST(Pins, APlaceThatIsGoneIsNoOtherPlace) {
    const std::vector<Pin> gone = {
        {.model = "gpt", .provider = "openai", .there = "gpt-4o-old", .secret = "openai-a"},
        {.model = "gpt", .provider = "openai", .there = "gpt-4o", .secret = "openai-c"},
        {.model = "gpt", .provider = "elsewhere", .there = "gpt-4o", .secret = "openai-a"},
        {.model = "gone", .provider = "openai", .there = "gpt-4o", .secret = "openai-a"},
        {.model = "llama", .provider = "local", .there = "llama3", .secret = "a key"},
    };
    for (const Pin& pin : gone) {
        SCOPED_TRACE(fmt::format("{} {} {} {}", pin.model, pin.provider, pin.there, pin.secret));
        const auto refused = asked("gpt", pin);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::not_found);
        EXPECT_TRUE(refused.error().for_caller.contains("no longer in the policy"));
    }
    EXPECT_TRUE(asked("llama", {.model = "llama", .provider = "local", .there = "llama3", .secret = ""}));
}

TEST(Pins, AnotherModelGoesOnWhereItsProviderKeepsTheConversation) {
    const Pin at_openai{.model = "", .provider = "openai", .there = "gpt-4o", .secret = "openai-a"};
    const auto route = asked("both", at_openai, Endpoint::responses);
    ASSERT_TRUE(route);
    ASSERT_EQ(route->channels.size(), 1U);
    EXPECT_EQ(route->channels[0]->name(), "openai/gpt-4o");
    const auto refused = asked("claude", at_openai, Endpoint::responses);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::invalid_request);
    EXPECT_TRUE(refused.error().for_caller.contains("\"claude\""));
}

TEST(Pins, WhoMayNotUseTheModelMayNotAskForItsAnswers) {
    const Pin pin{.model = "thinker", .provider = "openai", .there = "gpt-4o", .secret = "openai-a"};
    const auto refused =
        admit(*rules(), caller_of("sales"), {.endpoint = Endpoint::response_get, .model = "thinker", .pin = &pin}, now);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::not_permitted);
}

TEST(Pins, OnlyProvidersWithTheApiCompactAndCount) {
    const Ask ask{.endpoint = Endpoint::response_compact, .model = "claude"};
    const auto refused = admit(*rules(), caller_of("research"), ask, now);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::model_unknown);
    EXPECT_TRUE(refused.error().for_caller.contains("Responses API"));
    const auto both =
        admit(*rules(), caller_of("research"), {.endpoint = Endpoint::input_tokens, .model = "both"}, now);
    ASSERT_TRUE(both);
    EXPECT_EQ(both->channels.size(), 1U);
    EXPECT_EQ(both->worst, NanoUsd{});
}

TEST(Pins, WhatCompactingMayCostIsHeldWholeOrNotAtAll) {
    const auto route = admit(*rules(), caller_of("research"),
                             {.endpoint = Endpoint::response_compact, .model = "both", .input_at_most = 1'000}, now);
    ASSERT_TRUE(route);
    EXPECT_EQ(route->output_worst, 16'384);
    EXPECT_EQ(route->output_least, route->output_worst);
    EXPECT_EQ(route->expected_min, route->worst);
    EXPECT_GT(route->worst, NanoUsd(16'384 * 10'000));
}

}  // namespace
}  // namespace bursar::policies::testing
