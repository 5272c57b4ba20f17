// Hunts: a limit that the API takes as another one, or shows in the wrong unit; a limit that was raised or allotted and
// is shown as the documents have it.
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

class LimitsApi : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(plant_
                      .apply(documents_json(R"(organisation: {name: Example GmbH, time_zone: Europe/Berlin}
providers:
  local: {dialect: openai, base_url: "http://127.0.0.1:9/v1", keys: [{secret: local-key}]}
models:
  small: {tier: standard, aliases: [tiny], channels: [{provider: local, model: small}]}
  auto: {tier: standard, rules: [{use: small}]}
prices: {local: {small: {input: 1.00, output: 2.00}}}
teams:
  rnd: {cost_centre: "4711", rate: {requests: 600/min, parallel: 5}}
  research: {parent: rnd, models: ["tier:standard"], budgets: [{limit: 100 USD, per: month}, {limit: 5M tokens, per: day}],
             per_person: [{limit: 7 USD, per: day}]}
)"),
                             "\"0\"")
                      .status,
                  200);
    }
    HttpReply issue(std::string_view budgets) {
        return plant_.post("/api/v1/keys", fmt::format(R"({{"name":"x","team":"research","budgets":[{}]}})", budgets));
    }

    Plant plant_;
};

TEST_F(LimitsApi, of_keys_come_back_as_they_were_given) {
    const struct {
        const char* given;
        const char* kept;  ///< in the answer and, after a look at the database, in the list
    } cases[] = {
        {R"({"limit":"10 USD","per":"month"})",
         R"({"limit_usd":"10.00","limit":10.00,"measure":"money","per":"month","rolling":false,"of":"","hard":true,"kind":"per month","warn":[]})"},
        {R"({"limit_usd":"0.50","per":"day","hard":false,"warn":["80%","50%"]})",
         R"j({"limit_usd":"0.50","limit":0.50,"measure":"money","per":"day","rolling":false,"of":"","hard":false,"kind":"per day (soft)","warn":["50%","80%"]})j"},
        {R"({"limit":"5M tokens","per":"hour","rolling":true})",
         R"({"limit":5000000,"measure":"tokens","per":"hour","rolling":true,"of":"","hard":true,"kind":"tokens in any 60 minutes","warn":[]})"},
        {R"({"limit":"600","measure":"calls","per":"minute","of":"tag:nightly"})",
         R"({"limit":600,"measure":"calls","per":"minute","rolling":false,"of":"tag:nightly","hard":true,"kind":"calls per minute of tag:nightly","warn":[]})"},
        {R"({"limit":"1.5K USD","measure":"cost","per":"ever","of":"model:tiny"})",
         R"({"limit_usd":"1500.00","limit":1500.00,"measure":"cost","per":"ever","rolling":false,"of":"model:small","hard":true,"kind":"cost for good of model:small","warn":[]})"},
        {R"({"limit":"2 USD","from":"2026-12-01","until":"2027-01-01T00:00:00Z","of":"tier:standard"})",
         R"({"limit_usd":"2.00","limit":2.00,"measure":"money","per":"dates","rolling":false,"of":"tier:standard","hard":true,"kind":"from 2026-11-30T23:00:00.000Z until 2027-01-01 of tier:standard","from":"2026-11-30T23:00:00.000Z","until":"2027-01-01T00:00:00.000Z","warn":[]})"},
    };
    for (const auto& each : cases) {
        const HttpReply issued = issue(each.given);
        ASSERT_EQ(issued.status, 201) << each.given << issued.body;
        for (const HttpReply& reply : {issued, plant_.get("/api/v1/keys/" + issued.at("/id"))})
            EXPECT_NE(reply.body.find(fmt::format("\"budgets\":[{}]", each.kept)), std::string::npos)
                << each.kept << "\n"
                << reply.body;
    }
}

TEST_F(LimitsApi, of_keys_that_are_wrong_are_refused_and_say_why) {
    const struct {
        const char* budget;
        const char* says;
    } cases[] = {
        {R"({"per":"day"})", "budgets[0].limit"},
        {R"({"limit":"5m tokens","per":"day"})", "\"600 calls\", not \"5m tokens\""},
        {R"({"limit":"1.5 tokens","per":"day"})", "1.5 tokens"},
        {R"({"limit":"10","limit_usd":"10","per":"day"})", "Give either"},
        {R"({"limit_usd":"10 tokens","per":"day"})", "limit_usd"},
        {R"({"limit":"5 tokens","measure":"cost","per":"day"})", "\"measure\" is cost"},
        {R"({"limit":"5 USD","measure":"tokens","per":"day"})", "\"measure\" is tokens"},
        {R"({"limit":"5 USD","measure":"euros","per":"day"})", "not \"euros\""},
        {R"({"limit":"5 USD"})", "budgets[0].per"},
        {R"({"limit":"5 USD","per":"dates"})", "not \"dates\""},
        {R"({"limit":"5 USD","per":"day","from":"2026-12-01","until":"2026-12-02"})", "Give either \"per\""},
        {R"({"limit":"5 USD","from":"2026-12-01"})", "budgets[0].until"},
        {R"({"limit":"5 USD","from":"2026-12-01","until":"2026-12-01"})", "later than"},
        {R"({"limit":"5 USD","from":"tomorrow","until":"2026-12-01"})", "tomorrow"},
        {R"({"limit":"5 USD","per":"ever","rolling":true})", "not \"ever\""},
        {R"({"limit":"5 USD","rolling":true,"from":"2026-12-01","until":"2026-12-02"})", "not dates"},
        {R"({"limit":"5 USD","per":"day","of":"standard"})", "tier:NAME"},
        {R"({"limit":"5 USD","per":"day","of":"tag:a b"})", "tier:NAME"},
        {R"({"limit":"5 USD","per":"day","of":"tier:golden"})", "no model of tier \"golden\""},
        {R"({"limit":"5 USD","per":"day","of":"model:gpt-9"})", "no model \"gpt-9\""},
        {R"({"limit":"5 USD","per":"day","of":"model:auto"})", "has rules itself"},
        {R"({"limit":"5 USD","per":"day","warn":["80"]})", "not \"80\""},
        {R"({"limit":"5 USD","per":"day","warn":["0%"]})", "not \"0%\""},
        {R"({"limit":"1,000,000,001 USD","per":"day"})", "1,000,000,001 USD"},
        {R"({"limit":"5 USD","per":"day","of":"model:tiny"},{"limit":"6 USD","per":"day","of":"model:small"})",
         "The budget per day of model:small stands twice"},
    };
    for (const auto& each : cases) {
        const HttpReply reply = issue(each.budget);
        EXPECT_EQ(reply.status, 400) << each.budget << reply.body;
        EXPECT_NE(reply.at("/detail").find(each.says), std::string::npos) << each.budget << reply.body;
    }
    EXPECT_EQ(plant_.get("/api/v1/keys").count("/keys"), 0U);
}

