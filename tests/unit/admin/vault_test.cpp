// Hunts: provider keys in an answer or a record, an unsealed vault with the wrong key, doors open while the database is
// closed.
#include "tests/unit/admin/plant.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

const std::string key_body(master_key_body);
const std::string wrong_body = fmt::format(R"({{"master_key":"{:064}"}})", 7);

TEST(VaultApi, before_the_first_unseal_only_the_way_to_it_is_open) {
    const std::string phrase = R"({"passphrase":"correct horse battery staple"})";
    Plant plant(Plant::Start::sealed);
    for (const auth::Permission& each : auth::role_table()) {
        const bool console = each.action.starts_with("console.") || each.action == "oauth.metadata";
        const bool open = console || each.action == "openapi.read" || each.action == "vault.status" ||
                          each.action == "vault.unseal" || each.action == "standby.status";
        std::string target(each.route);
        for (std::size_t from = 0; (from = target.find('{')) != std::string::npos;)
            target.replace(from, target.find('}') - from + 1, "x");
        const HttpReply reply = plant.ask(each.method, target,
                                          {.token = "bso_anything", .body = each.action == "vault.unseal" ? "{}" : ""});
        if (open) {
            EXPECT_NE(reply.status, 503) << target;
        } else {
            EXPECT_EQ(reply.status, 503) << target;
            // Errors of SCIM have a shape of their own.
            if (!target.starts_with("/scim/")) EXPECT_EQ(reply.at("/code"), "sealed") << target;
        }
    }
    EXPECT_EQ(plant.ask("GET", "/api/v1/vault").at("/state"), "sealed");
    EXPECT_EQ(plant.ask("GET", "/api/v1/vault").at("/new"), "true");
    EXPECT_EQ(plant.ask("GET", "/metrics", {.token = std::string(metrics_token)}).status, 200)
        << "a scraper has to see that the vault is sealed";

    EXPECT_EQ(plant.ask("POST", "/api/v1/vault/unseal", {.body = R"({"passphrase":"short"})", .address = "::1"}).status,
              400)
        << "a new vault with a weak passphrase";
    const HttpReply opened = plant.ask("POST", "/api/v1/vault/unseal", {.body = phrase, .address = "127.0.0.1"});
    ASSERT_EQ(opened.status, 200) << opened.body;
    EXPECT_EQ(opened.at("/state"), "unsealed");
    EXPECT_EQ(plant.get("/api/v1/whoami").status, 200);
    EXPECT_EQ(plant.ask("POST", "/api/v1/vault/unseal", {.body = phrase}).status, 401) << "now a token is needed";
    EXPECT_EQ(plant.ask("GET", "/api/v1/vault").status, 401);
    EXPECT_EQ(plant.audit_rows("vault.unseal", "ok", "vault"), 1);
    const HttpReply audit = plant.get("/api/v1/audit");
    EXPECT_NE(audit.body.find("\"master-key\""), std::string::npos) << audit.body;
}

// Hunts: a stranger who chooses the master key of a vault that is not made yet.
TEST(VaultApi, a_new_vault_is_not_made_over_the_network) {
    Plant plant(Plant::Start::sealed);
    for (const char* address : {"192.0.2.7", "2001:db8::1", "::ffff:10.0.0.1", "", "127.0.0.1.example"}) {
        const HttpReply refused = plant.ask("POST", "/api/v1/vault/unseal", {.body = key_body, .address = address});
        EXPECT_EQ(refused.status, 403) << address;
        EXPECT_NE(refused.at("/detail").find("--issue-operator"), std::string::npos);
    }
    EXPECT_EQ(plant.ask("GET", "/api/v1/vault").at("/new"), "true");
    EXPECT_EQ(plant.ask("POST", "/api/v1/vault/unseal", {.body = key_body, .address = "::ffff:127.0.0.1"}).status, 200);
}

