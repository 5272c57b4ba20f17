// Hunts: a test of a provider that asks at another place than calls do, or says that something works which does not.
#include "service/daemon/inquiry_words.h"

#include "policies/documents.h"

#include <gtest/gtest.h>

namespace bursar::daemon {
namespace {

using State = Finding::State;

std::shared_ptr<const policies::Snapshot> rules() {
    static const policies::Parsed parsed = policies::parse({}, {{"a.yaml", R"(
providers:
  plain: {dialect: openai, base_url: "https://plain.example/v1", keys: [{secret: k}]}
  azure: {dialect: openai, base_url: "https://azure.example", auth: api-key, deployments: true, api_version: 2024-10-21,
          max_tokens_name: max_completion_tokens, stream_usage: false, models_path: /openai/models}
  claude: {dialect: anthropic, base_url: "https://claude.example"}
  claude-elsewhere: {dialect: anthropic, base_url: "https://claude.example/api", version_in_path: false}
  google: {dialect: gemini, base_url: "https://google.example/v1beta"}
  command: {dialect: cohere, base_url: "https://command.example/v2"}
  mute: {dialect: openai, base_url: "https://mute.example", models_path: none}
  near: {dialect: openai, base_url: "http://127.0.0.1:11434/v1", proxy: "http://proxy.example:3128"}
models:
  small: {aliases: [little], channels: [{provider: plain, model: small-1}, {provider: azure, model: our/small}]}
  large: {channels: [{provider: plain, model: large-1}]})"}},
                                                           1);
    EXPECT_TRUE(parsed.problems.empty());
    return parsed.snapshot;
}
const policies::Provider& provider(std::string_view name) { return *rules()->providers.find(name)->second; }

std::string words(const std::vector<Finding>& findings) {
    std::string out;
    for (const Finding& each : findings)
        out += (each.state == State::good  ? "ok "
                : each.state == State::bad ? "BAD "
                                           : "? ") +
               each.name + ": " + each.text + "\n";
    return out;
}

TEST(InquiryWords, ask_where_calls_go) {
    EXPECT_EQ(list_target(provider("plain")), "/v1/models");
    EXPECT_EQ(call_target(provider("plain"), "m"), "/v1/chat/completions");
    EXPECT_EQ(list_target(provider("azure")), "/openai/models?api-version=2024-10-21");
    EXPECT_EQ(call_target(provider("azure"), "our/small"),
              "/openai/deployments/our%2Fsmall/chat/completions?api-version=2024-10-21");
    EXPECT_EQ(list_target(provider("claude")), "/v1/models?limit=1000");
    EXPECT_EQ(call_target(provider("claude"), "m"), "/v1/messages");
    EXPECT_EQ(call_target(provider("claude-elsewhere"), "m"), "/api/messages");
    EXPECT_EQ(list_target(provider("google")), "/v1beta/models?pageSize=1000");
    EXPECT_EQ(call_target(provider("google"), "m"), "/v1beta/models/m:generateContent");
    EXPECT_EQ(call_target(provider("google"), "m", true), "/v1beta/models/m:streamGenerateContent?alt=sse");
    EXPECT_EQ(list_target(provider("command")), "/v1/models?page_size=1000");
    EXPECT_EQ(call_target(provider("command"), "m", true), "/v2/chat");
    EXPECT_EQ(list_target(provider("mute")), "");
}

TEST(InquiryWords, make_the_smallest_call_that_the_provider_takes) {
    EXPECT_EQ(
        call_body(provider("plain"), "m", true),
        R"({"model":"m","messages":[{"role":"user","content":"Say ok."}],"max_tokens":16,"stream":true,"stream_options":{"include_usage":true}})");
    EXPECT_EQ(
        call_body(provider("azure"), "m", true),
        R"({"model":"m","messages":[{"role":"user","content":"Say ok."}],"max_completion_tokens":16,"stream":true})");
    EXPECT_EQ(call_body(provider("claude"), "m", false),
              R"({"model":"m","messages":[{"role":"user","content":"Say ok."}],"max_tokens":16})");
    EXPECT_EQ(call_body(provider("command"), "m", true),
              R"({"model":"m","messages":[{"role":"user","content":"Say ok."}],"max_tokens":16,"stream":true})");
    EXPECT_EQ(
        call_body(provider("google"), "m", true),
        R"({"contents":[{"role":"user","parts":[{"text":"Say ok."}]}],"generationConfig":{"maxOutputTokens":16}})");
}

TEST(InquiryWords, know_models_by_the_policys_names_and_the_providers) {
    EXPECT_EQ(model_at(*rules(), provider("plain"), "small"), "small-1");
    EXPECT_EQ(model_at(*rules(), provider("azure"), "little"), "our/small");
    EXPECT_EQ(model_at(*rules(), provider("plain"), "small-1"), "small-1");
    EXPECT_EQ(model_at(*rules(), provider("azure"), "large"), "large") << "no channel goes there";
    EXPECT_EQ(models_at(*rules(), provider("plain")), (std::vector<std::string>{"large-1", "small-1"}));
}

TEST(InquiryWords, say_where_on_the_way_it_ends) {
    const auto error = [](const char* text) { return Error{Fault::provider_unavailable, "no", text}; };
    EXPECT_EQ(
        words(network_findings(provider("plain"), error("resolve plain.example:443: 'plain.example': not known"))),
        "BAD name: resolve plain.example:443: 'plain.example': not known; correct base_url, or ask your name server\n");
    EXPECT_EQ(words(network_findings(provider("plain"), error("connect plain.example:443: refused"))),
              "ok name: plain.example resolves\nBAD connection: connect plain.example:443: refused; correct base_url, "
              "or open "
              "the way to it in your firewall\n");
    EXPECT_EQ(words(network_findings(provider("near"), error("connect 127.0.0.1:11434: refused"))),
              "ok name: proxy.example resolves (the proxy)\nBAD connection: connect 127.0.0.1:11434: refused; correct "
              "base_url "
              "or proxy, or open the way to it in your firewall\n");
    EXPECT_EQ(
        words(network_findings(provider("plain"), error("TLS handshake plain.example:443: self-signed"))),
        "ok name: plain.example resolves\nok connection: plain.example port 443 takes connections\nBAD TLS: TLS "
        "handshake plain.example:443: self-signed; if a CA of your company made its certificate, name that CA's file "
        "under ca_file\n");
    EXPECT_EQ(
        words(network_findings(provider("plain"), error("receive plain.example:443: no HTTP"))),
        "ok name: plain.example resolves\nok connection: plain.example port 443 takes connections\nBAD answer: receive "
        "plain.example:443: no HTTP; is there an HTTP server of this API at https://plain.example/v1?\n");
}

TEST(InquiryWords, say_until_when_a_certificate_is_valid) {
    const Timestamp now = *parse_timestamp("2026-11-25T12:00:00Z");
    const auto tls = [&](std::string_view name, std::optional<Timestamp> until) {
        return words({network_findings(provider(name), until, now).back()});
    };
    EXPECT_EQ(tls("plain", now + std::chrono::days(30)),
              "ok TLS: trusted; the certificate is valid until 2026-12-25T12:00:00.000Z (30 days)\n");
    EXPECT_EQ(tls("plain", now + std::chrono::days(3)),
              "ok TLS: trusted; the certificate is valid until 2026-11-28T12:00:00.000Z (3 days: ask the provider for "
              "a new one "
              "soon)\n");
    EXPECT_EQ(tls("plain", {}), "ok TLS: trusted\n");
    EXPECT_EQ(tls("near", {}), "? TLS: none: base_url begins with http://, so what is sent can be read on the way\n");
}

TEST(InquiryWords, know_a_key_only_where_others_are_turned_away) {
    EXPECT_EQ(key_finding("k", {200, ""}, 401).state, State::good);
    EXPECT_EQ(key_finding("k", {200, ""}, 200).state, State::unknown);
    EXPECT_EQ(key_finding("k", {401, ""}, 401).state, State::bad);
    EXPECT_EQ(key_finding("k", {403, ""}, 401).state, State::bad);
    EXPECT_EQ(key_finding("k", {404, ""}, 404).state, State::unknown);
    EXPECT_EQ(key_finding("k", {429, ""}, 401).state, State::unknown);
}

TEST(InquiryWords, look_for_the_policys_models_in_the_list) {
    const auto said = [](std::string_view name, int status, const char* body) {
        return words(list_findings(provider(name), {status, body}, {"a", "b"}));
    };
    EXPECT_EQ(
        said("plain", 200, R"({"data":[{"id":"a"}]})"),
        "ok models: GET /v1/models lists 1 model\nok model a: is listed\nBAD model b: is not in the list: the policy's "
        "channel names a model that this provider, or this key, does not have\n");
    EXPECT_EQ(
        said("azure", 200, R"({"data":[{"id":"a"},{"id":"c"}]})"),
        "ok models: GET /openai/models?api-version=2024-10-21 lists 2 models\n? model a: not known: the list has base "
        "models, not deployments; --model asks for it\n? model b: not known: the list has base models, not "
        "deployments; "
        "--model asks for it\n");
    EXPECT_EQ(said("plain", 404, ""),
              "BAD models: GET /v1/models: status 404: there is no list of models; correct base_url or "
              "models_path, or write models_path: none\n");
    EXPECT_EQ(said("plain", 301, ""),
              "BAD models: GET /v1/models: status 301: redirects are not followed; correct base_url\n");
    EXPECT_EQ(said("plain", 200, "<html>"),
              "BAD models: GET /v1/models: the answer is no list of models; correct base_url or "
              "models_path, or write models_path: none\n");
    EXPECT_EQ(said("plain", 500, R"({"error":{"message":"broken"}})"),
              "BAD models: GET /v1/models: status 500: broken\n");
    EXPECT_EQ(said("plain", 401, ""), "? models: not known: no key is taken\n");
    EXPECT_EQ(said("near", 401, ""),
              "BAD models: GET /v1/models: status 401: it wants a key. Put one into the vault (bursarctl "
              "secret put NAME) and name it under keys\n");
}

TEST(InquiryWords, say_whether_a_call_works_and_tells_its_usage) {
    providers::Reading good{.usage = {.input = 9, .output = 2}, .source = UsageSource::provider, .complete = true};
    EXPECT_EQ(words(call_findings(provider("plain"), false, {.status = 200, .reading = good})),
              "ok plain call: answered\nok usage, plain: told: 9 input and 2 output tokens\n");
    EXPECT_EQ(words(call_findings(provider("plain"), true, {.status = 200, .event_stream = false, .reading = good})),
              "BAD streamed call: answered, but not as a stream of events; callers who ask for one get none\n");
    good.source = UsageSource::estimated;
    EXPECT_EQ(words(call_findings(provider("plain"), true, {.status = 200, .event_stream = true, .reading = good})),
              "ok streamed call: answered\nBAD usage, streamed: not told, so calls are booked by what is delivered and "
              "marked "
              "estimated\n");
    EXPECT_EQ(words(call_findings(provider("azure"), true, {.status = 200, .event_stream = true, .reading = good})),
              "ok streamed call: answered\nBAD usage, streamed: not told, so calls are booked by what is delivered and "
              "marked "
              "estimated; it is not asked for either (stream_usage: false): try true\n");
    good.complete = false;
    EXPECT_EQ(words(call_findings(provider("plain"), false, {.status = 200, .reading = good})),
              "BAD plain call: the answer did not come to the end that the dialect has for it\n");
    EXPECT_EQ(words(call_findings(provider("plain"), false, {.status = 401})),
              "BAD plain call: status 401: the provider refuses the key, or the key may not use this model\n");
    EXPECT_EQ(words(call_findings(provider("plain"), false, {.status = 404, .refusal = "no such model"})),
              "BAD plain call: status 404: no such model\n");
}

}  // namespace
}  // namespace bursar::daemon
