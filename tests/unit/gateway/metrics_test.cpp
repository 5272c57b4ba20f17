// Hunts: exposition text that Prometheus refuses, buckets that do not add up, an attempt that counts as a call.
#include "service/gateway/metrics.h"

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

using namespace std::chrono_literals;

audit::Outcome outcome(int status, std::string fault) {
    audit::Outcome out;
    out.status = status;
    out.fault = std::move(fault);
    out.channel = "openai/gpt-4o";
    out.attempts = 1;
    out.duration = 3ms;
    out.usage.input = 10;
    out.cost = NanoUsd{1'500};
    return out;
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, EveryEndpointHasACounterOfItsOwn) {
    for (const Endpoint endpoint :
         {Endpoint::chat_completions, Endpoint::completions, Endpoint::responses, Endpoint::embeddings,
          Endpoint::messages, Endpoint::count_tokens, Endpoint::models, Endpoint::generate_content}) {
        Metrics metrics;
        audit::Outcome one = outcome(200, "");
        one.endpoint = endpoint;
        metrics.count(one);
        const std::string line =
            "bursar_calls_total{endpoint=\"" + std::string(name_of(endpoint)) + "\",status=\"200\",fault=\"\"} 1";
        EXPECT_TRUE(has_line(metrics.text(), line)) << line;
    }
}

TEST(Metrics, CountsCallsTokensAndMoney) {
    Metrics metrics;
    metrics.count(outcome(200, ""));
    metrics.count(outcome(200, ""));
    metrics.count(outcome(402, "budget_exhausted"));
    const std::string text = metrics.text();
    EXPECT_TRUE(has_line(text, "bursar_calls_total{endpoint=\"chat_completions\",status=\"200\",fault=\"\"} 2"))
        << text;
    EXPECT_TRUE(
        has_line(text, "bursar_calls_total{endpoint=\"chat_completions\",status=\"402\",fault=\"budget_exhausted\"} 1"))
        << text;
    EXPECT_TRUE(has_line(text, "bursar_tokens_total{class=\"input\"} 30")) << text;
    EXPECT_TRUE(has_line(text, "bursar_cost_usd_total 0.0000045")) << text;
    EXPECT_TRUE(has_line(text, "bursar_call_duration_seconds_bucket{le=\"0.0025\"} 0")) << text;
    EXPECT_TRUE(has_line(text, "bursar_call_duration_seconds_bucket{le=\"0.005\"} 3")) << text;
    EXPECT_TRUE(has_line(text, "bursar_call_duration_seconds_bucket{le=\"+Inf\"} 3")) << text;
    EXPECT_TRUE(has_line(text, "bursar_call_duration_seconds_count 3")) << text;
}

TEST(Metrics, CountsUnitsBesideTokens) {
    Metrics metrics;
    audit::Outcome units = outcome(200, "");
    units.usage = {.characters = 5, .seconds = 6, .search_units = 7};
    metrics.count(units);
    for (const std::string_view line :
         {"bursar_tokens_total{class=\"characters\"} 5", "bursar_tokens_total{class=\"seconds\"} 6",
          "bursar_tokens_total{class=\"search_units\"} 7"})
        EXPECT_TRUE(has_line(metrics.text(), std::string(line))) << line;
}

TEST(Metrics, AttemptsCountForTheirChannelAndOnlyTheLastAsACall) {
    Metrics metrics;
    audit::Outcome earlier = outcome(502, "provider_unavailable");
    earlier.superseded = true;
    metrics.count(earlier);
    audit::Outcome last = outcome(200, "");
    last.channel = "azure/gpt-4o";
    metrics.count(last);
    EXPECT_EQ(metrics.channel("openai/gpt-4o").failures, 1U);
    EXPECT_EQ(metrics.channel("azure/gpt-4o").calls, 1U);
    EXPECT_EQ(metrics.channel("azure/gpt-4o").failures, 0U);
    const std::string text = metrics.text();
    EXPECT_TRUE(has_line(text, "bursar_attempts_failed_over_total 1")) << text;
    EXPECT_TRUE(has_line(text, "bursar_call_duration_seconds_count 1")) << text;
    EXPECT_TRUE(has_line(text, "bursar_cost_usd_total 0.000003")) << text;
}

TEST(Metrics, LimitsOfSpeedAreCountedByKindAndNeverByName) {
    Metrics metrics;
    for (const char* account : {"team:research", "team:sales", "key:k1", "org"}) metrics.rate_limited(account);
    const std::string text = metrics.text();
    EXPECT_TRUE(has_line(text, "bursar_rate_limited_total{account=\"team\"} 2")) << text;
    EXPECT_TRUE(has_line(text, "bursar_rate_limited_total{account=\"key\"} 1")) << text;
    EXPECT_TRUE(has_line(text, "bursar_rate_limited_total{account=\"org\"} 1")) << text;
    EXPECT_TRUE(has_line(text, "bursar_rate_limited_total{account=\"person\"} 0")) << text;
    EXPECT_EQ(text.find("research"), std::string::npos);
}

TEST(Metrics, ACallersOwnMistakeIsNoFailureOfTheChannel) {
    Metrics metrics;
    for (int i = 0; i < 5; ++i) metrics.count(outcome(400, "provider_refused"));
    EXPECT_EQ(metrics.channel("openai/gpt-4o").calls, 5U);
    EXPECT_EQ(metrics.channel("openai/gpt-4o").failures, 0U);
}

}  // namespace
}  // namespace bursar::gateway
