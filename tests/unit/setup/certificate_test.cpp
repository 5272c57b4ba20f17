// Hunts: a certificate that the set-up takes and a caller refuses, and one that it refuses without saying why.
#include "installer/setup/certificate.h"

#include <gtest/gtest.h>

namespace bursar::setup {
namespace {

using std::chrono::days;

const Timestamp now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 30);
const std::string serial(16, '\x42');

Pair made_for(const std::string& host, Timestamp at = now, int for_days = 30) {
    auto pair = make_self_signed(host, at, for_days, serial);
    return pair ? *std::move(pair) : Pair{};
}

std::string refusal(std::string_view chain, const Secret& key, const std::string& host, Timestamp at = now) {
    const auto facts = check_certificate(chain, key, host, at);
    return facts ? "taken" : facts.error().for_caller;
}

TEST(Certificate, a_self_signed_one_is_good_for_its_name_and_time) {
    for (const std::string host : {"bursar.corp.example", "192.0.2.7", "2001:db8::7"}) {
        const Pair pair = made_for(host);
        const auto facts = check_certificate(pair.certificate, pair.private_key, host, now);
        ASSERT_TRUE(facts) << facts.error().for_caller;
        EXPECT_TRUE(facts->is_self_signed);
        EXPECT_EQ(facts->fingerprint.size(), 95U) << "32 bytes in hex with colons";
        EXPECT_EQ(refusal(pair.certificate, pair.private_key, host, now + days(29)), "taken");
    }
}

TEST(Certificate, a_name_beyond_the_common_name_s_length_is_still_one) {
    const std::string host = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
    const Pair pair = made_for(host);
    EXPECT_EQ(refusal(pair.certificate, pair.private_key, host), "taken");
}

TEST(Certificate, one_that_has_ended_or_not_begun_is_refused_with_the_time) {
    const Pair pair = made_for("a.example");
    EXPECT_NE(refusal(pair.certificate, pair.private_key, "a.example", now + days(31)).find("ended at 2026-12-"),
              std::string::npos);
    EXPECT_NE(refusal(pair.certificate, pair.private_key, "a.example", now - days(2)).find("begins at"),
              std::string::npos);
}

TEST(Certificate, one_for_another_name_is_refused_with_the_name) {
    const Pair pair = made_for("a.example");
    for (const std::string host : {"b.example", "a.example.org", "x.a.example", "192.0.2.1"})
        EXPECT_NE(refusal(pair.certificate, pair.private_key, host).find("not for \"" + host), std::string::npos)
            << host;
}

TEST(Certificate, the_key_of_another_one_is_refused) {
    const Pair pair = made_for("a.example"), other = made_for("a.example");
    EXPECT_NE(refusal(pair.certificate, other.private_key, "a.example").find("not that of the certificate"),
              std::string::npos);
}

TEST(Certificate, a_chain_whose_next_one_did_not_sign_is_refused) {
    const Pair pair = made_for("a.example"), other = made_for("b.example");
    EXPECT_NE(refusal(pair.certificate + other.certificate, pair.private_key, "a.example").find("was not signed by"),
              std::string::npos);
}

TEST(Certificate, what_is_no_pem_is_refused_with_what_it_should_be) {
    const Pair pair = made_for("a.example");
    EXPECT_NE(refusal("hello", pair.private_key, "a.example").find("BEGIN CERTIFICATE"), std::string::npos);
    EXPECT_NE(refusal("", pair.private_key, "a.example").find("BEGIN CERTIFICATE"), std::string::npos);
    EXPECT_NE(refusal(pair.certificate, Secret::copy_of("hello"), "a.example").find("BEGIN PRIVATE KEY"),
              std::string::npos);
    EXPECT_NE(refusal(pair.certificate, Secret::copy_of("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "a.example")
                  .find("passphrase"),
              std::string::npos);
    std::string many;
    for (int i = 0; i < 11; ++i) many += pair.certificate;
    EXPECT_NE(refusal(many, pair.private_key, "a.example").find("more than 10"), std::string::npos);
}

}  // namespace
}  // namespace bursar::setup
