// Hunts: keys shown twice, kept in the clear, working after they were revoked, or with more than their maker was asked
// for.
#include "tests/unit/admin/plant.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

class KeysApi : public testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(plant_.apply(documents_json(policy_yaml()), "\"0\"").status, 200); }
    bool works(const std::string& key) const {
        return plant_.keys->identify(key, "10.1.2.3", plant_.clock.now()).has_value();
    }

    Plant plant_;
};

TEST_F(KeysApi, a_key_is_shown_once_and_works_until_it_is_revoked) {
    const HttpReply issued = plant_.post(
        "/api/v1/keys", R"({"name":"ci","team":"research","person":"alice","models":["small","tier:standard"],
        "networks":["10.0.0.0/8"],"budgets":[{"limit":"10 USD","per":"month"},{"limit":"0.50","per":"day","hard":false}],"expires_at":"2027-01-01T00:00:00Z"})");
    ASSERT_EQ(issued.status, 201) << issued.body;
    const std::string key = issued.at("/key"), id = issued.at("/id");
    ASSERT_TRUE(key.starts_with("bsr_")) << key;
    EXPECT_EQ(issued.at("/budgets/0/limit_usd"), "10.00");
    EXPECT_EQ(issued.at("/budgets/0/kind"), "per month");
    EXPECT_EQ(issued.at("/budgets/1/limit_usd"), "0.50");
    EXPECT_EQ(issued.at("/budgets/1/kind"), "per day (soft)");
    EXPECT_EQ(issued.at("/expires_at"), "2027-01-01T00:00:00.000Z");
    EXPECT_EQ(issued.at("/revoked_at"), "null");
    EXPECT_TRUE(works(key));

    const HttpReply list = plant_.get("/api/v1/keys"), one = plant_.get("/api/v1/keys/" + id);
    EXPECT_EQ(list.count("/keys"), 1U);
    EXPECT_EQ(one.at("/person"), "alice");
    for (const HttpReply& each : {list, one, plant_.get("/api/v1/audit")})
        EXPECT_EQ(each.body.find(key.substr(0, 40)), std::string::npos) << each.body;

    EXPECT_EQ(plant_.ask("DELETE", "/api/v1/keys/" + id, {.token = plant_.operator_token}).status, 204);
    EXPECT_FALSE(works(key));
    EXPECT_NE(plant_.get("/api/v1/keys/" + id).at("/revoked_at"), "null");
    EXPECT_EQ(plant_.audit_rows("key.issue", "ok", "key:" + id), 1);
    EXPECT_EQ(plant_.audit_rows("key.revoke", "ok", "key:" + id), 1);
}

TEST_F(KeysApi, the_end_of_a_key_is_moved_and_that_is_on_record) {
    const std::string id = plant_.issue_key();
    const auto expire = [&](std::string body) {
        return plant_.post("/api/v1/keys/" + id + "/expire", std::move(body));
    };
    const HttpReply moved = expire(R"({"in_seconds":3600})");
    ASSERT_EQ(moved.status, 200) << moved.body;
    EXPECT_EQ(moved.at("/expires_at"), to_text(plant_.clock.now() + std::chrono::hours(1)));
    EXPECT_EQ(expire(R"({"expires_at":"2027-06-30T00:00:00Z"})").at("/expires_at"), "2027-06-30T00:00:00.000Z");
    EXPECT_EQ(plant_.get("/api/v1/keys/" + id).at("/expires_at"), "2027-06-30T00:00:00.000Z");
    for (const char* wrong :
         {"{}", R"({"in_seconds":0})", R"({"in_seconds":1,"expires_at":"2027-06-30T00:00:00Z"})",
          R"({"expires_at":"2020-06-30T00:00:00Z"})", R"({"expires_at":"tomorrow"})", R"({"name":"x"})"})
        EXPECT_EQ(expire(wrong).status, 400) << wrong;
    EXPECT_EQ(plant_.post("/api/v1/keys/nobody/expire", R"({"in_seconds":1})").status, 404);
    EXPECT_EQ(plant_.audit_rows("key.expire", "ok", "key:" + id), 2);
}

