// Hunts: a provider of few lines that is not what its entry says; an entry that wins over what a company says; an
// address that is sent to with its placeholder in it.
#include "tests/unit/policies/policy.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

constexpr std::string_view entries = R"(
catalogue:
  cloud: {about: A cloud, dialect: openai, base_url: "https://cloud.example/v1", max_tokens_name: max_tokens, stream_usage: false,
          headers: {X-A: b}, probe_every: 1m, deadlines: {idle: 10s}, breaker: {calls: 7}, prices: list}
  claude: {dialect: anthropic, base_url: "https://claude.example", models_path: none}
  azure: {dialect: openai, base_url: "https://{resource}.azure.example", asks: the name of your resource, auth: api-key, deployments: true,
          api_version: 2024-10-21, models_path: /openai/models}
prices: {list: {m: {input: 1, output: 1}, n: {input: 1, output: 1}}}
)";

Parsed parsed_with(std::string_view own) {
    return parse({{"providers.yaml", std::string(entries)}}, {{"a.yaml", std::string(own)}}, 1);
}

const Provider& provider_of(const Parsed& parsed, std::string_view name) {
    EXPECT_EQ(problems_of(parsed), "");
    return *parsed.snapshot->providers.find(name)->second;
}

TEST(Catalogue, AProviderTakesWhatItDoesNotSay) {
    const Parsed parsed = parsed_with("providers: {cloud: {keys: [{secret: k}]}}");
    const Provider& cloud = provider_of(parsed, "cloud");
    EXPECT_EQ(cloud.name, "cloud");
    EXPECT_EQ(cloud.catalogue, "cloud");
    EXPECT_EQ(cloud.base_url.text(), "https://cloud.example/v1");
    EXPECT_EQ(cloud.quirks,
              (Quirks{.max_tokens_name = "max_tokens", .stream_usage = false, .headers = {{"X-A", "b"}}}));
    EXPECT_EQ(cloud.probe_every, std::chrono::minutes(1));
    EXPECT_EQ(cloud.deadlines.idle, std::chrono::seconds(10));
    EXPECT_EQ(cloud.breaker.calls_min, 7);
    EXPECT_EQ(cloud.keys, (std::vector<ProviderKey>{{"k", 1}}));
    EXPECT_EQ(cloud.auth, AuthScheme::bearer);
}

TEST(Catalogue, WhatACompanySaysWins) {
    const Parsed parsed = parsed_with(
        "providers: {eu: {catalogue: cloud, base_url: \"https://eu.cloud.example/v1\", auth: api-key, stream_usage: "
        "true, "
        "headers: {}, deadlines: {connect: 1s}, models_path: none}}");
    const Provider& eu = provider_of(parsed, "eu");
    EXPECT_EQ(eu.base_url.text(), "https://eu.cloud.example/v1");
    EXPECT_EQ(eu.auth, AuthScheme::api_key);
    EXPECT_EQ(eu.quirks, (Quirks{.max_tokens_name = "max_tokens", .models_path = ""}));
    EXPECT_EQ(eu.deadlines.connect, std::chrono::seconds(1));
    EXPECT_EQ(eu.deadlines.idle, std::chrono::seconds(10)) << "setting by setting";
    EXPECT_EQ(eu.probe_every, std::chrono::milliseconds(0)) << "nothing to ask any more";
}

TEST(Catalogue, AnotherDialectTakesNothing) {
    const Parsed parsed =
        parsed_with("providers: {cloud: {dialect: anthropic, base_url: \"https://cloud.example/anthropic\"}}");
    const Provider& cloud = provider_of(parsed, "cloud");
    EXPECT_EQ(cloud.auth, AuthScheme::x_api_key);
    EXPECT_EQ(cloud.quirks, Quirks{});
    EXPECT_EQ(provider_of(parsed_with("providers: {claude: {}}"), "claude").auth, AuthScheme::x_api_key);
}

TEST(Catalogue, AnAddressOfTheCompanysOwnCompletesAnEntry) {
    const Parsed parsed = parsed_with("providers: {azure: {base_url: \"https://ours.azure.example\"}}");
    const Provider& azure = provider_of(parsed, "azure");
    EXPECT_EQ(azure.base_url.host, "ours.azure.example");
    EXPECT_TRUE(azure.quirks.deployments);
    EXPECT_EQ(azure.auth, AuthScheme::api_key);
}

