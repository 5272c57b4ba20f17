#include "auth/ldap/trust.h"

#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t ca_bytes_max = std::size_t{1} << 20;

struct Free {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
    void operator()(X509* certificate) const { X509_free(certificate); }
};

std::string day(const std::optional<Timestamp>& at) { return at ? to_text(*at).substr(0, 10) : std::string("?"); }

Result<int> add_authorities(X509_STORE* store, std::string_view pem) {
    const std::unique_ptr<BIO, Free> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    int count = 0;
    for (;;) {
        const std::unique_ptr<X509, Free> certificate(PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
        if (!certificate) break;
        if (X509_STORE_add_cert(store, certificate.get()) != 1)
            return fail(Fault::wrong_configuration, "A certificate in `ca` cannot be used as an authority.");
        ++count;
    }
    // The end of the text is an error of its own to OpenSSL.
    const bool at_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (count > 0 && !at_the_end)
        return fail(Fault::wrong_configuration, fmt::format("Certificate {} in `ca` is damaged: copy it again, from "
                                                            "-----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.",
                                                            count + 1));
    return count;
}

const Certificate& faulty(const Chain& chain) {
    return chain.certificates[std::min(chain.wrong_at, chain.certificates.size() - 1)];
}

std::string named(const Certificate& certificate) { return fmt::format("\"{}\"", certificate.subject); }

}  // namespace

Result<Trust> trust_in(std::string_view ca) {
    ERR_clear_error();
    Trust trust(SSL_CTX_new(TLS_client_method()), [](SSL_CTX* context) { SSL_CTX_free(context); });
    if (!trust) return fail(Fault::internal, "TLS cannot be set up.");
    SSL_CTX_set_min_proto_version(trust.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(trust.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(trust.get(), SSL_MODE_AUTO_RETRY);
    if (ca.empty()) {
        if (SSL_CTX_set_default_verify_paths(trust.get()) != 1)
            return fail(Fault::wrong_configuration,
                        "The system's certificates cannot be read: install ca-certificates, or "
                        "set `ca` to the company's.");
        return trust;
    }
    if (ca.size() > ca_bytes_max) return fail(Fault::wrong_configuration, "`ca` is longer than 1 MiB.");
    TRY(const int count, add_authorities(SSL_CTX_get_cert_store(trust.get()), ca));
    if (count == 0)
        return fail(Fault::wrong_configuration,
                    "`ca` holds no certificate in PEM: it begins with -----BEGIN "
                    "CERTIFICATE-----; a DER file becomes one by: openssl x509 -inform der.");
    return trust;
}

std::string explain(const Chain& chain, std::string_view host, Timestamp now) {
    if (chain.certificates.empty()) return "the server has shown no certificate";
    const Certificate& one = faulty(chain);
    const std::string clock = fmt::format("this machine's clock says {}", to_text(now));
    // Codes of a library, an open list: what is not here is told in the library's own words.
    switch (chain.wrong) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return fmt::format("the certificate {} was valid until {}, and {}: renew it, or set the clock right",
                               named(one), day(one.not_after), clock);
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return fmt::format("the certificate {} is valid from {} on, and {}: set the clock right", named(one),
                               one.not_before ? to_text(*one.not_before) : "?", clock);
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return fmt::format(
                "the certificate {} is not for \"{}\" but for {}: write a server by one of its names, or "
                "give the server a certificate with this one",
                named(one), host,
                chain.names.empty() ? "no name at all" : fmt::to_string(fmt::join(chain.names, ", ")));
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return fmt::format(
                "the authority \"{}\", which has issued the certificate {}, is not trusted: put its "
                "certificate into `ca`, or let the server send it if it is not the root",
                chain.certificates.back().issuer, named(chain.certificates.back()));
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return fmt::format(
                "the certificate {} is signed by itself and is not trusted: put it into `ca` if it is the "
                "company's",
                named(chain.certificates.back()));
        default:
            return fmt::format("the certificate {} is refused: {}", named(one),
                               X509_verify_cert_error_string(chain.wrong));
    }
}

std::string describe(const Chain& chain) {
    std::string out;
    for (const Certificate& each : chain.certificates)
        out += fmt::format("{}{} (until {})", out.empty() ? "" : ", issued by ", each.subject, day(each.not_after));
    if (!chain.certificates.empty() && chain.certificates.back().issuer != chain.certificates.back().subject)
        out += fmt::format(", issued by {}", chain.certificates.back().issuer);
    return out;
}

}  // namespace bursar::ldap
