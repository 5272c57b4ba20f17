#include "auth/oidc/base64url.h"
#include "auth/oidc/digest.h"
#include "auth/oidc/jwks.h"
#include "tests/unit/oidc/fake_provider.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

// Hunts: a text that is taken for a token in two ways, a signature that counts although the key, the algorithm or the
// bytes are not the right ones, and a key that is too weak or not meant for signatures.
namespace bursar::oidc {
namespace {

using testing::first_key;
using testing::hmac_token;
using testing::second_key;
using testing::Signer;
using testing::signing_input;

constexpr std::string_view good_header = R"({"alg":"RS256","kid":"first"})", good_claims = R"({"sub":"alice"})";

KeySet set_of(const std::string& keys) {
    auto set = KeySet::parse(R"({"keys":[)" + keys + "]}");
    EXPECT_TRUE(set) << (set ? "" : set.error().for_operator);
    return set ? *std::move(set) : KeySet{};
}

Jwt parsed(const std::string& compact) {
    auto jwt = Jwt::parse(compact);
    EXPECT_TRUE(jwt) << (jwt ? "" : jwt.error().for_operator);
    return *std::move(jwt);
}

TEST(Base64url, is_read_in_one_way_only) {
    for (const std::string bytes : {"", "f", "fo", "foo", "foob", "\xff\xfe\x00x"})
        EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
    for (const char* wrong : {"Zg==", "Zg=", "Zh", "Zm8 ", "Zm8\n", "Zm9v\n", "+_8", "-/8", "A", "Zm9vA"})
        EXPECT_FALSE(from_base64url(wrong)) << wrong;
}

// RFC 7515 appendices A.2 and A.3: one payload, by RS256 and by ES256.
constexpr std::string_view rfc_payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
constexpr std::string_view rfc_rsa_key =
    R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})";
constexpr std::string_view rfc_rsa_signature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1d"
    "nZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu"
    "sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
    "IoypGlUPQGe77Rw";
constexpr std::string_view rfc_curve_key =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr std::string_view rfc_curve_signature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

TEST(Vectors, the_examples_of_rfc_7515_verify) {
    const std::vector<Algorithm> both = {Algorithm::rs256, Algorithm::es256};
    const auto token = [](std::string_view header, std::string_view signature) {
        return parsed(fmt::format("{}.{}.{}", header, rfc_payload, signature));
    };
    const Jwt rsa = token("eyJhbGciOiJSUzI1NiJ9", rfc_rsa_signature),
              curve = token("eyJhbGciOiJFUzI1NiJ9", rfc_curve_signature);
    EXPECT_EQ(rsa.claims().text_at("iss"), "joe");
    EXPECT_EQ(verify(rsa, set_of(std::string(rfc_rsa_key)), both), Verdict::good);
    EXPECT_EQ(verify(curve, set_of(std::string(rfc_curve_key)), both), Verdict::good);
    // Each with the other's key.
    EXPECT_EQ(verify(rsa, set_of(std::string(rfc_curve_key)), both), Verdict::key_does_not_fit);
    EXPECT_EQ(verify(curve, set_of(std::string(rfc_rsa_key)), both), Verdict::key_does_not_fit);
}

TEST(Vectors, the_example_of_rfc_7520_verifies) {
    constexpr std::string_view input =
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9."
        "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLC"
        "BGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVl"
        "d"
        "CwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";
    constexpr std::string_view signature =
        "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-"
        "BDkoBwA"
        "78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_"
        "qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePP"
        "QdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_"
        "fcIe8u9ipH84ogoree7vjbU5y"
        "18kDquDg";
    const KeySet set = set_of(
        R"({"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig","n":"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw","e":"AQAB"})");
    EXPECT_TRUE(set.keys.at(0).verifies(Algorithm::rs256, input, *from_base64url(signature)));
    EXPECT_FALSE(set.keys.at(0).verifies(Algorithm::rs256, input.substr(1), *from_base64url(signature)));
    EXPECT_FALSE(set.keys.at(0).verifies(Algorithm::ps256, input, *from_base64url(signature)));
}

