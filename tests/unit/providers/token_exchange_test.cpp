// Hunts: an assertion that the vendor's endpoint refuses; an answer that is taken for a token and is none; a token or a
// client secret that stands in a message.
#include "service/providers/tokens/assertion.h"
#include "service/providers/tokens/exchange.h"
#include "tests/unit/providers/token_keys.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::tokens {
namespace {

using namespace testing;
using namespace std::chrono_literals;

constexpr Timestamp now{std::chrono::seconds(1'790'000'000)};

std::map<std::string, std::string> fields_of(std::string_view form) {
    std::map<std::string, std::string> out;
    while (!form.empty()) {
        const std::string_view one = form.substr(0, form.find('&'));
        form.remove_prefix(std::min(one.size() + 1, form.size()));
        std::string value;
        for (std::size_t i = one.find('=') + 1; i < one.size(); ++i) {
            if (one[i] != '%') {
                value += one[i];
                continue;
            }
            value += static_cast<char>(std::stoi(std::string(one.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        }
        out[std::string(one.substr(0, one.find('=')))] = value;
    }
    return out;
}

Credential credential_of(Kind kind, const std::string& text) {
    auto read = read_credential(kind, Secret::copy_of(text));
    EXPECT_TRUE(read) << read.error().for_caller;
    return *std::move(read);
}

TEST(TokenExchange, GoogleGetsAnAssertionThatOpenSslVerifies) {
    const Credential credential = credential_of(Kind::google, service_account(pair().private_key));
    const Place place{.url = "https://oauth2.googleapis.com/token", .scope = "https://www.googleapis.com/auth/x"};
    const auto form = form_of(credential, place, now, "0123456789abcdef");
    ASSERT_TRUE(form);
    auto fields = fields_of(form->reveal());
    EXPECT_EQ(fields["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    const Jwt jwt = parts_of(fields["assertion"]);
    EXPECT_TRUE(verifies(jwt, RSA_PKCS1_PADDING));
    EXPECT_EQ(jwt.header, R"({"alg":"RS256","typ":"JWT","kid":"k-1"})");
    EXPECT_EQ(jwt.claims, R"({"iss":"bursar@acme.iam.gserviceaccount.com","scope":"https://www.googleapis.com/auth/x",)"
                          R"("aud":"https://oauth2.googleapis.com/token","iat":1789999970,"exp":1790000570})");
    EXPECT_EQ(path_of(credential, "/token"), "/token");
}

TEST(TokenExchange, EntraGetsAnAssertionOfItsCertificate) {
    const Credential credential = credential_of(Kind::entra, application(pair().certificate, pair().private_key));
    const Place place{.url = "https://login.microsoftonline.com",
                      .scope = "https://cognitiveservices.azure.com/.default"};
    const auto form = form_of(credential, place, now, "0123456789abcdef");
    ASSERT_TRUE(form);
    auto fields = fields_of(form->reveal());
    EXPECT_EQ(fields["grant_type"], "client_credentials");
    EXPECT_EQ(fields["client_id"], "c0ffee");
    EXPECT_EQ(fields["scope"], place.scope);
    EXPECT_EQ(fields["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    EXPECT_FALSE(fields.contains("client_secret"));
    const Jwt jwt = parts_of(fields["client_assertion"]);
    EXPECT_TRUE(verifies(jwt, RSA_PKCS1_PSS_PADDING));
    EXPECT_EQ(jwt.header, R"({"alg":"PS256","typ":"JWT","x5t#S256":")" + credential.key_id + "\"}");
    EXPECT_EQ(jwt.claims,
              R"({"aud":"https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token","iss":"c0ffee",)"
              R"("sub":"c0ffee","jti":"30313233343536373839616263646566","nbf":1789999970,"iat":1790000000,)"
              R"("exp":1790000600})");
    EXPECT_EQ(path_of(credential, "/proxy"), "/proxy/contoso.onmicrosoft.com/oauth2/v2.0/token");
}

TEST(TokenExchange, EntraGetsTheClientSecretUnharmed) {
    const Credential plain =
        credential_of(Kind::entra, R"({"tenant":"t","client_id":"c","client_secret":"a+b&c=d%20~"})");
    const auto form = form_of(plain, {.url = "https://x", .scope = "s"}, now, "u");
    ASSERT_TRUE(form);
    EXPECT_EQ(fields_of(form->reveal())["client_secret"], "a+b&c=d%20~");
}

TEST(TokenExchange, TokenIsReadWithItsTime) {
    const auto token = read_answer(200, R"({"token_type":"Bearer","expires_in":3599,"access_token":"eyJ.a.b"})");
    ASSERT_TRUE(token);
    EXPECT_EQ(token->value.reveal(), "eyJ.a.b");
    EXPECT_EQ(token->lasts, 3599s);
    const auto digits = read_answer(200, R"({"token_type":"bearer","expires_in":"60","access_token":"t"})");
    ASSERT_TRUE(digits);
    EXPECT_EQ(digits->lasts, 60s);
    const auto long_lived = read_answer(200, R"({"token_type":"bearer","expires_in":99999999999,"access_token":"t"})");
    ASSERT_TRUE(long_lived);
    EXPECT_EQ(long_lived->lasts, lasts_max);
}

struct Case {
    std::string name;
    int status;
    std::string body;
    std::string sentence;  ///< a part of it
    bool refused;
};

TEST(TokenExchange, WhatIsNoTokenIsSaidAndNotRepeated) {
    const std::string long_token(token_bytes_max + 1, 'x');
    const std::vector<Case> cases = {
        {"a wrong client secret", 401,
         R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid canary."})",
         "401 with the error invalid_client (AADSTS7000215)", true},
        {"a deleted key of Google's", 400, R"({"error":"invalid_grant","error_description":"canary"})",
         "400 with the error invalid_grant", true},
        {"a server that fails", 503, "<html>canary</html>", "answered 503", false},
        {"a limit", 429, R"({"error":"canary with blanks"})", "answered 429", false},
        {"a page", 200, "<html>canary</html>", "no JSON object", false},
        {"a list", 200, "[]", "no JSON object", false},
        {"no token", 200, R"({"token_type":"Bearer","expires_in":1})", "access_token", false},
        {"an empty token", 200, R"({"access_token":"","token_type":"Bearer","expires_in":1})", "access_token", false},
        {"a token with a line break", 200, R"({"access_token":"canary\r\nx: y","token_type":"Bearer","expires_in":1})",
         "access_token", false},
        {"a token that is too long", 200,
         R"({"access_token":")" + long_token + R"(","token_type":"Bearer","expires_in":1})", "access_token", false},
        {"another kind of token", 200, R"({"access_token":"canary","token_type":"mac","expires_in":1})", "bearer",
         false},
        {"no time", 200, R"({"access_token":"canary","token_type":"Bearer"})", "expires_in", false},
        {"a time that is over", 200, R"({"access_token":"canary","token_type":"Bearer","expires_in":0})", "has ended",
         false},
        {"a time that is none", 200, R"({"access_token":"canary","token_type":"Bearer","expires_in":"1h"})",
         "expires_in", false},
        {"a redirect", 302, "", "answered 302", false},
        {"too much", 200, std::string(answer_bytes_max + 1, ' '), "no JSON object", false},
    };
    for (const Case& each : cases) {
        const auto token = read_answer(each.status, each.body);
        ASSERT_FALSE(token) << each.name;
        EXPECT_NE(token.error().why.find(each.sentence), std::string::npos) << each.name << ": " << token.error().why;
        EXPECT_EQ(token.error().why.find("canary"), std::string::npos) << each.name;
        EXPECT_EQ(token.error().refused, each.refused) << each.name;
    }
}

TEST(TokenExchange, AnswerThatIsCutAnywhereIsNoToken) {
    const std::string whole = R"({"token_type":"Bearer","expires_in":3599,"access_token":"eyJ.a.b"})";
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(read_answer(200, whole.substr(0, size))) << size;
}

}  // namespace
}  // namespace bursar::providers::tokens
