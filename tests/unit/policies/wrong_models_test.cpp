// Hunts: wrong settings of routing that are taken: what sets providers apart, aliases, weights, fallbacks, rules.
#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

/// A setting that is added to a provider, and what is said of it.
struct WrongSetting {
    std::string_view name;
    std::string_view setting;
    std::string_view problem;
    std::string_view dialect = "openai";
};

const std::vector<WrongSetting> wrong_of_providers = {
    {"a way to send a key that nobody knows", "auth: basic",
     R"(provider "p" auth "basic" must be one of: bearer, x-api-key, api-key, x-goog-api-key, aws)"},
    {"a signature in a dialect that has none", "auth: aws",
     R"(provider "p" auth "aws" is for the dialect bedrock only; take it out)", "anthropic"},
    {"deployments of a word", "deployments: yes", R"(provider "p" deployments "yes" must be true or false)"},
    {"deployments in the other dialect", "deployments: true",
     R"(provider "p" deployments "true" is for the dialect openai only; take it out)", "anthropic"},
    {"a version of an API with a blank", "api_version: 2024 10",
     R"(provider "p" api_version "2024 10" must be 1 to 128 letters, digits or . _ : / @ + -)"},
    {"a version in a path of the other dialect", "version_in_path: false",
     R"(provider "p" version_in_path "false" is for the dialect anthropic only; take it out)"},
    {"a token limit of another name", "max_tokens_name: limit",
     R"(provider "p" max_tokens_name "limit" must be one of: max_tokens, max_completion_tokens)"},
    {"usage that is a number", "stream_usage: 1", R"(provider "p" stream_usage "1" must be true or false)"},
    {"an API that is a word", "responses: none", R"(provider "p" responses "none" must be true or false)"},
    {"a setting that is misspelt", "stream_usgae: true",
     R"(provider "p" has no setting "stream_usgae"; did you mean "stream_usage"?)"},
    {"a models path without its slash", "models_path: models",
     R"(provider "p" models_path "models" is not a path behind base_url; write it like /models, or none where there is none)"},
    {"a models path that climbs", "models_path: /../admin",
     R"(provider "p" models_path "/../admin" is not a path behind base_url; write it like /models, or none where there is none)"},
    {"probes all the time", "probe_every: 10ms",
     R"(provider "p" probe_every "10ms" is too often; ask once a second at most, better every 30s)"},
    {"probes with nothing to ask", "models_path: none, probe_every: 30s",
     R"(provider "p" probe_every "30s" has nothing to ask, since models_path is none; take one of them out)"},
    {"headers that are a list", "headers: [a]", R"(provider "p" headers must be a mapping such as {name: …})"},
    {"a header of the gateway", "headers: {Authorization: x}",
     R"(header "Authorization" is the gateway's own; take it out (how the key is sent, auth says))"},
    {"another header of the gateway", "headers: {x-bursar-tags: x}",
     R"(header "x-bursar-tags" is the gateway's own; take it out (how the key is sent, auth says))"},
    {"a header that frames the message", "headers: {transfer-encoding: chunked}",
     R"(header "transfer-encoding" is the gateway's own; take it out (how the key is sent, auth says))"},
    {"a header with a colon in its name", R"(headers: {"x:y": a})",
     R"(header "x:y" is no name that a header can have; use letters, digits or -)"},
    {"a header that breaks the line", R"(headers: {x-a: "a\r\nx-b: c"})",
     R"(header "x-a" must have a value of 1 to 1024 visible ASCII characters)"},
    {"a header that is a list", "headers: {x-a: [b]}",
     R"(header "x-a" must have a value of 1 to 1024 visible ASCII characters)"},
    {"a header twice", "headers: {X-A: b, x-a: c}", R"(header "x-a" stands twice; keep one of them)"},
    {"a header with a key, which is not repeated", "headers: {x-token: sk-abc}",
     R"(header "x-token" looks as if it held a key; put the key into the vault (bursarctl secret put NAME) and name it under keys)"},
    {"errors without a percent sign", "breaker: {errors: 50}",
     R"(breaker errors "50" must be a part from 1% to 100%; write it like 50%)"},
    {"more errors than calls", "breaker: {errors: 101%}",
     R"(breaker errors "101%" must be a part from 1% to 100%; write it like 50%)"},
    {"no calls", "breaker: {calls: 0}", R"(breaker calls "0" must be a whole number from 1 to 1000)"},
    {"a window without a unit", "breaker: {window: 10}",
     R"(breaker window "10" is not a duration; write it like 250ms, 5s, 15m or 1h)"},
    {"waits that shrink", "breaker: {first_retry: 40s}",
     R"(breaker first_retry of 40000 ms is longer than its last_retry of 30000 ms; waits grow from the first to the last, so make it the shorter one)"},
    {"waits of a key that shrink", "breaker: {key_last_retry: 1s}",
     R"(breaker key_first_retry of 60000 ms is longer than its key_last_retry of 1000 ms; waits grow from the first to the last, so make it the shorter one)"},
    {"a breaker of another word", "breaker: {error: 5%}", R"(breaker has no setting "error"; did you mean "errors"?)"},
    {"a first token without a unit", "deadlines: {first_token: 5}",
     R"(deadlines first_token "5" is not a duration; write it like 250ms, 5s, 15m or 1h)"},
};

