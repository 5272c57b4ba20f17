// Hunts: paths that mean two things, refusals without a record, tokens that live too long.
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

struct Path {
    const char* name;
    const char* method;
    const char* target;
    int status;
};

TEST(Access, a_path_means_one_thing) {
    Plant plant;
    const Path paths[] = {
        {"a path that is not there", "GET", "/api/v1/nothing", 404},
        {"a slash too many at the end", "GET", "/api/v1/keys/", 404},
        {"a slash too many in the middle", "GET", "/api/v1//keys", 404},
        {"a dot segment", "GET", "/api/v1/./keys", 404},
        {"a way up", "GET", "/api/v1/openapi.json/../keys", 404},
        {"other letters", "GET", "/API/v1/keys", 404},
        {"an escaped letter", "GET", "/api/v1/ke%79s", 400},
        {"an escaped slash", "GET", "/api/v1/keys%2fx", 400},
        {"a path parameter", "GET", "/api/v1/keys;x=1", 400},
        {"a backslash", "GET", "/api/v1\\keys", 400},
        {"a long path", "GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m", 404},
        {"an unknown parameter", "GET", "/api/v1/audit?offset=3", 400},
        {"a method that this path does not take", "PATCH", "/api/v1/keys", 405},
        {"HEAD", "HEAD", "/api/v1/keys", 405},
        {"an unknown key", "GET", "/api/v1/keys/7f3a", 404},
        {"an unknown operator", "DELETE", "/api/v1/operators/7f3a", 404},
        {"an unknown secret", "DELETE", "/api/v1/secrets/nothing", 404},
        {"an unknown revision", "GET", "/api/v1/policy/revisions/7", 404},
        {"a revision that is no number", "GET", "/api/v1/policy/revisions/-1", 404},
    };
    for (const Path& each : paths) {
        const HttpReply reply = plant.ask(each.method, each.target, {.token = plant.operator_token});
        EXPECT_EQ(reply.status, each.status) << each.name << ": " << reply.body;
        EXPECT_EQ(reply.headers.at("content-type"), "application/problem+json") << each.name;
    }
    EXPECT_EQ(plant.ask("PATCH", "/api/v1/keys", {.token = plant.operator_token}).headers.at("allow"), "GET, POST");
}

TEST(Access, answers_are_not_kept_and_problems_say_what_to_do) {
    Plant plant;
    const HttpReply good = plant.get("/api/v1/whoami");
    EXPECT_EQ(good.status, 200);
    EXPECT_EQ(good.at("/name"), "ada");
    EXPECT_EQ(good.at("/role"), "operator");
    EXPECT_EQ(good.at("/expires_at"), "null");
    EXPECT_EQ(good.headers.at("cache-control"), "no-store");
    EXPECT_EQ(good.headers.at("x-content-type-options"), "nosniff");
    const HttpReply bad = plant.ask("GET", "/api/v1/whoami");
    EXPECT_EQ(bad.headers.at("www-authenticate"), "Bearer realm=\"bursar\"");
    EXPECT_EQ(bad.at("/type"), "about:blank");
    EXPECT_EQ(bad.at("/title"), "Unauthorized");
    EXPECT_EQ(bad.at("/status"), "401");
    EXPECT_EQ(bad.at("/code"), "unauthenticated");
}

TEST(Access, refusals_are_in_the_audit_with_who_and_from_where) {
    Plant plant;
    plant.ask("POST", "/api/v1/vault/seal", {.token = plant.finance_token});
    plant.ask("GET", "/api/v1/secrets", {.token = plant.finance_token});
    plant.ask("POST", "/api/v1/keys");
    EXPECT_EQ(plant.audit_rows("vault.seal", "not_permitted", "/api/v1/vault/seal"), 1);
    EXPECT_EQ(plant.audit_rows("secret.list", "not_permitted"), 1);
    EXPECT_EQ(plant.audit_rows("key.issue", "unauthenticated"), 1);
    const HttpReply audit = plant.ask("GET", "/api/v1/audit?limit=3", {.token = plant.auditor_token});
    ASSERT_EQ(audit.count("/entries"), 3U) << audit.body;
    EXPECT_EQ(audit.at("/entries/0/actor"), "anonymous");
    EXPECT_EQ(audit.at("/entries/1/actor"), "operator:fritz");
    EXPECT_EQ(audit.at("/entries/0/address"), "192.0.2.7");
    EXPECT_EQ(audit.at("/entries/0/hash").size(), 64U);
    const HttpReply older = plant.ask("GET", "/api/v1/audit?limit=1&before=" + audit.at("/entries/0/number"),
                                      {.token = plant.auditor_token});
    EXPECT_EQ(older.at("/entries/0/number"), audit.at("/entries/1/number"));
}

