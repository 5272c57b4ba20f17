#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

// A key pair of the tests' own, made once for each program, and what OpenSSL itself says of signatures under it.
namespace bursar::providers::tokens::testing {

inline std::string text_in(BIO* bytes) {
    char* begin = nullptr;
    const long size = BIO_get_mem_data(bytes, &begin);
    return {begin, static_cast<std::size_t>(size)};
}

struct KeyPair {
    EVP_PKEY* key = nullptr;
    std::string private_key;  ///< PEM
    std::string certificate;  ///< PEM, signed by itself
};

inline KeyPair make_pair(unsigned int bits) {
    KeyPair pair;
    pair.key = EVP_RSA_gen(bits);
    const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PrivateKey(bytes.get(), pair.key, nullptr, nullptr, 0, nullptr, nullptr);
    pair.private_key = text_in(bytes.get());
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), pair.key);
    X509_sign(certificate.get(), pair.key, EVP_sha256());
    const std::unique_ptr<BIO, decltype(&BIO_free)> more(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_X509(more.get(), certificate.get());
    pair.certificate = text_in(more.get());
    return pair;
}

inline const KeyPair& pair() {
    static const KeyPair made = make_pair(2048);
    return made;
}

/// As it stands in a JSON text.
inline std::string in_json(std::string_view text) {
    std::string out;
    for (const char c : text) c == '\n' ? out += "\\n" : out += c;
    return out;
}

inline std::string service_account(std::string_view key) {
    return R"({"type":"service_account","project_id":"acme","private_key_id":"k-1","private_key":")" + in_json(key) +
           R"(","client_email":"bursar@acme.iam.gserviceaccount.com"})";
}
inline std::string application(std::string_view certificate, std::string_view key) {
    return R"({"tenant":"contoso.onmicrosoft.com","client_id":"c0ffee","certificate":")" + in_json(certificate) +
           R"(","private_key":")" + in_json(key) + R"("})";
}

/// RFC 4648 §5.
inline std::string from_base64url(std::string_view text) {
    std::string out;
    unsigned bits = 0, buffer = 0;
    for (const char c : text) {
        constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        buffer = (buffer << 6U) | static_cast<unsigned>(letters.find(c));
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        out += static_cast<char>((buffer >> bits) & 0xffU);
    }
    return out;
}

struct Jwt {
    std::string header, claims, signed_text, signature;
};
inline Jwt parts_of(std::string_view compact) {
    const std::size_t first = compact.find('.'), second = compact.find('.', first + 1);
    return {.header = from_base64url(compact.substr(0, first)),
            .claims = from_base64url(compact.substr(first + 1, second - first - 1)),
            .signed_text = std::string(compact.substr(0, second)),
            .signature = from_base64url(compact.substr(second + 1))};
}

inline bool verifies(const Jwt& jwt, int padding) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hashing(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_PKEY_CTX* context = nullptr;
    EVP_DigestVerifyInit(hashing.get(), &context, EVP_sha256(), nullptr, pair().key);
    EVP_PKEY_CTX_set_rsa_padding(context, padding);
    const auto bytes = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
    return EVP_DigestVerify(hashing.get(), bytes(jwt.signature), jwt.signature.size(), bytes(jwt.signed_text),
                            jwt.signed_text.size()) == 1;
}

}  // namespace bursar::providers::tokens::testing
