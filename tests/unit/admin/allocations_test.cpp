// Hunts: a plan that changes something, a run that nobody can name or that is not in the audit under its author, and an
// answer whose sums are not those of its lines.
#include "tests/unit/admin/plant.h"

#include <gtest/gtest.h>

namespace bursar::admin {
namespace {

using namespace test;

/// Team research with 100 dollars a month, and two teams below it that share them.
std::string shared_out() {
    return policy_yaml() +
           "  lab: {parent: research, models: [\"tier:standard\"]}\n  desk: {parent: research, models: "
           "[\"tier:standard\"]}\nallocations:\n  research-monthly: {pool: team:research, shares: {team:lab: {weight: "
           "2}}}\n";
}

TEST(Allocations, are_listed_before_they_have_run) {
    const Plant plant;
    ASSERT_EQ(plant.apply(documents_json(shared_out()), "\"0\"").status, 200);
    const HttpReply reply = plant.get("/api/v1/allocations");
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.at("/allocations/0/name"), "research-monthly");
    EXPECT_EQ(reply.at("/allocations/0/pool"), "team:research");
    EXPECT_EQ(reply.at("/allocations/0/by"), "weight");
    EXPECT_EQ(reply.at("/allocations/0/run"), "null");
    EXPECT_EQ(reply.count("/allocations/0/loans"), 0U);
}

TEST(Allocations, are_planned_without_effect_and_run_with_one) {
    const Plant plant;
    ASSERT_EQ(plant.apply(documents_json(shared_out()), "\"0\"").status, 200);
    const HttpReply planned = plant.post("/api/v1/allocations/research-monthly/plan", "");
    EXPECT_EQ(planned.status, 200) << planned.body;
    EXPECT_EQ(planned.at("/number"), "null");
    EXPECT_EQ(planned.at("/lines/1/account"), "team:lab");
    EXPECT_EQ(planned.at("/lines/1/share_usd"), "66.666666667");
    EXPECT_EQ(planned.at("/lines/1/why"), "weight 2: 66.7% of what is shared");
    EXPECT_EQ(planned.at("/lines/1/joined_at"), "null");
    EXPECT_EQ(plant.get("/api/v1/allocations").at("/allocations/0/run"), "null");
    EXPECT_TRUE(plant.rules->get()->in_force->allotted.empty());

    const HttpReply made = plant.ask("POST", "/api/v1/allocations/research-monthly/run",
                                     {.token = plant.finance_token, .body = R"({"reason":"new budget"})"});
    EXPECT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(made.at("/number"), "1");
    EXPECT_EQ(made.at("/author"), "operator:fritz");
    EXPECT_EQ(made.at("/reason"), "new budget");
    EXPECT_EQ(made.at("/cause"), "period");
    EXPECT_EQ(made.at("/pool_usd"), "100.00");
    EXPECT_EQ(made.at("/shared_usd"), "100.00");
    EXPECT_EQ(made.at("/unallotted_usd"), "0.00");
    EXPECT_EQ(made.at("/allotted_usd"), "100.00");
    EXPECT_EQ(made.at("/loans_usd"), "0.00");
    EXPECT_EQ(plant.audit_rows("allocation.run", "ok", "allocation:research-monthly"), 1);
    EXPECT_EQ(plant.rules->get()->in_force->allotted.find("team:lab")->second.front().limit, NanoUsd(66'666'666'667));
    EXPECT_EQ(plant.get("/api/v1/allocations").at("/allocations/0/run/number"), "1");
}

TEST(Allocations, that_are_not_there_or_asked_for_wrongly_are_refused) {
    const Plant plant;
    ASSERT_EQ(plant.apply(documents_json(shared_out()), "\"0\"").status, 200);
    EXPECT_EQ(plant.post("/api/v1/allocations/research/plan", "").status, 404);
    EXPECT_EQ(plant.post("/api/v1/allocations/research/run", "{}").status, 404);
    EXPECT_EQ(plant.post("/api/v1/allocations/research-monthly/run", R"({"amount":5})").status, 400);
    EXPECT_EQ(
        plant.ask("POST", "/api/v1/allocations/research-monthly/run", {.token = plant.auditor_token, .body = "{}"})
            .status,
        403);
    EXPECT_EQ(plant.ask("POST", "/api/v1/allocations/research-monthly/plan", {.token = plant.auditor_token}).status,
              200);
    EXPECT_EQ(plant.get("/api/v1/allocations").at("/allocations/0/run"), "null");
}

}  // namespace
}  // namespace bursar::admin