TEST_F(LimitsApi, stand_in_their_own_unit) {
    const HttpReply reply = plant_.get("/api/v1/budgets");
    ASSERT_EQ(reply.count("/budgets"), 2U) << reply.body;
    EXPECT_EQ(reply.at("/budgets/0/limit_usd"), "100.00");
    EXPECT_EQ(reply.at("/budgets/0/measure"), "money");
    EXPECT_EQ(reply.at("/budgets/0/adjusted"), "false");
    EXPECT_NE(reply.body.find(R"("limit":5000000,"measure":"tokens")"), std::string::npos) << reply.body;
    EXPECT_NE(reply.body.find(R"("spent":0,"held":0,"remaining":5000000)"), std::string::npos) << reply.body;
    EXPECT_EQ(reply.at("/budgets/1/kind"), "tokens per day");
    EXPECT_EQ(reply.at("/budgets/1/limit_usd"), "<nothing>");
}

TEST_F(LimitsApi, that_were_raised_or_allotted_are_shown_as_they_are_in_force) {
    const Timestamp now = plant_.clock.now();
    plant_.rules->change([&](policies::InForce& decided) {
        const Adjustment more{
            .amount = NanoUsd::dollars(20), .from = now - std::chrono::hours(1), .until = now + std::chrono::hours(1)};
        decided.raises["team:research"] = {{.like = Budget{.per = Per::month}, .adjustment = more}};
        decided.allotted["team:rnd"] = {Budget{.limit = NanoUsd::dollars(9), .per = Per::month}};
        decided.allotted["person:newcomer"] = {Budget{.limit = NanoUsd::dollars(3), .per = Per::month}};
        decided.allotted["team:gone"] = {Budget{.limit = NanoUsd::dollars(1), .per = Per::month}};
    });
    const auto standing = [&](std::string_view account) {
        const HttpReply reply = plant_.get("/api/v1/budgets");
        for (std::size_t i = 0; i < reply.count("/budgets"); ++i) {
            const std::string at = fmt::format("/budgets/{}", i);
            if (reply.at(at + "/account") == account && reply.at(at + "/per") == "month")
                return fmt::format("{} {} {}", reply.at(at + "/limit_usd"), reply.at(at + "/remaining_usd"),
                                   reply.at(at + "/adjusted"));
        }
        return std::string("not there");
    };
    EXPECT_EQ(standing("team:research"), "120.00 120.00 true");
    EXPECT_EQ(standing("team:rnd"), "9.00 9.00 false");
    EXPECT_EQ(standing("person:newcomer"), "3.00 3.00 false");
    EXPECT_EQ(standing("team:gone"), "not there");
    plant_.clock.advance(std::chrono::hours(2));
    EXPECT_EQ(standing("team:research"), "100.00 100.00 false");
    EXPECT_NE(
        plant_.get("/api/v1/teams").body.find(R"("name":"rnd","parent":"","models":[],"budgets":[{"limit_usd":"9.00")"),
        std::string::npos);
}

TEST_F(LimitsApi, teams_show_rates_and_cost_centres) {
    const HttpReply reply = plant_.get("/api/v1/teams");
    ASSERT_EQ(reply.count("/teams"), 2U) << reply.body;
    EXPECT_EQ(reply.at("/teams/0/name"), "research");
    EXPECT_EQ(reply.at("/teams/0/cost_centre"), "4711") << "of the team above";
    EXPECT_EQ(reply.at("/teams/0/rate"), R"({"requests_per_minute":null,"tokens_per_minute":null,"parallel":null})");
    EXPECT_EQ(reply.at("/teams/0/per_person/0/kind"), "per day");
    EXPECT_EQ(reply.at("/teams/1/rate"), R"({"requests_per_minute":600,"tokens_per_minute":null,"parallel":5})");
}

}  // namespace
}  // namespace bursar::admin::test
