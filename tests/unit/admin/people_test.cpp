// Hunts: somebody who was put out and is still in, a list that takes more away than it should, a test that tells
// nothing.
#include "service/admin/cookies.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

class PeopleApi : public testing::Test {
  protected:
    void SetUp() override {
        const HttpReply applied = plant_.apply(documents_json(staff_yaml()), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
        plant_.company.has("alice", {"in-research", "in-lab"});
        plant_.company.has("bob", {"in-sales"});
        plant_.company.has("olga", {"is-operator"});
    }
    HttpReply remove(const std::string& target) {
        return plant_.ask("DELETE", target, {.token = plant_.operator_token});
    }

    Plant plant_;
};

TEST_F(PeopleApi, a_list_has_everybody_of_whom_a_source_has_told) {
    static_cast<void>(plant_.sign_in("alice"));
    static_cast<void>(plant_.sign_in("bob"));
    ASSERT_EQ(plant_.post("/api/v1/keys", R"({"name":"x","team":"lab","person":"alice"})").status, 201);
    const HttpReply all = plant_.get("/api/v1/people");
    ASSERT_EQ(all.count("/people"), 2U) << all.body;
    EXPECT_EQ(all.at("/count"), "2");
    EXPECT_EQ(all.at("/people/0/person"), "alice");
    EXPECT_EQ(all.at("/people/0/source"), "ldap:corp");
    EXPECT_EQ(all.at("/people/0/subject"), "id-of-alice");
    EXPECT_EQ(all.at("/people/0/state"), "active");
    EXPECT_EQ(all.at("/people/0/role"), "member");
    EXPECT_EQ(all.at("/people/0/teams"), R"(["lab","research"])");
    EXPECT_EQ(all.at("/people/0/groups/0/name"), "in-lab");
    EXPECT_EQ(all.at("/people/0/sessions"), "1");
    EXPECT_EQ(all.at("/people/0/keys"), "1");
    EXPECT_EQ(all.at("/people/0/signed_in_at"), "2026-11-23T12:00:00.000Z");
    EXPECT_EQ(plant_.get("/api/v1/people?text=DISPLAY%20b").at("/people/0/person"), "bob");
    EXPECT_EQ(plant_.get("/api/v1/people?text=nobody").at("/people"), "[]");
    EXPECT_EQ(plant_.get("/api/v1/people?state=gone").at("/count"), "0");
    EXPECT_EQ(plant_.get("/api/v1/people?state=somewhere").status, 400);
    const HttpReply some = plant_.get("/api/v1/people?limit=1");
    EXPECT_EQ(some.count("/people"), 1U);
    EXPECT_EQ(some.at("/count"), "2") << "how many there are";
    EXPECT_EQ(plant_.get("/api/v1/people/alice").at("/person"), "alice");
    EXPECT_EQ(plant_.get("/api/v1/people/nobody").status, 404);
}

TEST_F(PeopleApi, whoever_is_suspended_is_out_at_once_with_sessions_and_keys) {
    const std::string cookie = plant_.sign_in("alice");
    const std::string access = plant_.access_token("alice", auth::SessionKind::agent);
    const std::string key = plant_.ask("POST", "/api/v1/me/keys", by_page(cookie, R"({"name":"x"})")).at("/key");
    ASSERT_EQ(plant_.ask("GET", "/api/v1/budgets/mine", {.token = key}).status, 200);
    const HttpReply suspended = plant_.post("/api/v1/people/alice/suspend", R"({"reason":"a lost laptop"})");
    ASSERT_EQ(suspended.status, 200) << suspended.body;
    EXPECT_EQ(suspended.at("/state"), "suspended");
    EXPECT_EQ(suspended.at("/why"), "by operator:ada: a lost laptop");
    EXPECT_EQ(suspended.at("/sessions"), "0");
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", by_page(cookie)).status, 401);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", {.token = access}).status, 401);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/budgets/mine", {.token = key}).status, 401);
    EXPECT_EQ(plant_.audit_rows("person.suspend", "ok", "person:alice"), 1);

    ASSERT_EQ(plant_.post("/api/v1/people/alice/restore", "").at("/state"), "active");
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", by_page(cookie)).status, 401) << "sessions do not come back";
    EXPECT_FALSE(plant_.sign_in("alice").empty());
    for (const char* wrong : {"", "{}", R"({"reason":""})"})
        EXPECT_EQ(plant_.post("/api/v1/people/alice/suspend", wrong).status, 400) << wrong;
    EXPECT_EQ(plant_.post("/api/v1/people/nobody/suspend", R"({"reason":"x"})").status, 404);
}

