// Hunts: a credential that is taken into the vault and fails only when a call needs it; one that is no credential and
// is refused all the same; a refusal that repeats what must not be seen.
#include "service/providers/tokens/credential.h"
#include "tests/unit/providers/token_keys.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers::tokens {
namespace {

using namespace testing;

TEST(TokenCredential, ServiceAccountOfGoogleIsRead) {
    const auto read = read_credential(Kind::google, Secret::copy_of(service_account(pair().private_key)));
    ASSERT_TRUE(read) << read.error().for_caller;
    EXPECT_EQ(read->client, "bursar@acme.iam.gserviceaccount.com");
    EXPECT_EQ(read->key_id, "k-1");
}

TEST(TokenCredential, ApplicationOfEntraIsReadByEveryNameThatItsMembersHave) {
    const std::vector<std::string> texts = {
        R"({"tenant":"contoso.com","client_id":"c0ffee","client_secret":"s~ecret"})",
        R"({"tenant":"contoso.com","appId":"c0ffee","password":"s~ecret","displayName":"bursar"})",
        R"({"tenantId":"contoso.com","clientId":"c0ffee","clientSecret":"s~ecret"})"};
    for (const std::string& text : texts) {
        const auto read = read_credential(Kind::entra, Secret::copy_of(text));
        ASSERT_TRUE(read) << text << read.error().for_caller;
        EXPECT_EQ(read->tenant, "contoso.com");
        EXPECT_EQ(read->client, "c0ffee");
        EXPECT_EQ(read->client_secret.reveal(), "s~ecret");
    }
}

TEST(TokenCredential, CertificateIsKnownByItsDigest) {
    const auto read =
        read_credential(Kind::entra, Secret::copy_of(application(pair().certificate, pair().private_key)));
    ASSERT_TRUE(read) << read.error().for_caller;
    EXPECT_EQ(from_base64url(read->key_id).size(), 32U);
    EXPECT_TRUE(read->client_secret.empty());
}

struct Case {
    std::string name;
    Kind kind;
    std::string value;
    std::string sentence;  ///< a part of it
};

TEST(TokenCredential, WhatCannotBeAskedWithIsRefusedByName) {
    const KeyPair other = make_pair(2048), weak = make_pair(1024);
    const std::string google_start = R"({"type":"service_account","private_key_id":"k","client_email":"a@b",)";
    const std::vector<Case> cases = {
        {"a key is no credential", Kind::google, "sk-canary", "no JSON object"},
        {"a list is no credential", Kind::entra, R"(["canary"])", "no JSON object"},
        {"JSON that is cut is none", Kind::entra, R"({"tenant":"canary)", "no JSON object"},
        {"a user's credential is no service account", Kind::google, R"({"type":"authorized_user"})", "\"type\""},
        {"the mail address is missing", Kind::google, R"({"type":"service_account","private_key_id":"k"})",
         "\"client_email\""},
        {"the key is missing", Kind::google, google_start + R"("x":1})", "\"private_key\""},
        {"the key is none", Kind::google, google_start + R"("private_key":"canary"})", "no private key in PEM"},
        {"the key is weak", Kind::google, google_start + R"("private_key":")" + in_json(weak.private_key) + "\"}",
         "2048"},
        {"the tenant is a path", Kind::entra, R"({"tenant":"../canary","client_id":"c","client_secret":"s"})",
         "\"tenant\""},
        {"the id has a blank", Kind::entra, R"({"tenant":"t","client_id":"canary c","client_secret":"s"})",
         "\"client_id\""},
        {"there is nothing to prove it with", Kind::entra, R"({"tenant":"t","client_id":"c"})", "either"},
        {"there are two proofs", Kind::entra,
         R"({"tenant":"t","client_id":"c","client_secret":"canary","certificate":"canary"})", "not both"},
        {"a secret with a line break", Kind::entra,
         R"({"tenant":"t","client_id":"c","client_secret":"canary\r\nx: y"})", "\"client_secret\""},
        {"the certificate is none", Kind::entra, application("canary", pair().private_key), "no certificate"},
        {"the certificate is another key's", Kind::entra, application(other.certificate, pair().private_key),
         "not of its \"private_key\""},
    };
    for (const Case& each : cases) {
        const auto read = read_credential(each.kind, Secret::copy_of(each.value));
        ASSERT_FALSE(read) << each.name;
        EXPECT_EQ(read.error().fault, Fault::invalid_request) << each.name;
        EXPECT_NE(read.error().for_caller.find(each.sentence), std::string::npos)
            << each.name << ": " << read.error().for_caller;
        EXPECT_EQ(read.error().for_caller.find("canary"), std::string::npos) << each.name;
    }
    EVP_PKEY_free(other.key);
    EVP_PKEY_free(weak.key);
}

TEST(TokenCredential, CredentialLosesItsLineBreaksOnTheWayIntoTheVault) {
    const auto tidied =
        tidy(Secret::copy_of("\n{\n  \"tenant\": \"t\",\n \"client_id\": \"c\",\n  \"client_secret\": \"s s\"\n}\n"));
    EXPECT_FALSE(tidied);
    const auto good =
        tidy(Secret::copy_of("{\n  \"tenant\": \"t\",\r\n \"client_id\": \"c\",\n  \"password\": \"s\"\n}\n"));
    ASSERT_TRUE(good) << good.error().for_caller;
    EXPECT_EQ(good->reveal(), R"({"tenant":"t","client_id":"c","password":"s"})");
}

TEST(TokenCredential, WhateverIsNoCredentialGoesIntoTheVaultAsItCame) {
    for (const std::string_view text : {"sk-1234", "{}", R"({ "access_key_id": "AKIA" })", "{ no JSON", "", "[1, 2]"}) {
        const auto tidied = tidy(Secret::copy_of(text));
        ASSERT_TRUE(tidied) << text;
        EXPECT_EQ(tidied->reveal(), text);
    }
}

TEST(TokenCredential, CutAnywhereItIsRefusedAndNothingBreaks) {
    const std::string whole = service_account(pair().private_key);
    for (std::size_t size = 0; size < whole.size(); size += 7)
        EXPECT_FALSE(read_credential(Kind::google, Secret::copy_of(whole.substr(0, size)))) << size;
}

}  // namespace
}  // namespace bursar::providers::tokens