TEST(Access, tokens_expire_and_can_be_revoked_but_for_the_last_one) {
    Plant plant;
    const HttpReply issued =
        plant.post("/api/v1/operators", R"({"name":"eva","role":"operator","expires_at":"2026-11-23T13:00:00Z"})");
    ASSERT_EQ(issued.status, 201) << issued.body;
    const std::string token = issued.at("/token");
    EXPECT_EQ(plant.ask("GET", "/api/v1/whoami", {.token = token}).at("/expires_at"), "2026-11-23T13:00:00.000Z");
    EXPECT_EQ(plant.get("/api/v1/operators").body.find(token), std::string::npos) << "a token was shown twice";
    EXPECT_EQ(plant.audit_rows("operator.issue", "ok", "operator:eva"), 1);

    std::string ada, eva;
    const HttpReply list = plant.get("/api/v1/operators");
    for (std::size_t i = 0; i < list.count("/operators"); ++i) {
        const std::string at = "/operators/" + std::to_string(i);
        if (list.at(at + "/name") == "ada") ada = list.at(at + "/id");
        if (list.at(at + "/name") == "eva") eva = list.at(at + "/id");
    }
    EXPECT_NE(
        plant.get("/api/v1/audit").body.find(fmt::format("\\\"id\\\":\\\"{}\\\",\\\"role\\\":\\\"operator\\\"", eva)),
        std::string::npos)
        << "which token it was";
    plant.clock.advance(std::chrono::hours(1));
    EXPECT_EQ(plant.ask("GET", "/api/v1/whoami", {.token = token}).status, 401) << "an expired token works";
    EXPECT_EQ(plant.ask("DELETE", "/api/v1/operators/" + ada, {.token = plant.operator_token}).status, 409)
        << "the last operator locked itself out";
    EXPECT_EQ(plant.ask("DELETE", "/api/v1/operators/" + eva, {.token = plant.operator_token}).status, 204);
    EXPECT_EQ(plant.audit_rows("operator.revoke", "ok", "operator:eva"), 1);
    EXPECT_NE(plant.get("/api/v1/audit?limit=1").at("/entries/0/detail").find(fmt::format("\"token\":\"{}\"", ada)),
              std::string::npos)
        << "which of two tokens of the same name it was";

    for (const char* wrong :
         {R"({"name":"x"})", R"({"name":"x","role":"root"})", R"({"name":"x","role":"member"})",
          R"({"name":"x","role":"team_lead"})", R"({"name":"x","role":"team_lead","team":"nobody"})",
          R"({"name":"x","role":"auditor","team":"research"})", R"({"name":"","role":"auditor"})",
          R"({"name":"x","role":"auditor","expires_at":"2020-01-01T00:00:00Z"})",
          R"({"name":"x","role":"auditor","id":"me"})"})
        EXPECT_EQ(plant.post("/api/v1/operators", wrong).status, 400) << wrong;
}

TEST(Access, metrics_are_for_the_scraper_too_and_its_token_opens_nothing_else) {
    Plant plant;
    const Asked scraper{.token = std::string(metrics_token)};
    EXPECT_EQ(plant.ask("GET", "/metrics", scraper).body, "bursar_up 1\n");
    EXPECT_EQ(plant.ask("GET", "/metrics", {.token = plant.auditor_token}).status, 200);
    EXPECT_EQ(plant.ask("GET", "/metrics").status, 401);
    EXPECT_EQ(plant.ask("GET", "/metrics", {.token = std::string(metrics_token.substr(1))}).status, 401);
    EXPECT_EQ(plant.ask("GET", "/api/v1/whoami", scraper).status, 401);
    EXPECT_EQ(plant.ask("GET", "/api/v1/checks", {.token = plant.auditor_token}).at("/checks/0/name"), "store");
    EXPECT_EQ(plant.get("/api/v1/providers").at("/channels/0/provider"), "local");
}

TEST(Access, nobody_else_of_the_machine_reaches_the_socket) {
    Plant plant;
    const auto status = std::filesystem::status(plant.folder / "control.sock");
    EXPECT_EQ(status.type(), std::filesystem::file_type::socket);
    EXPECT_EQ(status.permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace bursar::admin::test
