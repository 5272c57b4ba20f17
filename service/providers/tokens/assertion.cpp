#include "service/providers/tokens/assertion.h"

#include "service/base/crypto.h"

#include <array>
#include <memory>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace bursar::providers::tokens {
namespace {

template <auto free>
struct Freed {
    template <typename T>
    void operator()(T* thing) const {
        free(thing);
    }
};
using Bytes = std::unique_ptr<BIO, Freed<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Hashing = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

/// OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Bytes bytes_of(std::string_view text) { return Bytes(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Result<Key> read_key(const Secret& pem) {
    const Bytes bytes = bytes_of(pem.reveal());
    Key key(bytes ? PEM_read_bio_PrivateKey(bytes.get(), nullptr, &no_passphrase, nullptr) : nullptr);
    ERR_clear_error();
    if (!key)
        return fail(Fault::invalid_request,
                    "The credential's \"private_key\" is no private key in PEM, or has a passphrase. Take it as the "
                    "provider gave it, with its line breaks written as \\n.");
    const int bits = EVP_PKEY_get_bits(key.get());
    if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || bits < rsa_bits_min || bits > rsa_bits_max)
        return fail(Fault::invalid_request,
                    "The credential's \"private_key\" must be an RSA key of 2048 to 8192 bits. Make another one.");
    return key;
}

bool pads_right(EVP_PKEY_CTX* context, Algorithm algorithm) {
    if (algorithm == Algorithm::rs256) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::rs256:
            return "RS256";
        case Algorithm::ps256:
            return "PS256";
    }
    return "";
}

std::string base64url(std::string_view bytes) {
    std::string out = to_base64(bytes);
    while (out.ends_with('=')) out.pop_back();
    for (char& c : out) {
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    return out;
}

Result<void> check_private_key(const Secret& pem) {
    TRY([[maybe_unused]] const Key key, read_key(pem));
    return {};
}

Result<std::string> thumbprint(std::string_view certificate_pem, const Secret& private_key) {
    TRY(const Key key, read_key(private_key));
    const Bytes bytes = bytes_of(certificate_pem);
    const Certificate certificate(bytes ? PEM_read_bio_X509(bytes.get(), nullptr, &no_passphrase, nullptr) : nullptr);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const bool read = certificate && X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) == 1;
    const bool belongs = read && X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    if (!read)
        return fail(Fault::invalid_request,
                    "The credential's \"certificate\" is no certificate in PEM. Take the one "
                    "that was uploaded to the application.");
    if (!belongs)
        return fail(Fault::invalid_request,
                    "The credential's \"certificate\" is not of its \"private_key\". Take both from one place.");
    return base64url({reinterpret_cast<const char*>(digest.data()), size});
}

Result<Secret> sign(Algorithm algorithm, std::string_view header, std::string_view claims, const Secret& private_key) {
    TRY(const Key key, read_key(private_key));
    std::string text = base64url(header) + "." + base64url(claims);
    const Hashing hashing(EVP_MD_CTX_new());
    EVP_PKEY_CTX* context = nullptr;  // of `hashing`
    const auto* input = reinterpret_cast<const unsigned char*>(text.data());
    std::vector<unsigned char> signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())));
    std::size_t size = signature.size();
    const bool good = hashing && EVP_DigestSignInit(hashing.get(), &context, EVP_sha256(), nullptr, key.get()) == 1 &&
                      pads_right(context, algorithm) &&
                      EVP_DigestSign(hashing.get(), signature.data(), &size, input, text.size()) == 1;
    ERR_clear_error();
    if (!good) return fail(Fault::internal, "A token request could not be signed.", "OpenSSL did not sign a JWT");
    text.append(".").append(base64url({reinterpret_cast<const char*>(signature.data()), size}));
    return Secret(std::move(text));
}

}  // namespace bursar::providers::tokens
