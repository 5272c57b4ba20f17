#include "service/providers/tls.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <string_view>
#include <sys/socket.h>
#include <utility>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace bursar::providers {
namespace {

constexpr std::size_t sessions_max = 256;

struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
    void operator()(X509_VERIFY_PARAM* parameters) const { X509_VERIFY_PARAM_free(parameters); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

std::string last_error() {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    std::string text = reason != nullptr ? reason : (errno != 0 ? std::strerror(errno) : "unknown error");
    ERR_clear_error();
    return text;
}

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE when the provider has gone.
int bio_write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent = ::send(static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))), bytes,
                             static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}
int bio_read(BIO* bio, char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto got = ::recv(static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))), bytes,
                            static_cast<std::size_t>(size), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return static_cast<int>(got);
}
long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* socket_bio() {
    static const Owned<BIO_METHOD> method = [] {
        Owned<BIO_METHOD> made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "provider socket"));
        BIO_meth_set_write(made.get(), bio_write);
        BIO_meth_set_read(made.get(), bio_read);
        BIO_meth_set_ctrl(made.get(), bio_control);
        return made;
    }();
    return method.get();
}

class OpenSslTrust final : public TlsTrust {
  public:
    explicit OpenSslTrust(Owned<SSL_CTX> context) : context_(std::move(context)) {
        SSL_CTX_set_app_data(context_.get(), this);
        SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* ssl, SSL_SESSION* session) {
            auto* trust = static_cast<OpenSslTrust*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
            const auto* peer = static_cast<const std::string*>(SSL_get_app_data(ssl));
            if (peer == nullptr || (trust->sessions_.size() >= sessions_max && !trust->sessions_.contains(*peer)))
                return 0;
            trust->sessions_[*peer].reset(session);
            return 1;  // the reference is ours now
        });
    }
    SSL_CTX* context() const { return context_.get(); }
    SSL_SESSION* session_of(const std::string& peer) const {
        const auto found = sessions_.find(peer);
        return found == sessions_.end() ? nullptr : found->second.get();
    }
    void forget(const std::string& peer) { sessions_.erase(peer); }
    std::size_t sessions() const override { return sessions_.size(); }

  private:
    // By host and port: the certificate of a resumed session is not looked at again, so it must have been checked for
    // this host.
    std::map<std::string, Owned<SSL_SESSION>> sessions_;
    Owned<SSL_CTX> context_;
};

class OpenSslStream final : public TlsStream {
  public:
    OpenSslStream(OpenSslTrust& trust, const std::string& host, std::uint16_t port, int socket)
        : trust_(trust), host_(host), peer_(fmt::format("{}:{}", host, port)), ssl_(SSL_new(trust.context())) {
        BIO* bio = BIO_new(socket_bio());
        BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_.get(), bio, bio);
        SSL_set_app_data(ssl_.get(), &peer_);
        SSL_set_connect_state(ssl_.get());
        SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        // An address is compared with the certificate's addresses and is never sent as a server name (RFC 6066 §3).
        if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str()) != 1) {
            ERR_clear_error();
            named_ =
                SSL_set1_host(ssl_.get(), host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl_.get(), host.c_str()) == 1;
        }
        if (SSL_SESSION* session = trust.session_of(peer_)) SSL_set_session(ssl_.get(), session);
    }

    /// Without this OpenSSL takes a connection that is dropped for one that failed, and its session can never be
    /// resumed.
    ~OpenSslStream() override { SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

    Io handshake() override {
        if (!named_) return {Io::Kind::failed, 0, fmt::format("'{}' cannot be a server's name", host_)};
        ERR_clear_error();
        errno = 0;
        const int result = SSL_do_handshake(ssl_.get());
        if (result == 1) return {};
        Io io = outcome(result);
        if (io.kind != Io::Kind::failed && io.kind != Io::Kind::closed) return io;
        trust_.forget(peer_);
        const long verdict = SSL_get_verify_result(ssl_.get());
        if (verdict != X509_V_OK)
            io.why = fmt::format("the certificate of {} is refused: {}", peer_, X509_verify_cert_error_string(verdict));
        if (io.why.empty()) io.why = fmt::format("{} closed the connection during the TLS handshake", peer_);
        io.kind = Io::Kind::failed;
        return io;
    }
    Io read(std::span<char> into) override {
        ERR_clear_error();
        errno = 0;
        std::size_t bytes = 0;
        const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
        if (result == 1) return {.bytes = bytes};
        return outcome(result);
    }
    Io write(std::string_view bytes) override {
        ERR_clear_error();
        errno = 0;
        std::size_t written = 0;
        const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
        if (result == 1) return {.bytes = written};
        return outcome(result);
    }
    std::size_t peek(std::span<char> into) override {
        ERR_clear_error();
        std::size_t bytes = 0;
        return SSL_peek_ex(ssl_.get(), into.data(), into.size(), &bytes) == 1 ? bytes : 0;
    }
    bool quiet() override {
        ERR_clear_error();
        errno = 0;
        char byte = 0;
        std::size_t bytes = 0;
        const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &bytes);
        return result != 1 && outcome(result).kind == Io::Kind::wants_read;
    }
    bool resumed() const override { return SSL_session_reused(ssl_.get()) == 1; }
    std::optional<Timestamp> certificate_until() const override {
        const X509* shown = SSL_get0_peer_certificate(ssl_.get());
        std::tm time{};
        if (shown == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(shown), &time) != 1) return {};
        return std::chrono::system_clock::from_time_t(::timegm(&time));
    }

  private:
    Io outcome(int result) {
        switch (SSL_get_error(ssl_.get(), result)) {
            case SSL_ERROR_WANT_READ:
                return {Io::Kind::wants_read};
            case SSL_ERROR_WANT_WRITE:
                return {Io::Kind::wants_write};
            case SSL_ERROR_ZERO_RETURN:
                return {Io::Kind::closed};
            case SSL_ERROR_SYSCALL:
                if (errno == 0) return {Io::Kind::closed};
                return {Io::Kind::failed, 0, std::strerror(errno)};
            default:
                return {Io::Kind::failed, 0, last_error()};
        }
    }

    OpenSslTrust& trust_;
    std::string host_;
    std::string peer_;
    Owned<SSL> ssl_;
    bool named_ = true;
};

}  // namespace

Result<std::unique_ptr<TlsTrust>> TlsTrust::make(const std::string& ca_file) {
    Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
    if (!context) return fail(Fault::internal, "TLS cannot be set up.", last_error());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // A provider that closes without close_notify is an ordinary end of connection; whether the answer was whole,
    // HTTP's lengths say.
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_default_verify_paths(context.get());
    if (!ca_file.empty() && SSL_CTX_load_verify_file(context.get(), ca_file.c_str()) != 1)
        return fail(
            Fault::wrong_configuration, "The provider cannot be reached: its CA file cannot be used.",
            fmt::format("ca_file {}: {}; it must be a readable PEM file of certificates", ca_file, last_error()));
    ERR_clear_error();
    return std::make_unique<OpenSslTrust>(std::move(context));
}

std::unique_ptr<TlsStream> TlsStream::make(TlsTrust& trust, const std::string& host, std::uint16_t port, int socket) {
    return std::make_unique<OpenSslStream>(static_cast<OpenSslTrust&>(trust), host, port, socket);
}

}  // namespace bursar::providers
