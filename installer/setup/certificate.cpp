#include "installer/setup/certificate.h"

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <ctime>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace bursar::setup {
namespace {

template <auto free_it>
struct Free {
    template <typename T>
    void operator()(T* thing) const {
        free_it(thing);
    }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Request = std::unique_ptr<X509_REQ, Free<X509_REQ_free>>;

/// A stack owns what is in it.
struct FreeExtensions {
    void operator()(STACK_OF(X509_EXTENSION) * all) const { sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free); }
};
using Extensions = std::unique_ptr<STACK_OF(X509_EXTENSION), FreeExtensions>;

constexpr std::size_t chain_max = 10;
constexpr int rsa_bits_min = 2048, curve_bits_min = 224;
constexpr std::chrono::minutes clocks_differ{5};

std::unexpected<Error> wrong(std::string why) {
    ERR_clear_error();
    return fail(Fault::invalid_request, std::move(why));
}

Bio reader_of(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(bio, &bytes);
    return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : std::string();
}

std::string name_of(const X509_NAME* name) {
    const Bio out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
    return text_of(out.get());
}

/// There is nobody to ask here.
int no_passphrase(char*, int, int, void*) { return 0; }

Result<std::vector<Certificate>> read_chain(std::string_view text) {
    const Bio in = reader_of(text);
    std::vector<Certificate> out;
    while (X509* one = PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr)) {
        out.emplace_back(one);
        if (out.size() > chain_max) return wrong(fmt::format("The chain has more than {} certificates.", chain_max));
    }
    if (out.empty())
        return wrong("The certificate file holds no certificate in PEM form; it begins with BEGIN CERTIFICATE.");
    ERR_clear_error();
    return out;
}

Result<Key> read_key(const Secret& text) {
    if (text.reveal().contains("ENCRYPTED"))
        return wrong("The private key has a passphrase; write it without one: openssl pkey -in KEY -out NEW");
    const Bio in = reader_of(text.reveal());
    Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
    if (!key) return wrong("The key file holds no private key in PEM form; it begins with BEGIN PRIVATE KEY.");
    const bool is_rsa = EVP_PKEY_is_a(key.get(), "RSA") == 1;
    const int least = is_rsa ? rsa_bits_min : curve_bits_min;
    if (EVP_PKEY_get_bits(key.get()) < least)
        return wrong(
            fmt::format("The private key has {} bits; make one of at least {}.", EVP_PKEY_get_bits(key.get()), least));
    return key;
}

Result<void> check_order(const std::vector<Certificate>& chain) {
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
        X509* issuer = chain[i + 1].get();
        const bool issued = X509_check_issued(issuer, chain[i].get()) == X509_V_OK &&
                            X509_verify(chain[i].get(), X509_get0_pubkey(issuer)) == 1;
        if (!issued)
            return wrong(fmt::format(
                "Certificate {} of the chain ({}) was not signed by the one behind it ({}); put the "
                "server's first, and each one's issuer behind it.",
                i + 1, name_of(X509_get_subject_name(chain[i].get())), name_of(X509_get_subject_name(issuer))));
    }
    return {};
}

bool is_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

/// By the subject alternative names alone: browsers stopped to look at the common name (RFC 9110, 4.3.4).
bool is_for(X509* certificate, const std::string& host) {
    if (is_address(host)) return X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
    return X509_check_host(certificate, host.c_str(), host.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

Timestamp instant_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

std::string fingerprint_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &size);
    std::string out;
    for (unsigned i = 0; i < size; ++i) out += fmt::format("{}{:02X}", i == 0 ? "" : ":", digest[i]);
    return out;
}

Result<void> check_times(const X509* certificate, Timestamp now) {
    const Timestamp from = instant_of(X509_get0_notBefore(certificate)),
                    until = instant_of(X509_get0_notAfter(certificate));
    if (until <= now) return wrong(fmt::format("The certificate ended at {}; get a new one.", to_text(until)));
    if (from > now + clocks_differ)
        return wrong(fmt::format("The certificate begins at {}, and it is {} now; set the clock, or wait.",
                                 to_text(from), to_text(now)));
    return {};
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_number_and_times(X509* certificate, std::string_view serial, Timestamp now, int days) {
    // RFC 5280, 4.1.2.2: positive, and at most 20 bytes.
    std::string bytes(serial);
    if (!bytes.empty()) bytes.front() = static_cast<char>((static_cast<unsigned char>(bytes.front()) & 0x3f) | 0x40);
    const Number number(
        BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr));
    const std::time_t begin = std::chrono::system_clock::to_time_t(
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(now - clocks_differ));
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), begin) != nullptr &&
           ASN1_TIME_adj(X509_getm_notAfter(certificate), begin, days, 0) != nullptr;
}

bool set_name(X509* certificate, const std::string& host) {
    // A common name has at most 64 characters (RFC 5280, appendix A.1); nobody reads it.
    const std::string name = host.substr(0, 64);
    X509_NAME* subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.data()),
                                      static_cast<int>(name.size()), -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1;
}

