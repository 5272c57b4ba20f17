// Hunts: a session that outlives its end, a cookie that other pages can use, a change without a fresh proof.
#include "service/admin/cookies.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

class SessionApi : public testing::Test {
  protected:
    void SetUp() override {
        const HttpReply applied = plant_.apply(documents_json(staff_yaml()), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
        plant_.company.has("alice", {"in-research"});
        plant_.company.has("bob", {"in-sales"});
        plant_.company.has("olga", {"is-operator"});
    }
    int status_of(const std::string& cookie) { return plant_.ask("GET", "/api/v1/me", by_page(cookie)).status; }
    /// What needs a proof of the last minutes.
    HttpReply put_secret(const std::string& cookie) {
        return plant_.ask("PUT", "/api/v1/secrets/x", by_page(cookie, R"({"value":"y"})"));
    }
    HttpReply step_up(const std::string& cookie, std::string_view password) {
        return plant_.ask("POST", "/auth/step-up", by_page(cookie, fmt::format(R"({{"password":"{}"}})", password)));
    }

    Plant plant_;
};

TEST_F(SessionApi, a_change_needs_the_token_and_the_origin_of_our_page) {
    const std::string alice = plant_.sign_in("alice"), bob = plant_.sign_in("bob");
    const std::string cookie = fmt::format("cookie: {}={}\r\n", session_cookie, alice);
    const std::string origin = "origin: https://bursar\r\n", site = "sec-fetch-site: same-origin\r\n";
    const std::string csrf = fmt::format("x-bursar-csrf: {}\r\n", csrf_of(alice));
    struct Case {
        const char* name;
        std::string headers;
        int status;
    };
    const Case cases[] = {
        {"all of it", cookie + origin + site + csrf, 201},
        {"an old browser that says neither origin nor site", cookie + csrf, 201},
        {"no token", cookie + origin + site, 403},
        {"an empty token", cookie + origin + site + "x-bursar-csrf: \r\n", 403},
        {"a token of another session", cookie + origin + site + fmt::format("x-bursar-csrf: {}\r\n", csrf_of(bob)),
         403},
        {"a token of no session", cookie + origin + site + fmt::format("x-bursar-csrf: {}\r\n", csrf_of("")), 403},
        {"the cookie as the token", cookie + origin + site + fmt::format("x-bursar-csrf: {}\r\n", alice), 403},
        {"another origin", cookie + "origin: https://evil.example\r\n" + csrf, 403},
        {"an origin that begins like ours", cookie + "origin: https://bursar.evil.example\r\n" + csrf, 403},
        {"our host without TLS", cookie + "origin: http://bursar\r\n" + csrf, 403},
        {"no origin that can be named", cookie + "origin: null\r\n" + csrf, 403},
        {"another site", cookie + origin + "sec-fetch-site: cross-site\r\n" + csrf, 403},
        {"another host of the site", cookie + origin + "sec-fetch-site: same-site\r\n" + csrf, 403},
        {"a person who typed the address", cookie + "sec-fetch-site: none\r\n" + csrf, 403},
        {"a cookie of another name", fmt::format("cookie: bursar={}\r\n", alice) + origin + site + csrf, 401},
        {"a cookie that only begins like ours",
         fmt::format("cookie: {}-hint={}\r\n", session_cookie, alice) + origin + site + csrf, 401},
        {"ours among others", fmt::format("cookie: a=b; {}={}; c=d\r\n", session_cookie, alice) + origin + site + csrf,
         201},
    };
    for (const Case& each : cases) {
        const HttpReply reply =
            plant_.ask("POST", "/api/v1/me/keys", {.body = R"({"name":"x"})", .extra = each.headers});
        EXPECT_EQ(reply.status, each.status) << each.name << ": " << reply.body;
    }
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me/keys", by_page(alice)).count("/keys"), 3U);
    EXPECT_GE(plant_.audit_rows("key.issue", "not_permitted"), 10);
}

TEST_F(SessionApi, reading_needs_no_token_and_changes_nothing) {
    const std::string alice = plant_.sign_in("alice");
    const Asked plain{.extra = fmt::format("cookie: {}={}\r\nsec-fetch-site: cross-site\r\n", session_cookie, alice)};
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", plain).status, 200);
    EXPECT_EQ(plant_.ask("GET", "/auth/logout", plain).status, 405);
    EXPECT_EQ(plant_.ask("POST", "/auth/logout", plain).status, 403) << "another site signs nobody out";
    EXPECT_EQ(status_of(alice), 200);
}

TEST_F(SessionApi, a_cookie_is_no_bearer_and_a_bearer_no_cookie) {
    const std::string alice = plant_.sign_in("alice");
    const std::string access = plant_.access_token("alice", auth::SessionKind::cli);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", {.token = alice}).status, 401);
    EXPECT_EQ(status_of(access), 401);
    const HttpReply me = plant_.ask("GET", "/api/v1/me", {.token = access});
    EXPECT_EQ(me.status, 200);
    EXPECT_EQ(me.at("/csrf"), "") << "it needs none";
    EXPECT_EQ(plant_.ask("POST", "/api/v1/me/keys", {.token = access, .body = R"({"name":"x"})"}).status, 201);
    const std::string cookie = fmt::format("cookie: {}={}\r\n", session_cookie, alice);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", {.token = "bsa_nobody", .extra = cookie}).status, 401)
        << "a wrong token is not made good by a cookie";
}

TEST_F(SessionApi, it_ends_when_nobody_uses_it_and_at_the_latest_after_a_day_of_work) {
    const std::string idle = plant_.sign_in("alice");
    plant_.clock.advance(59min);
    EXPECT_EQ(status_of(idle), 200);
    plant_.clock.advance(61min);
    EXPECT_EQ(status_of(idle), 401);
    const std::string busy = plant_.sign_in("alice");
    for (int i = 0; i < 23; ++i) {
        plant_.clock.advance(30min);
        ASSERT_EQ(status_of(busy), 200) << i;
    }
    plant_.clock.advance(30min);
    EXPECT_EQ(status_of(busy), 401) << "twelve hours";
}

TEST_F(SessionApi, signing_out_ends_it_on_the_server_and_takes_the_cookies) {
    const std::string first = plant_.sign_in("alice"), second = plant_.sign_in("alice");
    const HttpReply out = plant_.ask("POST", "/auth/logout", by_page(first));
    ASSERT_EQ(out.status, 200) << out.body;
    EXPECT_EQ(out.at("/to"), "");
    ASSERT_EQ(out.cookies.size(), 2U);
    for (const std::string& dropped : out.cookies) EXPECT_TRUE(dropped.ends_with("Max-Age=0")) << dropped;
    EXPECT_EQ(status_of(first), 401);
    EXPECT_EQ(status_of(second), 200);
    EXPECT_EQ(plant_.ask("POST", "/auth/logout", by_page(first)).status, 200) << "once more does no harm";
    EXPECT_EQ(plant_.audit_rows("session.end", "ok"), 1);
}

TEST_F(SessionApi, people_see_their_sessions_and_end_them) {
    const std::string here = plant_.sign_in("alice");
    const std::string there = plant_.access_token("alice", auth::SessionKind::cli);
    const HttpReply list = plant_.ask("GET", "/api/v1/me/sessions", by_page(here));
    ASSERT_EQ(list.count("/sessions"), 2U) << list.body;
    const std::string mine = plant_.ask("GET", "/api/v1/me", by_page(here)).at("/session/id");
    std::string other;
    for (const char* at : {"/sessions/0", "/sessions/1"}) {
        const std::string id = list.at(std::string(at) + "/id");
        EXPECT_EQ(list.at(std::string(at) + "/current"), id == mine ? "true" : "false");
        if (id != mine) other = id;
    }
    EXPECT_EQ(plant_.ask("DELETE", "/api/v1/me/sessions/" + other, by_page(here)).status, 204);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", {.token = there}).status, 401);
    EXPECT_EQ(plant_.ask("DELETE", "/api/v1/me/sessions/" + other, by_page(here)).status, 404);
    EXPECT_EQ(plant_.audit_rows("session.end", "ok", "session:" + other), 1);
}

TEST_F(SessionApi, what_changes_the_service_needs_a_proof_of_the_last_minutes) {
    const std::string old = plant_.sign_in("olga");
    EXPECT_EQ(put_secret(old).status, 200);
    plant_.clock.advance(10min);
    const HttpReply refused = put_secret(old);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.at("/code"), "step_up_needed");
    for (const auto& [method, target] :
         {std::pair("POST", "/api/v1/vault/seal"), std::pair("POST", "/api/v1/vault/rotate"),
          std::pair("DELETE", "/api/v1/secrets/x"), std::pair("PUT", "/api/v1/policy"),
          std::pair("POST", "/api/v1/policy/rollback"), std::pair("POST", "/api/v1/operators"),
          std::pair("POST", "/api/v1/people/bob/suspend")})
        EXPECT_EQ(plant_.ask(method, target, by_page(old)).at("/code"), "step_up_needed") << target;
    EXPECT_EQ(plant_.ask("GET", "/api/v1/people", by_page(old)).status, 200) << "reading needs none";

