#include "auth/oidc/public_key.h"

#include "auth/oidc/base64url.h"

#include <algorithm>
#include <vector>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

namespace bursar::oidc {
namespace {

template <auto free>
struct Freed {
    template <typename T>
    void operator()(T* thing) const {
        free(thing);
    }
};
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Hashing = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Number number_of(std::string_view bytes) {
    return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

Key made(const char* type, OSSL_PARAM_BLD* builder) {
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
    const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return nullptr;
    return Key(key);
}

/// RFC 7518 §6.3.1. An exponent above 32 bits is in no key that anybody makes, and slow.
Key rsa_key(const Json& jwk) {
    constexpr std::size_t exponent_bytes_max = 4;
    const auto modulus = from_base64url(jwk.text_at("n")), exponent = from_base64url(jwk.text_at("e"));
    if (!modulus || !exponent || exponent->empty() || exponent->size() > exponent_bytes_max) return nullptr;
    if (modulus->size() > rsa_bits_max / 8) return nullptr;
    const Number n = number_of(*modulus), e = number_of(*exponent);
    if (!n || !e || BN_num_bits(n.get()) < rsa_bits_min || !BN_is_odd(n.get()) || !BN_is_odd(e.get()) ||
        BN_is_one(e.get()))
        return nullptr;
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return nullptr;
    return made("RSA", builder.get());
}

/// RFC 7518 §6.2.1: coordinates have the curve's full length.
Key curve_key(const Json& jwk, const char* group, std::size_t bytes) {
    const auto x = from_base64url(jwk.text_at("x")), y = from_base64url(jwk.text_at("y"));
    if (!x || !y || x->size() != bytes || y->size() != bytes) return nullptr;
    const std::string point = "\x04" + *x + *y;  // uncompressed (SEC 1 §2.3.3)
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
        return nullptr;
    Key key = made("EC", builder.get());
    const Context check(key ? EVP_PKEY_CTX_new(key.get(), nullptr) : nullptr);
    if (!check || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
    return key;
}

/// RFC 7517 §4.2–4.3: a key that says what it is for is used for nothing else.
bool is_for_verifying(const Json& jwk) {
    if (jwk.member("use") != nullptr && jwk.text_at("use") != "sig") return false;
    const Json* operations = jwk.member("key_ops");
    if (operations == nullptr) return true;
    if (operations->list() == nullptr) return false;
    return std::ranges::any_of(*operations->list(),
                               [](const Json& each) { return each.text() != nullptr && *each.text() == "verify"; });
}

/// r and s side by side (RFC 7518 §3.4) as OpenSSL wants them: DER.
std::vector<unsigned char> der_of(std::string_view raw) {
    const EcSignature signature(ECDSA_SIG_new());
    Number r = number_of(raw.substr(0, raw.size() / 2)), s = number_of(raw.substr(raw.size() / 2));
    if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
    static_cast<void>(r.release());  // the signature's now
    static_cast<void>(s.release());
    unsigned char* out = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &out);
    if (size <= 0) return {};
    std::vector<unsigned char> der(out, out + size);
    OPENSSL_free(out);
    return der;
}

const EVP_MD* hash_of(Algorithm algorithm) {
    const int bits = hash_bits(algorithm);
    if (bits == 384) return EVP_sha384();
    return bits == 512 ? EVP_sha512() : EVP_sha256();
}

bool pads_right(EVP_PKEY_CTX* context, Algorithm algorithm) {
    if (algorithm != Algorithm::ps256) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash_of(algorithm)) == 1;
}

}  // namespace

struct PublicKey::Handle {
    Key key;
};

std::optional<PublicKey> PublicKey::of(const Json& jwk) {
    if (jwk.object() == nullptr || !is_for_verifying(jwk)) return std::nullopt;
    PublicKey out;
    const std::string_view type = jwk.text_at("kty"), curve = jwk.text_at("crv");
    Key key;
    if (type == "RSA") {
        key = rsa_key(jwk);
    } else if (type == "EC" && curve == "P-256") {
        out.kind_ = Kind::p256;
        key = curve_key(jwk, "prime256v1", 32);
    } else if (type == "EC" && curve == "P-384") {
        out.kind_ = Kind::p384;
        key = curve_key(jwk, "secp384r1", 48);
    }
    ERR_clear_error();
    if (!key) return std::nullopt;
    if (jwk.member("alg") != nullptr) {
        out.only_ = algorithm_of(jwk.text_at("alg"));
        if (!out.only_ || !out.fits(*out.only_)) return std::nullopt;
    }
    if (jwk.member("kid") != nullptr) {
        out.id_ = jwk.text_at("kid");
        if (out.id_.empty() || out.id_.size() > key_id_bytes_max) return std::nullopt;
    }
    out.handle_ = std::make_shared<const Handle>(Handle{std::move(key)});
    return out;
}

bool PublicKey::fits(Algorithm algorithm) const {
    if (only_ && *only_ != algorithm) return false;
    switch (algorithm) {
        case Algorithm::rs256:
        case Algorithm::rs384:
        case Algorithm::rs512:
        case Algorithm::ps256:
            return kind_ == Kind::rsa;
        case Algorithm::es256:
            return kind_ == Kind::p256;
        case Algorithm::es384:
            return kind_ == Kind::p384;
    }
    return false;
}

bool PublicKey::verifies(Algorithm algorithm, std::string_view signed_bytes, std::string_view signature) const {
    if (!fits(algorithm)) return false;
    std::vector<unsigned char> bytes(signature.begin(), signature.end());
    if (kind_ != Kind::rsa) {
        if (signature.size() != (kind_ == Kind::p256 ? 64U : 96U)) return false;
        bytes = der_of(signature);
    }
    const Hashing hashing(EVP_MD_CTX_new());
    EVP_PKEY_CTX* context = nullptr;  // of `hashing`
    // OpenSSL counts who uses a key, so its pointer is not const; the key itself is only read.
    bool good = !bytes.empty() && hashing &&
                EVP_DigestVerifyInit(hashing.get(), &context, hash_of(algorithm), nullptr, handle_->key.get()) == 1;
    if (good && kind_ == Kind::rsa) good = pads_right(context, algorithm);
    good = good && EVP_DigestVerify(hashing.get(), bytes.data(), bytes.size(), bytes_of(signed_bytes),
                                    signed_bytes.size()) == 1;
    ERR_clear_error();
    return good;
}

}  // namespace bursar::oidc
