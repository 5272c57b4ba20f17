// Hunts: numbers that differ from the books, money as a binary fraction, rows of somebody else.
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

class ReportsApi : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(plant_.apply(documents_json(policy_yaml("100 USD")), "\"0\"").status, 200);
        key_ = plant_.issue_key();
    }

    /// Holds on the organisation, the team and the key, as a call would.
    AttemptId hold(NanoUsd amount) {
        const auto scopes =
            plant_.ledger->prepare({{"org", {}},
                                    {"team:research", {Budget{.limit = NanoUsd::dollars(100), .per = Per::month}}},
                                    {"key:" + key_, {}}},
                                   "Europe/Berlin");
        EXPECT_TRUE(scopes.has_value());
        const AttemptId attempt = AttemptId::make(plant_.clock.now());
        const auto held = plant_.ledger->hold({.call = CallId::make(plant_.clock.now()),
                                               .attempt = attempt,
                                               .scopes = *scopes,
                                               .amount = {.charge = amount, .cost = amount},
                                               .amount_min = {.charge = amount, .cost = amount},
                                               .at = plant_.clock.now()},
                                              [](const Result<void>&) {});
        EXPECT_TRUE(held.has_value());
        return attempt;
    }

    void record(std::string_view team, std::string_view model, NanoUsd cost, Tokens input,
                std::string_view fault = "") {
        audit::Outcome outcome;
        outcome.call = CallId::make(plant_.clock.now());
        outcome.at = plant_.clock.now();
        outcome.key_id = key_;
        outcome.team = team;
        outcome.model = model;
        outcome.channel = fmt::format("local/{}", model);
        outcome.status = fault.empty() ? 200 : 402;
        outcome.fault = fault;
        outcome.usage.input = input;
        outcome.cost = cost;
        outcome.duration = 1'500ms;
        last_call_ = outcome.call.text();
        plant_.audit->record(std::move(outcome));
    }

    Plant plant_;
    std::string key_, last_call_;
};

