// Hunts: two operators overwriting each other, a wrong policy in force, a revision without its record, history that
// changes.
#include "tests/unit/admin/plant.h"

#include <thread>

#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

TEST(PolicyApi, what_is_applied_is_in_force_at_once_and_in_the_history) {
    Plant plant;
    EXPECT_EQ(plant.get("/api/v1/policy").headers.at("etag"), "\"0\"");
    const HttpReply first = plant.apply(documents_json(policy_yaml("100 USD")), "\"0\"", "to begin with");
    ASSERT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(first.at("/revision"), "1");
    EXPECT_EQ(first.headers.at("etag"), "\"1\"");
    EXPECT_EQ(plant.rules->get()->revision, 1);
    EXPECT_EQ(plant.get("/api/v1/teams").at("/teams/0/budgets/0/limit_usd"), "100.00");

    ASSERT_EQ(plant.apply(documents_json(policy_yaml("250 USD")), "\"1\"").status, 200);
    EXPECT_EQ(plant.get("/api/v1/teams").at("/teams/0/budgets/0/limit_usd"), "250.00");
    const HttpReply now = plant.get("/api/v1/policy"), before = plant.get("/api/v1/policy/revisions/1");
    EXPECT_EQ(now.at("/documents/0/text"), policy_yaml("250 USD"));
    EXPECT_EQ(before.at("/documents/0/text"), policy_yaml("100 USD"));
    EXPECT_EQ(before.at("/author"), "ada");
    EXPECT_EQ(before.at("/reason"), "to begin with");
    EXPECT_EQ(before.at("/at"), "2026-11-23T12:00:00.000Z");
    const HttpReply history = plant.get("/api/v1/policy/revisions");
    EXPECT_EQ(history.count("/revisions"), 2U);
    EXPECT_EQ(history.at("/revisions/0/number"), "2");
    EXPECT_EQ(plant.audit_rows("policy.apply", "ok", "revision:2"), 1);
}

TEST(PolicyApi, a_rollback_is_a_new_revision) {
    Plant plant;
    ASSERT_EQ(plant.apply(documents_json(policy_yaml("100 USD")), "\"0\"").status, 200);
    ASSERT_EQ(plant.apply(documents_json(policy_yaml("250 USD")), "\"1\"").status, 200);
    const auto back = [&](std::string body, std::string if_match) {
        return plant.ask("POST", "/api/v1/policy/rollback",
                         {.token = plant.operator_token, .body = std::move(body), .if_match = std::move(if_match)});
    };
    EXPECT_EQ(back(R"({"to":1})", "").status, 428);
    EXPECT_EQ(back(R"({"to":1})", "\"1\"").status, 412);
    EXPECT_EQ(back(R"({"to":9})", "\"2\"").status, 404);
    EXPECT_EQ(back(R"({"to":"1"})", "\"2\"").status, 400);
    const HttpReply reply = back(R"({"to":1,"reason":"too much"})", "\"2\"");
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.at("/revision"), "3");
    EXPECT_EQ(plant.rules->get()->revision, 3);
    EXPECT_EQ(plant.get("/api/v1/teams").at("/teams/0/budgets/0/limit_usd"), "100.00");
    EXPECT_EQ(plant.get("/api/v1/policy").at("/reason"), "back to revision 1: too much");
    EXPECT_EQ(plant.audit_rows("policy.rollback", "ok", "revision:3"), 1);
}

struct Precondition {
    const char* name;
    const char* if_match;
    int status;
};

TEST(PolicyApi, a_change_names_the_revision_it_was_made_on) {
    Plant plant;
    ASSERT_EQ(plant.apply(documents_json(policy_yaml()), "\"0\"").status, 200);
    const Precondition cases[] = {
        {"none", "", 428},
        {"an older one", "\"0\"", 412},
        {"one to come", "\"2\"", 412},
        {"without quotes", "1", 400},
        {"any", "*", 400},
        {"a weak one", "W/\"1\"", 400},
        {"a list", "\"0\", \"1\"", 400},
        {"below zero", "\"-1\"", 400},
    };
    for (const Precondition& each : cases) {
        const HttpReply reply = plant.apply(documents_json(policy_yaml("1 USD")), each.if_match);
        EXPECT_EQ(reply.status, each.status) << each.name << ": " << reply.body;
        EXPECT_EQ(plant.rules->get()->revision, 1) << each.name;
    }
    EXPECT_EQ(plant.audit_rows("policy.apply", "conflict"), 2);
}

TEST(PolicyApi, of_two_changes_on_the_same_revision_one_wins) {
    Plant plant;
    for (int round = 0; round < 5; ++round) {
        const std::string base = "\"" + std::to_string(plant.rules->get()->revision) + "\"";
        int status[2] = {};
        std::thread one([&] { status[0] = plant.apply(documents_json(policy_yaml("1 USD")), base).status; });
        std::thread two([&] { status[1] = plant.apply(documents_json(policy_yaml("2 USD")), base).status; });
        one.join();
        two.join();
        EXPECT_EQ(std::minmax(status[0], status[1]), std::minmax(200, 412)) << round;
        const HttpReply stored = plant.get("/api/v1/policy");
        EXPECT_EQ(stored.at("/revision"), std::to_string(plant.rules->get()->revision));
        EXPECT_EQ(stored.at("/documents/0/text"), policy_yaml(status[0] == 200 ? "1 USD" : "2 USD"));
    }
}

