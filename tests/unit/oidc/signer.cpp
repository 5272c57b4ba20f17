#include "tests/unit/oidc/signer.h"

#include "auth/oidc/base64url.h"
#include "service/base/crypto.h"

#include <vector>

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace bursar::oidc::testing {
namespace {

std::string number_at(const EVP_PKEY* key, const char* name, int bytes) {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key, name, &number);
    std::string out(static_cast<std::size_t>(bytes > 0 ? bytes : BN_num_bytes(number)), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(number);
    return to_base64url(out);
}

/// From DER to r and s side by side.
std::string raw_of(const std::string& der, int bytes) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    std::string out(static_cast<std::size_t>(bytes) * 2, '\0');
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), to, bytes);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), to + bytes, bytes);
    ECDSA_SIG_free(parts);
    return out;
}

EVP_PKEY* made(Signer::Kind kind) {
    switch (kind) {
        case Signer::Kind::rsa:
            return EVP_RSA_gen(2048);
        case Signer::Kind::small_rsa:
            return EVP_RSA_gen(1024);
        case Signer::Kind::p256:
            return EVP_EC_gen("P-256");
        case Signer::Kind::p384:
            return EVP_EC_gen("P-384");
    }
    return nullptr;
}

}  // namespace

struct Signer::Handle {
    explicit Handle(EVP_PKEY* made) : key(made) {}
    ~Handle() { EVP_PKEY_free(key); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    EVP_PKEY* key;
};

Signer::Signer(Kind kind, std::string kid)
    : kid_(std::move(kid)), kind_(kind), handle_(std::make_shared<Handle>(made(kind))) {}

std::string Signer::jwk(std::string_view more) const {
    const EVP_PKEY* key = handle_->key;
    const std::string tail = more.empty() ? "}" : fmt::format(",{}}}", more);
    if (kind_ == Kind::rsa || kind_ == Kind::small_rsa)
        return fmt::format(R"({{"kty":"RSA","kid":"{}","n":"{}","e":"{}"{})", kid_, number_at(key, "n", 0),
                           number_at(key, "e", 0), tail);
    const int bytes = kind_ == Kind::p256 ? 32 : 48;
    return fmt::format(R"({{"kty":"EC","crv":"{}","kid":"{}","x":"{}","y":"{}"{})",
                       kind_ == Kind::p256 ? "P-256" : "P-384", kid_, number_at(key, OSSL_PKEY_PARAM_EC_PUB_X, bytes),
                       number_at(key, OSSL_PKEY_PARAM_EC_PUB_Y, bytes), tail);
}

std::string Signer::pem() const {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(out, handle_->key);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(out);
    return text;
}

std::string Signer::signature(std::string_view algorithm, std::string_view text) const {
    const EVP_MD* hash = algorithm.ends_with("384")   ? EVP_sha384()
                         : algorithm.ends_with("512") ? EVP_sha512()
                                                      : EVP_sha256();
    EVP_MD_CTX* signing = EVP_MD_CTX_new();
    EVP_PKEY_CTX* context = nullptr;
    EVP_DigestSignInit(signing, &context, hash, nullptr, handle_->key);
    if (algorithm.starts_with("PS")) {
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST);
    }
    std::string out(1024, '\0');
    std::size_t size = out.size();
    EVP_DigestSign(signing, reinterpret_cast<unsigned char*>(out.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MD_CTX_free(signing);
    out.resize(size);
    if (kind_ == Kind::p256) return raw_of(out, 32);
    return kind_ == Kind::p384 ? raw_of(out, 48) : out;
}

std::string signing_input(std::string_view header, std::string_view claims) {
    return to_base64url(header) + "." + to_base64url(claims);
}

std::string Signer::token(std::string_view algorithm, std::string_view header, std::string_view claims) const {
    const std::string input = signing_input(header, claims);
    return input + "." + to_base64url(signature(algorithm, input));
}

std::string hmac_token(std::string_view key, std::string_view header, std::string_view claims) {
    const std::string input = signing_input(header, claims);
    return input + "." + to_base64url(as_text(hmac_sha256(key, input)));
}

}  // namespace bursar::oidc::testing
