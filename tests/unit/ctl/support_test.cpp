// Hunts: a secret that leaves the house in a support bundle, and a bundle in which everything was taken out.
#include "service/ctl/support.h"

#include <gtest/gtest.h>

namespace bursar::ctl {
namespace {

std::string cleaned(std::string_view text, std::vector<TakenOut>* out = nullptr) {
    std::vector<TakenOut> taken;
    std::string result = take_out_secrets("file", text, taken);
    if (out != nullptr) *out = std::move(taken);
    return result;
}

TEST(SupportBundles, WhatLooksLikeASecretIsTakenOut) {
    for (const std::string_view secret : {
             "bsr_7f3a_0123456789abcdefghjkmnpqrs",
             "bso_7f3a_0123456789abcdefghjkmnpqrs",
             "bsrr-abcdef-abcdef-abcdef-abcdef-abcdef-abcdef",
             "sk-proj-abcdefghijklmnop",
             "sk-ant-api03-abcdefghijklmnop",
             "xoxb-123456789-abcdef",
             "xapp-1-A0123-456-abcdef",
             "https://hooks.slack.com/services/T0/B0/abcdef",
             "https://example.webhook.office.com/webhookb2/0-0/IncomingWebhook/abc",
             "AIzaSyA-0123456789abcdefghijklmnopqrstuv",
             "AKIAIOSFODNN7EXAMPLE",
             "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
             "ATATT3xFfGF0123456789abcdef",
             "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0abc.c2lnbmF0dXJl",
             "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
         }) {
        for (const std::string& text :
             {std::string(secret), "key=\"" + std::string(secret) + "\"", "[" + std::string(secret) + "]\n"}) {
            std::vector<TakenOut> taken;
            const std::string out = cleaned(text, &taken);
            EXPECT_FALSE(out.contains(secret)) << out;
            EXPECT_GE(taken.size(), 1U) << text;
        }
    }
    EXPECT_FALSE(cleaned("Authorization: Bearer abcdefghijklmnop").contains("abcdefghijklmnop"));
    EXPECT_FALSE(cleaned("http://user:geheim@proxy:3128").contains("geheim"));
    EXPECT_FALSE(cleaned("http://user:geheim@proxy:3128").contains("user"));
}

TEST(SupportBundles, APrivateKeyGoesWithAllItsLinesEvenIfItHasNoEnd) {
    const std::string key = "a\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\nEEIO\n-----END EC PRIVATE KEY-----\nb\n";
    std::vector<TakenOut> taken;
    EXPECT_EQ(cleaned(key, &taken), "a\n[taken out: a private key]\nb\n");
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken[0].line, 2U);
    EXPECT_FALSE(cleaned(std::string_view(key).substr(0, 50)).contains("MHcC"));
}

TEST(SupportBundles, WhatHelpsStays) {
    for (const std::string_view text :
         {R"({"name":"providers","good":false,"text":"The channel openai/gpt-4o is out: 429 from the provider."})",
          "bursar_calls_total{model=\"claude-sonnet-4-5\",team=\"research\"} 12", "base_url: https://api.openai.com/v1",
          "keys: [{secret: openai-production-a, weight: 3}]", "call 01ja2b3c4d5e6f7g8h9jkmnpqr",
          "2026-11-30T02:00:00.000Z"})
        EXPECT_EQ(cleaned(text), text);
}

}  // namespace
}  // namespace bursar::ctl
