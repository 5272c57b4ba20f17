// Hunts: routing that is read otherwise than it is written; a model that is listed once for every name.
#include "policies/admit.h"
#include "policies/path.h"
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view routes = R"(
providers:
  plain: {dialect: openai, base_url: "https://plain.example/v1"}
  claude: {dialect: anthropic, base_url: "https://claude.example", version_in_path: false}
  claude-by-bearer: {dialect: anthropic, base_url: "https://claude.example", auth: bearer}
  azure:
    dialect: openai
    base_url: https://x.openai.azure.com
    auth: api-key
    deployments: true
    api_version: 2024-10-21
    max_tokens_name: max_completion_tokens
    stream_usage: false
    responses: false
    headers: {X-Site: Berlin 1, openai-project: p}
    models_path: /openai/models
    probe_every: 30s
    deadlines: {first_token: 20s}
    breaker: {errors: 20%, calls: 3, window: 1m, first_retry: 500ms, last_retry: 5s, key_first_retry: 2m, key_last_retry: 1h}
  google: {dialect: gemini, base_url: "https://google.example/v1beta"}
  mute: {dialect: openai, base_url: "https://mute.example/v1", models_path: none}
models:
  large:
    aliases: [l, big]
    strategy: weighted
    attempts_max: 5
    channels: [{provider: plain, weight: 3}, {provider: azure, model: large-1}]
  small:
    fallbacks: {context_too_long: big, content_refused: large}
    channels: [{provider: plain}, {provider: claude, model: haiku}]
  auto:
    tier: easy
    aliases: [default]
    rules:
      - {when: {input_tokens_above: 50000, tools: true, images: false, tags: [batch, night], budget_left_below: 20%}, use: l}
      - {use: small}
teams:
  of-alias: {models: [l]}
  of-virtual: {models: [tier:easy]}
prices:
  plain: {large: {input: 1, output: 1}, small: {input: 1, output: 1}}
  azure: {large-1: {input: 1, output: 1}}
  claude: {haiku: {input: 1, output: 1}}
)";

std::shared_ptr<const Snapshot> rules() {
    static const Parsed parsed = parse_text(routes);
    EXPECT_EQ(problems_of(parsed), "");
    EXPECT_EQ(parsed.warnings, std::vector<std::string>{});
    return parsed.snapshot;
}