TEST_F(ReportsApi, budgets_stand_where_the_ledger_stands) {
    plant_.ledger->settle(hold(NanoUsd::dollars(3)), {.charge = NanoUsd(1'500'000'001)});
    hold(NanoUsd::dollars(2));
    const HttpReply reply = plant_.get("/api/v1/budgets");
    ASSERT_EQ(reply.count("/budgets"), 1U) << reply.body;
    EXPECT_EQ(reply.at("/budgets/0/account"), "team:research");
    EXPECT_EQ(reply.at("/budgets/0/limit_usd"), "100.00");
    EXPECT_EQ(reply.at("/budgets/0/spent_usd"), "1.500000001");
    EXPECT_EQ(reply.at("/budgets/0/held_usd"), "2.00");
    EXPECT_EQ(reply.at("/budgets/0/remaining_usd"), "96.499999999");
    EXPECT_EQ(reply.at("/budgets/0/period_start"), "2026-10-31T23:00:00.000Z") << "a month of Berlin";
    EXPECT_EQ(reply.at("/budgets/0/period_end"), "2026-11-30T23:00:00.000Z");

    const HttpReply ledger = plant_.get("/api/v1/ledger");
    EXPECT_EQ(ledger.at("/holds_open"), "1");
    EXPECT_EQ(ledger.at("/held_usd"), "2.00");
    EXPECT_EQ(ledger.at("/holds_taken"), "2");
    EXPECT_EQ(ledger.at("/settled"), "1");
    EXPECT_EQ(ledger.at("/variance_usd"), "0.00");
    EXPECT_EQ(ledger.at("/lost_calls"), "[]");
    EXPECT_NE(ledger.body.find(R"({"account":"org","spent_usd":"1.500000001","held_usd":"2.00",)"), std::string::npos)
        << ledger.body;
}

TEST_F(ReportsApi, budgets_of_keys_are_listed_until_the_key_is_revoked) {
    const HttpReply key =
        plant_.post("/api/v1/keys", R"({"name":"small","team":"research","budgets":[{"limit":"5","per":"ever"}]})");
    const HttpReply with = plant_.get("/api/v1/budgets");
    ASSERT_EQ(with.count("/budgets"), 2U) << with.body;
    EXPECT_EQ(with.at("/budgets/0/account"), "key:" + key.at("/id"));
    EXPECT_EQ(with.at("/budgets/0/per"), "ever");
    EXPECT_EQ(with.at("/budgets/0/period_end"), "null");
    plant_.ask("DELETE", "/api/v1/keys/" + key.at("/id"), {.token = plant_.operator_token});
    EXPECT_EQ(plant_.get("/api/v1/budgets").count("/budgets"), 1U);
}

TEST_F(ReportsApi, usage_is_summed_by_what_was_asked_for) {
    record("research", "small", NanoUsd(1'000'000'003), 10);
    record("research", "small", NanoUsd(2), 20);
    record("sales", "small", NanoUsd(4), 30);
    record("research", "small", NanoUsd(), 0, "budget_exhausted");
    ASSERT_EQ(plant_.get("/api/v1/calls").count("/calls"), 4U);

    plant_.clock.advance(1s);  // the end of the period is exclusive
    const HttpReply by_team = plant_.ask("GET", "/api/v1/usage?group_by=team", {.token = plant_.finance_token});
    ASSERT_EQ(by_team.count("/rows"), 2U) << by_team.body;
    const std::string research = by_team.at("/rows/0/group/team") == "research" ? "/rows/0" : "/rows/1";
    EXPECT_EQ(by_team.at(research + "/cost_usd"), "1.000000005");
    EXPECT_EQ(by_team.at(research + "/input_tokens"), "30");
    EXPECT_EQ(by_team.at(research + "/calls"), "3");
    EXPECT_EQ(by_team.at(research + "/refused"), "1");
    const HttpReply by_two = plant_.get("/api/v1/usage?group_by=day,model");
    ASSERT_EQ(by_two.count("/rows"), 1U) << by_two.body;
    EXPECT_EQ(by_two.at("/rows/0/group/model"), "small");
    EXPECT_EQ(by_two.at("/rows/0/group/day"), "2026-11-23");
    EXPECT_EQ(plant_.get("/api/v1/usage?from=2026-11-24T00:00:00Z&to=2026-11-25T00:00:00Z").count("/rows"), 0U);
    for (const char* wrong : {"group_by=colour", "group_by=team,team", "from=yesterday", "to=2026-11-31", "format=xml",
                              "as_model=nobody", "from=2026-11-25T00:00:00Z&to=2026-11-24T00:00:00Z"})
        EXPECT_EQ(plant_.get(std::string("/api/v1/usage?") + wrong).status, 400) << wrong;
}

TEST_F(ReportsApi, calls_are_found_by_key_team_and_id) {
    record("sales", "small", NanoUsd(5), 1);
    plant_.clock.advance(1min);
    record("research", "small", NanoUsd(7), 2);
    const HttpReply all = plant_.get("/api/v1/calls");
    ASSERT_EQ(all.count("/calls"), 2U) << all.body;
    EXPECT_EQ(all.at("/calls/0/call"), last_call_) << "newest first";
    EXPECT_EQ(all.at("/calls/0/cost_usd"), "0.000000007");
    EXPECT_EQ(all.at("/calls/0/usage/input"), "2");
    EXPECT_EQ(all.at("/calls/0/duration_ms"), "1500");
    EXPECT_EQ(plant_.get("/api/v1/calls?team=sales").at("/calls/0/cost_usd"), "0.000000005");
    EXPECT_EQ(plant_.get("/api/v1/calls?call=" + last_call_).count("/calls"), 1U);
    EXPECT_EQ(plant_.get("/api/v1/calls?key=nobody").count("/calls"), 0U);
    EXPECT_EQ(plant_.get("/api/v1/calls?limit=1").count("/calls"), 1U);
    EXPECT_EQ(plant_.get("/api/v1/calls?before=2026-11-23T12:00:30Z").count("/calls"), 1U);
    EXPECT_EQ(plant_.get("/api/v1/calls?call=x").status, 400);
    EXPECT_EQ(plant_.get("/api/v1/calls?limit=0").status, 400);
}

TEST_F(ReportsApi, the_audit_is_searched_by_who_what_and_when) {
    plant_.clock.advance(1h);
    ASSERT_EQ(plant_.ask("GET", "/api/v1/secrets", {.token = plant_.finance_token}).status, 403);
    const HttpReply issued = plant_.get("/api/v1/audit?action=key.*&outcome=ok");
    ASSERT_EQ(issued.count("/entries"), 1U) << issued.body;
    EXPECT_EQ(issued.at("/entries/0/action"), "key.issue");
    const HttpReply refused = plant_.get("/api/v1/audit?outcome=not_ok");
    ASSERT_EQ(refused.count("/entries"), 1U) << refused.body;
    EXPECT_EQ(refused.at("/entries/0/action"), "secret.list");
    const std::string actor = refused.at("/entries/0/actor");
    EXPECT_EQ(plant_.get("/api/v1/audit?actor=" + actor).count("/entries"), 1U) << actor;
    EXPECT_EQ(plant_.get("/api/v1/audit?from=2026-11-23T12:30:00Z").at("/entries"), refused.at("/entries"));
    EXPECT_EQ(plant_.get("/api/v1/audit?to=2026-11-23T12:30:00Z&action=secret.*").count("/entries"), 0U);
    EXPECT_EQ(plant_.get("/api/v1/audit?object=key:" + key_).at("/entries"), issued.at("/entries"));
    EXPECT_EQ(plant_.get("/api/v1/audit?from=yesterday").status, 400);
    EXPECT_EQ(plant_.get("/api/v1/audit?actor=a&actor=b").status, 400);
}

TEST_F(ReportsApi, the_chain_of_the_audit_is_verified_and_an_edit_is_found) {
    const HttpReply whole = plant_.ask("POST", "/api/v1/audit/verify", {.token = plant_.auditor_token});
    ASSERT_EQ(whole.status, 200) << whole.body;
    EXPECT_EQ(whole.at("/intact"), "true");
    EXPECT_GE(std::stoi(whole.at("/entries")), 2);

    const auto edit = [](store::Transaction& transaction) {
        return transaction.run("UPDATE audit_entry SET actor = 'operator:eve' WHERE number = 1");
    };
    ASSERT_TRUE(plant_.store->write(edit).has_value());
    const HttpReply broken = plant_.ask("POST", "/api/v1/audit/verify", {.token = plant_.auditor_token});
    EXPECT_EQ(broken.status, 409) << broken.body;
    EXPECT_NE(broken.at("/detail").find("1"), std::string::npos) << broken.body;
    plant_.ask("POST", "/api/v1/audit/verify", {.token = plant_.auditor_token});
    EXPECT_EQ(plant_.get("/api/v1/alerts?kind=audit.broken").count("/alerts"), 1U) << "told once, also to others";
}

}  // namespace
}  // namespace bursar::admin::test
