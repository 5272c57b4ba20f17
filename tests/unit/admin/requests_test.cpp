// Hunts: a virtual key that opens more than it may, a lead who decides about others, a decision without a record, and
// numbers that differ from the limits in force.
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

class RequestsApi : public testing::Test {
  protected:
    void SetUp() override {
        const std::string yaml =
            policy_yaml() +
            R"(  lab: {parent: research, models: ["tier:standard"], budgets: [{limit: 10 USD, per: day}]}
  sales: {models: ["tier:standard"], budgets: [{limit: 5 USD, per: month}, {limit: 0 USD, per: ever}]}
)";
        const HttpReply applied = plant_.apply(documents_json(yaml), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
        const HttpReply issued =
            plant_.post("/api/v1/keys",
                        R"({"name":"alice","team":"lab","person":"alice","budgets":[{"limit":"2 USD","per":"day"}]})");
        ASSERT_EQ(issued.status, 201) << issued.body;
        key_ = issued.at("/key");
        id_ = issued.at("/id");
        lead_ = lead_of("research", "lea");
    }
    std::string lead_of(const char* team, const char* name) {
        const HttpReply issued = plant_.post(
            "/api/v1/operators", fmt::format(R"({{"name":"{}","role":"team_lead","team":"{}"}})", name, team));
        EXPECT_EQ(issued.status, 201) << issued.body;
        return issued.at("/token");
    }
    HttpReply as(const std::string& token, std::string_view method, std::string_view target, std::string body = {}) {
        return plant_.ask(method, target, {.token = token, .body = std::move(body)});
    }
    HttpReply ask(const std::string& token, const std::string& account, std::string_view limit = "per day") {
        return as(
            token, "POST", "/api/v1/requests",
            fmt::format(
                R"({{"account":"{}","limit":"{}","amount":"3 USD","until":"2026-11-24T12:00:00Z","reason":"demo"}})",
                account, limit));
    }
    std::string limit_of(std::string_view account) {
        const HttpReply budgets = plant_.get("/api/v1/budgets");
        for (std::size_t i = 0; i < budgets.count("/budgets"); ++i)
            if (budgets.at(fmt::format("/budgets/{}/account", i)) == account)
                return budgets.at(fmt::format("/budgets/{}/limit_usd", i));
        return "<nothing>";
    }

    Plant plant_;
    std::string key_, id_, lead_;
};

TEST_F(RequestsApi, a_member_asks_by_key_and_what_is_granted_ends_by_itself) {
    const HttpReply asked = ask(key_, "team:lab");
    ASSERT_EQ(asked.status, 201) << asked.body;
    EXPECT_EQ(asked.at("/asked_by"), "key:" + id_);
    EXPECT_EQ(asked.at("/asker"), "alice");
    EXPECT_EQ(asked.at("/granted"), "null");
    const HttpReply granted =
        as(plant_.finance_token, "POST", "/api/v1/requests/1/approve", R"({"amount":"2.50 USD"})");
    ASSERT_EQ(granted.status, 200) << granted.body;
    EXPECT_EQ(granted.at("/state"), "approved");
    EXPECT_EQ(granted.at("/granted"), "2.50");
    EXPECT_EQ(granted.at("/decided_by"), "operator:fritz");
    EXPECT_EQ(limit_of("team:lab"), "12.50");
    EXPECT_EQ(as(plant_.finance_token, "POST", "/api/v1/requests/1/decline", R"({"reason":"no"})").status, 409);
    plant_.clock.advance(24h);
    EXPECT_EQ(limit_of("team:lab"), "10.00");
    EXPECT_EQ(plant_.audit_rows("request.make", "ok", "request:1"), 1);
    EXPECT_EQ(plant_.audit_rows("request.approve", "ok", "request:1"), 1);
    const HttpReply alerts = plant_.get("/api/v1/alerts?kind=request");
    ASSERT_EQ(alerts.count("/alerts"), 2U) << alerts.body;
    EXPECT_EQ(alerts.at("/alerts/0/detail/granted"), "2.50");
    EXPECT_EQ(plant_.get("/api/v1/alerts?kind=budget").count("/alerts"), 0U);
}