TEST(Catalogue, PricesAreLookedUpByTheCompanysNameAndThenByTheEntrys) {
    const Parsed parsed = parsed_with(R"(
providers: {cloud: {}}
models: {m: {channels: [{provider: cloud}]}, n: {channels: [{provider: cloud}]}}
prices: {cloud: {m: {input: 9, output: 9}}})");
    ASSERT_EQ(problems_of(parsed), "");
    const auto input = [&](const char* model) {
        return parsed.snapshot->models.at(model)->channels[0].prices->versions[0].rates.input;
    };
    EXPECT_EQ(input("m"), NanoUsd::dollars(9));
    EXPECT_EQ(input("n"), NanoUsd::dollars(1));
}

TEST(Catalogue, AnEntryOfTheCompanyReplacesTheShippedOneInWhicheverFileItStands) {
    const Parsed parsed = parse({{"providers.yaml", std::string(entries)}},
                                {{"a.yaml", "providers: {cloud: {}}"},
                                 {"b.yaml", "catalogue: {cloud: {dialect: openai, base_url: \"https://b.example\"}}"}},
                                1);
    EXPECT_EQ(provider_of(parsed, "cloud").base_url.host, "b.example");
    EXPECT_EQ(provider_of(parsed, "cloud").quirks, Quirks{});
    EXPECT_EQ(compare(*parsed_with("providers: {cloud: {}}").snapshot, *parsed.snapshot).back(),
              "catalogue: 1 changed (cloud)");
}