TEST(VaultApi, a_stranger_who_guesses_keeps_nobody_out) {
    Plant plant(Plant::Start::open, std::chrono::seconds(1));
    plant.post("/api/v1/vault/seal", "");
    const auto unseal = [&](std::string_view body, std::string_view address) {
        return plant
            .ask("POST", "/api/v1/vault/unseal",
                 {.token = plant.operator_token, .body = std::string(body), .address = std::string(address)})
            .status;
    };
    EXPECT_EQ(unseal(wrong_body, "192.0.2.66"), 401);
    EXPECT_EQ(unseal(wrong_body, "192.0.2.66"), 429);
    EXPECT_EQ(unseal(key_body, "192.0.2.66"), 429) << "not even with the right one before its time";
    EXPECT_EQ(unseal(key_body, "192.0.2.7"), 200);
}

TEST(VaultApi, seals_and_unseals_with_the_right_key_only) {
    Plant plant;
    ASSERT_EQ(plant
                  .ask("PUT", "/api/v1/secrets/openai-a",
                       {.token = plant.operator_token, .body = R"({"value":"sk-canary-1"})"})
                  .status,
              200);
    EXPECT_EQ(plant.post("/api/v1/vault/unseal", key_body).status, 409) << "it is unsealed";
    EXPECT_EQ(plant.post("/api/v1/vault/seal", "").at("/state"), "sealed");
    EXPECT_FALSE(plant.vault->lend("openai-a").has_value());
    EXPECT_EQ(plant.get("/api/v1/secrets").status, 503);
    EXPECT_EQ(plant.get("/api/v1/keys").status, 200) << "the database stays open";

    EXPECT_EQ(plant.post("/api/v1/vault/unseal", wrong_body).status, 401);
    EXPECT_EQ(plant.get("/api/v1/vault").at("/state"), "sealed");
    EXPECT_EQ(plant.post("/api/v1/vault/unseal", key_body).status, 200);
    EXPECT_TRUE(plant.vault->lend("openai-a").has_value());
    EXPECT_EQ(plant.audit_rows("vault.seal", "ok"), 1);
    EXPECT_EQ(plant.audit_rows("vault.unseal", "begun", "vault"), 2) << "on record before it is tried";
    EXPECT_EQ(plant.audit_rows("vault.unseal", "unauthenticated"), 1);
    EXPECT_EQ(plant.audit_rows("vault.unseal", "ok"), 1);
}

TEST(UpgradeApi, says_what_an_upgrade_has_to_know_and_keeps_a_row_of_it) {
    Plant plant;
    const HttpReply facts = plant.post("/api/v1/upgrade/check", "");
    ASSERT_EQ(facts.status, 200) << facts.body;
    EXPECT_EQ(facts.at("/version"), BURSAR_VERSION);
    EXPECT_EQ(facts.at("/databases/0/name"), "bursar.db");
    EXPECT_EQ(facts.at("/databases/0/sound"), "true");
    EXPECT_EQ(facts.at("/databases/1/name"), "vault.db");
    EXPECT_EQ(facts.at("/databases/1/sound"), "true");
    EXPECT_GT(std::stoull(facts.at("/database_bytes")), 0U);
    EXPECT_GT(std::stoull(facts.at("/state_bytes_free")), 0U);
    EXPECT_EQ(facts.at("/backup_bytes_free"), "<nothing>") << "none are made here";
    EXPECT_EQ(plant.audit_rows("upgrade.check", "ok"), 1);
}

TEST(UpgradeApi, names_the_database_that_is_damaged) {
    Plant plant;
    const auto file = plant.folder / "vault" / "vault.db";
    std::fstream edited(file, std::ios::in | std::ios::out | std::ios::binary);
    edited.seekp(static_cast<std::streamoff>(std::filesystem::file_size(file)) - 100);
    edited << "edited";
    edited.close();
    const HttpReply facts = plant.post("/api/v1/upgrade/check", "");
    ASSERT_EQ(facts.status, 200) << facts.body;
    EXPECT_EQ(facts.at("/databases/0/sound"), "true");
    EXPECT_EQ(facts.at("/databases/1/sound"), "false");
    EXPECT_NE(facts.at("/databases/1/text").find("vault.db"), std::string::npos);
}

TEST(VaultApi, takes_one_kind_of_master_key_in_its_form) {
    Plant plant;
    plant.post("/api/v1/vault/seal", "");
    for (const char* wrong :
         {"{}", R"({"passphrase":""})", R"({"passphrase":7})", R"({"master_key":"abc"})", R"({"master_key":"zz"})",
          R"({"passphrase":"x","master_key":"00"})", R"({"key":"x"})", R"(["x"])"})
        EXPECT_EQ(plant.post("/api/v1/vault/unseal", wrong).status, 400) << wrong;
}

