// Hunts: a request that is answered by the move of somebody who may not answer it by the API, by whoever asked, by two
// people with one address, or twice; an answer without a record of whose move it was.
#include "service/admin/ticket_answer.h"

#include "service/treasury/treasury.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using integrations::Move;

class TicketAnswer : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_EQ(plant_.apply(documents_json(staff_yaml()), "\"0\"").status, 200);
        hire("alice", {"in-research"});
        hire("lea", {"in-research", "leads-research"});
        hire("sam", {"in-sales", "leads-sales"});
        hire("fay", {"is-finance"});
        const HttpReply issued = plant_.post("/api/v1/keys", R"({"name":"a","team":"research","person":"alice"})");
        ASSERT_EQ(issued.status, 201) << issued.body;
        key_ = issued.at("/key");
        ask();
    }
    void hire(const char* user, std::vector<std::string> groups) {
        plant_.company.has(user, std::move(groups));
        static_cast<void>(plant_.sign_in(user));
    }
    void ask() {
        const HttpReply asked = plant_.ask(
            "POST", "/api/v1/requests",
            {.token = key_,
             .body =
                 R"({"account":"team:research","limit":"per month","amount":"30 USD","until":"2026-11-24T12:00:00Z","reason":"demo"})"});
        ASSERT_EQ(asked.status, 201) << asked.body;
        number_ = std::stoll(asked.at("/number"));
    }
    static Move by(std::string_view user, std::string_view status = "Approved") {
        return {.key = "OPS-1",
                .change = "10101",
                .status = std::string(status),
                .account = fmt::format("acc-{}", user),
                .email = fmt::format("{}@corp.example", user),
                .name = std::string(user),
                .at = *parse_timestamp("2026-11-23T11:00:00Z")};
    }
    /// What is said on the issue.
    std::string moved(const Move& move) {
        const auto said = answer_by_ticket(
            plant_.parts(), {.request = number_, .target = "tickets", .approvals = approvals_, .move = move});
        EXPECT_TRUE(said) << said.error().operator_text();
        return said.value_or("<error>");
    }
    std::string state() { return plant_.get("/api/v1/requests").at("/requests/0/state"); }

    outbox::TicketApprovals approvals_{.approve = "Approved", .decline = "Declined", .by = {"*leads*"}, .people = {}};
    Plant plant_;
    std::string key_;
    std::int64_t number_ = 0;
};

TEST_F(TicketAnswer, a_lead_approves_by_a_move_and_the_audit_says_whose_account_it_was) {
    EXPECT_EQ(moved(by("lea")), "");
    const HttpReply requests = plant_.get("/api/v1/requests");
    EXPECT_EQ(requests.at("/requests/0/state"), "approved");
    EXPECT_EQ(requests.at("/requests/0/decided_by"), "person:lea");
    EXPECT_EQ(requests.at("/requests/0/answer"), "By moving OPS-1 to \"Approved\"");
    const HttpReply rows = plant_.get("/api/v1/audit?action=request.approve&outcome=ok");
    ASSERT_EQ(rows.count("/entries"), 1U) << rows.body;
    EXPECT_EQ(rows.at("/entries/0/actor"), "person:lea");
    const std::string detail = rows.at("/entries/0/detail");
    for (const char* part : {R"("issue":"OPS-1")", R"("jira_account":"acc-lea")", R"("jira_email":"lea@corp.example")",
                             R"("moved_at":"2026-11-23T11:00:00.000Z")"})
        EXPECT_NE(detail.find(part), std::string::npos) << part << " is not in " << detail;
}

TEST_F(TicketAnswer, the_other_status_declines) {
    EXPECT_EQ(moved(by("fay", "Declined")), "");
    EXPECT_EQ(state(), "declined");
    EXPECT_EQ(plant_.audit_rows("request.decline", "ok"), 1);
}

