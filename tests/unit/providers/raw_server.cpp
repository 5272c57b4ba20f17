#include "tests/unit/providers/raw_server.h"

#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace bursar::providers::testing {
namespace {

constexpr int patience_ms = 10'000;

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}
Owned<X509> certificate_of(const std::string& pem) {
    const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return Owned<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}
Owned<EVP_PKEY> key_of(const std::string& pem) {
    const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}
void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

Certificate make(const std::string& name, const Certificate* authority, Validity validity) {
    const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
    const Owned<X509> certificate(X509_new());
    static std::atomic<long> serial{1};
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), validity == Validity::expired ? -3600 : 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    const Owned<X509> issuer = authority != nullptr ? certificate_of(authority->chain) : nullptr;
    const Owned<EVP_PKEY> issuer_key = authority != nullptr ? key_of(authority->key) : nullptr;
    X509* issued_by = issuer ? issuer.get() : certificate.get();
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issued_by));
    if (issuer) {
        in_addr address{};
        const bool numeric = ::inet_pton(AF_INET, name.c_str(), &address) == 1;
        add_extension(certificate.get(), issued_by, NID_subject_alt_name, (numeric ? "IP:" : "DNS:") + name);
    } else {
        add_extension(certificate.get(), issued_by, NID_basic_constraints, "critical,CA:TRUE");
    }
    X509_sign(certificate.get(), issuer_key ? issuer_key.get() : key.get(), EVP_sha256());
    const Owned<BIO> chain(BIO_new(BIO_s_mem()));
    const Owned<BIO> secret(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(chain.get(), certificate.get());
    PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text_of(chain.get()), text_of(secret.get())};
}

class SocketPeer final : public Peer {
  public:
    SocketPeer(int socket, int stop) : socket_(socket), stop_(stop) {
        const timeval patience{patience_ms / 1000, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    ~SocketPeer() override { close(); }

    std::string read_head() override {
        std::string head;
        char byte = 0;
        while (!head.ends_with("\r\n\r\n") && get(&byte, 1) == 1) head += byte;
        return head.ends_with("\r\n\r\n") ? head : std::string();
    }
    std::string read(std::size_t bytes) override {
        std::string all(bytes, '\0');
        std::size_t got = 0;
        while (got < bytes) {
            const long more = get(all.data() + got, bytes - got);
            if (more <= 0) break;
            got += static_cast<std::size_t>(more);
        }
        all.resize(got);
        return all;
    }
    bool write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const long sent = ssl_ ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                   : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    bool wait_closed() override {
        char bytes[4096];
        while (wait_readable())
            if (::recv(socket_, bytes, sizeof bytes, 0) <= 0) return true;
        return false;
    }
    void close() override {
        ssl_.reset();
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }
    bool start_tls(const Certificate& certificate, int version_max) override {
        context_.reset(SSL_CTX_new(TLS_server_method()));
        const auto chain = certificate_of(certificate.chain);
        const auto key = key_of(certificate.key);
        SSL_CTX_use_certificate(context_.get(), chain.get());
        SSL_CTX_use_PrivateKey(context_.get(), key.get());
        if (version_max != 0) {
            SSL_CTX_set_security_level(context_.get(), 0);
            SSL_CTX_set_max_proto_version(context_.get(), version_max);
        }
        // One key for all connections, so that a session of one can be resumed by the next.
        static unsigned char ticket_keys[80] = "a key of a test, the same for every connection of it";
        SSL_CTX_set_tlsext_ticket_keys(context_.get(), ticket_keys, sizeof ticket_keys);
        SSL_CTX_set_session_id_context(context_.get(), ticket_keys, 8);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), socket_);
        const bool accepted = SSL_accept(ssl_.get()) == 1;
        ERR_clear_error();
        return accepted;
    }

    bool resumed() const override { return ssl_ && SSL_session_reused(ssl_.get()) == 1; }

  private:
    /// False after the patience, or when the server is taken down.
    bool wait_readable() {
        pollfd ready[2] = {{socket_, POLLIN, 0}, {stop_, POLLIN, 0}};
        return ::poll(ready, 2, patience_ms) > 0 && ready[0].revents != 0;
    }
    long get(char* into, std::size_t bytes) {
        if ((ssl_ == nullptr || SSL_pending(ssl_.get()) == 0) && !wait_readable()) return -1;
        return ssl_ ? SSL_read(ssl_.get(), into, static_cast<int>(bytes)) : ::recv(socket_, into, bytes, 0);
    }
    int socket_;
    int stop_;
    Owned<SSL_CTX> context_;
    Owned<SSL> ssl_;
};

int listen_on_loopback(std::uint16_t& port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener, 64);
    socklen_t size = sizeof address;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    return listener;
}

}  // namespace

Certificate make_authority(const std::string& name) { return make(name, nullptr, Validity::current); }
Certificate make_certificate(const std::string& host, const Certificate& authority, Validity validity) {
    return make(host, &authority, validity);
}

std::string Peer::read_request() {
    std::string head = read_head();
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    return head + read(static_cast<std::size_t>(std::stoul(head.substr(at + 16))));
}

RawServer::RawServer(Script script) : script_(std::move(script)) {
    // SSL_write has no MSG_NOSIGNAL.
    ::signal(SIGPIPE, SIG_IGN);
    listener_ = listen_on_loopback(port_);
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    acceptor_ = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    ::eventfd_write(stop_, 1);
    peers_.clear();
    ::close(stop_);
}

void RawServer::accept_all() {
    for (;;) {
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        const int number = connections_++;
        peers_.emplace_back([this, socket, number] {
            SocketPeer peer(socket, stop_);
            script_(peer, number);
        });
    }
}

std::uint16_t closed_port() {
    std::uint16_t port = 0;
    ::close(listen_on_loopback(port));
    return port;
}

}  // namespace bursar::providers::testing
