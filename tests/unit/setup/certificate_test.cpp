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

TEST(Request, it_is_for_the_name_and_a_certificate_of_another_key_is_refused) {
    for (const std::string host : {"bursar.corp.example", "192.0.2.7", "2001:db8::7"}) {
        const Pair pair = made_for(host), other = made_for(host);
        const auto request = make_request(pair.private_key, host);
        ASSERT_TRUE(request) << request.error().for_caller;
        EXPECT_TRUE(request->starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
        EXPECT_TRUE(check_issued(pair.certificate, *request, host, now));
        const auto foreign = check_issued(other.certificate, *request, host, now);
        ASSERT_FALSE(foreign);
        EXPECT_NE(foreign.error().for_caller.find("for another key"), std::string::npos);
    }
}

TEST(Request, a_key_that_is_made_is_one_to_ask_with_and_never_the_same) {
    const auto first = make_key(), second = make_key();
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->reveal(), second->reveal());
    EXPECT_TRUE(make_request(*first, "a.example"));
    EXPECT_FALSE(make_request(Secret::copy_of("hello"), "a.example"));
}

TEST(Request, what_is_checked_of_a_certificate_is_checked_without_its_key_too) {
    const Pair pair = made_for("a.example");
    const auto request = make_request(pair.private_key, "a.example");
    ASSERT_TRUE(request);
    EXPECT_FALSE(check_issued(pair.certificate, *request, "b.example", now)) << "another name";
    EXPECT_FALSE(check_issued(pair.certificate, *request, "a.example", now + days(31))) << "its time is over";
    EXPECT_FALSE(check_issued("hello", *request, "a.example", now));
    EXPECT_FALSE(check_issued(pair.certificate, "hello", "a.example", now));
}

}  // namespace
}  // namespace bursar::setup