TEST_F(RequestsApi, a_key_asks_for_its_own_and_sees_its_own) {
    EXPECT_EQ(ask(key_, "key:" + id_).status, 201);
    EXPECT_EQ(ask(key_, "person:alice").status, 400) << "it has no limit";
    for (const char* other : {"org", "team:research", "team:sales", "person:bob", "key:other"})
        EXPECT_EQ(ask(key_, other).status, 403) << other;
    EXPECT_EQ(ask(plant_.operator_token, "team:sales", "per month").status, 201);
    EXPECT_EQ(as(key_, "GET", "/api/v1/requests").count("/requests"), 1U);
    EXPECT_EQ(plant_.get("/api/v1/requests").count("/requests"), 2U);
    EXPECT_EQ(plant_.get("/api/v1/requests?state=approved").count("/requests"), 0U);
    EXPECT_EQ(plant_.get("/api/v1/requests?account=team:sales").count("/requests"), 1U);
    EXPECT_EQ(as(key_, "POST", "/api/v1/requests/2/withdraw").status, 403);
    EXPECT_EQ(as(key_, "POST", "/api/v1/requests/1/withdraw").at("/state"), "withdrawn");
    EXPECT_EQ(as(key_, "POST", "/api/v1/requests/1/approve").status, 401) << "a key decides nothing";

    const HttpReply mine = as(key_, "GET", "/api/v1/budgets/mine");
    ASSERT_EQ(mine.count("/budgets"), 3U) << mine.body;
    EXPECT_EQ(mine.at("/budgets/0/account"), "team:research");
    EXPECT_EQ(mine.at("/budgets/2/account"), "key:" + id_);
    EXPECT_EQ(mine.at("/budgets/2/kind"), "per day");
    EXPECT_EQ(mine.at("/budgets/2/remaining_usd"), "2.00");
}

TEST_F(RequestsApi, a_key_that_no_longer_works_opens_nothing) {
    for (const std::string& wrong :
         {key_.substr(0, key_.size() - 1), key_ + "x", std::string("bsr_"), std::string("bsr_nobody")})
        EXPECT_EQ(as(wrong, "GET", "/api/v1/budgets/mine").status, 401) << wrong;
    ASSERT_EQ(plant_.post("/api/v1/keys/" + id_ + "/expire", R"({"in_seconds":60})").status, 200);
    EXPECT_EQ(as(key_, "GET", "/api/v1/budgets/mine").status, 200);
    plant_.clock.advance(61s);
    EXPECT_EQ(as(key_, "GET", "/api/v1/budgets/mine").status, 401);
    EXPECT_EQ(ask(key_, "team:lab").status, 401);
    ASSERT_EQ(plant_.post("/api/v1/keys/" + id_ + "/expire", R"({"in_seconds":60})").status, 200);
    EXPECT_EQ(as(key_, "GET", "/api/v1/requests").status, 200);
    plant_.ask("DELETE", "/api/v1/keys/" + id_, {.token = plant_.operator_token});
    EXPECT_EQ(as(key_, "GET", "/api/v1/requests").status, 401);
    EXPECT_GE(plant_.audit_rows("request.make", "unauthenticated"), 1);
}

TEST_F(RequestsApi, a_lead_decides_about_his_teams_and_not_about_his_own_wish) {
    ASSERT_EQ(ask(key_, "team:lab").status, 201);
    ASSERT_EQ(ask(plant_.operator_token, "team:sales", "per month").status, 201);
    ASSERT_EQ(ask(lead_, "team:research", "per month").status, 201);
    EXPECT_EQ(ask(lead_, "team:sales", "per month").status, 403);
    EXPECT_EQ(as(lead_, "GET", "/api/v1/requests").count("/requests"), 2U);
    EXPECT_EQ(as(lead_, "GET", "/api/v1/budgets/mine").count("/budgets"), 3U) << "research, lab and the key";
    const std::string other = lead_of("sales", "sam");
    EXPECT_EQ(as(other, "POST", "/api/v1/requests/1/approve").status, 403);
    EXPECT_EQ(as(lead_, "POST", "/api/v1/requests/2/approve").status, 403);
    EXPECT_EQ(as(lead_, "POST", "/api/v1/requests/3/approve").status, 403) << "his own";
    const HttpReply too = as(lead_of("research", "lea"), "POST", "/api/v1/requests/3/approve");
    EXPECT_EQ(too.status, 403) << "his own, by another token of his";
    EXPECT_EQ(as(lead_, "POST", "/api/v1/requests/1/approve").status, 200);
    EXPECT_EQ(limit_of("team:lab"), "13.00");
    EXPECT_EQ(as(lead_of("lab", "alice"), "POST", "/api/v1/requests/3/approve").status, 403) << "from below";
    EXPECT_EQ(plant_.audit_rows("request.approve", "not_permitted"), 5);
    EXPECT_EQ(as(plant_.auditor_token, "POST", "/api/v1/requests/2/approve").status, 403);
    for (const char* nothing : {"0", "-1", "7", "x", "99999999999999999999"})
        EXPECT_EQ(plant_.post(fmt::format("/api/v1/requests/{}/approve", nothing), "").status, 404) << nothing;
}

