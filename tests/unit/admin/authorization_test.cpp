// Hunts: a program that is let in without a click of the person at the screen, whose code is good for somebody else,
// and an answer that leaves the machine.
#include "service/admin/cookies.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

// RFC 7636, appendix B.
constexpr std::string_view verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
constexpr std::string_view here = "http://127.0.0.1:41234/callback";

class AuthorizationApi : public testing::Test {
  protected:
    void SetUp() override {
        const HttpReply applied =
            plant_.apply(documents_json(staff_yaml("  agents: {login_notice: Prompts are not kept.}\n")), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
        plant_.company.has("alice", {"in-research"});
    }
    static std::string query(std::string_view redirect = here) {
        return fmt::format(
            "response_type=code&client_id=bursarctl&redirect_uri={}&code_challenge={}&code_challenge_method=S256&"
            "state=st4te&host=laptop-7",
            redirect, challenge);
    }
    static std::string body(std::string_view redirect = here) {
        return fmt::format(
            R"({{"response_type":"code","client_id":"bursarctl","redirect_uri":"{}",)"
            R"("code_challenge":"{}","code_challenge_method":"S256","state":"st4te","host":"laptop-7"}})",
            redirect, challenge);
    }
    HttpReply decide(std::string_view how, const std::string& cookie, std::string text = body()) {
        return plant_.ask("POST", fmt::format("/api/v1/authorization/{}", how), by_page(cookie, std::move(text)));
    }
    /// The code in the address that the browser is sent to.
    std::string approved(const std::string& cookie) {
        const HttpReply reply = decide("approve", cookie);
        EXPECT_EQ(reply.status, 200) << reply.body;
        const std::string to = reply.at("/to"), before = fmt::format("{}?code=", here), behind = "&state=st4te";
        EXPECT_TRUE(to.starts_with(before) && to.ends_with(behind)) << to;
        return to.substr(before.size(), to.size() - before.size() - behind.size());
    }
    HttpReply form(std::string_view target, std::string text) {
        return plant_.ask("POST", target,
                          {.body = std::move(text), .extra = "content-type: application/x-www-form-urlencoded\r\n"});
    }
    HttpReply exchange(std::string_view code, std::string_view by = verifier, std::string_view client = "bursarctl") {
        return form("/oauth/token", fmt::format("grant_type=authorization_code&code={}&client_id={}&redirect_uri={}&"
                                                "code_verifier={}",
                                                code, client, here, by));
    }
    HttpReply me(const HttpReply& pair) { return plant_.ask("GET", "/api/v1/me", {.token = pair.at("/access_token")}); }

    Plant plant_;
};

TEST_F(AuthorizationApi, a_program_is_let_in_by_a_click_and_gets_the_tokens_that_a_code_of_devices_would_give) {
    const HttpReply metadata = plant_.ask("GET", "/.well-known/oauth-authorization-server");
    EXPECT_EQ(metadata.at("/authorization_endpoint"), "https://bursar/authorize");
    EXPECT_EQ(metadata.at("/code_challenge_methods_supported/0"), "S256");
    EXPECT_EQ(safe_path("/authorize?" + query()), "/authorize?" + query()) << "the sign-in page leads back to it";
    const std::string alice = plant_.sign_in("alice");
    const HttpReply shown = plant_.ask("GET", "/api/v1/authorization?" + query(), by_page(alice));
    ASSERT_EQ(shown.status, 200) << shown.body;
    EXPECT_EQ(shown.at("/client"), "bursarctl");
    EXPECT_EQ(shown.at("/host"), "laptop-7");
    EXPECT_EQ(shown.at("/login_notice"), "Prompts are not kept.");
    EXPECT_EQ(plant_.audit_rows("authorization.approve", "ok"), 0) << "looking is not approving";
    const HttpReply pair = exchange(approved(alice));
    ASSERT_EQ(pair.status, 200) << pair.body;
    EXPECT_TRUE(pair.at("/access_token").starts_with("bsa_"));
    EXPECT_TRUE(pair.at("/refresh_token").starts_with("bsf_"));
    EXPECT_EQ(pair.at("/email"), "alice@corp.example");
    EXPECT_EQ(pair.headers.at("cache-control"), "no-store");
    EXPECT_EQ(me(pair).at("/session/kind"), "cli");
    EXPECT_EQ(plant_.audit_rows("authorization.approve", "ok", "authorization"), 1);
    EXPECT_EQ(plant_.audit_rows("oauth.token", "ok", "person:alice"), 1);
}

TEST_F(AuthorizationApi, a_code_that_is_used_twice_ends_the_sign_in_that_came_of_it) {
    const std::string code = approved(plant_.sign_in("alice"));
    const HttpReply pair = exchange(code);
    ASSERT_EQ(me(pair).status, 200);
    EXPECT_EQ(exchange(code).at("/error"), "invalid_grant");
    EXPECT_EQ(me(pair).status, 401);
    EXPECT_EQ(form("/oauth/token", "grant_type=refresh_token&refresh_token=" + pair.at("/refresh_token")).at("/error"),
              "invalid_grant");
    EXPECT_EQ(exchange(code).at("/error"), "invalid_grant") << "a third time, too";
    EXPECT_EQ(plant_.audit_rows("oauth.token", "unauthenticated"), 1);
}

TEST_F(AuthorizationApi, a_code_is_worth_nothing_to_whoever_else_sees_it) {
    const std::string alice = plant_.sign_in("alice");
    const std::string stolen = approved(alice);
    EXPECT_EQ(exchange(stolen, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl").at("/error"), "invalid_grant");
    EXPECT_EQ(exchange(stolen).at("/error"), "invalid_grant");
    EXPECT_EQ(exchange(approved(alice), verifier, "claude_code").at("/error"), "invalid_grant");
    EXPECT_EQ(form("/oauth/token", "grant_type=authorization_code&code=" + approved(alice)).at("/error"),
              "invalid_grant");
    const std::string late = approved(alice);
    plant_.clock.advance(60s);
    EXPECT_EQ(exchange(late).at("/error"), "invalid_grant");
    EXPECT_EQ(plant_.audit_rows("oauth.token", "ok"), 0);
}

TEST_F(AuthorizationApi, only_the_page_of_somebody_who_has_just_signed_in_lets_a_program_in) {
    const std::string alice = plant_.sign_in("alice");
    EXPECT_EQ(decide("approve", "bsc_nobody").status, 401);
    EXPECT_EQ(plant_
                  .ask("POST", "/api/v1/authorization/approve",
                       {.body = body(), .extra = fmt::format("cookie: {}={}\r\n", session_cookie, alice)})
                  .status,
              403)
        << "another page approves nothing";
    const HttpReply pair = exchange(approved(alice));
    const HttpReply by_program =
        plant_.ask("POST", "/api/v1/authorization/approve", {.token = pair.at("/access_token"), .body = body()});
    EXPECT_EQ(by_program.at("/code"), "step_up_needed") << "a program cannot let another one in";
    plant_.clock.advance(10min);
    EXPECT_EQ(decide("approve", alice).at("/code"), "step_up_needed");
}

TEST_F(AuthorizationApi, an_approval_ends_with_whoever_gave_it) {
    const std::string code = approved(plant_.sign_in("alice"));
    ASSERT_EQ(plant_.ask("DELETE", "/api/v1/people/alice/sessions", {.token = plant_.operator_token}).status, 204);
    EXPECT_EQ(exchange(code).at("/error"), "invalid_grant");
    EXPECT_EQ(plant_.audit_rows("oauth.token", "ok"), 0);
}

TEST_F(AuthorizationApi, an_answer_never_leaves_the_machine) {
    const std::string alice = plant_.sign_in("alice");
    for (const char* elsewhere : {"http://evil.example:80/callback", "https://127.0.0.1:1/callback",
                                  "http://127.0.0.1:1@evil.example/callback", "http://localhost:1/callback"}) {
        for (const char* how : {"approve", "deny"}) {
            const HttpReply reply = decide(how, alice, body(elsewhere));
            EXPECT_EQ(reply.status, 400) << elsewhere;
            EXPECT_EQ(reply.body.find("evil"), std::string::npos) << reply.body;
        }
        EXPECT_EQ(plant_.ask("GET", "/api/v1/authorization?" + query(elsewhere), by_page(alice)).status, 400);
    }
    const HttpReply denied = decide("deny", alice);
    EXPECT_EQ(denied.at("/to"), fmt::format("{}?error=access_denied&state=st4te", here));
    EXPECT_EQ(plant_.audit_rows("authorization.deny", "ok", "authorization"), 1);
}

}  // namespace
}  // namespace bursar::admin::test