TEST(WrongModels, WhatSetsAProviderApartIsChecked) {
    for (const WrongSetting& each : wrong_of_providers) {
        const std::string text = fmt::format("providers: {{p: {{dialect: {}, base_url: \"https://p.example\",\n {}}}}}",
                                             each.dialect, each.setting);
        const Parsed parsed = parse_text(text);
        ASSERT_EQ(parsed.problems.size(), 1U) << each.name << "\n" << problems_of(parsed);
        EXPECT_EQ(parsed.problems[0].text, each.problem) << each.name;
        EXPECT_EQ(parsed.problems[0].line, 2) << each.name;
    }
}

const std::vector<WrongDocument> wrong_models = {
    {"an alias that is the model's own name", "m: {aliases: [m], channels: [{provider: p}]}",
     R"(a.yaml:2:17: alias "m" is the model's own name; take it out)"},
    {"an alias that is another model's name", "m: {aliases: [good], channels: [{provider: p}]}",
     R"(a.yaml:2:17: alias "good" is the name of another model; take one of them out)"},
    {"an alias twice", "m: {aliases: [x, x], channels: [{provider: p}]}",
     R"(a.yaml:2:20: alias "x" stands for the model "m" already; keep one of them)"},
    {"an alias that another model has", "m: {aliases: [good-alias], channels: [{provider: p}]}",
     R"(a.yaml:2:17: alias "good-alias" stands for the model "good" already; keep one of them)"},
    {"an alias that begins like a tier", "m: {aliases: ['tier:x'], channels: [{provider: p}]}",
     R"(a.yaml:2:17: model alias "tier:x" must not begin with tier:)"},
    {"an alias with a blank", "m: {aliases: [a b], channels: [{provider: p}]}",
     R"(a.yaml:2:17: model alias "a b" must be 1 to 128 letters, digits or . _ : / @ + -)"},
    {"a strategy that nobody knows", "m: {strategy: random, channels: [{provider: p}]}",
     R"(a.yaml:2:17: model "m" strategy "random" must be one of: priority, weighted, cheapest, fastest, least_busy, sticky)"},
    {"a weight without a strategy", "m: {channels: [{provider: p, weight: 2}]}",
     R"(a.yaml:2:40: channel weight "2" has no effect with the strategy priority; take it out, or let the model have strategy: weighted, least_busy or sticky)"},
    {"a weight that the strategy does not look at", "m: {channels: [{provider: p, weight: 2}], strategy: fastest}",
     R"(a.yaml:2:40: channel weight "2" has no effect with the strategy fastest; take it out, or let the model have strategy: weighted, least_busy or sticky)"},
    {"a weight of nothing", "m: {strategy: sticky, channels: [{provider: p, weight: 0}]}",
     R"(a.yaml:2:58: channel weight "0" must be a whole number from 1 to 1000)"},
    {"too many attempts", "m: {attempts_max: 11, channels: [{provider: p}]}",
     R"(a.yaml:2:21: model "m" attempts_max "11" must be a whole number from 1 to 10)"},
    {"a fallback that is not there", "m: {fallbacks: {content_refused: goodd}, channels: [{provider: p}]}",
     R"(a.yaml:2:36: there is no model "goodd"; did you mean "good"?)"},
    {"a fallback to itself", "m: {fallbacks: {context_too_long: m}, channels: [{provider: p}]}",
     R"(a.yaml:2:37: model "m" is its own fallback; name another one)"},
    {"a fallback to itself by an alias",
     "m: {aliases: [n], fallbacks: {context_too_long: n}, channels: [{provider: p}]}",
     R"(a.yaml:2:51: model "m" is its own fallback; name another one)"},
    {"fallbacks in a circle",
     "m: {fallbacks: {context_too_long: n}, channels: [{provider: p}]}\n"
     "  n: {fallbacks: {content_refused: m}, channels: [{provider: p}]}",
     "a.yaml:2:37: model \"n\" is a fallback of its own fallbacks; name another one here\n"
     "a.yaml:3:36: model \"m\" is a fallback of its own fallbacks; name another one here"},
    {"a fallback that has rules", "m: {fallbacks: {context_too_long: auto}, channels: [{provider: p}]}",
     R"(a.yaml:2:37: model "auto" has rules itself; name one that has channels)"},
    {"a fallback for another reason", "m: {fallbacks: {context_to_long: good}, channels: [{provider: p}]}",
     R"(a.yaml:2:19: fallbacks has no setting "context_to_long"; did you mean "context_too_long"?)"},
    {"rules and channels", "m: {rules: [{use: good}], channels: [{provider: p}]}",
     R"(a.yaml:2:14: model "m" rules cannot stand beside channels; take one of them out)"},
    {"no rules", "m: {rules: []}", R"(a.yaml:2:14: model "m" rules is empty; write at least {use: MODEL})"},
    {"a rule that uses nothing", "m: {rules: [{}]}", R"(a.yaml:2:15: rule has no "use"; add it)"},
    {"a last rule with a condition", "m: {rules: [{when: {tools: true}, use: good}]}",
     R"(a.yaml:2:22: rule when must not stand in the last rule, so that every call goes somewhere; add {use: MODEL} behind it)"},
    {"a rule in the middle without a condition", "m: {rules: [{use: good}, {use: good}]}",
     R"(a.yaml:2:15: rule has no "when", so the rules behind it would never be looked at; add it, or make this rule the last)"},
    {"an empty condition", "m: {rules: [{when: {}, use: good}, {use: good}]}",
     R"(a.yaml:2:22: rule when is empty; say a condition, or make it the last rule and take "when" out)"},
    {"a condition that nobody knows", "m: {rules: [{when: {tool: true}, use: good}, {use: good}]}",
     R"(a.yaml:2:23: rule when has no setting "tool"; did you mean "tools"?)"},
    {"a rule that uses what is not there", "m: {rules: [{use: goodd}]}",
     R"(a.yaml:2:21: there is no model "goodd"; did you mean "good"?)"},
    {"a rule that uses a model with rules", "m: {rules: [{use: auto}]}",
     R"(a.yaml:2:21: model "auto" has rules itself; name one that has channels)"},
    {"a rule that uses its own model", "m: {rules: [{use: m}]}",
     R"(a.yaml:2:21: model "m" has rules itself; name one that has channels)"},
    {"no tags", "m: {rules: [{when: {tags: []}, use: good}, {use: good}]}",
     R"(a.yaml:2:29: rule when tags is empty; name at least one tag or take it out)"},
    {"a budget without a percent sign", "m: {rules: [{when: {budget_left_below: 20}, use: good}, {use: good}]}",
     R"(a.yaml:2:42: rule when budget_left_below "20" must be a part from 1% to 100%; write it like 50%)"},
    {"input below nothing", "m: {rules: [{when: {input_tokens_above: -1}, use: good}, {use: good}]}",
     R"(a.yaml:2:43: rule when input_tokens_above "-1" must be a whole number from 0 to 100000000)"},
    {"attempts of a model with rules", "m: {attempts_max: 2, rules: [{use: good}]}",
     R"(a.yaml:2:21: model "m" attempts_max "2" has no effect on a model with rules; say it of the models that they use)"},
};

