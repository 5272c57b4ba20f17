// Hunts: a credential that is sent where nobody may read it, or to another place than the policy says; a model of
// Vertex's that is asked at a path which is none.
#include "policies/egress.h"
#include "policies/path.h"
#include "tests/unit/policies/policy.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

constexpr std::string_view clouds = R"(
providers:
  azure: {dialect: openai, base_url: "https://a.openai.azure.com/openai/v1", tokens: {from: entra}, keys: [{secret: e}]}
  sovereign:
    {dialect: openai, base_url: "https://b.openai.azure.us/openai/v1", keys: [{secret: f}],
     tokens: {from: entra, url: "https://login.microsoftonline.us", scope: "https://cognitiveservices.azure.us/.default"}}
  gemini:
    {dialect: gemini, base_url: "https://eu-aiplatform.googleapis.com/v1/projects/p/locations/eu/publishers/google",
     tokens: {from: google}, keys: [{secret: g}]}
  claude:
    {dialect: anthropic, base_url: "https://eu-aiplatform.googleapis.com/v1/projects/p/locations/eu/publishers/anthropic",
     tokens: {from: google}, raw_predict: true, keys: [{secret: g}]}
  plain: {dialect: openai, base_url: "https://plain.example/v1", keys: [{secret: k}]}
)";

const Provider& provider(std::string_view name) {
    static const Parsed parsed = parse_text(clouds);
    EXPECT_EQ(problems_of(parsed), "");
    return *parsed.snapshot->providers.find(name)->second;
}

TEST(Tokens, AreSentAsBearerAndAskedForWhereEverybodyDoes) {
    for (const std::string_view name : {"azure", "sovereign", "gemini", "claude"})
        EXPECT_EQ(provider(name).auth, AuthScheme::bearer) << name;
    EXPECT_EQ(token_url(provider("azure").tokens).text(), "https://login.microsoftonline.com");
    EXPECT_EQ(token_scope(provider("azure").tokens), "https://cognitiveservices.azure.com/.default");
    EXPECT_EQ(token_url(provider("gemini").tokens).text(), "https://oauth2.googleapis.com/token");
    EXPECT_EQ(token_scope(provider("gemini").tokens), "https://www.googleapis.com/auth/cloud-platform");
    EXPECT_EQ(provider("plain").tokens.source, TokenSource::none);
}

TEST(Tokens, CloudsOfTheirOwnHaveTheirOwnPlace) {
    EXPECT_EQ(token_url(provider("sovereign").tokens).text(), "https://login.microsoftonline.us");
    EXPECT_EQ(token_scope(provider("sovereign").tokens), "https://cognitiveservices.azure.us/.default");
}

TEST(Tokens, PlacesThatGiveThemAreInWhatAFirewallLetsPass) {
    const Parsed parsed = parse_text(clouds);
    const Egress egress = egress_of(*parsed.snapshot);
    for (const std::string host : {"login.microsoftonline.com", "login.microsoftonline.us", "oauth2.googleapis.com"})
        EXPECT_EQ(std::ranges::count(egress.destinations, host, &Destination::host), 1) << host;
}

TEST(Tokens, WhereTheyComeFromIsSaidOfANewPolicy) {
    const auto lines = compare(*parse_text("{}").snapshot, *parse_text(clouds).snapshot);
    const auto says = [&](std::string_view line) { return std::ranges::find(lines, line) != lines.end(); };
    EXPECT_TRUE(
        says("provider gemini: tokens from google at https://oauth2.googleapis.com/token for "
             "https://www.googleapis.com/auth/cloud-platform"));
    EXPECT_TRUE(says("provider claude: model only in the path no -> yes"));
}

TEST(Tokens, VertexHasModelsAndVerbsInItsPaths) {
    const std::string base = "/v1/projects/p/locations/eu/publishers/";
    EXPECT_EQ(path_at(provider("gemini"), Endpoint::generate_content, "gemini-3.5-flash", Delivery::streamed),
              base + "google/models/gemini-3.5-flash:streamGenerateContent?alt=sse");
    EXPECT_EQ(path_at(provider("claude"), Endpoint::messages, "claude-opus-5@20260101"),
              base + "anthropic/models/claude-opus-5@20260101:rawPredict");
    EXPECT_EQ(path_at(provider("claude"), Endpoint::messages, "claude/../x", Delivery::streamed),
              base + "anthropic/models/claude%2F..%2Fx:streamRawPredict");
    EXPECT_EQ(path_at(provider("claude"), Endpoint::count_tokens, "claude-opus-5"),
              base + "anthropic/models/count-tokens:rawPredict");
}

const std::vector<WrongDocument> wrong_documents = {
    {"an address that anybody may listen to",
     R"(providers: {p: {dialect: openai, base_url: "https://x.example", keys: [{secret: k}], tokens: {from: entra, url: "http://login.example"}}})",
     R"(a.yaml:1:113: tokens url "http://login.example" must begin with https://, because credentials are sent there)"},
    {"tokens from elsewhere",
     R"(providers: {p: {dialect: openai, base_url: "https://x.example", keys: [{secret: k}], tokens: {from: aws}}})",
     R"(a.yaml:1:101: tokens from "aws" must be one of: entra, google)"},
    {"a key that is sent in another way",
     R"(providers: {p: {dialect: openai, base_url: "https://x.example", auth: api-key, keys: [{secret: k}], tokens: {from: entra}}})",
     "a.yaml:1:16: tokens are always sent as bearer; take auth out"},
    {"nothing to ask with",
     R"(providers: {p: {dialect: openai, base_url: "https://x.example", tokens: {from: entra}}})",
     R"(a.yaml:1:16: provider "p" asks for tokens, but has no keys to ask with; name the secret that holds the credential under keys)"},
    {"a scope of two words",
     R"(providers: {p: {dialect: openai, base_url: "https://x.example", keys: [{secret: k}], tokens: {from: entra, scope: "a b"}}})",
     R"(a.yaml:1:115: tokens scope "a b" is no scope; write one word of 1 to 128 characters, such as https://cognitiveservices.azure.com/.default)"},
    {"raw predictions of the other dialect",
     R"(providers: {p: {dialect: openai, base_url: "https://x.example", raw_predict: true}})",
     R"(a.yaml:1:78: provider "p" raw_predict "true" is for the dialect anthropic only; take it out)"},
};

TEST(Tokens, EachWrongLineHasItsSentence) {
    for (const WrongDocument& each : wrong_documents) EXPECT_EQ(said_of(each), each.problems) << each.name;
}

}  // namespace
}  // namespace bursar::policies::testing
