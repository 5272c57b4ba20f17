// Hunts: answers about usage that a spreadsheet misreads or runs, days of the wrong zone, a model that looks cheaper
// than it is.
#include "service/admin/usage_table.h"
#include "service/reports/reprice.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

class UsageApi : public testing::Test {
  protected:
    void SetUp() override { ASSERT_EQ(plant_.apply(documents_json(policy_yaml()), "\"0\"").status, 200); }

    audit::Outcome call(std::string_view team, NanoUsd cost) const {
        audit::Outcome outcome;
        outcome.call = CallId::make(plant_.clock.now());
        outcome.attempt = AttemptId::make(plant_.clock.now());
        outcome.at = plant_.clock.now();
        outcome.key_id = "7f3a";
        outcome.team = team;
        outcome.model = "small";
        outcome.tier = "standard";
        outcome.channel = "local/small";
        outcome.cost_centre = "cc-1";
        outcome.status = 200;
        outcome.attempts = 1;
        outcome.usage.input = 1000;
        outcome.usage.cache_read = 3000;
        outcome.usage.output = 500;
        outcome.cost = cost;
        outcome.charge = cost + cost;
        outcome.duration = 1'500ms;
        return outcome;
    }

    Plant plant_;
};

TEST_F(UsageApi, rows_have_every_sum_and_the_total) {
    plant_.audit->record(call("research", NanoUsd(5)));
    audit::Outcome retried = call("sales", NanoUsd(7));
    plant_.audit->record(retried);
    retried.superseded = true;
    plant_.audit->record(retried);
    audit::Outcome refused = call("sales", NanoUsd());
    refused.attempt = {};
    refused.attempts = 0;
    refused.fault = "budget_exhausted";
    refused.usage = {};
    plant_.audit->record(refused);
    const HttpReply reply = plant_.get("/api/v1/usage?group_by=team,provider");
    ASSERT_EQ(reply.count("/rows"), 2U) << reply.body;
    EXPECT_EQ(reply.at("/rows/0/group/team"), "sales") << "the dearest first";
    EXPECT_EQ(reply.at("/rows/0/group/provider"), "local");
    EXPECT_EQ(reply.at("/rows/0/calls"), "2");
    EXPECT_EQ(reply.at("/rows/0/refused"), "1");
    EXPECT_EQ(reply.at("/rows/0/retries"), "1");
    EXPECT_EQ(reply.at("/rows/0/cost_usd"), "0.000000014");
    EXPECT_EQ(reply.at("/rows/0/charge_usd"), "0.000000028");
    EXPECT_EQ(reply.at("/rows/0/retry_cost_usd"), "0.000000007");
    EXPECT_EQ(reply.at("/rows/0/cache_read_percent"), "75");
    EXPECT_EQ(reply.at("/rows/0/duration_ms"), "1500");
    EXPECT_EQ(reply.at("/total/calls"), "3");
    EXPECT_EQ(reply.at("/total/cost_usd"), "0.000000019");
    EXPECT_EQ(reply.at("/rows_left_out"), "0");
    EXPECT_EQ(plant_.get("/api/v1/usage?limit=1").at("/rows_left_out"), "1");
    const HttpReply some = plant_.get("/api/v1/usage?group_by=tier,cost_centre&team=research&model=small");
    ASSERT_EQ(some.count("/rows"), 1U) << some.body;
    EXPECT_EQ(some.at("/rows/0/group/tier"), "standard");
    EXPECT_EQ(some.at("/rows/0/group/cost_centre"), "cc-1");
    EXPECT_EQ(some.at("/total/calls"), "1");
    EXPECT_EQ(plant_.get("/api/v1/calls").at("/calls/0/tier"), "standard");
}

TEST_F(UsageApi, a_date_is_a_day_of_the_organisation) {
    plant_.clock.set(*parse_timestamp("2026-11-24T22:59:59Z"));  // a minute to midnight in Berlin
    plant_.audit->record(call("research", NanoUsd(1)));
    plant_.clock.advance(2s);
    plant_.audit->record(call("research", NanoUsd(2)));
    const auto cost = [&](std::string_view query) {
        return plant_.get("/api/v1/usage?" + std::string(query)).at("/total/cost_usd");
    };
    EXPECT_EQ(cost("from=2026-11-24&to=2026-11-24"), "0.000000001");
    EXPECT_EQ(cost("from=2026-11-25&to=2026-11-25"), "0.000000002");
    EXPECT_EQ(cost("from=2026-11-24&to=2026-11-25"), "0.000000003");
    EXPECT_EQ(cost("from=2026-11-24T23:00:00Z"), "0.000000002");
    EXPECT_EQ(cost(""), "0.000000003") << "by default all of today";
    const HttpReply today = plant_.get("/api/v1/usage?group_by=day");
    EXPECT_EQ(today.at("/rows/0/group/day"), "2026-11-25");
    EXPECT_EQ(today.at("/to"), "2026-11-25T23:00:00.000Z");
    EXPECT_EQ(today.at("/from"), "2026-10-26T23:00:00.000Z");
    EXPECT_EQ(today.at("/time_zone"), "Europe/Berlin");
}