    EXPECT_EQ(step_up(old, "wrong").status, 401);
    EXPECT_EQ(put_secret(old).status, 403);
    const HttpReply proved = step_up(old, "right");
    ASSERT_EQ(proved.status, 200) << proved.body;
    const std::string fresh = proved.cookie(session_cookie);
    ASSERT_TRUE(fresh.starts_with("bsc_"));
    EXPECT_NE(fresh, old);
    EXPECT_EQ(status_of(old), 401) << "the cookie from before has ended";
    EXPECT_EQ(put_secret(fresh).status, 200);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", by_page(fresh)).at("/session/ends_at"), "2026-11-24T00:00:00.000Z")
        << "a proof makes the session no longer";
    EXPECT_EQ(plant_.audit_rows("session.step_up", "ok"), 1);
}

TEST_F(SessionApi, a_program_cannot_prove_who_is_before_it) {
    static_cast<void>(plant_.sign_in("olga"));
    const std::string cli = plant_.access_token("olga", auth::SessionKind::cli);
    EXPECT_EQ(plant_.ask("PUT", "/api/v1/secrets/x", {.token = cli, .body = R"({"value":"y"})"}).at("/code"),
              "step_up_needed");
    EXPECT_EQ(plant_.ask("POST", "/auth/step-up", {.token = cli, .body = R"({"password":"right"})"}).status, 409);
    EXPECT_EQ(
        plant_.ask("PUT", "/api/v1/secrets/x", {.token = plant_.operator_token, .body = R"({"value":"y"})"}).status,
        200)
        << "a token proves it with every request";
}

