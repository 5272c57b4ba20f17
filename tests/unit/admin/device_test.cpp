// Hunts: a program that gets tokens nobody approved, twice or for somebody else; answers that OAuth's clients do not
// understand.
#include "service/admin/cookies.h"
#include "tests/unit/admin/plant.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

using namespace std::chrono_literals;

class DeviceApi : public testing::Test {
  protected:
    void SetUp() override {
        const HttpReply applied =
            plant_.apply(documents_json(staff_yaml("  agents: {login_notice: Prompts are not kept.}\n")), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
        plant_.company.has("alice", {"in-research"});
    }
    HttpReply form(std::string_view target, std::string body) {
        return plant_.ask("POST", target,
                          {.body = std::move(body), .extra = "content-type: application/x-www-form-urlencoded\r\n"});
    }
    HttpReply begin(std::string_view client = "bursarctl") {
        return form("/oauth/device_authorization", fmt::format("client_id={}", client));
    }
    HttpReply poll(const HttpReply& begun) {
        return form("/oauth/token", "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=" +
                                        begun.at("/device_code"));
    }
    HttpReply refresh(const std::string& token) {
        return form("/oauth/token", "grant_type=refresh_token&refresh_token=" + token);
    }
    HttpReply decide(const HttpReply& begun, std::string_view how, const std::string& cookie) {
        return plant_.ask("POST", fmt::format("/api/v1/device/{}/{}", begun.at("/user_code"), how), by_page(cookie));
    }
    HttpReply tokens(std::string_view client) {
        const HttpReply begun = begin(client);
        EXPECT_EQ(decide(begun, "approve", plant_.sign_in("alice")).status, 200);
        return poll(begun);
    }

    Plant plant_;
};

TEST_F(DeviceApi, what_a_program_needs_to_know_stands_where_it_looks_for_it) {
    const HttpReply metadata = plant_.ask("GET", "/.well-known/oauth-authorization-server");
    ASSERT_EQ(metadata.status, 200);
    EXPECT_EQ(metadata.at("/issuer"), "https://bursar");
    EXPECT_EQ(metadata.at("/device_authorization_endpoint"), "https://bursar/oauth/device_authorization");
    EXPECT_EQ(metadata.at("/token_endpoint"), "https://bursar/oauth/token");
    EXPECT_EQ(metadata.at("/revocation_endpoint"), "https://bursar/oauth/revoke");
    const HttpReply begun = begin();
    ASSERT_EQ(begun.status, 200) << begun.body;
    EXPECT_GE(begun.at("/device_code").size(), 43U);
    EXPECT_EQ(begun.at("/user_code").size(), 9U);
    EXPECT_EQ(begun.at("/verification_uri"), "https://bursar/device");
    EXPECT_EQ(begun.at("/verification_uri_complete"), "https://bursar/device?user_code=" + begun.at("/user_code"));
    EXPECT_EQ(begun.at("/expires_in"), "600");
    EXPECT_EQ(begun.at("/interval"), "5");
    EXPECT_EQ(begun.at("/login_notice"), "Prompts are not kept.");
    EXPECT_EQ(begun.headers.at("cache-control"), "no-store");
    EXPECT_EQ(safe_path("/device?user_code=" + begun.at("/user_code")), "/device?user_code=" + begun.at("/user_code"))
        << "the sign-in page leads back to it";
}

TEST_F(DeviceApi, tokens_come_once_and_only_after_somebody_approved) {
    const HttpReply begun = begin();
    EXPECT_EQ(poll(begun).at("/error"), "authorization_pending");
    EXPECT_EQ(poll(begun).status, 400);
    EXPECT_EQ(poll(begun).at("/error"), "slow_down");
    const std::string alice = plant_.sign_in("alice");
    const HttpReply shown = plant_.ask("GET", "/api/v1/device/" + begun.at("/user_code"), by_page(alice));
    ASSERT_EQ(shown.status, 200) << shown.body;
    EXPECT_EQ(shown.at("/client"), "bursarctl");
    EXPECT_EQ(shown.at("/address"), "192.0.2.7");
    EXPECT_EQ(shown.at("/asked_at"), "2026-11-23T12:00:00.000Z");
    EXPECT_EQ(poll(begun).status, 400) << "looking is not approving";
    EXPECT_EQ(decide(begun, "approve", "bsc_nobody").status, 401);
    EXPECT_EQ(plant_
                  .ask("POST", fmt::format("/api/v1/device/{}/approve", begun.at("/user_code")),
                       {.extra = fmt::format("cookie: {}={}\r\n", session_cookie, alice)})
                  .status,
              403)
        << "another page approves nothing";
    ASSERT_EQ(decide(begun, "approve", alice).status, 200);
    EXPECT_EQ(decide(begun, "deny", alice).status, 409);
    const HttpReply pair = poll(begun);
    ASSERT_EQ(pair.status, 200) << pair.body;
    EXPECT_TRUE(pair.at("/access_token").starts_with("bsa_"));
    EXPECT_TRUE(pair.at("/refresh_token").starts_with("bsf_"));
    EXPECT_EQ(pair.at("/token_type"), "Bearer");
    EXPECT_EQ(pair.at("/expires_in"), "3600");
    EXPECT_EQ(pair.at("/email"), "alice@corp.example");
    EXPECT_EQ(poll(begun).at("/error"), "invalid_grant");
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", {.token = pair.at("/access_token")}).at("/session/kind"), "cli");
    EXPECT_EQ(plant_.audit_rows("device.approve", "ok", "device"), 1);
    EXPECT_EQ(plant_.audit_rows("oauth.token", "ok", "person:alice"), 1);
}

TEST_F(DeviceApi, an_approval_ends_with_whoever_gave_it) {
    const HttpReply begun = begin();
    ASSERT_EQ(decide(begun, "approve", plant_.sign_in("alice")).status, 200);
    ASSERT_EQ(plant_.ask("DELETE", "/api/v1/people/alice/sessions", {.token = plant_.operator_token}).status, 204);
    EXPECT_EQ(poll(begun).at("/error"), "access_denied");
}

TEST_F(DeviceApi, a_program_cannot_let_another_one_in) {
    const HttpReply first = begin();
    ASSERT_EQ(decide(first, "approve", plant_.sign_in("alice")).status, 200);
    const std::string token = poll(first).at("/access_token");
    ASSERT_TRUE(token.starts_with("bsa_"));
    const HttpReply second = begin();
    const HttpReply tried =
        plant_.ask("POST", "/api/v1/device/" + second.at("/user_code") + "/approve", {.token = token});
    EXPECT_EQ(tried.at("/code"), "step_up_needed") << tried.body;
    EXPECT_EQ(poll(second).at("/error"), "authorization_pending");
}

TEST_F(DeviceApi, what_was_refused_or_is_too_old_gives_nothing) {
    const HttpReply denied = begin(), late = begin();
    const std::string alice = plant_.sign_in("alice");
    ASSERT_EQ(decide(denied, "deny", alice).status, 200);
    EXPECT_EQ(poll(denied).at("/error"), "access_denied");
    plant_.clock.advance(10min);
    EXPECT_EQ(poll(late).at("/error"), "expired_token");
    EXPECT_EQ(decide(late, "approve", alice).at("/code"), "step_up_needed") << "the proof is too old by now";
    EXPECT_EQ(decide(late, "approve", plant_.sign_in("alice")).status, 404);
    EXPECT_EQ(
        form("/oauth/token", "grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=x").at("/error"),
        "invalid_grant");
    EXPECT_EQ(form("/oauth/token", "grant_type=password&username=alice&password=right").at("/error"),
              "unsupported_grant_type");
    EXPECT_EQ(form("/oauth/token", "grant_type=a&grant_type=b").at("/error"), "invalid_request");
    EXPECT_EQ(form("/oauth/token", "").status, 400);
}

TEST_F(DeviceApi, guessing_codes_ends_soon) {
    const std::string alice = plant_.sign_in("alice");
    int not_found = 0, slowed = 0;
    for (int i = 0; i < 15; ++i) {
        const int status =
            plant_.ask("GET", fmt::format("/api/v1/device/BCDF-GHJ{}", "BCDFGHJKLMNPQRS"[i]), by_page(alice)).status;
        not_found += status == 404;
        slowed += status == 429;
    }
    EXPECT_EQ(not_found, 10);
    EXPECT_EQ(slowed, 5);
}

TEST_F(DeviceApi, a_refresh_gives_a_new_pair_until_somebody_leaves) {
    const HttpReply first = tokens("claude_code");
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", {.token = first.at("/access_token")}).at("/session/kind"), "agent");
    const HttpReply second = refresh(first.at("/refresh_token"));
    ASSERT_EQ(second.status, 200) << second.body;
    EXPECT_NE(second.at("/access_token"), first.at("/access_token"));
    EXPECT_EQ(second.at("/email"), "alice@corp.example");
    EXPECT_EQ(refresh("bsf_nobody").at("/error"), "invalid_grant");
    plant_.company.is_down(true);
    const HttpReply down = refresh(second.at("/refresh_token"));
    EXPECT_EQ(down.status, 503);
    EXPECT_EQ(down.at("/error"), "temporarily_unavailable") << "the program keeps what it has";
    plant_.company.is_down(false);
    const HttpReply third = refresh(second.at("/refresh_token"));
    ASSERT_EQ(third.status, 200) << third.body;
    plant_.company.has_no_more("alice");
    EXPECT_EQ(refresh(third.at("/refresh_token")).at("/error"), "invalid_grant");
}

TEST_F(DeviceApi, a_token_that_is_revoked_ends_the_session) {
    const HttpReply pair = tokens("bursarctl");
    EXPECT_EQ(form("/oauth/revoke", "token=bsf_nobody").status, 200) << "RFC 7009, 2.2";
    EXPECT_EQ(form("/oauth/revoke", "token_type_hint=refresh_token&token=" + pair.at("/refresh_token")).status, 200);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/me", {.token = pair.at("/access_token")}).status, 401);
    EXPECT_EQ(refresh(pair.at("/refresh_token")).at("/error"), "invalid_grant");
    EXPECT_EQ(plant_.audit_rows("oauth.revoke", "ok"), 1);
}

}  // namespace
}  // namespace bursar::admin::test