TEST_F(PeopleApi, nobody_suspends_themselves) {
    const std::string olga = plant_.sign_in("olga");
    EXPECT_EQ(plant_.ask("POST", "/api/v1/people/olga/suspend", by_page(olga, R"({"reason":"x"})")).status, 409);
    EXPECT_EQ(plant_.get("/api/v1/people/olga").at("/state"), "active");
}

TEST_F(PeopleApi, every_session_of_somebody_ends_and_no_other) {
    const std::string alice = plant_.sign_in("alice"), bob = plant_.sign_in("bob");
    const std::string key = plant_.ask("POST", "/api/v1/me/keys", by_page(alice, R"({"name":"x"})")).at("/key");
    EXPECT_EQ(remove("/api/v1/people/alice/sessions").status, 204);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", by_page(alice)).status, 401);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", by_page(bob)).status, 200);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/budgets/mine", {.token = key}).status, 200) << "keys are no sessions";
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", by_page(plant_.sign_in("alice"))).status, 200);
    EXPECT_EQ(remove("/api/v1/people/nobody/sessions").status, 404);
    EXPECT_EQ(plant_.audit_rows("person.put_out", "ok", "person:alice"), 1);
}

TEST_F(PeopleApi, a_team_has_its_people_with_what_they_were_charged) {
    static_cast<void>(plant_.sign_in("alice"));
    static_cast<void>(plant_.sign_in("bob"));
    audit::Outcome call;
    call.call = CallId::make(plant_.clock.now());
    call.attempt = AttemptId::make(plant_.clock.now());
    call.at = plant_.clock.now();
    call.team = "research";
    call.person = "alice";
    call.model = "small";
    call.status = 200;
    call.attempts = 1;
    call.charge = NanoUsd::dollars(3);
    plant_.audit->record(call);
    const HttpReply team = plant_.get("/api/v1/teams/research/people");
    ASSERT_EQ(team.count("/people"), 1U) << team.body;
    EXPECT_EQ(team.at("/people/0/person"), "alice");
    EXPECT_EQ(team.at("/people/0/charge_usd"), "3.00");
    EXPECT_EQ(plant_.get("/api/v1/teams/lab/people").at("/people/0/charge_usd"), "0.00");
    EXPECT_EQ(plant_.get("/api/v1/teams/nobody/people").status, 404);
}

TEST_F(PeopleApi, sources_say_how_they_are) {
    static_cast<void>(plant_.sign_in("alice"));
    const HttpReply list = plant_.get("/api/v1/directories");
    ASSERT_EQ(list.count("/directories"), 2U) << list.body;
    EXPECT_EQ(list.at("/directories/0/name"), "corp");
    EXPECT_EQ(list.at("/directories/0/title"), "Corporate account");
    EXPECT_EQ(list.at("/directories/0/kind"), "ldap");
    EXPECT_EQ(list.at("/directories/0/good"), "true");
    EXPECT_EQ(list.at("/directories/0/people"), "1");
    EXPECT_EQ(list.at("/directories/0/last_sync"), "null");
    EXPECT_EQ(list.at("/directories/1/kind"), "oidc");
    plant_.company.is_down(true);
    EXPECT_EQ(plant_.get("/api/v1/directories").at("/directories/0/good"), "false");
}

TEST_F(PeopleApi, a_test_says_each_step) {
    const HttpReply good = plant_.post("/api/v1/directories/corp/test", R"({"user":"alice"})");
    ASSERT_EQ(good.count("/steps"), 3U) << good.body;
    EXPECT_EQ(good.at("/steps/0/name"), "resolve");
    EXPECT_EQ(good.at("/steps/0/state"), "good");
    EXPECT_EQ(good.at("/steps/2/name"), "teams");
    EXPECT_EQ(good.at("/steps/2/state"), "skipped") << "she has never signed in";
    static_cast<void>(plant_.sign_in("alice"));
    EXPECT_EQ(plant_.post("/api/v1/directories/corp/test", R"({"user":"alice"})").at("/steps/2/text"),
              "Teams: lab, research. Role: member.");
    plant_.company.is_down(true);
    EXPECT_EQ(plant_.post("/api/v1/directories/corp/test", "").at("/steps/1/state"), "bad");
    EXPECT_EQ(plant_.post("/api/v1/directories/nobody/test", "").status, 404);
}

