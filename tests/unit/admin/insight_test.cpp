// Hunts: a forecast for limits that have none, or from somebody else's past; an export that changes the books before
// anybody said so, or is applied twice; a role that may more than it should.
#include "service/base/json.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

class InsightApi : public testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(plant_.apply(documents_json(policy_yaml("100 USD")), "\"0\"").status, 200); }

    void spend(NanoUsd amount) {
        const auto scopes = plant_.ledger->prepare(
            {{"team:research", {Budget{.limit = NanoUsd::dollars(100), .per = Per::month}}}}, "Europe/Berlin");
        ASSERT_TRUE(scopes.has_value());
        const AttemptId attempt = AttemptId::make(plant_.clock.now());
        ASSERT_TRUE(plant_.ledger
                        ->hold({.call = CallId::make(plant_.clock.now()),
                                .attempt = attempt,
                                .scopes = *scopes,
                                .amount = {.charge = amount, .cost = amount},
                                .amount_min = {.charge = amount, .cost = amount},
                                .at = plant_.clock.now()},
                               [](const Result<void>&) {})
                        .has_value());
        ASSERT_TRUE(plant_.ledger->settle(attempt, {.charge = amount, .cost = amount}));
    }

    std::string record(UsageSource source, std::int64_t cost) {
        audit::Outcome outcome;
        outcome.call = CallId::make(plant_.clock.now());
        outcome.attempt = AttemptId::make(plant_.clock.now());
        outcome.at = plant_.clock.now();
        outcome.team = "research";
        outcome.channel = "local/llama3";
        outcome.status = 200;
        outcome.usage_source = source;
        outcome.cost = NanoUsd{cost};
        std::string attempt = outcome.attempt.text();
        plant_.audit->record(std::move(outcome));
        return attempt;
    }

    HttpReply reconcile(std::string_view text, std::string_view token, std::string_view provider = "local") const {
        std::string body = fmt::format(R"({{"provider":"{}","text":)", provider);
        append_json_string(body, text);
        return plant_.ask("POST", "/api/v1/reconciliations", {.token = std::string(token), .body = body + "}"});
    }
    HttpReply apply(std::string_view number, std::string_view token) const {
        return plant_.ask("POST", fmt::format("/api/v1/reconciliations/{}/apply", number),
                          {.token = std::string(token), .body = R"({"reason":"bill of November"})"});
    }

    Plant plant_;
};

TEST_F(InsightApi, a_limit_is_forecast_from_the_accounts_past) {
    spend(NanoUsd::dollars(60));
    const HttpReply blind = plant_.get("/api/v1/forecast");
    ASSERT_EQ(blind.count("/limits"), 1U) << blind.body;
    EXPECT_EQ(blind.at("/limits/0/account"), "team:research");
    EXPECT_EQ(blind.at("/limits/0/kind"), "per month");
    EXPECT_EQ(blind.at("/limits/0/spent"), "60.00");
    EXPECT_EQ(blind.at("/limits/0/basis"), "period");
    EXPECT_EQ(blind.at("/limits/0/period_end"), "2026-11-30T23:00:00.000Z");

    const auto hour = std::chrono::floor<std::chrono::hours>(plant_.clock.now());
    for (int i = 1; i <= 672; ++i) {
        plant_.hourly.push_back({"team:research", hour - std::chrono::hours(i), NanoUsd{500'000'000}});
        plant_.hourly.push_back({"team:sales", hour - std::chrono::hours(i), NanoUsd::dollars(9)});
    }
    const HttpReply seen = plant_.ask("GET", "/api/v1/forecast?account=team:research", {.token = plant_.auditor_token});
    EXPECT_EQ(seen.at("/limits/0/basis"), "weeks") << seen.body;
    // Noon of the 23rd to midnight of Berlin at the month's end: 179 hours of half a dollar; 80 of them are left.
    EXPECT_EQ(seen.at("/limits/0/projected"), "149.50");
    EXPECT_EQ(seen.at("/limits/0/exhausted_at"), "2026-11-26T20:00:00.000Z");
    EXPECT_EQ(plant_.get("/api/v1/forecast?account=team:nobody").count("/limits"), 0U);
    EXPECT_EQ(plant_.get("/api/v1/forecast?limit=0").status, 400);
    EXPECT_EQ(plant_.get("/api/v1/forecast?colour=red").status, 400);
}

