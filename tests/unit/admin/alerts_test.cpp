// Hunts: a silence, a resend or a test that leaves no audit row, that somebody may who should only read, or that says
// it is done when it is not.
#include "tests/unit/admin/plant.h"

#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

class AlertsApi : public testing::Test {
  protected:
    void SetUp() override {
        policies::Snapshot rules = *plant_.rules->get();
        rules.revision = 7;
        rules.alerts.targets["ops"] = {
            .name = "ops", .kind = "slack", .settings = {}, .secrets = {{"webhook", "slack-ops"}}};
        auto team = std::make_shared<policies::Team>();
        team->name = "research";
        rules.teams["research"] = std::move(team);
        plant_.rules->put(std::make_shared<const policies::Snapshot>(std::move(rules)));
    }
    HttpReply silence(std::string body) { return plant_.post("/api/v1/alerts/silences", std::move(body)); }

    Plant plant_;
};

TEST_F(AlertsApi, makes_lists_and_ends_silences_and_audits_each) {
    const HttpReply made =
        silence(R"({"events":"channel","team":"research","in_seconds":3600,"reason":"maintenance"})");
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.at("/author"), "operator:ada");
    const std::string number = made.at("/number");
    const HttpReply listed = plant_.ask("GET", "/api/v1/alerts/silences", {.token = plant_.auditor_token});
    ASSERT_EQ(listed.count("/silences"), 1U) << listed.body;
    EXPECT_EQ(listed.at("/silences/0/reason"), "maintenance");
    EXPECT_EQ(plant_.ask("DELETE", "/api/v1/alerts/silences/" + number, {.token = plant_.operator_token}).status, 204);
    EXPECT_EQ(plant_.ask("DELETE", "/api/v1/alerts/silences/" + number, {.token = plant_.operator_token}).status, 404);
    EXPECT_EQ(plant_.get("/api/v1/alerts/silences").count("/silences"), 0U);
    EXPECT_EQ(plant_.audit_rows("silence.add", "ok"), 1);
    EXPECT_EQ(plant_.audit_rows("silence.end", "ok", "silence:" + number), 1);
}

TEST_F(AlertsApi, refuses_a_silence_that_is_about_nothing_never_ends_or_is_of_nobody) {
    for (const char* body :
         {R"({"in_seconds":60,"reason":"x"})", R"({"events":"channel","reason":"x"})",
          R"({"events":"channel","in_seconds":60})", R"({"events":"channel","in_seconds":60,"reason":"x","who":"me"})",
          R"({"events":"channel","until":"2001-01-01T00:00:00Z","reason":"x"})",
          R"({"events":"channel","until":"2101-01-01T00:00:00Z","reason":"x"})",
          R"({"events":"channel","until":"2101-01-01T00:00:00Z","in_seconds":60,"reason":"x"})"})
        EXPECT_EQ(silence(body).status, 400) << body;
    EXPECT_EQ(silence(R"({"team":"nobody","in_seconds":60,"reason":"x"})").status, 404);
    const Asked finance{.token = plant_.finance_token, .body = R"({"events":"channel","in_seconds":60,"reason":"x"})"};
    EXPECT_EQ(plant_.ask("POST", "/api/v1/alerts/silences", finance).status, 403);
    EXPECT_EQ(plant_.get("/api/v1/alerts/silences").count("/silences"), 0U);
}

TEST_F(AlertsApi, says_why_a_test_or_a_resend_cannot_be) {
    const HttpReply alone = plant_.post("/api/v1/alerts/targets/ops/test", "");
    EXPECT_EQ(alone.status, 409) << alone.body;
    EXPECT_NE(alone.at("/detail").find("bursar-courier"), std::string::npos);
    EXPECT_EQ(plant_.post("/api/v1/alerts/targets/none/test", "").status, 404);
    EXPECT_EQ(plant_.post("/api/v1/alerts/deliveries/dlv_none/resend", "").status, 404);
    EXPECT_EQ(plant_.ask("POST", "/api/v1/alerts/targets/ops/test", {.token = plant_.auditor_token}).status, 403);
}

TEST_F(AlertsApi, shows_targets_messages_incidents_and_how_events_would_look) {
    const HttpReply targets = plant_.ask("GET", "/api/v1/alerts/targets", {.token = plant_.finance_token});
    ASSERT_EQ(targets.count("/targets"), 1U) << targets.body;
    EXPECT_EQ(targets.at("/targets/0/state"), "unknown");
    EXPECT_EQ(targets.at("/courier/connected"), "false");
    EXPECT_EQ(plant_.get("/api/v1/alerts/deliveries?state=dead").count("/deliveries"), 0U);
    EXPECT_EQ(plant_.get("/api/v1/alerts/deliveries?state=lost").status, 400);
    EXPECT_EQ(plant_.get("/api/v1/alerts/incidents?state=firing").count("/incidents"), 0U);
    EXPECT_EQ(plant_.get("/api/v1/alerts/preview/budget.threshold").at("/kind"), "budget.threshold");
    EXPECT_EQ(plant_.get("/api/v1/alerts/preview/budget").status, 404);
}

}  // namespace
}  // namespace bursar::admin::test