TEST_F(PeopleApi, a_sync_is_shown_before_it_is_done) {
    const HttpReply dry = plant_.post("/api/v1/directories/corp/sync", R"({"dry_run":true})");
    ASSERT_EQ(dry.status, 200) << dry.body;
    EXPECT_EQ(dry.at("/state"), "dry_run");
    EXPECT_EQ(dry.at("/arrivals"), "3");
    EXPECT_EQ(plant_.get("/api/v1/people").at("/count"), "0") << "nothing was done";
    const HttpReply done = plant_.post("/api/v1/directories/corp/sync", "");
    EXPECT_EQ(done.at("/state"), "applied") << done.body;
    EXPECT_EQ(done.at("/number"), "1");
    EXPECT_EQ(plant_.get("/api/v1/people").at("/count"), "3");
    plant_.company.has_no_more("bob");
    EXPECT_EQ(plant_.post("/api/v1/directories/corp/sync", "").at("/missing"), "1");
    EXPECT_EQ(plant_.get("/api/v1/people/bob").at("/state"), "missing");
    plant_.company.is_down(true);
    const HttpReply failed = plant_.post("/api/v1/directories/corp/sync", "");
    EXPECT_EQ(failed.status, 200) << failed.body;
    EXPECT_EQ(failed.at("/state"), "failed");
    EXPECT_EQ(plant_.get("/api/v1/people/alice").at("/state"), "active") << "an error takes nothing away";
    const HttpReply history = plant_.get("/api/v1/directories/corp/syncs");
    ASSERT_EQ(history.count("/syncs"), 3U) << history.body;
    EXPECT_EQ(history.at("/syncs/0/state"), "failed") << "the newest first";
    EXPECT_EQ(plant_.get("/api/v1/directories/corp/syncs/1").at("/arrivals"), "3");
    for (const char* nothing : {"0", "-1", "9", "x"})
        EXPECT_EQ(plant_.get(fmt::format("/api/v1/directories/corp/syncs/{}", nothing)).status, 404) << nothing;
    EXPECT_EQ(plant_.post("/api/v1/directories/nobody/sync", "").status, 404);
    EXPECT_EQ(plant_.post("/api/v1/directories/corp/sync", R"({"dry_run":true,"confirmed":true})").status, 400);
    EXPECT_GE(plant_.audit_rows("directory.sync", "ok"), 2);
}

TEST_F(PeopleApi, a_confirmed_sync_needs_a_fresh_proof_of_who_confirms_it) {
    const std::string olga = plant_.sign_in("olga");
    const auto sync = [&](std::string_view body) {
        return plant_.ask("POST", "/api/v1/directories/corp/sync", by_page(olga, std::string(body)));
    };
    EXPECT_EQ(sync(R"({"confirmed":true})").at("/state"), "applied");
    plant_.clock.advance(10min);
    const HttpReply old = sync(R"({"confirmed":true})");
    EXPECT_EQ(old.at("/code"), "step_up_needed") << old.body;
    EXPECT_EQ(plant_.get("/api/v1/directories/corp/syncs").count("/syncs"), 1U) << "nothing was done";
    EXPECT_EQ(sync("").at("/state"), "unchanged") << "the limit of removals is proof enough";
    EXPECT_EQ(sync(R"({"dry_run":true})").at("/state"), "dry_run");
    const std::string program = plant_.access_token("olga", auth::SessionKind::cli);
    EXPECT_EQ(plant_.ask("POST", "/api/v1/directories/corp/sync", {.token = program, .body = R"({"confirmed":true})"})
                  .at("/code"),
              "step_up_needed");
    EXPECT_EQ(plant_.post("/api/v1/directories/corp/sync", R"({"confirmed":true})").at("/state"), "unchanged")
        << "a token proves it with every request";
}

}  // namespace
}  // namespace bursar::admin::test