TEST(WrongModels, EachSaysWhatIsWrongWhereAndWhatToChange) {
    for (const WrongDocument& each : wrong_models) {
        const std::string text = fmt::format(R"(models:
  {}
  good: {{aliases: [good-alias], channels: [{{provider: p}}]}}
  auto: {{rules: [{{use: good}}]}}
providers: {{p: {{dialect: openai, base_url: "https://p.example"}}}})",
                                             each.text);
        EXPECT_EQ(said_of({each.name, text, {}}), each.problems) << each.name;
    }
}

TEST(WrongModels, a_long_row_of_fallbacks_has_an_end) {
    std::string text = "providers: {p: {dialect: openai, base_url: \"https://p.example\"}}\nmodels:\n";
    for (int i = 0; i < 5'000; ++i)
        text += fmt::format("  m{}: {{fallbacks: {{context_too_long: m{}}}, channels: [{{provider: p}}]}}\n", i, i + 1);
    text += "  m5000: {channels: [{provider: p}]}\n";
    const auto problems = said_of({"", text, {}});
    EXPECT_TRUE(
        problems.starts_with("a.yaml:3:3: model \"m0\" has more than 8 fallbacks behind each other; take some out\n"))
        << problems.substr(0, 200);
}

}  // namespace
}  // namespace bursar::policies::testing