// The zone of the books is the policy's, from the moment that it is applied.
TEST_F(UsageApi, another_time_zone_counts_from_now_on) {
    std::string tokyo = policy_yaml();
    tokyo.replace(tokyo.find("Europe/Berlin"), 13, "Asia/Tokyo");
    ASSERT_EQ(plant_.apply(documents_json(tokyo), "\"1\"").status, 200);
    plant_.clock.set(*parse_timestamp("2026-11-24T15:00:00Z"));
    plant_.audit->record(call("research", NanoUsd(1)));
    EXPECT_EQ(plant_.get("/api/v1/usage?group_by=day").at("/rows/0/group/day"), "2026-11-25");
}

TEST_F(UsageApi, csv_is_a_table_and_never_a_formula) {
    audit::Outcome evil = call("=HYPERLINK(\"http://x\",\"y\")", NanoUsd(-3));
    evil.tags = "a,\"b";
    evil.fault = audit::correction_fault;
    evil.superseded = true;
    plant_.audit->record(evil);
    const HttpReply csv = plant_.get("/api/v1/usage?group_by=team,tags&format=csv");
    ASSERT_EQ(csv.status, 200);
    EXPECT_TRUE(csv.headers.at("content-type").starts_with("text/csv")) << csv.headers.at("content-type");
    EXPECT_TRUE(csv.body.starts_with("team,tags,calls,refused,errors,")) << csv.body;
    EXPECT_TRUE(csv.body.contains("\r\n\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",\"a,\"\"b\",0,0,0,0,")) << csv.body;
    EXPECT_TRUE(csv.body.contains(",-0.000000003,")) << "our own numbers stay numbers\n" << csv.body;
    EXPECT_TRUE(csv.body.ends_with("\r\n"));
    const HttpReply accepted =
        plant_.ask("GET", "/api/v1/usage", {.token = plant_.finance_token, .extra = "accept: text/csv\r\n"});
    EXPECT_TRUE(accepted.body.starts_with("team,calls,")) << accepted.body;
}

TEST(Csv, cells_are_quoted_and_disarmed) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"plain", "plain"},
        {"", ""},
        {"a,b", "\"a,b\""},
        {"a\"b", "\"a\"\"b\""},
        {"a\nb", "\"a\nb\""},
        {"=1+1", "'=1+1"},
        {"+1", "'+1"},
        {"-1", "'-1"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"\tx", "'\tx"},
        {"\rx", "\"'\rx\""},
        {"1=1", "1=1"},
        {"=\"a\"", "\"'=\"\"a\"\"\""},
    };
    for (const auto& [text, cell] : cases) EXPECT_EQ(csv_cell(text), cell);
}

TEST_F(UsageApi, another_model_is_billed_token_by_token) {
    audit::Outcome outcome = call("research", NanoUsd(1));
    outcome.usage = {.input = 2'000'000, .cache_read = 1'000'000, .output = 500'001};
    plant_.audit->record(outcome);
    // 1 USD per million in, cached or not, since it has no price for cached tokens; 2 USD out.
    const HttpReply reply = plant_.get("/api/v1/usage?as_model=small");
    EXPECT_EQ(reply.at("/rows/0/as_model_cost_usd"), "4.000002");
    EXPECT_EQ(reply.at("/total/as_model_cost_usd"), "4.000002");
    EXPECT_EQ(plant_.get("/api/v1/usage").at("/total/as_model_cost_usd"), "<nothing>");
    const HttpReply wrong = plant_.get("/api/v1/usage?as_model=large");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_TRUE(wrong.at("/detail").contains("large")) << wrong.body;
}

TEST(Reprice, sums_of_many_calls_are_no_single_call) {
    policies::Price price;
    price.rates.input = NanoUsd::dollars(2);
    price.rates.output = NanoUsd::dollars(8);
    price.tiers.push_back({.above = 200'000, .rates = {.input = NanoUsd::dollars(4)}});
    price.per_request = NanoUsd(1000);
    auto book = std::make_shared<policies::PriceBook>();
    book->versions.push_back(price);
    policies::Model model;
    model.name = "large";
    model.channels.push_back({.provider = nullptr, .model = "large", .prices = book});
    policies::Snapshot rules;
    rules.models["large"] = std::make_shared<policies::Model>(model);
    rules.models["virtual"] = std::make_shared<policies::Model>();
    const Timestamp now = *parse_timestamp("2026-11-23T12:00:00Z");
    const auto repricing = reports::Repricing::on(rules, "large", now);
    ASSERT_TRUE(repricing);
    audit::UsageSums sums;
    sums.calls = 10;
    sums.refused = 2;
    sums.errors = 1;
    sums.usage.input = 900'000'000'000;  // far more than a call may have
    sums.usage.web_searches = 3;
    EXPECT_EQ(repricing->cost(sums), NanoUsd::dollars(1'800'000) + NanoUsd(7000))
        << "neither the tier of a long request nor the bounds of one";
    EXPECT_FALSE(reports::Repricing::on(rules, "virtual", now));
    EXPECT_FALSE(reports::Repricing::on(rules, "nobody", now));
}

}  // namespace
}  // namespace bursar::admin::test