TEST_F(RequestsApi, a_prepaid_balance_is_topped_up_and_taken_back) {
    const auto credit = [&](std::string body) {
        return as(plant_.finance_token, "POST", "/api/v1/credits", std::move(body));
    };
    const HttpReply entered = credit(R"({"account":"team:sales","amount":"500 USD","reason":"invoice 7"})");
    ASSERT_EQ(entered.status, 201) << entered.body;
    EXPECT_EQ(entered.at("/amount_usd"), "500.00");
    EXPECT_EQ(credit(R"({"account":"team:sales","amount":"-500.01 USD","reason":"a mistake"})").status, 409);
    EXPECT_EQ(credit(R"({"account":"team:sales","amount":"-499 USD","reason":"a mistake"})").status, 201);
    EXPECT_EQ(credit(R"({"account":"team:lab","amount":"1 USD","reason":"x"})").status, 400);
    EXPECT_EQ(credit(R"({"account":"team:nobody","amount":"1 USD","reason":"x"})").status, 404);
    EXPECT_EQ(credit(R"({"account":"team:sales","amount":"1 USD"})").status, 400) << "no reason";
    EXPECT_EQ(plant_.get("/api/v1/credits").count("/credits"), 2U);
    EXPECT_EQ(plant_.get("/api/v1/credits?account=team:lab").count("/credits"), 0U);
    EXPECT_NE(plant_.get("/api/v1/budgets").body.find(R"("limit_usd":"1.00")"), std::string::npos);
    EXPECT_EQ(plant_.audit_rows("credit.enter", "ok"), 2);
}

TEST_F(RequestsApi, a_correction_names_one_thing_that_is_there) {
    for (const char* wrong :
         {R"({"amount":"1","reason":"x"})", R"({"account":"org","call":"call_x","amount":"1","reason":"x"})",
          R"({"call":"call_x","amount":"1","reason":"x"})", R"({"account":"org","amount":"0","reason":"x"})",
          R"({"account":"org","amount":"1"})", R"({"account":"org","amount":1,"reason":"x"})",
          R"({"account":"org","amount":"1","reason":"x","at":"2026-01-01T00:00:00Z"})"})
        EXPECT_EQ(plant_.post("/api/v1/corrections", wrong).status, 400) << wrong;
    EXPECT_EQ(plant_.post("/api/v1/corrections", R"({"account":"team:x","amount":"1","reason":"x"})").status, 404);
    EXPECT_EQ(plant_.get("/api/v1/corrections").count("/corrections"), 0U);
}

TEST_F(RequestsApi, a_key_is_paused_and_goes_on) {
    const std::string where = "/api/v1/keys/" + id_;
    EXPECT_EQ(plant_.get(where).at("/paused"), "null");
    EXPECT_EQ(plant_.post(where + "/resume", "").status, 409);
    const HttpReply paused =
        plant_.post(where + "/pause", R"({"reason":"it asks too much","until":"2026-11-23T13:00:00Z"})");
    ASSERT_EQ(paused.status, 200) << paused.body;
    EXPECT_EQ(paused.at("/paused/reason"), "it asks too much");
    EXPECT_EQ(plant_.rules->get()->in_force->paused.count(id_), 1U);
    plant_.clock.advance(1h);
    EXPECT_EQ(plant_.get(where).at("/paused"), "null") << "it ended by itself";
    ASSERT_EQ(plant_.post(where + "/pause", R"({"reason":"again"})").at("/paused/until"), "null");
    EXPECT_EQ(plant_.post(where + "/resume", "").at("/paused"), "null");
    EXPECT_EQ(plant_.audit_rows("key.pause", "ok", "key:" + id_), 2);
    EXPECT_EQ(plant_.audit_rows("key.resume", "ok", "key:" + id_), 1);
    for (const char* wrong : {"{}", R"({"reason":""})", R"({"reason":"x","until":"2020-01-01T00:00:00Z"})"})
        EXPECT_EQ(plant_.post(where + "/pause", wrong).status, 400) << wrong;
    EXPECT_EQ(plant_.post("/api/v1/keys/nobody/pause", R"({"reason":"x"})").status, 404);
    plant_.ask("DELETE", where, {.token = plant_.operator_token});
    EXPECT_EQ(plant_.post(where + "/pause", R"({"reason":"x"})").status, 409);
}

}  // namespace
}  // namespace bursar::admin::test
