// Hunts: a report that a lead reads and is not about their teams, one that is sent without a record, or to somebody
// whom nobody named; a preview that is kept.
#include "integrations/report/report_json.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

class ReportSchedules : public testing::Test {
  protected:
    void SetUp() override {
        const std::string yaml = policy_yaml() + R"(  lab: {parent: research, models: ["tier:standard"]}
  sales: {models: ["tier:standard"]}
alerts: {targets: {ops: {slack: {webhook: w}}, mail: {teams: {webhook: t}}}}
reports:
  finance: {every: month, to: [ops], people: shown}
  teams: {every: week, each: team, of: [research, sales], to: {sales: [mail]}}
)";
        const HttpReply applied = plant_.apply(documents_json(yaml), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
        const HttpReply issued =
            plant_.post("/api/v1/operators", R"({"name":"lea","role":"team_lead","team":"research"})");
        ASSERT_EQ(issued.status, 201) << issued.body;
        lead_ = issued.at("/token");
        audit::Outcome call;
        call.call = CallId::make(plant_.clock.now());
        call.attempt = AttemptId::make(plant_.clock.now());
        call.at = plant_.clock.now();
        call.team = "lab";
        call.person = "ada";
        call.model = "small";
        call.attempts = 1;
        call.charge = NanoUsd(1'234'000'000);
        plant_.audit->record(call);
    }
    HttpReply as(const std::string& token, std::string_view method, std::string_view target, std::string body = {}) {
        return plant_.ask(method, target, {.token = token, .body = std::move(body)});
    }
    HttpReply send(const std::string& token, std::string body) {
        return as(token, "POST", "/api/v1/reports/finance/send", std::move(body));
    }

    Plant plant_;
    std::string lead_;
};

TEST_F(ReportSchedules, a_preview_is_a_report_and_is_not_kept) {
    const HttpReply reply = plant_.get("/api/v1/reports/finance/preview?period=current");
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto made = integrations::report::read_report(reply.body);
    ASSERT_TRUE(made) << reply.body;
    EXPECT_EQ(made->total.charge, NanoUsd(1'234'000'000));
    EXPECT_EQ(made->organisation, "Example GmbH");
    EXPECT_EQ(made->people.lines.size(), 1U);
    EXPECT_EQ(plant_.get("/api/v1/reports").count("/kept"), 0U);
    const HttpReply page = plant_.get("/api/v1/reports/finance/preview?period=current&format=html");
    EXPECT_TRUE(page.headers.at("content-type").starts_with("text/html")) << page.body;
    const HttpReply csv = plant_.get("/api/v1/reports/finance/preview?of=lab&period=2026-11&format=csv");
    EXPECT_TRUE(csv.headers.at("content-type").starts_with("text/csv")) << csv.body;
    EXPECT_EQ(csv.headers.at("content-disposition"), "attachment; filename=\"usage-lab-2026-11.csv\"");
}

TEST_F(ReportSchedules, what_does_not_exist_is_said) {
    EXPECT_EQ(plant_.get("/api/v1/reports/nothing/preview").status, 404);
    EXPECT_EQ(plant_.get("/api/v1/reports/finance/preview?of=nobody").status, 404);
    EXPECT_EQ(plant_.get("/api/v1/reports/finance/preview?period=2026-W48").status, 400);
    EXPECT_EQ(plant_.get("/api/v1/reports/finance/preview?format=docx").status, 400);
    EXPECT_EQ(plant_.get("/api/v1/reports/kept/1").status, 404);
    EXPECT_EQ(plant_.get("/api/v1/reports/kept/x").status, 404);
    EXPECT_EQ(send(plant_.operator_token, R"({"to":["oops"]})").status, 404);
    EXPECT_EQ(send(plant_.operator_token, R"({"too":["ops"]})").status, 400);
}

TEST_F(ReportSchedules, sending_keeps_the_report_and_says_who_did_it) {
    const HttpReply sent = send(plant_.finance_token, R"({"period":"current","to":["mail","mail","ops"]})");
    ASSERT_EQ(sent.status, 201) << sent.body;
    EXPECT_EQ(sent.at("/period"), "2026-11");
    EXPECT_EQ(sent.at("/of"), "organisation");
    EXPECT_EQ(sent.count("/targets"), 2U);
    EXPECT_EQ(plant_.audit_rows("report.send", "ok", "report:finance"), 1);
    const HttpReply list = plant_.get("/api/v1/reports");
    ASSERT_EQ(list.count("/kept"), 1U) << list.body;
    EXPECT_EQ(list.at("/kept/0/by"), "fritz");
    const auto kept = integrations::report::read_report(plant_.get("/api/v1/reports/kept/1").body);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->total.charge, NanoUsd(1'234'000'000));
    EXPECT_EQ(send(plant_.auditor_token, "{}").status, 403);
    EXPECT_EQ(send(lead_, R"({"of":"research"})").status, 403);
    EXPECT_EQ(plant_.get("/api/v1/reports").count("/kept"), 1U);
}

TEST_F(ReportSchedules, schedules_say_when_and_to_whom) {
    const HttpReply list = plant_.get("/api/v1/reports");
    ASSERT_EQ(list.count("/schedules"), 2U) << list.body;
    EXPECT_EQ(list.at("/schedules/0/name"), "finance");
    EXPECT_EQ(list.at("/schedules/0/next"), "2026-12-01T06:00:00.000Z");
    EXPECT_EQ(list.at("/schedules/0/of/0"), "organisation");
    EXPECT_EQ(list.at("/schedules/0/people"), "shown");
    EXPECT_EQ(list.at("/schedules/1/next"), "2026-11-30T06:00:00.000Z");
    EXPECT_EQ(list.at("/schedules/1/targets/0"), "mail");
}

TEST_F(ReportSchedules, a_lead_sees_his_teams_and_nobody_elses) {
    const auto preview = [&](std::string_view of) {
        return as(lead_, "GET", fmt::format("/api/v1/reports/finance/preview?period=current&of={}", of)).status;
    };
    EXPECT_EQ(preview("research"), 200);
    EXPECT_EQ(preview("lab"), 200);
    EXPECT_EQ(preview("sales"), 403);
    EXPECT_EQ(preview("organisation"), 403);
    EXPECT_EQ(preview(""), 403);
    for (const char* of : {"organisation", "lab", "sales"})
        ASSERT_EQ(send(plant_.operator_token, fmt::format(R"({{"of":"{}","period":"current"}})", of)).status, 201);
    const HttpReply list = as(lead_, "GET", "/api/v1/reports");
    ASSERT_EQ(list.count("/kept"), 1U) << list.body;
    EXPECT_EQ(list.at("/kept/0/of"), "lab");
    EXPECT_EQ(list.body.find("sales"), std::string::npos) << list.body;
    EXPECT_EQ(as(lead_, "GET", "/api/v1/reports/kept/1").status, 403);
    EXPECT_EQ(as(lead_, "GET", "/api/v1/reports/kept/2").status, 200);
    EXPECT_EQ(as(lead_, "GET", "/api/v1/reports/kept/3").status, 403);
}

}  // namespace
}  // namespace bursar::admin::test