TEST_F(InsightApi, an_export_is_compared_and_only_then_applied_and_only_once) {
    record(UsageSource::provider, 1'000'000'000);
    const std::string lost = record(UsageSource::lost, 300'000'000);
    plant_.clock.advance(48h);
    const std::string_view bill = "date,model,cost_usd\n2026-11-23,llama3,1.10\n";
    const HttpReply made = reconcile(bill, plant_.finance_token);
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.at("/number"), "1");
    EXPECT_EQ(made.at("/format"), "plain-csv");
    EXPECT_EQ(made.at("/comparison/rows/0/ours/cost_usd"), "1.30");
    EXPECT_EQ(made.at("/comparison/rows/0/theirs/cost_usd"), "1.10");
    EXPECT_EQ(made.at("/comparison/rows/0/difference/cost_usd"), "-0.20");
    EXPECT_EQ(made.at("/comparison/rows/0/lost/calls"), "1");
    EXPECT_EQ(made.at("/comparison/corrections/0/attempt"), lost);
    EXPECT_EQ(made.at("/comparison/corrections/0/cost_usd"), "-0.20");
    EXPECT_TRUE(plant_.corrected.empty()) << "nobody said so yet";

    EXPECT_EQ(apply("1", plant_.auditor_token).status, 403);
    EXPECT_EQ(apply("7", plant_.finance_token).status, 404);
    EXPECT_EQ(apply("one", plant_.finance_token).status, 404);
    EXPECT_TRUE(plant_.corrected.empty());
    const HttpReply applied = apply("1", plant_.finance_token);
    ASSERT_EQ(applied.status, 200) << applied.body;
    EXPECT_EQ(applied.at("/entered"), "1");
    EXPECT_EQ(applied.at("/cost_usd"), "-0.20");
    ASSERT_EQ(plant_.corrected.size(), 1U);
    EXPECT_EQ(plant_.corrected[0].first.attempt.text(), lost);
    EXPECT_EQ(plant_.corrected[0].second, "bill of November");
    EXPECT_EQ(apply("1", plant_.operator_token).at("/entered_earlier"), "1");
    EXPECT_EQ(plant_.corrected.size(), 1U);

    const HttpReply again = reconcile(bill, plant_.operator_token);
    EXPECT_EQ(again.at("/corrections_count"), "0") << again.body;
    EXPECT_EQ(again.at("/comparison/rows/0/ours/cost_usd"), "1.10");
    const HttpReply listed = plant_.ask("GET", "/api/v1/reconciliations", {.token = plant_.auditor_token});
    ASSERT_EQ(listed.count("/reconciliations"), 2U) << listed.body;
    EXPECT_EQ(listed.at("/reconciliations/1/applied_by"), "fritz");
    EXPECT_EQ(plant_.get("/api/v1/reconciliations/1").at("/reason"), "bill of November");
    EXPECT_EQ(plant_.audit_rows("reconciliation.make", "ok", "reconciliation:1"), 1);
    EXPECT_EQ(plant_.audit_rows("reconciliation.apply", "begun", "reconciliation:1"), 2);
    EXPECT_EQ(plant_.audit_rows("reconciliation.apply", "ok", "reconciliation:1"), 2);
}

TEST_F(InsightApi, what_cannot_be_compared_is_refused_with_the_place) {
    EXPECT_EQ(reconcile("date,model,cost_usd\n2026-11-23,m,1\n", plant_.auditor_token).status, 403);
    const HttpReply wrong = reconcile("date,model,cost_usd\n2026-11-23,m,=1\n", plant_.finance_token);
    EXPECT_EQ(wrong.status, 400);
    EXPECT_NE(wrong.at("/detail").find("line 2, column 14"), std::string::npos) << wrong.body;
    const HttpReply whose = reconcile("date,model,cost_usd\n2026-11-23,m,1\n", plant_.finance_token, "nobody");
    EXPECT_EQ(whose.status, 400);
    EXPECT_NE(whose.at("/detail").find("no provider \"nobody\""), std::string::npos) << whose.body;
    EXPECT_EQ(plant_.post("/api/v1/reconciliations", R"({"provider":"local","format":"excel","text":"x"})").status,
              400);
    EXPECT_EQ(plant_.get("/api/v1/reconciliations").count("/reconciliations"), 0U);
}

}  // namespace
}  // namespace bursar::admin::test
