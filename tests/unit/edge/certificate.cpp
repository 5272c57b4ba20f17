#include "tests/unit/edge/certificate.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace bursar::edge::test {
namespace {

constexpr long day_seconds = 24L * 60 * 60;

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};

}  // namespace

Folder::Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "bursar-edge-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

void write_certificate(const std::filesystem::path& certificate, const std::filesystem::path& key,
                       const std::string& name, KeyKind kind) {
    const std::unique_ptr<EVP_PKEY, Free> pair(kind == KeyKind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
    const std::unique_ptr<X509, Free> made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -day_seconds);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), day_seconds);
    X509_set_pubkey(made.get(), pair.get());
    X509_NAME* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(made.get(), subject);
    X509_sign(made.get(), pair.get(), EVP_sha256());
    const std::unique_ptr<std::FILE, Free> certificate_file(std::fopen(certificate.c_str(), "w"));
    PEM_write_X509(certificate_file.get(), made.get());
    const std::unique_ptr<std::FILE, Free> key_file(std::fopen(key.c_str(), "w"));
    PEM_write_PrivateKey(key_file.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

}  // namespace bursar::edge::test