TEST(PolicyApi, a_plan_tells_what_would_change_and_changes_nothing) {
    Plant plant;
    ASSERT_EQ(plant.apply(documents_json(policy_yaml("100 USD")), "\"0\"").status, 200);
    const Asked asked{.token = plant.auditor_token, .body = documents_json(policy_yaml("300 USD"))};
    const HttpReply plan = plant.ask("POST", "/api/v1/policy/plan", asked);
    ASSERT_EQ(plan.status, 200) << plan.body;
    EXPECT_EQ(plan.at("/base_revision"), "1");
    ASSERT_EQ(plan.count("/changes"), 1U) << plan.body;
    EXPECT_NE(plan.at("/changes/0").find("300"), std::string::npos) << plan.body;
    EXPECT_EQ(plan.at("/missing_secrets"), R"(["local-key"])");
    EXPECT_EQ(plant.rules->get()->revision, 1);
    ASSERT_EQ(
        plant.ask("PUT", "/api/v1/secrets/local-key", {.token = plant.operator_token, .body = R"({"value":"sk-1"})"})
            .status,
        200);
    EXPECT_EQ(plant.ask("POST", "/api/v1/policy/plan", asked).at("/missing_secrets"), "[]");
    EXPECT_EQ(plant.post("/api/v1/vault/seal", "").status, 200);
    EXPECT_NE(plant.ask("POST", "/api/v1/policy/plan", asked).at("/warnings").find("sealed"), std::string::npos);
}

TEST(PolicyApi, a_plan_warns_of_keys_whose_team_would_be_gone) {
    Plant plant;
    ASSERT_EQ(plant.apply(documents_json(policy_yaml()), "\"0\"").status, 200);
    plant.issue_key();
    std::string renamed = policy_yaml();
    renamed.replace(renamed.find("research:"), 8, "lab");
    const HttpReply plan = plant.post("/api/v1/policy/plan", documents_json(renamed));
    ASSERT_EQ(plan.status, 200) << plan.body;
    EXPECT_NE(plan.at("/warnings").find("Keys belong to team research"), std::string::npos) << plan.body;
}

TEST(PolicyApi, a_wrong_policy_is_refused_whole_with_its_places) {
    Plant plant;
    ASSERT_EQ(plant.apply(documents_json(policy_yaml()), "\"0\"").status, 200);
    const std::string wrong = documents_json(
        "organisation: {name: X}\nteams:\n  a: {budgets: [{limit: lots, per: month}]}\n  b: {parent: nobody}\n",
        "teams.yaml");
    for (const HttpReply& reply : {plant.post("/api/v1/policy/plan", wrong), plant.apply(wrong, "\"1\"")}) {
        ASSERT_EQ(reply.status, 422) << reply.body;
        EXPECT_GE(reply.count("/problems"), 2U) << reply.body;
        EXPECT_EQ(reply.at("/problems/0/file"), "teams.yaml");
        EXPECT_NE(reply.at("/problems/0/line"), "0");
        EXPECT_FALSE(reply.at("/problems/0/text").empty());
    }
    EXPECT_EQ(plant.rules->get()->revision, 1);
    EXPECT_EQ(plant.get("/api/v1/policy").at("/revision"), "1");
}

TEST(PolicyApi, documents_have_the_names_of_files_below_their_folder) {
    Plant plant;
    for (const char* name : {"", "/etc/passwd", "../up.yaml", "a/../../b.yaml", "a\\nb", "$(x).yaml", "\\u202ex.yaml"})
        EXPECT_EQ(
            plant.post("/api/v1/policy/plan", std::string(R"({"documents":[{"name":")") + name + R"(","text":""}]})")
                .status,
            400)
            << name;
    EXPECT_EQ(
        plant.post("/api/v1/policy/plan", R"({"documents":[{"name":"a.yaml","text":""},{"name":"a.yaml","text":""}]})")
            .status,
        400);
    EXPECT_EQ(plant.post("/api/v1/policy/plan", R"({})").status, 400);
    EXPECT_EQ(plant.post("/api/v1/policy/plan", R"({"documents":[],"author":"eve"})").status, 400);
}

TEST(PolicyApi, prices_are_imported_as_a_document_and_not_applied) {
    Plant plant;
    ASSERT_EQ(plant.apply(documents_json(policy_yaml()), "\"0\"").status, 200);
    const HttpReply reply = plant.post(
        "/api/v1/prices/import",
        R"({"source":"prices.json","litellm":"{\"gpt-4o\":{\"litellm_provider\":\"openai\",\"mode\":\"chat\",\"input_cost_per_token\":2.5e-06,\"output_cost_per_token\":1e-05}}"})");
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.at("/models"), "1") << reply.body;
    EXPECT_NE(reply.at("/document/text").find("gpt-4o"), std::string::npos);
    EXPECT_EQ(plant.rules->get()->revision, 1);
    EXPECT_EQ(plant.post("/api/v1/prices/import", R"({"source":"x","litellm":"not json"})").status, 400);
}

}  // namespace
}  // namespace bursar::admin::test