TEST(Routing, WhatSetsProvidersApartIsRead) {
    const Provider& azure = *rules()->providers.at("azure");
    EXPECT_EQ(azure.auth, AuthScheme::api_key);
    EXPECT_EQ(azure.quirks, (Quirks{.deployments = true,
                                    .api_version = "2024-10-21",
                                    .max_tokens_name = "max_completion_tokens",
                                    .stream_usage = false,
                                    .responses = false,
                                    .version_in_path = true,
                                    .headers = {{"X-Site", "Berlin 1"}, {"openai-project", "p"}},
                                    .models_path = "/openai/models"}));
    EXPECT_EQ(azure.breaker, (Breaker{.errors_percent = 20,
                                      .calls_min = 3,
                                      .window = milliseconds(60'000),
                                      .first_retry = milliseconds(500),
                                      .last_retry = milliseconds(5'000),
                                      .key_first_retry = milliseconds(120'000),
                                      .key_last_retry = milliseconds(3'600'000)}));
    EXPECT_EQ(azure.probe_every, milliseconds(30'000));
    EXPECT_EQ(azure.deadlines.first_token, milliseconds(20'000));
}

TEST(Routing, WhatAProviderDoesNotSayIsTheDefaultOfItsDialect) {
    const Provider& plain = *rules()->providers.at("plain");
    EXPECT_EQ(plain.auth, AuthScheme::bearer);
    EXPECT_EQ(plain.quirks, Quirks{});
    EXPECT_EQ(plain.breaker, Breaker{});
    EXPECT_EQ(plain.probe_every, milliseconds(0));
    EXPECT_EQ(rules()->providers.at("claude")->auth, AuthScheme::x_api_key);
    EXPECT_FALSE(rules()->providers.at("claude")->quirks.version_in_path);
    EXPECT_EQ(rules()->providers.at("claude-by-bearer")->auth, AuthScheme::bearer);
    EXPECT_EQ(rules()->providers.at("google")->auth, AuthScheme::x_goog_api_key);
    EXPECT_EQ(rules()->providers.at("mute")->quirks.models_path, "");
}

TEST(Routing, BedrockIsWhereItsRegionIs) {
    const Parsed parsed = parse_text(R"(
providers:
  made: {dialect: bedrock, region: eu-central-1}
  china: {dialect: bedrock, region: cn-north-1}
  read: {dialect: bedrock, base_url: "https://bedrock-runtime-fips.us-west-2.amazonaws.com"}
  behind: {dialect: bedrock, region: us-east-1, base_url: "http://10.0.0.5:8080/aws", auth: bearer}
)");
    ASSERT_EQ(problems_of(parsed), "");
    const auto& providers = parsed.snapshot->providers;
    const Provider &made = *providers.at("made"), &behind = *providers.at("behind");
    EXPECT_EQ(made.base_url.text(), "https://bedrock-runtime.eu-central-1.amazonaws.com");
    EXPECT_EQ(made.auth, AuthScheme::aws);
    EXPECT_EQ(made.quirks.models_path, "");
    EXPECT_EQ(providers.at("china")->base_url.host, "bedrock-runtime.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(providers.at("read")->quirks.region, "us-west-2");
    EXPECT_EQ(behind.auth, AuthScheme::bearer);
    EXPECT_EQ(behind.quirks.region, "us-east-1");
    constexpr std::string_view arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-5";
    EXPECT_EQ(path_at(behind, Endpoint::converse, "anthropic.claude-v1:0", Delivery::streamed),
              "/aws/model/anthropic.claude-v1%3A0/converse-stream");
    EXPECT_EQ(path_at(made, Endpoint::converse, arn),
              "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.anthropic.claude-opus-5/converse");
}

TEST(Routing, CohereIsAskedAtItsSecondVersionWhereverTheAddressEnds) {
    const Parsed parsed = parse_text(R"(
providers:
  bare: {dialect: cohere, base_url: "https://api.cohere.com"}
  whole: {dialect: cohere, base_url: "https://ours.example/cohere/v2", models_path: none}
)");
    ASSERT_EQ(problems_of(parsed), "");
    const Provider &bare = *parsed.snapshot->providers.at("bare"), &whole = *parsed.snapshot->providers.at("whole");
    EXPECT_EQ(bare.auth, AuthScheme::bearer);
    EXPECT_EQ(bare.quirks.models_path, "/v1/models");
    EXPECT_EQ(whole.quirks.models_path, "");
    EXPECT_EQ(spoken_at(Endpoint::messages, bare), Endpoint::cohere_chat);
    EXPECT_EQ(path_at(bare, Endpoint::cohere_chat, "command-a", Delivery::streamed), "/v2/chat");
    EXPECT_EQ(path_at(whole, Endpoint::cohere_chat, "command-a"), "/cohere/v2/chat");
    EXPECT_EQ(path_at(bare, Endpoint::rerank, "rerank-v4.0"), "/v2/rerank");
}

TEST(Routing, OfWhatIsNotTranslatedEverywhereAModelOfCoheresTakesRerankAndEmbeddings) {
    const Parsed parsed = parse_text(R"(
providers: {own: {dialect: cohere, base_url: "https://api.cohere.com"}}
models: {m: {channels: [{provider: own, model: command-a}]}}
teams: {t: {models: [m]}}
prices: {own: {command-a: {input: 1, output: 2, per_search_unit: 0.002}}}
)");
    ASSERT_EQ(problems_of(parsed), "");
    const auto asked = [&](Endpoint endpoint) {
        return admit(*parsed.snapshot, {.key_id = "k", .team = "t"},
                     {.endpoint = endpoint, .model = "m", .input_at_most = 10}, {});
    };
    EXPECT_TRUE(asked(Endpoint::rerank));
    EXPECT_TRUE(asked(Endpoint::chat_completions));
    EXPECT_TRUE(asked(Endpoint::embeddings));
    const auto judged = asked(Endpoint::moderations);
    ASSERT_FALSE(judged);
    EXPECT_NE(judged.error().for_caller.find("POST /v1/chat/completions"), std::string::npos);
}

TEST(Routing, EmbeddingsGoWhereTheDialectHasACallForThem) {
    const Parsed parsed = parse_text(R"(
providers:
  google: {dialect: gemini, base_url: "https://generativelanguage.googleapis.com/v1beta"}
  vertex: {dialect: gemini, base_url: "https://p.example/eu/v1/projects/p/locations/eu/publishers/google"}
  cohere: {dialect: cohere, base_url: "https://api.cohere.com"}
  claude: {dialect: anthropic, base_url: "https://api.anthropic.com"}
models:
  v: {channels: [{provider: vertex, model: gemini-embedding-001}]}
  both: {channels: [{provider: vertex, model: gemini-embedding-001}, {provider: google, model: gemini-embedding-001}]}
teams: {t: {models: [v, both]}}
prices:
  vertex: {gemini-embedding-001: {input: 1}}
  google: {gemini-embedding-001: {input: 1}}
)");
    ASSERT_EQ(problems_of(parsed), "");
    const auto provider = [&](const char* name) -> const Provider& { return *parsed.snapshot->providers.at(name); };
    const Endpoint at_google = spoken_at(Endpoint::embeddings, provider("google"));
    const Endpoint at_cohere = spoken_at(Endpoint::embeddings, provider("cohere"));
    EXPECT_EQ(path_at(provider("google"), at_google, "gemini-embedding-001"),
              "/v1beta/models/gemini-embedding-001:batchEmbedContents");
    EXPECT_EQ(path_at(provider("cohere"), at_cohere, "embed-v4.0"), "/v2/embed");
    EXPECT_TRUE(can_translate(Endpoint::chat_completions, provider("vertex")));
    for (const char* name : {"vertex", "claude"})
        EXPECT_FALSE(can_translate(Endpoint::embeddings, provider(name))) << name;
    const auto asked = [&](const char* model) {
        return admit(*parsed.snapshot, {.key_id = "k", .team = "t"},
                     {.endpoint = Endpoint::embeddings, .model = model, .input_at_most = 10}, {});
    };
    const auto at_vertex = asked("v");
    ASSERT_FALSE(at_vertex);
    EXPECT_EQ(at_vertex.error().fault, Fault::model_unknown);
    EXPECT_NE(at_vertex.error().for_caller.find("Vertex AI"), std::string::npos) << at_vertex.error().for_caller;
    const auto at_either = asked("both");
    ASSERT_TRUE(at_either);
    ASSERT_EQ(at_either->channels.size(), 1U);
    EXPECT_EQ(at_either->channels.front()->provider->name, "google");
}

TEST(Routing, AModelStandsUnderEveryAliasAndIsTheSame) {
    const auto& models = rules()->models;
    EXPECT_EQ(models.size(), 6U);
    EXPECT_EQ(models.at("l"), models.at("large"));
    EXPECT_EQ(models.at("big"), models.at("large"));
    const Model& large = *models.at("l");
    EXPECT_EQ(large.name, "large");
    EXPECT_EQ(large.aliases, (std::vector<std::string>{"l", "big"}));
    EXPECT_EQ(large.strategy, Strategy::weighted);
    EXPECT_EQ(large.attempts_max, 5);
    EXPECT_EQ(large.channels[0].weight, 3);
    EXPECT_EQ(large.channels[1].weight, 1);
}

TEST(Routing, FallbacksAndRulesNameModelsByTheirOwnNames) {
    EXPECT_EQ(rules()->models.at("small")->fallbacks,
              (Fallbacks{.context_too_long = "large", .content_refused = "large"}));
    const Model& automatic = *rules()->models.at("default");
    EXPECT_TRUE(automatic.channels.empty());
    EXPECT_EQ(automatic.rules, (std::vector<PickRule>{{.input_above = 50'000,
                                                       .tools = true,
                                                       .images = false,
                                                       .tags = {"batch", "night"},
                                                       .budget_left_below_percent = 20,
                                                       .use = "large"},
                                                      {.use = "small"}}));
}

TEST(Routing, AModelIsListedOnceWhateverItsNamesAre) {
    const auto names = [](std::string_view team, std::vector<std::string> key_models = {}) {
        std::string out;
        for (const auto& model :
             models_of(*rules(), {.key_id = "k", .team = std::string(team), .models = std::move(key_models)}))
            out += model->name + " ";
        return out;
    };
    EXPECT_EQ(names("of-alias"), "large ");
    EXPECT_EQ(names("of-alias", {"big"}), "large ") << "a key may name the alias";
    EXPECT_EQ(names("of-alias", {"small"}), "");
    EXPECT_EQ(names("of-virtual"), "auto ");
}

/// The first rule whose every word holds; the last holds always.
TEST(Routing, AVirtualModelPicksByWhatTheCallIs) {
    const Caller caller{.key_id = "k", .team = "of-virtual"};
    const Ask picked{.model = "auto",
                     .input_at_most = 10,
                     .input_estimated = 50'001,
                     .tools = true,
                     .tags = "day, night",
                     .budget_left_percent = 19};
    const auto model = [&](auto change) {
        Ask ask = picked;
        change(ask);
        const auto route = admit(*rules(), caller, ask, {});
        return route ? route->model->name : std::string(route.error().for_caller);
    };
    EXPECT_EQ(model([](Ask&) {}), "large");
    EXPECT_EQ(model([](Ask& ask) { ask.input_estimated = 50'000; }), "small");
    EXPECT_EQ(model([](Ask& ask) { ask.tools = false; }), "small");
    EXPECT_EQ(model([](Ask& ask) { ask.pictures = true; }), "small");
    EXPECT_EQ(model([](Ask& ask) { ask.tags = "nights"; }), "small");
    EXPECT_EQ(model([](Ask& ask) { ask.budget_left_percent = 20; }), "small");
    EXPECT_FALSE(admit(*rules(), {.key_id = "k", .team = "of-alias"}, picked, {})) << "only who may use it";
}

TEST(Routing, AnAliasMayBeAskedForByWhoeverMayUseTheModel) {
    const Caller caller{.key_id = "k", .team = "of-alias"};
    const auto route = admit(*rules(), caller, {.model = "big", .input_at_most = 10}, {});
    ASSERT_TRUE(route);
    EXPECT_EQ(route->model->name, "large");
}

}  // namespace
}  // namespace bursar::policies::testing
