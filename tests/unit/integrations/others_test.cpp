// Hunts: cards that Teams refuses for their size, signatures that do not cover what is signed, addresses that should
// not be asked, waits that nobody asked for, and secrets in what operators read.
#include "integrations/address.h"
#include "integrations/answer.h"
#include "integrations/json.h"
#include "integrations/redact.h"
#include "integrations/teams/card.h"
#include "integrations/webhook/body.h"
#include "tests/unit/integrations/sample.h"

#include <gtest/gtest.h>

namespace bursar::integrations {
namespace {

constexpr std::size_t json_bytes_max = 1 << 20;
const Timestamp now = from_unix_milliseconds(1'795'989'000'000);

TEST(TeamsCard, OfAnyMessageIsSmallEnough) {
    for (const Message& message :
         {test::budget_message(), test::huge_message(), test::hostile_message(), test::digest_message(1900)}) {
        const std::string text = teams::payload(message, Copy::first);
        EXPECT_LE(text.size(), teams::payload_bytes_max);
        const auto read = Json::parse(text, json_bytes_max);
        ASSERT_TRUE(read) << text;
        const Json::List& attachments = read->at("attachments").list();
        ASSERT_EQ(attachments.size(), 1U);
        for (const Json& block : attachments[0].at("content").at("body").list())
            EXPECT_EQ(block.at("type").text(), "RichTextBlock") << "in other blocks texts are markup";
        for (const Json& action : attachments[0].at("content").at("actions").list())
            EXPECT_TRUE(action.at("url").text().starts_with("https://"));
    }
    EXPECT_TRUE(teams::payload(test::digest_message(1900), Copy::first).contains(" more lines are in the console."));
}

TEST(TeamsCard, ReadsAsItDidBefore) {
    test::expect_golden("teams-firing.json", teams::payload(test::budget_message(), Copy::first));
    test::expect_golden("teams-hostile.json", teams::payload(test::hostile_message(), Copy::perhaps_second));
}

TEST(TeamsAnswers, MeanWhatTeamsMeans) {
    EXPECT_EQ(teams::judge({.status = 202}, now).outcome, Outcome::sent);
    EXPECT_EQ(teams::judge({.status = 200, .body = "1"}, now).outcome, Outcome::sent);
    EXPECT_EQ(teams::judge({.status = 200,
                            .body = "Webhook message delivery failed with error: Microsoft Teams endpoint returned "
                                    "HTTP error 429 with ContextId x"},
                           now)
                  .outcome,
              Outcome::later);
    EXPECT_EQ(teams::judge({.status = 200, .body = "Microsoft Teams endpoint returned HTTP error 413"}, now).outcome,
              Outcome::refused);
    EXPECT_EQ(teams::judge({.status = 400, .body = R"({"error":{"code":"WorkflowTriggerIsNotEnabled"}})"}, now).outcome,
              Outcome::closed);
    EXPECT_EQ(teams::judge({.status = 400}, now).outcome, Outcome::refused);
    EXPECT_EQ(teams::judge({.status = 404}, now).outcome, Outcome::closed);
}

TEST(Webhook, BodyReadsAsItDidBefore) {
    test::expect_golden("webhook.json", webhook::body(test::budget_message(), "dlv_1", Copy::first));
}

TEST(Webhook, TheSignatureCoversTimeIdAndBody) {
    const Secret key = Secret::copy_of("It is a key.");
    const std::string signature = webhook::signature(key, "1795989000", "dlv_1", "{}");
    // printf '1795989000.dlv_1.{}' | openssl dgst -sha256 -hmac 'It is a key.'
    EXPECT_EQ(signature, "v1=4578f10e59b163f589fb96597a8d39f5215cd36db8c37debaf74e50fa814a834");
    EXPECT_NE(signature, webhook::signature(key, "1795989001", "dlv_1", "{}"));
    EXPECT_NE(signature, webhook::signature(key, "1795989000", "dlv_2", "{}"));
    EXPECT_NE(signature, webhook::signature(key, "1795989000", "dlv_1", "{ }"));
    EXPECT_NE(signature, webhook::signature(Secret::copy_of("another"), "1795989000", "dlv_1", "{}"));
}

TEST(Address, OnlyHttpsAndLoopbackAreAsked) {
    for (const char* good :
         {"https://hooks.slack.com/services/T/B/x", "https://jira.example.com:8443", "http://127.0.0.1:8080/x",
          "http://localhost/", "http://[::1]:9/x?y", "https://10.0.0.5/jira"})
        EXPECT_TRUE(is_askable(good)) << good;
    for (const char* bad :
         {"", "http://jira.example.com", "ftp://x", "file:///etc/passwd", "https://", "https://:1/", "https://a@b/",
          "http://127.0.0.1@evil.example.com/", "http://127.0.0.1.evil.example.com/", "http://localhost:1x/",
          "https://a b/", "https://a\\b/", "https://a/\r\nx", "https://a/#x", "gopher://127.0.0.1/", "HTTPS://a/"})
        EXPECT_FALSE(is_askable(bad)) << bad;
    EXPECT_FALSE(is_askable("https://a/" + std::string(address_bytes_max, 'x')));
}

TEST(RetryAfter, IsSecondsOrADateAndAtMostADay) {
    const auto wait = [](std::string value) {
        return retry_after({.status = 429, .headers = {{"retry-after", std::move(value)}}}, now);
    };
    EXPECT_EQ(wait("30"), std::chrono::seconds(30));
    EXPECT_EQ(wait("0"), std::chrono::seconds(0));
    EXPECT_EQ(wait("999999999999"), std::chrono::hours(24));
    EXPECT_EQ(wait("Sun, 29 Nov 2026 21:51:00 GMT"), std::chrono::minutes(1));
    EXPECT_EQ(wait("Sun, 29 Nov 2026 21:49:00 GMT"), std::chrono::seconds(0));
    for (const char* wrong :
         {"", "-1", "1.5", "soon", "30 s", "99999999999999999999999", "Sun, 29 Foo 2026 21:51:00 GMT"})
        EXPECT_EQ(wait(wrong), std::nullopt) << wrong;
}

TEST(Status, WhatMayHaveBeenTakenIsMarkedTheNextTime) {
    EXPECT_TRUE(judge_status({.trouble = "time: too slow", .perhaps_arrived = true}, "It", now).perhaps_sent);
    EXPECT_FALSE(judge_status({.trouble = "connect: refused"}, "It", now).perhaps_sent);
    EXPECT_TRUE(judge_status({.status = 504}, "It", now).perhaps_sent)
        << "the gateway gave up, not the server behind it";
    EXPECT_FALSE(judge_status({.status = 429}, "It", now).perhaps_sent);
    EXPECT_FALSE(judge_status({.status = 503}, "It", now).perhaps_sent);
}

TEST(Receipts, HaveNoSecretEvenIfTheOtherSideRepeatsIt) {
    Delivery delivery{.id = "d",
                      .target = {.name = "t", .kind = TargetKind::slack, .settings = {{"user", "bot@example.com"}}}};
    delivery.target.secrets.emplace("webhook", Secret::copy_of("https://hooks.slack.com/services/T0/B0/abcdefgh"));
    delivery.target.secrets.emplace("token", Secret::copy_of("xoxb-1234567890"));
    const Answer answer{.status = 500,
                        .body =
                            "No https://hooks.slack.com/services/T0/B0/abcdefgh here, nor /services/T0/B0/abcdefgh; "
                            "Bearer xoxb-1234567890; "
                            "Basic Ym90QGV4YW1wbGUuY29tOnhveGItMTIzNDU2Nzg5MA=="};
    const Receipt receipt = receipt_of(
        delivery, {.reason = "token xoxb-1234567890 at https://hooks.slack.com/services/T0/B0/abcdefgh"}, answer);
    for (const std::string& text : {receipt.reason, receipt.answer})
        for (const char* secret : {"abcdefgh", "1234567890", "Ym90QGV4"}) EXPECT_FALSE(text.contains(secret)) << text;
    EXPECT_TRUE(receipt.answer.starts_with("HTTP 500: No https://hooks.slack.com/[hidden] here")) << receipt.answer;
}

TEST(Receipts, HaveNoneOfOtherTargetsEither) {
    const Target target;
    EXPECT_EQ(
        without_secrets(
            R"(see https://hooks.example.com/services/T/x, "http:\/\/a.example.com\/b?c" and (https://a.example.com/))",
            target),
        R"(see https://hooks.example.com/[hidden] "http:\/\/a.example.com/[hidden]" and (https://a.example.com/))");
    const std::string once = without_secrets("https://a.example.com/x y https://b.example.com/?z", target);
    EXPECT_EQ(without_secrets(once, target), once);
    EXPECT_EQ(without_secrets("token=xoxb-1-2-abc next", target), "token=[hidden] next");
    EXPECT_EQ(without_secrets("https://a.example.com", target), "https://a.example.com");
}

TEST(Receipts, AreShortAndOnOneLine) {
    const Receipt receipt =
        receipt_of({.id = "d"}, {.reason = std::string(5000, 'r')}, {.status = 400, .body = std::string(50'000, '\n')});
    EXPECT_LE(receipt.reason.size(), receipt_text_bytes_max);
    EXPECT_LE(receipt.answer.size(), receipt_text_bytes_max);
    EXPECT_EQ(receipt.answer.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace bursar::integrations