TEST(VaultApi, rotates_the_master_key) {
    Plant plant;
    const std::string next = std::string(64, 'a');
    const auto rotate = [&](std::string_view current, std::string_view to) {
        return plant.post("/api/v1/vault/rotate", fmt::format(R"({{"current":{},"next":{}}})", current, to));
    };
    EXPECT_EQ(rotate(wrong_body, fmt::format(R"({{"master_key":"{}"}})", next)).status, 401);
    EXPECT_EQ(rotate(key_body, R"({"passphrase":"too short"})").status, 400);
    ASSERT_EQ(rotate(key_body, fmt::format(R"({{"master_key":"{}"}})", next)).status, 200);
    plant.post("/api/v1/vault/seal", "");
    EXPECT_EQ(plant.post("/api/v1/vault/unseal", key_body).status, 401) << "the old key still opens";
    EXPECT_EQ(plant.post("/api/v1/vault/unseal", fmt::format(R"({{"master_key":"{}"}})", next)).status, 200);
    EXPECT_EQ(plant.audit_rows("vault.rotate", "ok"), 1);
    EXPECT_EQ(plant.audit_rows("vault.rotate", "unauthenticated"), 1);
}

TEST(VaultApi, a_secret_goes_in_and_never_comes_out) {
    Plant plant;
    constexpr std::string_view canary = "sk-canary-4711-never-to-be-seen";
    const auto put = [&](std::string_view name, std::string_view value) {
        return plant.ask("PUT", fmt::format("/api/v1/secrets/{}", name),
                         {.token = plant.operator_token, .body = fmt::format(R"({{"value":"{}"}})", value)});
    };
    const HttpReply stored = put("openai-a", canary);
    ASSERT_EQ(stored.status, 200) << stored.body;
    EXPECT_EQ(stored.at("/name"), "openai-a");
    EXPECT_EQ(put("openai-a", canary).at("/fingerprint"), stored.at("/fingerprint"));
    EXPECT_NE(put("openai-a", "sk-another").at("/fingerprint"), stored.at("/fingerprint"));
    put("openai-a", canary);
    EXPECT_EQ(plant.vault->lend("openai-a").value()->reveal(), canary);

    for (const char* target : {"/api/v1/secrets", "/api/v1/audit", "/api/v1/policy", "/api/v1/vault", "/api/v1/checks",
                               "/metrics", "/api/v1/ledger"}) {
        const HttpReply reply = plant.get(target);
        EXPECT_EQ(reply.status, 200) << target;
        EXPECT_EQ(reply.body.find("canary"), std::string::npos) << target << ": " << reply.body;
    }
    EXPECT_EQ(put("openai-a", fmt::format("{}\\n", canary)).body.find("canary"), std::string::npos)
        << "a refusal repeats the value";
    EXPECT_EQ(put("openai-a", fmt::format("{}\\u0000", canary)).status, 400);
    EXPECT_EQ(put("openai-a", "").status, 400);
    EXPECT_EQ(put("open,ai", "x").status, 400);
    EXPECT_EQ(put(std::string(129, 'a'), "x").status, 400);
    EXPECT_EQ(
        plant.ask("PUT", "/api/v1/secrets/a", {.token = plant.operator_token, .body = R"({"value":"x","name":"b"})"})
            .status,
        400);

    EXPECT_EQ(plant.ask("DELETE", "/api/v1/secrets/openai-a", {.token = plant.operator_token}).status, 204);
    EXPECT_EQ(plant.get("/api/v1/secrets").count("/secrets"), 0U);
    EXPECT_EQ(plant.audit_rows("secret.put", "ok", "secret:openai-a"), 4);
    EXPECT_GE(plant.audit_rows("secret.put", "begun", "secret:openai-a"), 4);
    EXPECT_EQ(plant.audit_rows("secret.delete", "ok", "secret:openai-a"), 1);
}

}  // namespace
}  // namespace bursar::admin::test
