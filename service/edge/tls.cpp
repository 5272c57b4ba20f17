#include "service/edge/tls.h"

#include <array>
#include <ctime>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace bursar::edge {
namespace {

std::string last_error() {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
    ERR_clear_error();
    return text.data();
}

std::unexpected<Error> wrong(const std::filesystem::path& file, std::string_view what) {
    return fail(Fault::wrong_configuration, fmt::format("{}: {} ({})", file.string(), what, last_error()));
}

/// HTTP/1.1 is what is spoken; whoever offers only others goes on without the extension (RFC 7301).
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    static constexpr unsigned char spoken[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, spoken, sizeof spoken - 1, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void TlsContextFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<TlsContext> server_context(const std::filesystem::path& certificate, const std::filesystem::path& private_key) {
    ERR_clear_error();
    TlsContext context(SSL_CTX_new(TLS_server_method()), TlsContextFree{});
    SSL_CTX* raw = context.get();
    if (raw == nullptr) return fail(Fault::internal, "TLS cannot be set up.", last_error());
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(raw,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_cipher_list(raw, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_alpn_select_cb(raw, &choose_protocol, nullptr);
    // Tickets keep resumed handshakes cheap; sessions in memory would grow with every client.
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_use_certificate_chain_file(raw, certificate.c_str()) != 1)
        return wrong(certificate, "not readable as a PEM certificate chain");
    if (SSL_CTX_use_PrivateKey_file(raw, private_key.c_str(), SSL_FILETYPE_PEM) != 1)
        return wrong(private_key, "not readable as a PEM private key, or not the key of the certificate");
    if (SSL_CTX_check_private_key(raw) != 1) return wrong(private_key, "not the key of the certificate");
    return context;
}

std::optional<CertificateLife> certificate_life(const TlsContext& context) {
    const X509* const shown = context ? SSL_CTX_get0_certificate(context.get()) : nullptr;
    std::tm from{};
    std::tm until{};
    if (shown == nullptr || ASN1_TIME_to_tm(X509_get0_notBefore(shown), &from) != 1 ||
        ASN1_TIME_to_tm(X509_get0_notAfter(shown), &until) != 1)
        return {};
    const auto at = [](std::tm& parts) { return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts))); };
    return CertificateLife{.from = at(from), .until = at(until)};
}

}  // namespace bursar::edge