TEST(Vectors, the_hash_of_an_access_token_is_that_of_openid_connect_core) {
    // OpenID Connect Core 1.0, appendix A.3.
    EXPECT_EQ(half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", 256), "77QmUPtjPfzWtF2AnpK9RQ");
    EXPECT_EQ(half_hash("x", 384).size(), 32U);
    EXPECT_EQ(half_hash("x", 512).size(), 43U);
}

TEST(Tokens, every_algorithm_that_the_policy_may_name_verifies_and_no_other_key_does) {
    const Signer p256(Signer::Kind::p256, "c256"), p384(Signer::Kind::p384, "c384");
    const Signer other256(Signer::Kind::p256, "c256"), other384(Signer::Kind::p384, "c384"),
        other_rsa(Signer::Kind::rsa, "first");
    const struct {
        const char* algorithm;
        const Signer& right;
        const Signer& wrong;  // with the same kid
    } cases[] = {{"RS256", first_key(), other_rsa}, {"RS384", first_key(), other_rsa},
                 {"RS512", first_key(), other_rsa}, {"PS256", first_key(), other_rsa},
                 {"ES256", p256, other256},         {"ES384", p384, other384}};
    const KeySet set = set_of(first_key().jwk() + "," + p256.jwk() + "," + p384.jwk());
    for (const auto& each : cases) {
        const std::string header = fmt::format(R"({{"alg":"{}","kid":"{}"}})", each.algorithm, each.right.kid());
        const std::vector<Algorithm> only = {*algorithm_of(each.algorithm)};
        const std::string token = each.right.token(each.algorithm, header, good_claims);
        EXPECT_EQ(verify(parsed(token), set, only), Verdict::good) << each.algorithm;
        EXPECT_EQ(verify(parsed(each.wrong.token(each.algorithm, header, good_claims)), set, only),
                  Verdict::signature_wrong)
            << each.algorithm;
        // Any one byte of the signature.
        std::string bytes = *from_base64url(token.substr(token.rfind('.') + 1));
        for (std::size_t i = 0; i < bytes.size(); i += 7) {
            std::string bent = bytes;
            bent[i] = static_cast<char>(bent[i] ^ 0x10);
            const std::string text = token.substr(0, token.rfind('.') + 1) + to_base64url(bent);
            EXPECT_EQ(verify(parsed(text), set, only), Verdict::signature_wrong) << each.algorithm << " byte " << i;
        }
    }
}

TEST(Tokens, no_text_is_a_token_that_is_not_one) {
    const std::string claims = to_base64url(good_claims), signature = to_base64url("signature");
    const auto with_header = [&](std::string_view header) {
        return to_base64url(header) + "." + claims + "." + signature;
    };
    const std::string long_name(300, 'k');
    const std::pair<const char*, std::string> cases[] = {
        {"nothing", ""},
        {"two dots and nothing", ".."},
        {"one part", to_base64url(good_header)},
        {"two parts", to_base64url(good_header) + "." + claims},
        {"five parts, as an encrypted one", with_header(good_header) + ".a.b"},
        {"padding", to_base64url(good_header) + "." + claims + "." + signature + "=="},
        {"a line break at the end", with_header(good_header) + "\n"},
        {"a header that is no JSON", with_header("alg: none")},
        {"a header that is a list", with_header("[]")},
        {"a header without alg", with_header(R"({"kid":"first"})")},
        {"alg twice", with_header(R"({"alg":"RS256","alg":"none"})")},
        {"alg as a number", with_header(R"({"alg":256})")},
        {"kid as a number", with_header(R"({"alg":"RS256","kid":1})")},
        {"a kid of 300 bytes", with_header(fmt::format(R"({{"alg":"RS256","kid":"{}"}})", long_name))},
        {"typ as a list", with_header(R"({"alg":"RS256","typ":["JWT"]})")},
        {"an extension that must be understood", with_header(R"({"alg":"RS256","crit":["b64"],"b64":false})")},
        {"an empty list of extensions", with_header(R"({"alg":"RS256","crit":[]})")},
        {"claims that are no JSON", to_base64url(good_header) + "." + to_base64url("sub=alice") + "." + signature},
        {"claims that are a list", to_base64url(good_header) + "." + to_base64url("[]") + "." + signature},
        {"a claim twice", to_base64url(good_header) + "." + to_base64url(R"({"sub":"a","sub":"b"})") + "." + signature},
        {"a claim twice, once escaped",
         to_base64url(good_header) + "." + to_base64url(R"({"sub":"a","s\u0075b":"b"})") + "." + signature},
        {"claims that are not UTF-8",
         to_base64url(good_header) + "." + to_base64url("{\"sub\":\"\xff\"}") + "." + signature},
        {"claims nested a hundred deep",
         to_base64url(good_header) + "." +
             to_base64url(R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}") + "." + signature},
        {"more than 16 KiB", to_base64url(good_header) + "." + claims + "." + std::string(16 * 1024, 'A')},
    };
    for (const auto& [name, text] : cases) {
        const auto jwt = Jwt::parse(text);
        ASSERT_FALSE(jwt) << name;
        EXPECT_EQ(jwt.error().fault, Fault::unauthenticated) << name;
    }
}

TEST(Tokens, the_header_never_chooses_how_it_is_verified) {
    const std::vector<Algorithm> allowed = {Algorithm::rs256, Algorithm::es256, Algorithm::ps256};
    const KeySet set = set_of(first_key().jwk());
    const Signer curve(Signer::Kind::p256, "first");
    const auto header = [](std::string_view algorithm) {
        return fmt::format(R"({{"alg":"{}","kid":"first"}})", algorithm);
    };
    const struct {
        const char* name;
        std::string token;
        Verdict verdict;
    } cases[] = {
        {"none, without a signature", signing_input(header("none"), good_claims) + ".", Verdict::algorithm_not_allowed},
        {"none, in other letters", signing_input(header("nOnE"), good_claims) + ".", Verdict::algorithm_not_allowed},
        {"RS256 with no signature", signing_input(header("RS256"), good_claims) + ".", Verdict::signature_wrong},
        {"HS256 with the public key as PEM", hmac_token(first_key().pem(), header("HS256"), good_claims),
         Verdict::algorithm_not_allowed},
        {"HS256 with the public key as JWK", hmac_token(first_key().jwk(), header("HS256"), good_claims),
         Verdict::algorithm_not_allowed},
        {"an HMAC that calls itself RS256", hmac_token(first_key().pem(), header("RS256"), good_claims),
         Verdict::signature_wrong},
        {"small letters", first_key().token("RS256", header("rs256"), good_claims), Verdict::algorithm_not_allowed},
        {"an algorithm that nobody knows", first_key().token("RS256", header("RS257"), good_claims),
         Verdict::algorithm_not_allowed},
        {"one that we know and the policy does not allow", first_key().token("RS512", header("RS512"), good_claims),
         Verdict::algorithm_not_allowed},
        {"RS256 that calls itself PS256", first_key().token("RS256", header("PS256"), good_claims),
         Verdict::signature_wrong},
        {"PS256 that calls itself RS256", first_key().token("PS256", header("RS256"), good_claims),
         Verdict::signature_wrong},
        {"ES256 for a kid that is RSA", curve.token("ES256", header("ES256"), good_claims), Verdict::key_does_not_fit},
        {"a key of its own in the header, by jwk",
         second_key().token("RS256", fmt::format(R"({{"alg":"RS256","kid":"first","jwk":{}}})", second_key().jwk()),
                            good_claims),
         Verdict::signature_wrong},
        {"a place for keys in the header, by jku",
         second_key().token("RS256", R"({"alg":"RS256","kid":"first","jku":"https://evil.example/keys"})", good_claims),
         Verdict::signature_wrong},
        {"a certificate in the header, by x5u",
         second_key().token("RS256", R"({"alg":"RS256","kid":"first","x5u":"https://evil.example/c"})", good_claims),
         Verdict::signature_wrong},
        {"a kid that is a path", first_key().token("RS256", R"({"alg":"RS256","kid":"../first"})", good_claims),
         Verdict::key_unknown},
        {"a kid with SQL", first_key().token("RS256", R"({"alg":"RS256","kid":"first' OR '1'='1"})", good_claims),
         Verdict::key_unknown},
    };
    for (const auto& each : cases) EXPECT_EQ(verify(parsed(each.token), set, allowed), each.verdict) << each.name;
}

TEST(Tokens, one_without_kid_is_for_a_set_with_one_key_that_fits) {
    const std::vector<Algorithm> allowed = {Algorithm::rs256};
    const Jwt token = parsed(first_key().token("RS256", R"({"alg":"RS256"})", good_claims));
    const Signer curve(Signer::Kind::p256, "curve");
    EXPECT_EQ(verify(token, set_of(first_key().jwk()), allowed), Verdict::good);
    EXPECT_EQ(verify(token, set_of(first_key().jwk() + "," + curve.jwk()), allowed), Verdict::good);
    EXPECT_EQ(verify(token, set_of(first_key().jwk() + "," + second_key().jwk()), allowed), Verdict::key_unknown);
}

TEST(Tokens, a_curve_signature_has_one_form) {
    const Signer curve(Signer::Kind::p256, "curve");
    const KeySet set = set_of(curve.jwk());
    const std::string raw = curve.signature("ES256", "text");
    EXPECT_TRUE(set.keys.at(0).verifies(Algorithm::es256, "text", raw));
    const std::string zeros(64, '\0');
    for (const std::string& wrong : {raw.substr(0, 63), raw + '\0', '\0' + raw, zeros, std::string(), zeros + zeros})
        EXPECT_FALSE(set.keys.at(0).verifies(Algorithm::es256, "text", wrong));
}

TEST(Keys, what_is_not_for_us_is_left_out) {
    const Signer small(Signer::Kind::small_rsa, "small"), curve(Signer::Kind::p256, "curve");
    std::string off_curve = curve.jwk();
    const std::size_t y = off_curve.find(R"("y":")") + 5;
    off_curve[y] = off_curve[y] == 'A' ? 'B' : 'A';
    const std::pair<const char*, std::string> cases[] = {
        {"RSA of 1024 bits", small.jwk()},
        {"for encryption", first_key().jwk(R"("use":"enc")")},
        {"use as a list", first_key().jwk(R"("use":["sig"])")},
        {"for encrypting only", first_key().jwk(R"("key_ops":["encrypt"])")},
        {"for an algorithm that it is not of", first_key().jwk(R"("alg":"ES256")")},
        {"for an algorithm that we do not verify", first_key().jwk(R"("alg":"RSA-OAEP")")},
        {"a secret of both", R"({"kty":"oct","kid":"k","k":"AAAA"})"},
        {"another curve", R"({"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA"})"},
        {"a point beside the curve", off_curve},
        {"coordinates that are too short", R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"})"},
        {"an exponent of one", first_key().jwk().replace(first_key().jwk().find("AQAB"), 4, "AQ")},
        {"no key at all", "5"},
        {"a kid that is no text", R"({"kty":"RSA","kid":5})"},
    };
    for (const auto& [name, jwk] : cases) {
        const KeySet set = set_of(second_key().jwk() + "," + jwk);
        EXPECT_EQ(set.keys.size(), 1U) << name;
        EXPECT_EQ(set.others, 1) << name;
    }
    EXPECT_EQ(set_of(first_key().jwk(R"("use":"sig","alg":"RS256","key_ops":["verify"],"x5c":["AAAA"])")).keys.size(),
              1U);
}

TEST(Keys, a_key_for_one_algorithm_is_not_used_for_another) {
    const KeySet set = set_of(first_key().jwk(R"("alg":"RS256")"));
    const Jwt token = parsed(first_key().token("PS256", R"({"alg":"PS256","kid":"first"})", good_claims));
    EXPECT_EQ(verify(token, set, std::vector{Algorithm::rs256, Algorithm::ps256}), Verdict::key_does_not_fit);
}

TEST(Keys, a_document_that_is_none_is_an_outage_and_not_a_refusal) {
    std::string many;
    for (int i = 0; i <= 100; ++i) many += (i == 0 ? "" : ",") + std::string(rfc_curve_key);
    const std::string cases[] = {"",
                                 "<html>",
                                 "[]",
                                 R"({"keys":{}})",
                                 R"({"keys":[]})",
                                 R"({"keys":[],"keys":[]})",
                                 R"({"keys":[)" + many + "]}",
                                 R"({"keys":[{"kty":"oct","k":"AAAA"}]})"};
    for (const std::string& text : cases) {
        const auto set = KeySet::parse(text);
        ASSERT_FALSE(set) << text.substr(0, 60);
        EXPECT_EQ(set.error().fault, Fault::directory_unavailable);
    }
}

}  // namespace
}  // namespace bursar::oidc
