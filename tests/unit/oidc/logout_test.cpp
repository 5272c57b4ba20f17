#include "tests/unit/oidc/sign_in.h"

#include <fmt/format.h>

// Hunts: a logout that anybody could send, one that is replayed, and another kind of token that passes for one.
namespace bursar::oidc::testing {
namespace {

constexpr std::string_view event = R"({"http://schemas.openid.net/event/backchannel-logout":{}})";

class LogoutTest : public SignInTest {
  protected:
    LogoutTest() {
        client_ = *make(provider_.options());
        reset();
    }
    void reset() {
        provider_.header = {{"alg", text_of("RS256")}, {"kid", text_of("first")}, {"typ", text_of("logout+jwt")}};
        provider_.claims = {{"iss", text_of(provider_.issuer)},
                            {"aud", text_of(client_id)},
                            {"sub", text_of("00u-alice")},
                            {"sid", text_of("session-7")},
                            {"iat", fmt::format("{}", provider_.seconds())},
                            {"exp", fmt::format("{}", provider_.seconds(120))},
                            {"jti", text_of(fmt::format("id-{}", ++count_))},
                            {"events", std::string(event)}};
    }
    Result<LogoutNotice> read() { return client_->read_logout(provider_.id_token()); }
    int count_ = 0;
};

TEST_F(LogoutTest, names_the_person_the_session_or_both) {
    const std::vector<const char*> cases[] = {{}, {"sub"}, {"sid"}};
    for (const auto& missing : cases) {
        reset();
        for (const char* each : missing) provider_.claims.erase(each);
        const auto notice = read();
        ASSERT_TRUE(notice) << notice.error().for_operator;
        EXPECT_EQ(notice->subject, provider_.claims.contains("sub") ? "00u-alice" : "");
        EXPECT_EQ(notice->session, provider_.claims.contains("sid") ? "session-7" : "");
    }
    for (const char* type : {"JWT", "application/logout+jwt"}) {
        reset();
        provider_.header["typ"] = text_of(type);
        EXPECT_TRUE(read()) << type;
    }
    reset();
    provider_.header.erase("typ");
    provider_.claims.erase("exp");
    EXPECT_TRUE(read());
}

TEST_F(LogoutTest, what_is_no_logout_token_of_ours_is_refused) {
    using Edit = std::function<void(FakeProvider&)>;
    const auto put = [](const char* name, std::string value) -> Edit {
        return [=](FakeProvider& at) { at.claims[name] = value; };
    };
    const auto drop = [](std::vector<const char*> names) -> Edit {
        return [=](FakeProvider& at) {
            for (const char* each : names) at.claims.erase(each);
        };
    };
    const struct {
        const char* name;
        Edit edit;
        const char* why;
    } cases[] = {
        {"an access token", [](FakeProvider& at) { at.header["typ"] = text_of("at+jwt"); }, "typ"},
        {"a token for a security event", [](FakeProvider& at) { at.header["typ"] = text_of("secevent+jwt"); }, "typ"},
        {"an ID token", put("nonce", text_of("n")), "nonce"},
        {"an empty nonce", put("nonce", "null"), "nonce"},
        {"another issuer", put("iss", text_of("https://evil.example")), "iss"},
        {"another audience", put("aud", text_of("other")), "aud"},
        {"no events", drop({"events"}), "events"},
        {"events as text", put("events", text_of("http://schemas.openid.net/event/backchannel-logout")), "events"},
        {"another event", put("events", R"({"http://schemas.openid.net/event/other":{}})"), "events"},
        {"an event that is no object", put("events", R"({"http://schemas.openid.net/event/backchannel-logout":true})"),
         "events"},
        {"nobody", drop({"sub", "sid"}), "sub nor sid"},
        {"an empty sub", put("sub", text_of("")), "sub"},
        {"a sid that is a number", put("sid", "7"), "sid"},
        {"no jti", drop({"jti"}), "jti"},
        {"an empty jti", put("jti", text_of("")), "jti"},
        {"no iat", drop({"iat"}), "iat"},
        {"exp has passed", [](FakeProvider& at) { at.claims["exp"] = fmt::format("{}", at.seconds(-61)); }, "exp"},
        {"older than five minutes", [](FakeProvider& at) { at.claims["iat"] = fmt::format("{}", at.seconds(-301)); },
         "older"},
        {"of the future", [](FakeProvider& at) { at.claims["iat"] = fmt::format("{}", at.seconds(61)); }, "iat"},
        {"another key under the right kid",
         [](FakeProvider& at) {
             at.id_token_instead = second_key().token("RS256", object_of(at.header), object_of(at.claims));
         },
         "signature"},
        {"none",
         [](FakeProvider& at) {
             at.header["alg"] = text_of("none");
             at.id_token_instead = signing_input(object_of(at.header), object_of(at.claims)) + ".";
         },
         "algorithm"},
    };
    for (const auto& each : cases) {
        reset();
        provider_.id_token_instead.clear();
        each.edit(provider_);
        const auto notice = read();
        ASSERT_FALSE(notice) << each.name;
        EXPECT_EQ(notice.error().fault, Fault::unauthenticated) << each.name;
        EXPECT_NE(notice.error().for_operator.find(each.why), std::string::npos)
            << each.name << ": " << notice.error().for_operator;
    }
}

TEST_F(LogoutTest, counts_once_for_as_long_as_it_could_be_shown) {
    provider_.claims["exp"] = fmt::format("{}", provider_.seconds(3600));
    provider_.claims["iat"] = fmt::format("{}", provider_.seconds(60));
    ASSERT_TRUE(read());
    EXPECT_FALSE(read());
    // Until six minutes later it is refused because it was shown, after that because it is old.
    for (int minute = 0; minute < 10; ++minute) {
        clock_.advance(std::chrono::minutes(1));
        const auto again = read();
        ASSERT_FALSE(again) << minute;
        EXPECT_NE(again.error().for_operator.find(minute < 6 ? "jti" : "older"), std::string::npos) << minute;
    }
    reset();
    EXPECT_TRUE(read());
}

TEST_F(LogoutTest, a_refused_one_does_not_use_up_its_jti) {
    const std::string events = provider_.claims["events"];
    provider_.claims.erase("events");
    EXPECT_FALSE(read());
    provider_.claims["events"] = events;
    EXPECT_TRUE(read());
}

}  // namespace
}  // namespace bursar::oidc::testing