TEST_F(KeysApi, a_rotated_key_works_for_its_grace_period_more) {
    const HttpReply issued = plant_.post("/api/v1/keys", R"({"name":"ci","team":"research"})");
    const std::string old_key = issued.at("/key"), id = issued.at("/id");
    const HttpReply rotated = plant_.post("/api/v1/keys/" + id + "/rotate", R"({"grace_seconds":60})");
    ASSERT_EQ(rotated.status, 200) << rotated.body;
    EXPECT_NE(rotated.at("/key"), old_key);
    EXPECT_TRUE(works(old_key));
    EXPECT_TRUE(works(rotated.at("/key")));
    plant_.clock.advance(std::chrono::seconds(61));
    EXPECT_FALSE(works(old_key));
    EXPECT_TRUE(works(rotated.at("/key")));
    EXPECT_EQ(plant_.audit_rows("key.rotate", "ok", "key:" + id), 1);
    EXPECT_EQ(plant_.post("/api/v1/keys/" + id + "/rotate", R"({"grace_seconds":-1})").status, 400);
    EXPECT_EQ(plant_.post("/api/v1/keys/" + id + "/rotate", R"({"grace_seconds":7776001})").status, 400);
    EXPECT_EQ(plant_.post("/api/v1/keys/nobody/rotate", R"({"grace_seconds":1})").status, 404);
}

struct Wrong {
    const char* name;
    const char* body;
    const char* says;
};

TEST_F(KeysApi, refuses_what_is_wrong_and_says_what) {
    const Wrong cases[] = {
        {"no team", R"({"name":"x"})", "\"team\" is missing"},
        {"a team that is not there", R"({"name":"x","team":"sales"})", "no team \"sales\""},
        {"no name", R"({"name":"","team":"research"})", "\"name\" must be"},
        {"a name with an escape sequence", R"({"name":"a\u001b[2J","team":"research"})", "control characters"},
        {"a model that is not there", R"({"name":"x","team":"research","models":["gpt-9"]})", "gpt-9"},
        {"a tier that is not there", R"({"name":"x","team":"research","models":["tier:golden"]})", "tier:golden"},
        {"an address that is none", R"({"name":"x","team":"research","networks":["10.0.0/99"]})", "10.0.0/99"},
        {"a limit below zero", R"({"name":"x","team":"research","budgets":[{"limit":"-1","per":"day"}]})", "limit"},
        {"a limit in another currency", R"({"name":"x","team":"research","budgets":[{"limit":"1 EUR","per":"day"}]})",
         "limit"},
        {"a limit as a number", R"({"name":"x","team":"research","budgets":[{"limit":1,"per":"day"}]})",
         "budgets[0].limit"},
        {"a limit with an exponent", R"({"name":"x","team":"research","budgets":[{"limit":"1e3","per":"day"}]})",
         "limit"},
        {"a period that is none", R"({"name":"x","team":"research","budgets":[{"limit":"1","per":"fortnight"}]})",
         "fortnight"},
        {"a field of another", R"({"name":"x","team":"research","role":"operator"})", "Unknown fields: role"},
        {"an id of one's own", R"({"name":"x","team":"research","id":"mine","revoked_at":null})",
         "Unknown fields: id, revoked_at"},
        {"a limit's spent amount",
         R"({"name":"x","team":"research","budgets":[{"limit":"1","per":"day","spent":"0"}]})", "budgets[0].spent"},
        {"a time that has passed", R"({"name":"x","team":"research","expires_at":"2026-11-23T11:59:59Z"})",
         "has passed"},
        {"a time that is none", R"({"name":"x","team":"research","expires_at":"tomorrow"})", "expires_at"},
    };
    for (const Wrong& each : cases) {
        const HttpReply reply = plant_.post("/api/v1/keys", each.body);
        EXPECT_EQ(reply.status, 400) << each.name << ": " << reply.body;
        EXPECT_NE(reply.at("/detail").find(each.says), std::string::npos) << each.name << ": " << reply.body;
    }
    EXPECT_EQ(plant_.get("/api/v1/keys").count("/keys"), 0U);
    EXPECT_EQ(plant_.audit_rows("key.issue", "invalid_request"), static_cast<int>(std::size(cases)));
}

}  // namespace
}  // namespace bursar::admin::test
