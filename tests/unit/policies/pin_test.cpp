// Hunts: a call about what one provider keeps that goes to another one, by another key, for a caller who may no longer
// use the model, also by a name that has moved since; a price that keeps an owner from what is free; a hold for
// compacting that is lowered although nothing limits it.
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

/// The company with `to` in the place of each `from`.
std::shared_ptr<const Snapshot> rules_with(const std::vector<std::pair<std::string_view, std::string_view>>& changes) {
    std::string text(company);
    for (const auto& [from, to] : changes) {
        const std::size_t at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        if (at != std::string::npos) text.replace(at, from.size(), to);
    }
    const Parsed parsed = parse_text(text);
    EXPECT_TRUE(parsed.snapshot) << problems_of(parsed);
    return parsed.snapshot;
}

/// What a team hears that goes on from what the model gpt made; nothing: it may.
std::optional<Fault> refused_by(const std::shared_ptr<const Snapshot>& rules, std::string team, std::string_view model,
                                Endpoint endpoint) {
    const Pin pin{.model = "gpt", .provider = "openai", .there = "gpt-4o", .secret = "openai-a"};
    const auto route =
        admit(*rules, caller_of(std::move(team)), {.endpoint = endpoint, .model = model, .pin = &pin}, now);
    if (!route) return route.error().fault;
    EXPECT_EQ(route->model->name, "gpt");
    return {};
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

TEST(Pins, AnAliasThatHasMovedReachesTheOldModelForWhomItIsAllowed) {
    constexpr std::string_view gpt = "gpt: {tier", llama = "llama: {tier", sales = "sales: {models: [gpt]";
    const auto before = rules_with({{gpt, "gpt: {aliases: [usual], tier"}});
    const auto after = rules_with({{llama, "llama: {aliases: [usual], tier"}, {sales, "sales: {models: [llama]"}});
    for (const Endpoint each : {Endpoint::responses, Endpoint::response_get}) {
        EXPECT_EQ(refused_by(before, "sales", "usual", each), std::nullopt);
        EXPECT_EQ(refused_by(after, "sales", "usual", each), Fault::not_permitted);
        EXPECT_EQ(refused_by(after, "research", "usual", each), std::nullopt) << "which may use gpt itself";
    }
    Caller narrow = caller_of("research");
    narrow.models = {"llama"};
    const Pin pin{.model = "gpt", .provider = "openai", .there = "gpt-4o", .secret = "openai-a"};
    const auto refused = admit(*after, narrow, {.endpoint = Endpoint::responses, .model = "usual", .pin = &pin}, now);
    ASSERT_FALSE(refused) << "its team may, and this key may not";
    EXPECT_EQ(refused.error().fault, Fault::not_permitted);
    EXPECT_FALSE(refused.error().for_caller.contains("gpt")) << "what a name stood for is not the caller's to know";
}

TEST(Pins, AVirtualModelReachesWhatItsRulesAndFallbacksStillName) {
    constexpr std::string_view models = "models:\n", llama = "llama: {tier", sales = "sales: {models: [gpt]";
    const std::pair<std::string_view, std::string_view> only_auto = {sales, "sales: {models: [auto]"};
    const auto by_rule = rules_with(
        {{models, "models:\n  auto: {rules: [{when: {tags: [hard]}, use: gpt}, {use: llama}]}\n"}, only_auto});
    const std::pair<std::string_view, std::string_view> away = {models, "models:\n  auto: {rules: [{use: llama}]}\n"};
    const auto by_fallback = rules_with({away, only_auto, {llama, "llama: {fallbacks: {context_too_long: gpt}, tier"}});
    const auto none = rules_with({away, only_auto});
    EXPECT_EQ(refused_by(by_rule, "sales", "auto", Endpoint::responses), std::nullopt);
    EXPECT_EQ(refused_by(by_fallback, "sales", "auto", Endpoint::responses), std::nullopt);
    EXPECT_EQ(refused_by(none, "sales", "auto", Endpoint::responses), Fault::not_permitted);
    EXPECT_EQ(refused_by(none, "sales", "auto", Endpoint::response_delete), Fault::not_permitted);
}

TEST(Pins, WhatIsFreeNeedsNoPrice) {
    const Pin pin{.model = "priceless", .provider = "local", .there = "unpriced", .secret = ""};
    for (const Endpoint each :
         {Endpoint::response_get, Endpoint::response_delete, Endpoint::response_items, Endpoint::response_cancel}) {
        const auto route = asked("priceless", pin, each);
        ASSERT_TRUE(route) << facts(each).name;
        EXPECT_EQ(route->worst, NanoUsd{});
    }
    const auto refused = asked("priceless", pin, Endpoint::responses);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::price_missing);
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

TEST(Pins, WhatAResponseOfASessionMayCostIsItsWholeWindowAndIsNeverLowered) {
    const Ask ask{.endpoint = Endpoint::realtime, .model = "both", .input_elsewhere = true};
    const auto route = admit(*rules(), caller_of("research"), ask, now);
    ASSERT_TRUE(route);
    EXPECT_EQ(route->channels.size(), 1U) << "only OpenAI's dialect has sessions";
    EXPECT_EQ(route->bounds.input, route->model->input_tokens_max.value_or(200'000));
    EXPECT_EQ(route->bounds.images, 0);
    EXPECT_EQ(route->output_worst, 16'384);
    EXPECT_EQ(route->expected_min, route->worst);
    EXPECT_FALSE(route->grows);
    const auto refused =
        admit(*rules(), caller_of("research"), {.endpoint = Endpoint::realtime, .model = "claude"}, now);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().for_caller.contains("no realtime sessions"));
}

}  // namespace
}  // namespace bursar::policies::testing
