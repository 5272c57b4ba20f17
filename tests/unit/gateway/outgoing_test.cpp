// Hunts: a request to AWS whose signature does not cover what is sent, or is not what the library `aws4` 1.13 makes of
// the same request; a key that is sent where it does not belong; a key of no kind that goes to the provider; a
// whole credential that is sent as if it were a key, because the policy does not say what it is.
#include "service/gateway/outgoing.h"

#include "service/providers/request_head.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

namespace bursar::gateway {
namespace {

const Timestamp now = *parse_timestamp("2026-11-30T12:00:00Z");
constexpr std::string_view begin =
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261130/eu-central-1/bedrock/aws4_request, ";

policies::Provider bedrock() {
    policies::Provider provider;
    provider.dialect = Dialect::bedrock;
    provider.auth = policies::AuthScheme::aws;
    provider.base_url.host = "bedrock-runtime.eu-central-1.amazonaws.com";
    provider.quirks.region = "eu-central-1";
    return provider;
}

/// The head of a request with this key; the fault's text if there is none.
std::string head_with(const policies::Provider& provider, std::string_view key_text, std::string_view path) {
    const std::array<std::string_view, 2> body = {"{\"messages\"", ":[]}"};
    std::vector<edge::HeaderView> headers = {{"Content-Type", "application/json"}};
    providers::UpstreamRequest request{.method = "POST", .target = path, .headers = &headers, .body = body};
    const Secret key = Secret::copy_of(key_text);
    Signature made;
    const auto signed_so = sign(request, headers, provider, key, now, made);
    if (!signed_so) return signed_so.error().for_operator;
    return providers::compose_head(target_of(provider), request).value_or("no head");
}

TEST(Outgoing, AnAccessKeySignsAsTheLibraryDoes) {
    const std::string head = head_with(bedrock(), "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                       "/model/anthropic.claude-v2%3A1/converse");
    EXPECT_NE(head.find("authorization: " + std::string(begin) +
                        "SignedHeaders=content-type;host;x-amz-date, "
                        "Signature=e2678be50ecc67a334d9f29628c0aa06bbf2b4b925178d177e22e374994fb4a5\r\n"),
              std::string::npos)
        << head;
    EXPECT_NE(head.find("x-amz-date: 20261130T120000Z\r\n"), std::string::npos);
    EXPECT_NE(head.find("Host: bedrock-runtime.eu-central-1.amazonaws.com\r\n"), std::string::npos);
    EXPECT_EQ(head.find("wJalr"), std::string::npos);
    EXPECT_EQ(head.find("x-amz-security-token"), std::string::npos);
}

TEST(Outgoing, TemporaryCredentialsSignWithTheirSession) {
    const std::string head =
        head_with(bedrock(), "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY:IQoJ//example==",
                  "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fp/converse-stream");
    EXPECT_NE(head.find("authorization: " + std::string(begin) +
                        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
                        "Signature=6d0bbb175ea4e21308925c67634a406360e59d66336758f73212568b73277c83\r\n"),
              std::string::npos)
        << head;
    EXPECT_NE(head.find("x-amz-security-token: IQoJ//example==\r\n"), std::string::npos);
}

TEST(Outgoing, AKeyOfBedrocksOwnIsABearer) {
    const std::string head = head_with(bedrock(), "ABSKQmVkcm9jaw==", "/model/m/converse");
    EXPECT_NE(head.find("authorization: Bearer ABSKQmVkcm9jaw==\r\n"), std::string::npos) << head;
    EXPECT_EQ(head.find("x-amz-date"), std::string::npos);
}

TEST(Outgoing, HalfAnAccessKeyIsSentToNobody) {
    EXPECT_NE(head_with(bedrock(), "AKIAIOSFODNN7EXAMPLE", "/model/m/converse").find("ID:SECRET"), std::string::npos);
}

TEST(Outgoing, OtherProvidersGetTheirKeyInTheirHeader) {
    policies::Provider provider = bedrock();
    provider.auth = policies::AuthScheme::x_api_key;
    EXPECT_NE(head_with(provider, "sk:with:colons", "/v1/messages").find("x-api-key: sk:with:colons\r\n"),
              std::string::npos);
    provider.auth = policies::AuthScheme::bearer;
    EXPECT_NE(head_with(provider, "sk-1", "/v1/chat/completions").find("authorization: Bearer sk-1\r\n"),
              std::string::npos);
}

struct Credential {
    std::string_view name;
    policies::AuthScheme auth;
    std::string_view text;
};
constexpr std::array credentials = {
    Credential{"a service account under azure", policies::AuthScheme::api_key,
               R"({"type":"service_account","private_key":"canary"})"},
    Credential{"a service account under anthropic", policies::AuthScheme::x_api_key,
               R"({"type":"service_account","private_key":"canary"})"},
    Credential{"a service account under gemini", policies::AuthScheme::x_goog_api_key,
               R"({"type":"service_account","private_key":"canary"})"},
    Credential{"an application of Entra's behind a blank", policies::AuthScheme::bearer,
               R"( {"tenant":"t","client_secret":"canary"})"},
    Credential{"an access key as a bearer", policies::AuthScheme::bearer, "AKIAIOSFODNN7EXAMPLE:canary/K7MDENG"},
    Credential{"temporary credentials in a header", policies::AuthScheme::x_api_key,
               "ASIAIOSFODNN7EXAMPLE:canary/K7MDENG:session"},
    Credential{"a service account under bedrock", policies::AuthScheme::aws,
               R"({"type":"service_account","private_key":"canary"})"},
};

TEST(Outgoing, ACredentialIsSentToNobodyAsItIs) {
    for (const Credential& each : credentials) {
        policies::Provider provider = bedrock();
        provider.auth = each.auth;
        const std::string said = head_with(provider, each.text, "/v1/messages");
        EXPECT_EQ(said.find("canary"), std::string::npos) << each.name << ": " << said;
        EXPECT_EQ(said.find("HTTP/1.1"), std::string::npos) << each.name << ": " << said;
        const bool says = said.find("tokens") != std::string::npos && said.find("auth: aws") != std::string::npos;
        EXPECT_TRUE(says || each.auth == policies::AuthScheme::aws) << each.name << ": " << said;
    }
}

}  // namespace
}  // namespace bursar::gateway
