#include "tests/unit/oidc/sign_in.h"

#include "auth/oidc/base64url.h"
#include "auth/oidc/digest.h"

#include <fmt/format.h>

// Hunts: a sign-in that succeeds although one claim of the ID token is not what it has to be, one that fails by a clock
// that is a minute off, and a refusal that tells a stranger which check it was.
namespace bursar::oidc::testing {
namespace {

TEST_F(SignInTest, says_who_it_is) {
    const auto identity = sign_in();
    ASSERT_TRUE(identity) << identity.error().for_operator;
    const auth::PersonFacts& facts = identity->facts;
    EXPECT_EQ(facts.origin, (auth::Origin{.source = "oidc:corp", .subject = "00u-alice"}));
    EXPECT_EQ(facts.user_name, "alice");
    EXPECT_EQ(facts.display_name, "Alice Ünal");
    EXPECT_EQ(facts.email, "alice@corp.example");
    EXPECT_EQ(facts.groups, (std::vector<auth::Group>{{.id = "", .name = "research"}, {.id = "", .name = "staff"}}));
    EXPECT_TRUE(facts.groups_known);
    EXPECT_EQ(identity->subject, "00u-alice");
    EXPECT_EQ(identity->id_token, provider_.id_token());
    EXPECT_TRUE(client_->health().good);
}

TEST_F(SignInTest, takes_every_form_of_a_right_id_token) {
    const std::pair<const char*, Change> cases[] = {
        {"aud as a list of us", [](Way& way) { way.provider.claims["aud"] = R"(["bursar"])"; }},
        {"others in aud, and azp is us",
         [](Way& way) {
             way.provider.claims["aud"] = R"(["other","bursar"])";
             way.provider.claims["azp"] = text_of("bursar");
         }},
        {"no typ", [](Way& way) { way.provider.header.erase("typ"); }},
        {"typ in small letters", [](Way& way) { way.provider.header["typ"] = text_of("jwt"); }},
        {"typ in full", [](Way& way) { way.provider.header["typ"] = text_of("application/JWT"); }},
        {"the right at_hash",
         [](Way& way) { way.provider.claims["at_hash"] = text_of(half_hash("an-access-token", 256)); }},
        {"times with fractions",
         [](Way& way) { way.provider.claims["iat"] = fmt::format("{}.75", way.provider.seconds(-1)); }},
        {"keys that bring a place in the header",
         [](Way& way) { way.provider.header["jku"] = text_of("https://evil.example"); }},
        {"an issuer that names itself", [](Way& way) { way.redirected.issuer = way.provider.issuer; }},
    };
    for (const auto& [name, change] : cases) {
        provider_ = FakeProvider(clock_);
        const auto identity = sign_in({}, change);
        EXPECT_TRUE(identity) << name << ": " << identity.error().for_operator;
        EXPECT_EQ(provider_.requests.size(), 3U) << name << ": discovery, token and keys, and nowhere else";
    }
}

struct Wrong {
    const char* name;
    SignInTest::Change change;
    const char* why;  ///< in the operator's text, so that it is that check which refuses
};
// A claim of the ID token, changed or taken away.
SignInTest::Change claim(const char* name, std::string value) {
    return [=](auto& way) { way.provider.claims[name] = value; };
}
SignInTest::Change without(const char* name) {
    return [=](auto& way) { way.provider.claims.erase(name); };
}
SignInTest::Change header(const char* name, const char* value) {
    return [=](auto& way) { way.provider.header[name] = text_of(value); };
}

class WrongTokens : public SignInTest {
  protected:
    void expect_refused(const std::vector<Wrong>& cases) {
        const std::string sentence = sign_in({}, claim("aud", text_of("x"))).error().for_caller;
        for (const Wrong& each : cases) {
            provider_ = FakeProvider(clock_);
            const auto identity = sign_in({}, each.change);
            ASSERT_FALSE(identity) << each.name;
            EXPECT_EQ(identity.error().fault, Fault::unauthenticated) << each.name;
            EXPECT_EQ(identity.error().for_caller, sentence) << each.name;
            EXPECT_NE(identity.error().for_operator.find(each.why), std::string::npos)
                << each.name << ": " << identity.error().for_operator;
        }
    }
};

TEST_F(WrongTokens, each_wrong_claim_is_refused_with_the_same_sentence) {
    expect_refused({
        {"no nonce", without("nonce"), "nonce"},
        {"another nonce", claim("nonce", text_of("replayed")), "nonce"},
        {"an empty nonce", claim("nonce", text_of("")), "nonce"},
        {"a nonce that is no text", claim("nonce", "[]"), "nonce"},
        {"no issuer", without("iss"), "iss"},
        {"another issuer", claim("iss", text_of("https://evil.example")), "iss"},
        {"our issuer with a slash", claim("iss", text_of("https://login.corp.example/")), "iss"},
        {"issuers as a list", claim("iss", R"(["https://login.corp.example"])"), "iss"},
        {"no audience", without("aud"), "aud"},
        {"another audience", claim("aud", text_of("other")), "aud"},
        {"an empty list of audiences", claim("aud", "[]"), "aud"},
        {"our audience in other letters", claim("aud", text_of("Bursar")), "aud"},
        {"audiences with no azp", claim("aud", R"(["bursar","other"])"), "azp"},
        {"azp is another", claim("azp", text_of("other")), "azp"},
        {"azp is no text", claim("azp", "5"), "azp"},
        {"no exp", without("exp"), "exp"},
        {"exp as text", claim("exp", text_of("9999999999")), "exp"},
        {"a negative exp", claim("exp", "-1"), "exp"},
        {"no iat", without("iat"), "iat"},
        {"nbf as text", claim("nbf", text_of("0")), "nbf"},
        {"no sub", without("sub"), "sub"},
        {"an empty sub", claim("sub", text_of("")), "sub"},
        {"a sub that is a number", claim("sub", "7"), "sub"},
        {"a sub of 256 bytes", claim("sub", text_of(std::string(256, 's'))), "sub"},
        {"an at_hash of another token", claim("at_hash", text_of(half_hash("other", 256))), "at_hash"},
        {"an at_hash that is no text", claim("at_hash", "null"), "at_hash"},
        {"an access token", header("typ", "at+jwt"), "typ"},
        {"an access token, its type in full", header("typ", "application/AT+JWT"), "typ"},
        {"a logout token", header("typ", "logout+jwt"), "typ"},
        {"a logout token without its type", claim("events", "{}"), "events"},
    });
}

TEST_F(WrongTokens, each_wrong_signature_is_refused_with_the_same_sentence) {
    const auto instead = [](std::function<std::string(FakeProvider&)> make) -> Change {
        return [=](Way& way) { way.provider.id_token_instead = make(way.provider); };
    };
    expect_refused({
        {"the right kid and claims, another key", instead([](FakeProvider& at) {
             return second_key().token("RS256", object_of(at.header), object_of(at.claims));
         }),
         "signature is wrong"},
        {"no signature, none", instead([](FakeProvider& at) {
             at.header["alg"] = text_of("none");
             return signing_input(object_of(at.header), object_of(at.claims)) + ".";
         }),
         "algorithm"},
        {"HS256 with the public key", instead([](FakeProvider& at) {
             at.header["alg"] = text_of("HS256");
             return hmac_token(first_key().pem(), object_of(at.header), object_of(at.claims));
         }),
         "algorithm"},
        {"HS256 with the client secret", instead([](FakeProvider& at) {
             at.header["alg"] = text_of("HS256");
             return hmac_token("s3cret:/+ü", object_of(at.header), object_of(at.claims));
         }),
         "algorithm"},
        {"PS256, which the policy does not allow", instead([](FakeProvider& at) {
             at.header["alg"] = text_of("PS256");
             return first_key().token("PS256", object_of(at.header), object_of(at.claims));
         }),
         "algorithm"},
        {"ES256 in the header of an RSA signature", header("alg", "ES256"), "not for that algorithm"},
        {"an extension that must be understood", [](Way& way) { way.provider.header["crit"] = R"(["exp"])"; }, "crit"},
        {"claims exchanged after the signature", instead([](FakeProvider& at) {
             const std::string right = at.id_token();
             at.claims["sub"] = text_of("00u-boss");
             const std::string input = signing_input(object_of(at.header), object_of(at.claims));
             return input + right.substr(right.rfind('.'));
         }),
         "signature is wrong"},
        {"text that is no token", instead([](FakeProvider&) { return std::string("ey.not.it!"); }), "compact JWT"},
        {"an encrypted token", instead([](FakeProvider&) { return std::string("a.b.c.d.e"); }), "compact JWT"},
    });
}

TEST_F(SignInTest, a_clock_may_be_a_minute_off_and_not_a_second_more) {
    const struct {
        const char* name;
        std::int64_t seconds;
        bool taken;
    } cases[] = {{"exp", -60, true}, {"exp", -61, false}, {"iat", 60, true},
                 {"iat", 61, false}, {"nbf", 60, true},   {"nbf", 61, false}};
    for (const auto& each : cases) {
        provider_ = FakeProvider(clock_);
        const auto identity = sign_in({}, [&](Way& way) {
            way.provider.claims[each.name] = fmt::format("{}", way.provider.seconds(each.seconds));
        });
        EXPECT_EQ(identity.has_value(), each.taken) << each.name << " " << each.seconds;
    }
}

TEST_F(SignInTest, times_that_no_clock_shows_are_neither_crash_nor_overflow) {
    for (const char* far : {"9223372036854775807", "18446744073709551615", "1e300", "9e9", "99999999999999999999.5"}) {
        provider_ = FakeProvider(clock_);
        EXPECT_TRUE(sign_in({}, [&](Way& way) { way.provider.claims["exp"] = far; })) << far;
        EXPECT_FALSE(sign_in({}, [&](Way& way) { way.provider.claims["iat"] = far; })) << far;
    }
}

TEST_F(SignInTest, is_over_ten_minutes_after_it_began) {
    provider_.claims["exp"] = fmt::format("{}", provider_.seconds(3600));
    EXPECT_TRUE(sign_in({}, [&](Way&) { clock_.advance(std::chrono::minutes(10)); }));
    const auto late = sign_in({}, [&](Way&) { clock_.advance(std::chrono::seconds(601)); });
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().fault, Fault::unauthenticated);
}

TEST_F(SignInTest, a_fresh_proof_is_asked_for_and_a_session_of_before_is_none) {
    const auto client = *make(provider_.options());
    const auto begun = client->begin(callback, "", Login::fresh);
    ASSERT_TRUE(begun);
    EXPECT_NE(begun->url.find("&prompt=login&max_age=0"), std::string::npos) << begun->url;
    EXPECT_EQ(client->begin(callback, "")->url.find("prompt="), std::string::npos);
    const struct {
        const char* name;
        std::string auth_time;
        bool taken;
    } cases[] = {{"nothing says when", "", false},
                 {"a text", text_of("now"), false},
                 {"of this morning", fmt::format("{}", provider_.seconds(-8 * 3600)), false},
                 {"61 s before it was asked for", fmt::format("{}", provider_.seconds(-61)), false},
                 {"within what clocks may differ", fmt::format("{}", provider_.seconds(-60)), true},
                 {"afterwards", fmt::format("{}", provider_.seconds(5)), true}};
    for (const auto& each : cases) {
        provider_ = FakeProvider(clock_);
        if (!each.auth_time.empty()) provider_.claims["auth_time"] = each.auth_time;
        const auto identity = sign_in({}, [](Way& way) { way.pending.must_be_fresh = true; });
        EXPECT_EQ(identity.has_value(), each.taken) << each.name;
        EXPECT_TRUE(sign_in()) << each.name << ": an ordinary sign-in does not ask";
    }
}

TEST_F(SignInTest, a_required_claim_has_to_be_there_and_be_that) {
    const Change domain = [](Way& way) { way.options.require = {{"hd", "corp.example"}, {"email_verified", "true"}}; };
    const std::pair<Members, bool> cases[] = {
        {{{"hd", text_of("corp.example")}, {"email_verified", "true"}}, true},
        {{{"hd", R"(["other","corp.example"])"}, {"email_verified", text_of("true")}}, true},
        {{{"hd", text_of("corp.example")}}, false},
        {{{"hd", text_of("corp.example")}, {"email_verified", "false"}}, false},
        {{{"hd", text_of("corp.example.evil")}, {"email_verified", "true"}}, false},
        {{{"hd", "null"}, {"email_verified", "true"}}, false},
        {{{"email_verified", "true"}}, false},
    };
    for (const auto& [claims, taken] : cases) {
        provider_ = FakeProvider(clock_);
        provider_.claims.insert(claims.begin(), claims.end());
        EXPECT_EQ(sign_in(domain).has_value(), taken) << object_of(claims);
    }
}

}  // namespace
}  // namespace bursar::oidc::testing
