// Hunts: a sign-in that tells who exists, a cookie that scripts or other hosts get, a way back that leads elsewhere, a
// break-glass account that opens when it must not.
#include "service/admin/cookies.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

class SignIn : public testing::Test {
  protected:
    void SetUp() override {
        const HttpReply applied = plant_.apply(documents_json(staff_yaml()), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
        plant_.company.has("alice", {"in-research"});
    }
    HttpReply by_password(std::string_view user, std::string_view password, std::string extra = {}) {
        return plant_.ask(
            "POST", "/auth/ldap/corp",
            {.body = fmt::format(R"({{"user":"{}","password":"{}"}})", user, password), .extra = std::move(extra)});
    }
    std::string make_break_glass() {
        auto made = plant_.staff->break_glass().make("on call", {});
        EXPECT_TRUE(made);
        return std::string(made->passphrase.reveal());
    }
    HttpReply break_glass(std::string_view passphrase) {
        return plant_.ask("POST", "/auth/break-glass", {.body = fmt::format(R"({{"passphrase":"{}"}})", passphrase)});
    }

    Plant plant_;
};

TEST_F(SignIn, the_ways_are_those_of_the_policy) {
    const HttpReply ways = plant_.ask("GET", "/auth/ways");
    ASSERT_EQ(ways.status, 200) << ways.body;
    EXPECT_EQ(ways.at("/organisation"), "Example GmbH");
    ASSERT_EQ(ways.count("/ways"), 2U) << ways.body;
    EXPECT_EQ(ways.at("/ways/0"), R"({"kind":"password","name":"corp","title":"Corporate account"})");
    EXPECT_EQ(ways.at("/ways/1"), R"({"kind":"redirect","name":"entra","title":"Microsoft"})");
    EXPECT_EQ(ways.at("/break_glass"), "false");
    static_cast<void>(make_break_glass());
    EXPECT_EQ(plant_.ask("GET", "/auth/ways").at("/break_glass"), "true");
}

TEST_F(SignIn, the_cookie_is_for_this_host_over_tls_and_not_for_scripts) {
    const HttpReply reply = by_password("alice", "right");
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.body, "{}") << "the body is for scripts, and has nothing to keep";
    const std::string cookie = reply.cookie(session_cookie);
    EXPECT_TRUE(cookie.starts_with("bsc_")) << cookie;
    EXPECT_GE(cookie.size(), 40U);
    ASSERT_FALSE(reply.cookies.empty());
    EXPECT_EQ(reply.cookies.front(),
              fmt::format("{}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200", session_cookie, cookie));
    const HttpReply me = plant_.ask("GET", "/api/v1/me", by_page(cookie));
    EXPECT_EQ(me.at("/person"), "alice");
    EXPECT_EQ(me.at("/display_name"), "Display alice");
    EXPECT_EQ(me.at("/way"), "ldap:corp");
    EXPECT_EQ(me.at("/teams/0"), "research");
    EXPECT_EQ(me.at("/currency"), "USD");
    EXPECT_EQ(me.at("/time_zone"), "Europe/Berlin");
    EXPECT_EQ(me.at("/csrf"), csrf_of(cookie));
    EXPECT_EQ(me.body.find(cookie), std::string::npos);
    EXPECT_EQ(plant_.audit_rows("sign_in", "ok", "person:alice"), 1);
    EXPECT_NE(plant_.sign_in("alice"), cookie) << "each sign-in has a cookie of its own";
}

TEST_F(SignIn, whoever_is_refused_does_not_learn_why) {
    const HttpReply wrong = by_password("alice", "wrong"), unknown = by_password("nobody", "wrong");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(wrong.body, unknown.body);
    EXPECT_EQ(wrong.cookies.size(), 0U);
    EXPECT_EQ(plant_.audit_rows("sign_in", "unauthenticated", "ldap:corp"), 2);
    plant_.company.is_down(true);
    EXPECT_EQ(by_password("alice", "right").status, 503);
    plant_.company.is_down(false);
    EXPECT_EQ(plant_.ask("POST", "/auth/ldap/other", {.body = R"({"user":"a","password":"b"})"}).status, 404);
    ASSERT_TRUE(plant_.people->see(plant_.company.facts_of("alice"), {}));
    ASSERT_TRUE(plant_.people->set_state("alice", auth::PersonState::suspended, "a test", {}));
    const HttpReply suspended = by_password("alice", "right");
    EXPECT_EQ(suspended.status, 403);
    EXPECT_EQ(suspended.body.find("a test"), std::string::npos) << "why is for operators";
    EXPECT_EQ(suspended.cookies.size(), 0U);
}

TEST_F(SignIn, guessing_ends_before_the_directory_locks_the_account) {
    int refused = 0;
    HttpReply last;
    for (int i = 0; i < 5; ++i) {
        last = by_password("alice", "wrong");
        refused += last.status == 401;
    }
    EXPECT_EQ(refused, 3);
    EXPECT_EQ(last.status, 429);
    EXPECT_EQ(by_password("alice", "right").status, 429) << "the directory is not asked any more";
}

TEST_F(SignIn, a_page_of_another_site_signs_nobody_in) {
    const std::pair<const char*, std::string> elsewhere[] = {
        {"another origin", "origin: https://evil.example\r\n"},
        {"no origin that can be named", "origin: null\r\n"},
        {"the same host without TLS", "origin: http://bursar\r\n"},
        {"another port", "origin: https://bursar:8443\r\n"},
        {"another site", "sec-fetch-site: cross-site\r\n"},
        {"another host of the site", "sec-fetch-site: same-site\r\n"},
        {"our origin and another site", "origin: https://bursar\r\nsec-fetch-site: cross-site\r\n"},
    };
    for (const auto& [name, headers] : elsewhere) {
        const HttpReply reply = by_password("alice", "right", headers);
        EXPECT_EQ(reply.status, 403) << name;
        EXPECT_EQ(reply.cookies.size(), 0U) << name;
    }
    EXPECT_EQ(by_password("alice", "right", "origin: https://bursar\r\nsec-fetch-site: same-origin\r\n").status, 200);
}

