// Hunts: a webhook without its signature, a target that is written wrongly and is asked all the same, and secrets in
// the wrong place.
#include "integrations/webhook/body.h"
#include "tests/unit/courier/scripted.h"

#include <gtest/gtest.h>

namespace bursar::courier {
namespace {

using integrations::TargetKind;
using test::Bench;

TEST(WebhookSender, SignsWhatItSends) {
    Bench bench;
    Delivery delivery = test::delivery_to(TargetKind::webhook);
    delivery.target.settings = {{"url", "https://hooks.example.com/x"}};
    delivery.target.secrets.emplace("key", Secret::copy_of("signing key"));
    delivery.target.secrets.emplace("authorization", Secret::copy_of("Token abc"));
    bench.http.answer("POST", "/x", {.status = 204});
    EXPECT_EQ(bench.tell(delivery).outcome, Outcome::sent);
    const auto& asked = bench.http.asked.at(0);
    EXPECT_EQ(asked.header("Bursar-Timestamp"), "1795989000");
    EXPECT_EQ(asked.header("Bursar-Signature"),
              integrations::webhook::signature(Secret::copy_of("signing key"), "1795989000", "dlv_1", asked.body));
    EXPECT_EQ(asked.authorization, "Token abc");
    EXPECT_FALSE(asked.body.contains("signing key"));
}

TEST(Senders, ATargetWithoutItsSecretIsClosedAndNothingIsAsked) {
    for (const TargetKind kind :
         {TargetKind::slack, TargetKind::jira, TargetKind::webhook, TargetKind::mail, TargetKind::teams}) {
        Bench bench;
        Delivery delivery = test::delivery_to(kind);
        delivery.target.settings = {
            {"url", "https://jira.example.com"}, {"flavour", "data_center"}, {"project", "OPS"}};
        const Receipt receipt = bench.tell(delivery);
        EXPECT_EQ(receipt.outcome, Outcome::closed) << integrations::name_of(kind);
        EXPECT_TRUE(bench.http.asked.empty());
        EXPECT_FALSE(receipt.reason.empty());
    }
}

TEST(HttpRequests, ThatAreUnsoundAreNotSent) {
    const auto why = [](HttpRequest request) { return unsound(request); };
    EXPECT_EQ(why({.url = Secret::copy_of("https://a.example.com/")}), "");
    EXPECT_NE(why({.url = Secret::copy_of("http://a.example.com/")}), "");
    EXPECT_NE(
        why({.url = Secret::copy_of("https://a.example.com/"), .authorization = Secret::copy_of("Bearer a\r\nX: 1")}),
        "");
    EXPECT_NE(why({.url = Secret::copy_of("https://a.example.com/"), .headers = {{"Bursar-Id", "a\nb"}}}), "");
}

}  // namespace
}  // namespace bursar::courier