/// Everything but the key.
Result<CertificateFacts> check_chain(const std::vector<Certificate>& chain, const std::string& host, Timestamp now) {
    X509* first = chain.front().get();
    TRY_VOID(check_order(chain));
    if (!is_for(first, host))
        return wrong(
            fmt::format("The certificate is not for \"{}\"; get one that has it among its subject "
                        "alternative names, or write the name that it is for as host.name.",
                        host));
    for (const Certificate& one : chain) TRY_VOID(check_times(one.get(), now));
    return CertificateFacts{.subject = name_of(X509_get_subject_name(first)),
                            .issuer = name_of(X509_get_issuer_name(first)),
                            .from = instant_of(X509_get0_notBefore(first)),
                            .until = instant_of(X509_get0_notAfter(first)),
                            .fingerprint = fingerprint_of(first),
                            .is_self_signed = X509_self_signed(first, 1) == 1};
}

std::string alternative_name(const std::string& host) {
    return fmt::format("{}:{}", is_address(host) ? "IP" : "DNS", host);
}

std::unexpected<Error> not_made(std::string_view what) {
    ERR_clear_error();
    return fail(Fault::internal, fmt::format("No {} could be made.", what));
}

}  // namespace

Result<CertificateFacts> check_certificate(std::string_view chain, const Secret& key, const std::string& host,
                                           Timestamp now) {
    TRY(const auto certificates, read_chain(chain));
    TRY(const Key own, read_key(key));
    if (X509_check_private_key(certificates.front().get(), own.get()) != 1)
        return wrong("The private key is not that of the certificate; give the key that the request was made with.");
    return check_chain(certificates, host, now);
}

Result<CertificateFacts> check_issued(std::string_view chain, std::string_view request, const std::string& host,
                                      Timestamp now) {
    TRY(const auto certificates, read_chain(chain));
    const Bio in = reader_of(request);
    const Request asked(PEM_read_bio_X509_REQ(in.get(), nullptr, no_passphrase, nullptr));
    if (!asked) return wrong("The request for the certificate is not there or no PEM; run bursar-setup again.");
    if (EVP_PKEY_eq(X509_get0_pubkey(certificates.front().get()), X509_REQ_get0_pubkey(asked.get())) != 1)
        return wrong("The certificate is for another key than the one that was asked for.");
    return check_chain(certificates, host, now);
}

Result<Secret> make_key() {
    const Key key(EVP_EC_gen("P-256"));
    const Bio hidden(BIO_new(BIO_s_secmem()));
    if (!key || PEM_write_bio_PKCS8PrivateKey(hidden.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return not_made("private key");
    return Secret(text_of(hidden.get()));
}

Result<std::string> make_request(const Secret& key, const std::string& host) {
    TRY(const Key own, read_key(key));
    const Request request(X509_REQ_new());
    const Extensions extensions(sk_X509_EXTENSION_new_null());
    const std::string names = alternative_name(host);
    Extension name(X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()));
    if (!request || !extensions || !name || sk_X509_EXTENSION_push(extensions.get(), name.get()) <= 0)
        return not_made("request");
    static_cast<void>(name.release());  // the stack has it now
    const Bio shown(BIO_new(BIO_s_mem()));
    // No common name: it is optional, CAs take the alternative names, and it has at most 64 characters.
    if (X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_pubkey(request.get(), own.get()) != 1 ||
        X509_REQ_add_extensions(request.get(), extensions.get()) != 1 ||
        X509_REQ_sign(request.get(), own.get(), EVP_sha256()) <= 0 ||
        PEM_write_bio_X509_REQ(shown.get(), request.get()) != 1)
        return not_made("request");
    return text_of(shown.get());
}

Result<Pair> make_self_signed(const std::string& host, Timestamp now, int days, std::string_view serial) {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    if (!key || !certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1)
        return not_made("certificate");
    X509* made = certificate.get();
    const std::string names = alternative_name(host);
    const bool filled =
        set_number_and_times(made, serial, now, days) && set_name(made, host) &&
        X509_set_pubkey(made, key.get()) == 1 && add_extension(made, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(made, NID_key_usage, "critical,digitalSignature") &&
        add_extension(made, NID_ext_key_usage, "serverAuth") && add_extension(made, NID_subject_alt_name, names) &&
        add_extension(made, NID_subject_key_identifier, "hash") && X509_sign(made, key.get(), EVP_sha256()) > 0;
    const Bio shown(BIO_new(BIO_s_mem())), hidden(BIO_new(BIO_s_secmem()));
    if (!filled || PEM_write_bio_X509(shown.get(), made) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(hidden.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return not_made("certificate");
    return Pair{.certificate = text_of(shown.get()), .private_key = Secret(text_of(hidden.get()))};
}

}  // namespace bursar::setup