TEST(Cookies, are_read_by_their_whole_name) {
    Request request;
    request.cookie = "__Host-bursar-hint=1; __Host-bursar=2; x__Host-bursar=3";
    EXPECT_EQ(request.cookie_named(session_cookie), "2");
    EXPECT_EQ(request.cookie_named(hint_cookie), "1");
    EXPECT_EQ(request.cookie_named(pending_cookie), "");
    request.cookie = "__Host-bursar";
    EXPECT_EQ(request.cookie_named(session_cookie), "");
    request.cookie = "";
    EXPECT_EQ(request.cookie_named(session_cookie), "");
}

TEST(Cookies, our_origin_is_the_configured_one_or_the_hosts) {
    Options options;
    Request request;
    request.host = "bursar.corp.example:8443";
    EXPECT_EQ(origin_of(options, request), "https://bursar.corp.example:8443");
    options.tls = false;
    EXPECT_EQ(origin_of(options, request), "http://bursar.corp.example:8443");
    for (const char* wrong : {"", "evil.example/", "a b", "user@evil.example", "x\\y"}) {
        request.host = wrong;
        EXPECT_EQ(origin_of(options, request), "http://localhost") << wrong;
    }
    options.public_url = "https://bursar.corp.example";
    EXPECT_EQ(origin_of(options, request), "https://bursar.corp.example");
}

}  // namespace
}  // namespace bursar::admin::test