const std::vector<WrongDocument> wrong_documents = {
    {"an entry whose address must be completed", "providers: {azure: {}}",
     R"(a.yaml:1:20: provider "azure" needs a "base_url" of your own: https://{resource}.azure.example, with the name of your resource in its place)"},
    {"an address with its placeholder", R"(providers: {azure: {base_url: "https://{resource}.azure.example"}})",
     R"(a.yaml:1:31: provider "azure" base_url "https://{resource}.azure.example" still holds a placeholder; write what is your own in its place)"},
    {"deployments and an address without them",
     R"(providers: {azure: {base_url: "https://ours.azure.example/openai/v1"}})",
     "a.yaml:1:20: deployments: true does not go with a base_url that ends in /v1, where the model is in the body "
     "only; "
     "write deployments: false, or the base_url without its path"},
    {"a name that is misspelt", "providers: {clod: {}}",
     "a.yaml:1:19: provider \"clod\" has no \"base_url\"; add it\na.yaml:1:19: provider \"clod\" has no \"dialect\"; "
     "add "
     "it, or take one of the catalogue; did you mean \"cloud\"?"},
    {"another dialect without its address", "providers: {cloud: {dialect: anthropic}}",
     R"(a.yaml:1:20: provider "cloud" has no "base_url"; add it)"},
    {"a quirk of the other dialect", "providers: {claude: {stream_usage: false}}",
     R"(a.yaml:1:36: provider "claude" stream_usage "false" is for the dialect openai only; take it out)"},
    {"probes of who has no list", "providers: {claude: {probe_every: 30s}}",
     R"(a.yaml:1:35: provider "claude" probe_every "30s" has nothing to ask, since models_path is none; take one of them out)"},
    {"an entry with keys", R"(catalogue: {c: {dialect: openai, base_url: "https://c.example", keys: []}})",
     R"(a.yaml:1:65: catalogue entry "c" has no setting "keys"; it may have: about, prices, dialect, asks, base_url, tokens, auth, deployments, api_version, max_tokens_name, stream_usage, responses, version_in_path, raw_predict, headers, models_path, deadlines, breaker, on_disconnect, drain_max, probe_every)"},
    {"an entry without an address", "catalogue: {c: {dialect: openai}}",
     R"(a.yaml:1:16: catalogue entry "c" has no "base_url"; add it)"},
    {"an entry without a dialect", R"(catalogue: {c: {base_url: "https://c.example"}})",
     R"(a.yaml:1:16: catalogue entry "c" has no "dialect"; add it)"},
    {"a placeholder that nobody explains", R"(catalogue: {c: {dialect: openai, base_url: "https://{a}.example"}})",
     R"(a.yaml:1:44: catalogue entry "c" base_url "https://{a}.example" holds a placeholder; say under "asks" what a company writes there, such as its account's name)"},
    {"a question without a placeholder", R"(catalogue: {c: {dialect: openai, base_url: "https://c.example", asks: a}})",
     R"(a.yaml:1:71: catalogue entry "c" asks "a" asks for something that base_url has no placeholder for; write {account} into it, or take asks out)"},
    {"a placeholder without its end", R"(catalogue: {c: {dialect: openai, base_url: "https://{a.example", asks: a}})",
     R"(a.yaml:1:44: catalogue entry "c" base_url "https://{a.example" has a placeholder that does not end; write it like {account})"},
    {"an address that is none", R"(catalogue: {c: {dialect: openai, base_url: "c.example"}})",
     R"(a.yaml:1:44: catalogue entry "c" base_url "c.example" must begin with https:// or http://)"},
};

TEST(Catalogue, EachWrongLineHasItsSentence) {
    for (const WrongDocument& each : wrong_documents) {
        std::string said;
        for (const Problem& problem : parsed_with(each.text).problems)
            said += (said.empty() ? "" : "\n") + problem.message();
        EXPECT_EQ(said, each.problems) << each.name;
    }
}

TEST(ShippedCatalogue, EachEntryMakesAProviderOfAFewWords) {
    const auto defaults = read_folder(BURSAR_SOURCE_DIR "/policies/defaults");
    ASSERT_TRUE(defaults);
    const Parsed shipped = parse(*defaults, {}, 1);
    ASSERT_EQ(problems_of(shipped), "");
    EXPECT_GE(shipped.snapshot->catalogue.size(), 30U);
    std::string own = "providers:\n";
    for (const auto& [name, entry] : shipped.snapshot->catalogue) {
        EXPECT_FALSE(entry.about.empty()) << name;
        const bool local = entry.base_url.starts_with("http://127.0.0.1:");
        EXPECT_TRUE(local || entry.base_url.starts_with("https://")) << name;
        own += "  " + name + ": {" + (local ? "" : "keys: [{secret: " + name + "}]");
        if (entry.provider.dialect == Dialect::bedrock) own += ", region: us-east-1";
        own += entry.asks.empty() ? "}\n" : ", base_url: \"https://ours.example\"}\n";
        if (!entry.prices.empty())
            EXPECT_TRUE(std::ranges::any_of(shipped.snapshot->prices, [&](const auto& price) {
                return price.first.first == entry.prices;
            })) << name;
    }
    const Parsed parsed = parse(*defaults, {{"a.yaml", own}}, 1);
    ASSERT_EQ(problems_of(parsed), "");
    EXPECT_TRUE(parsed.warnings.empty());
    EXPECT_EQ(parsed.snapshot->providers.size(), shipped.snapshot->catalogue.size());
}

TEST(ShippedCatalogue, SaysWhatSetsSomeApart) {
    const auto defaults = read_folder(BURSAR_SOURCE_DIR "/policies/defaults");
    ASSERT_TRUE(defaults);
    const Parsed parsed = parse(*defaults, {{"a.yaml", R"(
providers:
  mistral: {keys: [{secret: mistral}]}
  azure: {keys: [{secret: azure}], base_url: "https://ours.openai.azure.com"}
  gemini: {keys: [{secret: gemini}]}
  openai: {keys: [{secret: openai}]}
  bedrock: {region: us-east-1, keys: [{secret: aws}]}
  cohere-v2: {keys: [{secret: cohere}]}
models:
  command: {channels: [{provider: cohere-v2, model: command-a-03-2025}]}
  claude: {channels: [{provider: bedrock, model: us.anthropic.claude-opus-5}]}
  small: {channels: [{provider: mistral, model: mistral-small-latest}]}
  flash: {channels: [{provider: gemini, model: gemini-2.5-flash}]})"}},
                                1);
    ASSERT_EQ(problems_of(parsed), "");
    const auto& providers = parsed.snapshot->providers;
    EXPECT_FALSE(providers.at("mistral")->quirks.stream_usage);
    EXPECT_FALSE(providers.at("mistral")->quirks.responses);
    EXPECT_TRUE(providers.at("openai")->quirks.responses);
    EXPECT_EQ(providers.at("mistral")->quirks.max_tokens_name, "max_tokens");
    EXPECT_EQ(providers.at("openai")->quirks.max_tokens_name, "max_completion_tokens");
    EXPECT_EQ(providers.at("azure")->quirks.api_version, "2024-10-21");
    EXPECT_EQ(providers.at("azure")->auth, AuthScheme::api_key);
    EXPECT_NE(parsed.snapshot->models.at("flash")->channels[0].prices, nullptr) << "the prices of google-gemini";
    EXPECT_EQ(providers.at("cohere-v2")->quirks.models_path, "/v1/models");
    EXPECT_NE(parsed.snapshot->models.at("command")->channels[0].prices, nullptr) << "the prices of cohere";
    EXPECT_EQ(providers.at("bedrock")->base_url.host, "bedrock-runtime.us-east-1.amazonaws.com");
    EXPECT_EQ(providers.at("bedrock")->auth, AuthScheme::aws);
    EXPECT_NE(parsed.snapshot->models.at("claude")->channels[0].prices, nullptr) << "the prices of aws-bedrock";
}

}  // namespace
}  // namespace bursar::policies::testing