TEST_F(TicketAnswer, whoever_may_not_changes_nothing_and_is_told_so_in_one_sentence) {
    struct Case {
        const char* sentence;
        Move move;
        std::string_view says;
    };
    Move hidden = by("lea");
    hidden.email.clear();
    const Case cases[] = {
        {"the one who asked", by("alice"), "alice may not answer this request"},
        {"a lead of another team", by("sam"), "sam may not answer this request"},
        {"an account that nobody has here", by("mallory"), "Bursar knows nobody by the Jira account of mallory"},
        {"an account whose address Jira does not show", hidden, "Bursar knows nobody by the Jira account of lea"},
    };
    for (const Case& each : cases) {
        const std::string said = moved(each.move);
        EXPECT_TRUE(said.starts_with(each.says)) << each.sentence << ": " << said;
        EXPECT_NE(said.find("nothing has changed"), std::string::npos) << each.sentence << ": " << said;
        EXPECT_EQ(state(), "open") << each.sentence;
    }
    EXPECT_EQ(plant_.get("/api/v1/audit?action=request.approve&outcome=ok").count("/entries"), 0U);
}

TEST_F(TicketAnswer, nobody_decides_about_what_he_asked_for_himself_whatever_his_role) {
    const std::string cookie = plant_.sign_in("fay");
    const HttpReply asked = plant_.ask(
        "POST", "/api/v1/requests",
        by_page(
            cookie,
            R"({"account":"team:sales","limit":"per month","amount":"3 USD","until":"2026-11-24T12:00:00Z","reason":"mine"})"));
    ASSERT_EQ(asked.status, 201) << asked.body;
    number_ = std::stoll(asked.at("/number"));
    EXPECT_EQ(moved(by("fay")), "Nobody decides about what he asked for himself. Somebody else must.");
    EXPECT_EQ(plant_.audit_rows("request.approve", "not_permitted"), 1);
    EXPECT_EQ(moved(by("sam")), "");
}

TEST_F(TicketAnswer, whose_moves_count_is_what_the_policy_says) {
    approvals_.by = {"acc-fay", "LEA@corp.example"};
    EXPECT_NE(moved(by("sam")).find("does not let sam"), std::string::npos);
    EXPECT_EQ(state(), "open");
    EXPECT_EQ(moved(by("lea")), "");
    EXPECT_EQ(state(), "approved");
}

TEST_F(TicketAnswer, an_account_that_the_policy_names_is_that_person_without_any_address) {
    approvals_.people = {{"acc-x", "lea"}, {"acc-gone", "nobody"}};
    approvals_.by = {"acc-x", "acc-gone"};
    Move move = by("x");
    move.email = "sam@corp.example";
    EXPECT_EQ(mover_of(plant_.parts().people, approvals_, move)->name, "lea");
    move.account = "acc-gone";
    EXPECT_EQ(mover_of(plant_.parts().people, approvals_, move), nullptr)
        << "the policy names somebody who is not there";
}

TEST_F(TicketAnswer, an_address_that_two_people_have_is_nobody_s_and_a_leaver_s_is_nobody_s) {
    ASSERT_NE(mover_of(plant_.parts().people, approvals_, by("lea")), nullptr);
    auth::PersonFacts twin = plant_.company.facts_of("lea");
    twin.origin = {.source = "scim:other", .subject = "twin"};
    twin.user_name = "twin";
    ASSERT_TRUE(plant_.people->see(twin, {}));
    EXPECT_EQ(mover_of(plant_.parts().people, approvals_, by("lea")), nullptr);
    ASSERT_TRUE(plant_.people->set_state("twin", auth::PersonState::gone, "left", {}));
    ASSERT_NE(mover_of(plant_.parts().people, approvals_, by("lea")), nullptr);
    ASSERT_TRUE(plant_.people->set_state("lea", auth::PersonState::suspended, "left", {}));
    EXPECT_EQ(mover_of(plant_.parts().people, approvals_, by("lea")), nullptr);
}

TEST_F(TicketAnswer, what_is_answered_is_not_answered_again_and_nothing_is_said) {
    EXPECT_EQ(moved(by("lea")), "");
    EXPECT_EQ(moved(by("lea")), "");
    EXPECT_EQ(moved(by("fay", "Declined")), "");
    EXPECT_EQ(state(), "approved");
    EXPECT_EQ(plant_.audit_rows("request.approve", "ok"), 1);
}

}  // namespace
}  // namespace bursar::admin::test
