// Hunts: a change that one person makes alone although the policy asks for two, a person who is their own second, a
// request that is done twice or as somebody else, and a house that its own rule has locked.
#include "service/admin/visit.h"
#include "tests/unit/admin/plant.h"

#include <algorithm>
#include <latch>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

constexpr std::string_view secret_text = "sk-nobody-reads-this-anywhere";

class TwoPersons : public testing::Test {
  protected:
    void SetUp() override {
        bob_ = token_of("bob", "operator");
        ada_again_ = token_of("Ada", "operator");
        plant_.company.has("olga", {"is-operator"});
        plant_.company.has("ada", {"is-operator"});
    }
    void rule(std::string_view words) {
        const HttpReply applied = plant_.apply(documents_json(policy(words)), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
    }
    static std::string policy(std::string_view words, std::string_view operators = "is-operator") {
        std::string yaml = staff_yaml(words.empty() ? std::string() : fmt::format("  two_persons: [{}]\n", words));
        yaml.replace(yaml.find("is-operator"), 11, operators);
        return yaml;
    }
    std::string token_of(std::string_view name, std::string_view role) {
        const HttpReply issued =
            plant_.post("/api/v1/operators", fmt::format(R"({{"name":"{}","role":"{}"}})", name, role));
        EXPECT_EQ(issued.status, 201) << issued.body;
        return issued.at("/token");
    }
    HttpReply put_secret(const std::string& token, std::string_view value = secret_text) {
        return plant_.ask("PUT", "/api/v1/secrets/openai",
                          {.token = token, .body = fmt::format(R"({{"value":"{}"}})", value)});
    }
    /// The id of what ada has asked for.
    std::string asked() {
        const HttpReply reply = put_secret(plant_.operator_token);
        EXPECT_EQ(reply.status, 202) << reply.body;
        return reply.at("/approval/id");
    }
    HttpReply decide(const std::string& token, const std::string& id, std::string_view decision = "approve") {
        return plant_.ask(
            "POST", "/api/v1/approvals/" + id,
            {.token = token, .body = fmt::format(R"({{"decision":"{}","reason":"looked at"}})", decision)});
    }
    std::string state_of(const std::string& id) { return plant_.get("/api/v1/approvals/" + id).at("/state"); }
    HttpReply apply_as(const std::string& token, const std::string& yaml, std::string_view base) {
        return plant_.ask("PUT", "/api/v1/policy",
                          {.token = token, .body = documents_json(yaml), .if_match = std::string(base)});
    }
    std::string break_glass(std::string_view name) {
        auto made = plant_.staff->break_glass().make(name, {});
        EXPECT_TRUE(made.has_value());
        const HttpReply opened = plant_.ask(
            "POST", "/auth/break-glass", {.body = fmt::format(R"({{"passphrase":"{}"}})", made->passphrase.reveal())});
        EXPECT_EQ(opened.status, 200) << opened.body;
        return opened.cookie("__Host-bursar");
    }

    Plant plant_;
    std::string bob_, ada_again_;
};

TEST_F(TwoPersons, without_the_rule_nothing_waits) {
    rule("");
    EXPECT_EQ(put_secret(plant_.operator_token).status, 200);
    EXPECT_EQ(plant_.get("/api/v1/approvals").count("/approvals"), 0U);
}

TEST_F(TwoPersons, a_secret_is_put_once_another_operator_has_approved_it) {
    rule("secrets");
    const HttpReply waits = put_secret(plant_.operator_token);
    ASSERT_EQ(waits.status, 202) << waits.body;
    const std::string id = waits.at("/approval/id");
    EXPECT_EQ(waits.headers.at("location"), "/api/v1/approvals/" + id);
    EXPECT_EQ(waits.at("/approval/what"), "Put into the vault the new secret \"openai\".");
    EXPECT_EQ(waits.at("/approval/asked_by"), "operator:ada");
    EXPECT_EQ(waits.at("/approval/expires_at"), "2026-11-24T12:00:00.000Z");
    EXPECT_FALSE(plant_.vault->lend("openai"));

    const HttpReply done = decide(bob_, id);
    ASSERT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(done.at("/approval/state"), "done");
    EXPECT_EQ(done.at("/approval/decided_by"), "operator:bob");
    EXPECT_EQ(done.at("/status"), "200");
    EXPECT_EQ(done.at("/answer/name"), "openai");
    const auto lease = plant_.vault->lend("openai");
    ASSERT_TRUE(lease.has_value());
    EXPECT_EQ((*lease)->reveal(), secret_text);
    for (const char* path : {"/api/v1/approvals", "/api/v1/audit", "/api/v1/alerts"})
        EXPECT_EQ(plant_.get(path).body.find(secret_text), std::string::npos) << path;
    EXPECT_EQ(decide(bob_, id).status, 409) << "once";
}

TEST_F(TwoPersons, the_audit_has_both_names_at_every_step) {
    rule("secrets");
    const std::string id = asked();
    ASSERT_EQ(decide(bob_, id).status, 200);
    EXPECT_EQ(plant_.audit_rows("approval.ask", "ok", "approval:" + id), 1);
    EXPECT_EQ(plant_.audit_rows("approval.decide", "begun", "approval:" + id), 1);
    EXPECT_EQ(plant_.audit_rows("approval.decide", "ok", "approval:" + id), 1);
    const HttpReply rows = plant_.get("/api/v1/audit?limit=4");
    for (const char* row : {"0", "1", "2", "3"}) {
        const std::string actor = rows.at(fmt::format("/entries/{}/actor", row));
        const std::string detail = rows.at(fmt::format("/entries/{}/detail", row));
        EXPECT_TRUE((actor + detail).contains("operator:ada") && (actor + detail).contains("operator:bob"))
            << actor << " " << detail;
    }
    EXPECT_EQ(plant_.audit_rows("secret.put", "ok", "secret:openai"), 1);
}

TEST_F(TwoPersons, nobody_is_their_own_second_by_another_token_or_session) {
    rule("secrets");
    const std::string id = asked();
    EXPECT_EQ(decide(plant_.operator_token, id).status, 403);
    EXPECT_EQ(decide(ada_again_, id).status, 403) << "another token, other capitals";
    const std::string body = R"({"decision":"approve"})";
    EXPECT_EQ(plant_.ask("POST", "/api/v1/approvals/" + id, by_page(plant_.sign_in("ada"), body)).status, 403);
    EXPECT_EQ(plant_.ask("POST", "/api/v1/approvals/" + id, by_page(break_glass("ada"), body)).status, 403);
    EXPECT_EQ(decide(plant_.operator_token, id, "decline").status, 403);
    for (const std::string& token : {plant_.auditor_token, plant_.finance_token})
        EXPECT_EQ(decide(token, id).status, 403);
    EXPECT_EQ(state_of(id), "open");
    EXPECT_EQ(plant_.ask("POST", "/api/v1/approvals/" + id, by_page(plant_.sign_in("olga"), body)).status, 200);
    EXPECT_EQ(state_of(id), "done");
}

TEST_F(TwoPersons, whoever_approves_proves_who_they_are_as_whoever_asks) {
    rule("secrets");
    const std::string id = asked(), olga = plant_.sign_in("olga");
    plant_.clock.advance(std::chrono::minutes(11));
    const std::string path = "/api/v1/approvals/" + id;
    const HttpReply late = plant_.ask("POST", path, by_page(olga, R"({"decision":"approve"})"));
    EXPECT_EQ(late.at("/code"), "step_up_needed") << late.body;
    const HttpReply asking = plant_.ask("PUT", "/api/v1/secrets/x", by_page(olga, R"({"value":"y"})"));
    EXPECT_EQ(asking.at("/code"), "step_up_needed") << asking.body;
    EXPECT_EQ(state_of(id), "open");
}

TEST_F(TwoPersons, what_is_wrong_is_refused_when_it_is_asked_for) {
    rule("secrets, policy, roles");
    const std::string& ada = plant_.operator_token;
    EXPECT_EQ(put_secret(ada, R"(two\nlines)").status, 400);
    EXPECT_EQ(plant_.ask("DELETE", "/api/v1/secrets/nothing", {.token = ada}).status, 404);
    EXPECT_EQ(plant_.post("/api/v1/vault/rotate", R"({"current":{"passphrase":"x"}})").status, 400);
    EXPECT_EQ(apply_as(ada, "teams: 7", "\"1\"").status, 422);
    EXPECT_EQ(apply_as(ada, policy(""), "\"0\"").status, 412);
    EXPECT_EQ(apply_as(ada, policy(""), "").status, 428);
    EXPECT_EQ(plant_.post("/api/v1/operators", R"({"name":"x","role":"king"})").status, 400);
    EXPECT_EQ(plant_.ask("DELETE", "/api/v1/operators/nothing", {.token = ada}).status, 404);
    EXPECT_EQ(plant_.get("/api/v1/approvals").count("/approvals"), 0U);
}

TEST_F(TwoPersons, each_word_covers_its_routes_and_no_other) {
    struct Case {
        std::string_view word, method, path;
        std::string body;
    };
    const Case cases[] = {
        {"secrets", "PUT", "/api/v1/secrets/old", R"({"value":"y"})"},
        {"secrets", "POST", "/api/v1/vault/rotate", fmt::format(R"({{"current":{0},"next":{0}}})", master_key_body)},
        {"secrets", "DELETE", "/api/v1/secrets/old", ""},
        {"policy", "POST", "/api/v1/policy/rollback", R"({"to":1})"},
        {"roles", "POST", "/api/v1/operators", R"({"name":"dora","role":"auditor"})"},
        {"roles", "DELETE", "/api/v1/operators/", ""},
    };
    for (const std::string_view word : {"secrets", "policy", "roles"}) {
        Plant plant;
        const std::string& ada = plant.operator_token;
        ASSERT_EQ(plant.apply(documents_json(policy("")), "\"0\"").status, 200);
        ASSERT_EQ(plant.ask("PUT", "/api/v1/secrets/old", {.token = ada, .body = R"({"value":"x"})"}).status, 200);
        const std::string id = plant.post("/api/v1/operators", R"({"name":"carol","role":"auditor"})").at("/id");
        ASSERT_EQ(plant.apply(documents_json(policy(word)), "\"1\"").status, 200);
        for (const Case& each : cases) {
            const std::string path = std::string(each.path) + (each.path.ends_with('/') ? id : "");
            const bool is_policy = each.word == "policy";
            const HttpReply reply =
                plant.ask(each.method, path, {.token = ada, .body = each.body, .if_match = is_policy ? "\"2\"" : ""});
            // Going back to the first revision takes the word out of the rule, which nobody does alone.
            EXPECT_EQ(reply.status == 202, is_policy || each.word == word)
                << word << ": " << each.method << " " << path << ": " << reply.status << " " << reply.body;
        }
    }
}

TEST_F(TwoPersons, every_route_that_may_wait_is_for_operators_and_ends_with_its_parameter) {
    int count = 0;
    for (const Handler& each : handlers()) {
        if (each.propose == nullptr) continue;
        ++count;
        EXPECT_EQ(each.access, Access::operators) << each.route;
        EXPECT_EQ(each.records, Records::itself) << each.route;
        EXPECT_LE(std::ranges::count(each.route, '{'), 1) << each.route;
        EXPECT_TRUE(!each.route.contains('{') || each.route.ends_with('}')) << each.route;
    }
    EXPECT_EQ(count, 7);
}

TEST_F(TwoPersons, a_policy_waits_with_its_plan_and_is_refused_when_another_one_came_first) {
    rule("policy");
    std::string more = policy("policy");
    more.replace(more.find("100 USD"), 7, "250 USD");
    const HttpReply first = apply_as(plant_.operator_token, more, "\"1\"");
    const HttpReply second = apply_as(bob_, policy("policy", "is-somebody"), "\"1\"");
    ASSERT_EQ(first.status, 202) << first.body;
    ASSERT_EQ(second.status, 202) << second.body;
    const HttpReply shown = plant_.get("/api/v1/approvals/" + first.at("/approval/id"));
    EXPECT_EQ(shown.count("/changes"), 1U) << shown.body;
    EXPECT_TRUE(shown.at("/changes/0").contains("250")) << shown.body;

    ASSERT_EQ(decide(bob_, first.at("/approval/id")).status, 200);
    EXPECT_EQ(plant_.get("/api/v1/policy").at("/author"), "ada (approved by operator:bob)");
    const HttpReply stale = decide(plant_.operator_token, second.at("/approval/id"));
    EXPECT_EQ(stale.status, 412) << stale.body;
    EXPECT_TRUE(stale.at("/detail").contains("refused when it was done")) << stale.body;
    EXPECT_EQ(state_of(second.at("/approval/id")), "failed");
    EXPECT_EQ(plant_.rules->get()->revision, 2);
}

TEST_F(TwoPersons, the_rule_in_force_decides_about_its_own_end_and_about_roles) {
    rule("roles");
    EXPECT_EQ(apply_as(plant_.operator_token, policy(""), "\"1\"").status, 202) << "takes the rule away";
    EXPECT_EQ(apply_as(plant_.operator_token, policy("roles", "is-somebody"), "\"1\"").status, 202) << "gives a role";
    std::string budget = policy("roles");
    budget.replace(budget.find("100 USD"), 7, "250 USD");
    EXPECT_EQ(apply_as(plant_.operator_token, budget, "\"1\"").status, 200) << "no role, no rule";
}

TEST_F(TwoPersons, the_break_glass_account_lifts_the_rule_loudly_and_does_nothing_else_alone) {
    rule("secrets, policy");
    const std::string glass = break_glass("on call");
    const auto apply = [&](const std::string& yaml) {
        Asked asked = by_page(glass, documents_json(yaml));
        asked.if_match = "\"1\"";
        return plant_.ask("PUT", "/api/v1/policy", asked);
    };
    EXPECT_EQ(apply(policy("", "is-somebody")).status, 202) << "more than the rule";
    const HttpReply own = plant_.ask("PUT", "/api/v1/secrets/x", by_page(glass, R"({"value":"y"})"));
    ASSERT_EQ(own.status, 202) << own.body;
    const std::string path = "/api/v1/approvals/" + own.at("/approval/id");
    EXPECT_EQ(plant_.ask("POST", path, by_page(glass, R"({"decision":"approve"})")).status, 403);
    const std::string id = asked();
    EXPECT_EQ(plant_.ask("POST", "/api/v1/approvals/" + id, by_page(glass, R"({"decision":"approve"})")).status, 200)
        << "what somebody else asked for";
    const HttpReply lifted = apply(policy(""));
    ASSERT_EQ(lifted.status, 200) << lifted.body;
    EXPECT_EQ(plant_.audit_rows("two_persons.lifted", "ok", "revision:2"), 1);
    EXPECT_TRUE(plant_.get("/api/v1/alerts?kind=two_persons.lifted").body.contains("break-glass took secrets, policy"));
    EXPECT_EQ(put_secret(plant_.operator_token).status, 200);
}

TEST_F(TwoPersons, whoever_lost_the_right_meanwhile_has_nothing_done_any_more) {
    rule("secrets");
    const HttpReply waits = put_secret(bob_);
    ASSERT_EQ(waits.status, 202);
    ASSERT_EQ(plant_
                  .ask("DELETE", "/api/v1/operators/" + bob_.substr(4, bob_.find('_', 4) - 4),
                       {.token = plant_.operator_token})
                  .status,
              204);
    const HttpReply refused = decide(plant_.operator_token, waits.at("/approval/id"));
    EXPECT_EQ(refused.status, 403) << refused.body;
    EXPECT_FALSE(plant_.vault->lend("openai"));
    EXPECT_EQ(decide(plant_.operator_token, waits.at("/approval/id"), "decline").status, 200);
}

TEST_F(TwoPersons, a_token_is_shown_to_whoever_approves_and_to_nobody_else) {
    rule("roles");
    const HttpReply waits = plant_.post("/api/v1/operators", R"({"name":"dora","role":"auditor"})");
    ASSERT_EQ(waits.status, 202);
    const HttpReply done = decide(bob_, waits.at("/approval/id"));
    ASSERT_EQ(done.status, 200) << done.body;
    const std::string token = done.at("/answer/token");
    EXPECT_EQ(plant_.ask("GET", "/api/v1/whoami", {.token = token}).at("/name"), "dora");
    EXPECT_EQ(plant_.get("/api/v1/approvals").body.find(token), std::string::npos);
}

TEST_F(TwoPersons, of_two_who_approve_at_once_one_does_it) {
    rule("secrets");
    const std::string carol = token_of("carol", "operator");
    const std::string id = asked();
    std::latch both(2);
    int statuses[2] = {};
    std::thread other([&] {
        both.arrive_and_wait();
        statuses[0] = decide(bob_, id).status;
    });
    both.arrive_and_wait();
    statuses[1] = decide(carol, id).status;
    other.join();
    EXPECT_EQ(std::min(statuses[0], statuses[1]), 200);
    EXPECT_EQ(std::max(statuses[0], statuses[1]), 409);
    EXPECT_EQ(plant_.audit_rows("secret.put", "ok", "secret:openai"), 1);
}

TEST_F(TwoPersons, a_sealed_vault_keeps_what_waits_until_it_is_open_again) {
    rule("secrets");
    const std::string id = asked();
    plant_.vault->seal();
    EXPECT_EQ(put_secret(plant_.operator_token).status, 503);
    EXPECT_EQ(decide(bob_, id).status, 503);
    EXPECT_EQ(state_of(id), "open");
    ASSERT_EQ(plant_.post("/api/v1/vault/unseal", std::string(master_key_body)).status, 200);
    EXPECT_EQ(decide(bob_, id).status, 200);
}

TEST_F(TwoPersons, a_plan_warns_of_a_rule_that_would_lock_the_house) {
    rule("");
    const auto warned = [&](std::string_view words) {
        return plant_.post("/api/v1/policy/plan", documents_json(policy(words))).at("/warnings");
    };
    EXPECT_FALSE(warned("secrets, policy, roles").contains("two_persons"));
    EXPECT_TRUE(warned("secrets").contains("two_persons has no"));
    ASSERT_EQ(plant_
                  .ask("DELETE", "/api/v1/operators/" + bob_.substr(4, bob_.find('_', 4) - 4),
                       {.token = plant_.operator_token})
                  .status,
              204);
    EXPECT_TRUE(warned("roles").contains("only \\\"ada\\\" could ask or approve")) << warned("roles");
}

}  // namespace
}  // namespace bursar::admin::test