TEST_F(SignIn, after_it_people_go_to_a_path_of_ours_or_to_the_first_page) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"/keys", "/keys"},
        {"/usage?from=2026-11-01&to=2026-11-30", "/usage?from=2026-11-01&to=2026-11-30"},
        {"/device?user_code=ABCD-EFGH", "/device?user_code=ABCD-EFGH"},
        {"", "/"},
        {"keys", "/"},
        {"//evil.example", "/"},
        {"///evil.example", "/"},
        {"/\\evil.example", "/"},
        {"\\\\evil.example", "/"},
        {"https://evil.example", "/"},
        {"javascript:alert(1)", "/"},
        {"/%0d%0aset-cookie:x=y", "/"},
        {"/a\r\nset-cookie: x=y", "/"},
        {"/%2f/evil.example", "/"},
        {"/\t/evil.example", "/"},
        {"/@evil.example", "/"},
        {" /keys", "/"},
        {"/keys#x", "/"},
        {std::string_view("/ke\0ys", 6), "/"},
    };
    for (const auto& [wanted, goes_to] : cases) EXPECT_EQ(safe_path(wanted), goes_to) << wanted;
    EXPECT_EQ(safe_path("/" + std::string(511, 'a')).size(), 512U);
    EXPECT_EQ(safe_path("/" + std::string(512, 'a')), "/");
}

TEST_F(SignIn, a_provider_that_does_not_answer_leads_back_to_the_page_that_says_so) {
    const HttpReply begun = plant_.ask("GET", "/auth/oidc/entra?to=/keys");
    EXPECT_EQ(begun.status, 303) << begun.body;
    EXPECT_EQ(begun.headers.at("location"), "/sign-in?failed=unavailable");
    EXPECT_EQ(plant_.ask("GET", "/auth/oidc/nobody").status, 404);
    EXPECT_EQ(plant_.ask("GET", "/auth/oidc/entra?to=/keys&to=//evil").status, 400);
    const HttpReply back = plant_.ask("GET", "/auth/oidc/entra/callback?code=x&state=never-given&session_state=1");
    EXPECT_EQ(back.status, 303) << back.body;
    EXPECT_EQ(back.headers.at("location"), "/sign-in?failed=expired");
    EXPECT_EQ(back.cookie(session_cookie), "");
    EXPECT_EQ(plant_.audit_rows("sign_in", "conflict", "oidc:entra"), 1);
    EXPECT_EQ(plant_.ask("GET", "/auth/oidc/entra?step_up=1").status, 401) << "nobody is signed in";
}

TEST_F(SignIn, break_glass_is_sealed_until_somebody_makes_it) {
    EXPECT_EQ(break_glass("7k3m-aaaa-bbbb-cccc-dddd-eeee-ffff-gggg").status, 401);
    const std::string passphrase = make_break_glass();
    EXPECT_EQ(break_glass(passphrase.substr(1)).status, 401);
    const HttpReply opened = break_glass(passphrase);
    ASSERT_EQ(opened.status, 200) << opened.body;
    const std::string cookie = opened.cookie(session_cookie);
    const HttpReply me = plant_.ask("GET", "/api/v1/me", by_page(cookie));
    EXPECT_EQ(me.at("/role"), "operator") << me.body;
    EXPECT_EQ(me.at("/person"), "");
    EXPECT_EQ(me.at("/way"), "break-glass");
    EXPECT_EQ(me.at("/session/ends_at"), "2026-11-23T13:00:00.000Z") << "an hour, whatever the policy gives others";
    EXPECT_EQ(plant_.audit_rows("sign_in", "ok", "break-glass"), 1);
    EXPECT_EQ(plant_.get("/api/v1/alerts?kind=break_glass").count("/alerts"), 1U);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/people", by_page(cookie)).status, 200);
    for (const char* own : {"/api/v1/me/keys", "/api/v1/me/usage", "/api/v1/me/sessions"})
        EXPECT_EQ(plant_.ask("GET", own, by_page(cookie)).status, 403) << own;
    EXPECT_EQ(plant_.ask("POST", "/api/v1/me/keys", by_page(cookie, R"({"name":"x"})")).status, 403);
    plant_.clock.advance(59min);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/people", by_page(cookie)).status, 200);
    plant_.clock.advance(1min);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/people", by_page(cookie)).status, 401);
}

TEST_F(SignIn, the_break_glass_account_works_while_no_directory_does_and_is_proved_anew_by_its_passphrase) {
    plant_.company.is_down(true);
    const std::string passphrase = make_break_glass();
    const std::string cookie = break_glass(passphrase).cookie(session_cookie);
    const auto seal = [&](const std::string& with) {
        return plant_.ask("PUT", "/api/v1/secrets/x", by_page(with, R"({"value":"y"})"));
    };
    EXPECT_EQ(seal(cookie).status, 200);
    plant_.clock.advance(11min);
    EXPECT_EQ(seal(cookie).at("/code"), "step_up_needed");
    EXPECT_EQ(plant_.ask("POST", "/auth/step-up", by_page(cookie, R"({"password":"right"})")).status, 400);
    EXPECT_EQ(seal(break_glass(passphrase).cookie(session_cookie)).status, 200);
}

}  // namespace
}  // namespace bursar::admin::test
