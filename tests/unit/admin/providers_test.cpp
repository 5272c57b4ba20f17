// Hunts: a catalogue that is not the one in force; a test of a provider that nobody can account for, or that runs for a
// provider that is not there.
#include "tests/unit/admin/plant.h"

#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

TEST(Catalogue, lists_what_is_known_and_who_uses_it) {
    Plant plant;
    EXPECT_EQ(plant.get("/api/v1/catalogue").body, R"({"entries":[]})");
    const HttpReply applied = plant.apply(documents_json(policy_yaml() + R"(
catalogue:
  azure: {about: Azure, dialect: openai, base_url: "https://{resource}.example", asks: your resource, auth: api-key, deployments: true}
  local: {about: Here, dialect: openai, base_url: "http://127.0.0.1:9/v1", models_path: none, prices: list}
)"),
                                          "\"0\"");
    ASSERT_EQ(applied.status, 200) << applied.body;
    const HttpReply list = plant.ask("GET", "/api/v1/catalogue", {.token = plant.finance_token});
    ASSERT_EQ(list.count("/entries"), 2U) << list.body;
    EXPECT_EQ(list.at("/entries/0/name"), "azure");
    EXPECT_EQ(list.at("/entries/0/base_url"), "https://{resource}.example");
    EXPECT_EQ(list.at("/entries/0/asks"), "your resource");
    EXPECT_EQ(list.at("/entries/0/auth"), "api-key");
    EXPECT_EQ(list.at("/entries/0/deployments"), "true");
    EXPECT_EQ(list.at("/entries/0/used_by"), "[]");
    EXPECT_EQ(list.at("/entries/1/models_path"), "");
    EXPECT_EQ(list.at("/entries/1/prices"), "list");
    EXPECT_EQ(list.at("/entries/1/used_by"), R"(["local"])");
}

TEST(ProviderTest, tells_what_was_found_and_is_in_the_audit_before_and_after) {
    Plant plant;
    ASSERT_EQ(plant.apply(documents_json(policy_yaml()), "\"0\"").status, 200);
    const HttpReply good = plant.post("/api/v1/providers/local/test", "");
    EXPECT_EQ(
        good.body,
        R"({"provider":"local","good":true,"findings":[{"name":"name","state":"good","text":"local resolves"}]})");
    EXPECT_EQ(plant.tested, "local/");
    EXPECT_EQ(plant.audit_rows("provider.test", "begun", "provider:local"), 1);
    EXPECT_EQ(plant.audit_rows("provider.test", "ok", "provider:local"), 1);

    plant.test_findings = {{"TLS", Finding::State::unknown, "none"}, {"key local-key", Finding::State::bad, "refused"}};
    const HttpReply bad = plant.post("/api/v1/providers/local/test", R"({"model":"small"})");
    EXPECT_EQ(bad.status, 200);
    EXPECT_EQ(bad.at("/good"), "false");
    EXPECT_EQ(bad.at("/findings/0/state"), "unknown");
    EXPECT_EQ(bad.at("/findings/1/state"), "bad");
    EXPECT_EQ(plant.tested, "local/small");
    EXPECT_EQ(plant.audit_rows("provider.test", "begun", "provider:local model:small"), 1) << "it may cost money";
}

TEST(ProviderTest, is_for_operators_and_for_providers_that_are_there) {
    Plant plant;
    ASSERT_EQ(plant.apply(documents_json(policy_yaml()), "\"0\"").status, 200);
    EXPECT_EQ(plant.ask("POST", "/api/v1/providers/local/test", {.token = plant.auditor_token}).status, 403);
    EXPECT_EQ(plant.post("/api/v1/providers/other/test", "{}").status, 404);
    EXPECT_EQ(plant.post("/api/v1/providers/local/test", R"({"key":"sk"})").status, 400);
    EXPECT_EQ(plant.post("/api/v1/providers/local/test", "no JSON").status, 400);
    EXPECT_EQ(plant.tested, "") << "nobody was asked";
    EXPECT_EQ(plant.audit_rows("provider.test", "not_found"), 1);
}

}  // namespace
}  // namespace bursar::admin::test
