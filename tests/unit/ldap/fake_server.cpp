#include "tests/unit/ldap/fake_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace bursar::ldap::test {
namespace {

constexpr unsigned char unbind = 0x42;

struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
    void operator()(BIO* bio) const { BIO_free_all(bio); }
};

struct Identity {
    std::unique_ptr<EVP_PKEY, Free> key{EVP_EC_gen("P-256")};
    std::unique_ptr<X509, Free> certificate{X509_new()};

    Identity() {
        X509_set_version(certificate.get(), X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        X509_set_pubkey(certificate.get(), key.get());
        X509_NAME* subject = X509_get_subject_name(certificate.get());
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>("fake directory"), -1, -1, 0);
        X509_set_issuer_name(certificate.get(), subject);
        const std::unique_ptr<X509_EXTENSION, Free> names(
            X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"));
        X509_add_ext(certificate.get(), names.get(), -1);
        X509_sign(certificate.get(), key.get(), EVP_sha256());
    }
};

const Identity& identity() {
    static const Identity made;
    return made;
}

SSL_CTX* context() {
    static const std::unique_ptr<SSL_CTX, Free> made = [] {
        std::unique_ptr<SSL_CTX, Free> fresh(SSL_CTX_new(TLS_server_method()));
        SSL_CTX_use_certificate(fresh.get(), identity().certificate.get());
        SSL_CTX_use_PrivateKey(fresh.get(), identity().key.get());
        return fresh;
    }();
    return made.get();
}

/// Takes one element off the front.
struct Element {
    unsigned char tag = 0;
    std::string_view content;
};
Element take(std::string_view& bytes) {
    if (bytes.size() < 2) return {};
    Element element;
    element.tag = static_cast<unsigned char>(bytes[0]);
    std::size_t length = static_cast<unsigned char>(bytes[1]), head = 2;
    if (length > 0x80) {
        std::size_t count = length & 0x7f;
        for (length = 0; count > 0 && head < bytes.size(); --count)
            length = length << 8 | static_cast<unsigned char>(bytes[head++]);
    }
    element.content = bytes.substr(head, length);
    bytes.remove_prefix(std::min(bytes.size(), head + length));
    return element;
}

std::int64_t number_in(std::string_view content) {
    std::int64_t out = 0;
    for (const char byte : content) out = out << 8 | static_cast<unsigned char>(byte);
    return out;
}

Request request_in(std::string_view bytes) {
    Request request;
    request.id = number_in(take(bytes).content);
    const Element operation = take(bytes);
    request.operation = operation.tag;
    std::string_view body = operation.content;
    if (request.is_bind()) {
        take(body);
        request.name = take(body).content;
        request.password = take(body).content;
    }
    if (request.is_search()) {
        request.name = take(body).content;
        for (int skipped = 0; skipped < 5; ++skipped) take(body);
        request.filter = take(body).content;
        std::string_view names = take(body).content;
        while (!names.empty()) request.attributes.emplace_back(take(names).content);
    }
    std::string_view controls = take(bytes).content;
    while (!controls.empty()) {
        std::string_view control = take(controls).content;
        if (take(control).content != "1.2.840.113556.1.4.319") continue;
        Element value = take(control);
        if (value.tag == 0x01) value = take(control);
        std::string_view page = value.content;
        page = take(page).content;
        take(page);
        request.cookie = take(page).content;
    }
    return request;
}

}  // namespace

struct FakeServer::Peer {
    int socket = -1;
    std::unique_ptr<SSL, Free> session;

    ~Peer() {
        session.reset();
        ::close(socket);
    }
    bool read(char* to, std::size_t count) {
        while (count > 0) {
            const auto got = session ? SSL_read(session.get(), to, static_cast<int>(count))
                                     : static_cast<int>(::recv(socket, to, count, 0));
            if (got <= 0) return false;
            to += got;
            count -= static_cast<std::size_t>(got);
        }
        return true;
    }
    bool write(const std::string& bytes) {
        if (bytes.empty()) return true;
        if (session) return SSL_write(session.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
        return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0;
    }
    /// One message without its head; empty at the end.
    std::string message(std::string& raw) {
        char head[2];
        if (!read(head, 2)) return {};
        raw.assign(head, 2);
        std::size_t length = static_cast<unsigned char>(head[1]);
        if (length > 0x80) {
            char more[8];
            const std::size_t count = std::min<std::size_t>(length & 0x7f, sizeof more);
            if (!read(more, count)) return {};
            raw.append(more, count);
            length = static_cast<std::size_t>(number_in({more, count}));
        }
        std::string content(length, '\0');
        if (!read(content.data(), length)) return {};
        raw += content;
        return content;
    }
};

FakeServer::FakeServer(Way way, Answer answer) : way_(way), answer_(std::move(answer)) {
    std::signal(SIGPIPE, SIG_IGN);  // a client that has given up is no reason to end the tests
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&here), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size);
    port_ = ntohs(here.sin_port);
    thread_ = std::thread([this] { accept_all(); });
}

FakeServer::~FakeServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (const int peer = peer_socket_; peer >= 0) ::shutdown(peer, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
}

std::string FakeServer::address() const {
    const bool at_once = way_ == Way::ldaps || way_ == Way::mute || way_ == Way::slams;
    return (at_once ? "ldaps://127.0.0.1:" : "ldap://127.0.0.1:") + std::to_string(port_);
}

std::string FakeServer::ca() {
    const std::unique_ptr<BIO, Free> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), identity().certificate.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::vector<Request> FakeServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::string FakeServer::plain_bytes() const {
    const std::lock_guard lock(mutex_);
    return plain_bytes_;
}

void FakeServer::accept_all() {
    while (!stopping_) {
        Peer peer;
        peer.socket = ::accept(listener_, nullptr, nullptr);
        if (peer.socket < 0) return;
        peer_socket_ = peer.socket;
        ++connections_;
        if (way_ != Way::slams && !stopping_) serve(peer);
        peer_socket_ = -1;
    }
}

bool FakeServer::upgrade(Peer& peer) {
    peer.session.reset(SSL_new(context()));
    SSL_set_fd(peer.session.get(), peer.socket);
    return SSL_accept(peer.session.get()) == 1;
}

void FakeServer::serve(Peer& peer) {
    char byte = 0;
    while (way_ == Way::mute && peer.read(&byte, 1)) continue;
    if (way_ == Way::ldaps && !upgrade(peer)) return;
    std::string raw;
    for (std::string bytes = peer.message(raw); !bytes.empty(); bytes = peer.message(raw)) {
        const Request request = request_in(bytes);
        if (request.operation == unbind) return;
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
            if (!peer.session) plain_bytes_ += raw;
        }
        if (request.operation == 0x77) {
            const int code = way_ == Way::strips_start_tls ? 52 : 0;
            peer.write(sequence(number(request.id) + tlv(0x78, number(code, 0x0a) + octets("") + octets(""))));
            if (way_ == Way::start_tls && !upgrade(peer)) return;
            continue;
        }
        const Reply reply = answer_ ? answer_(request) : Reply{};
        if (!peer.write(reply.bytes) || reply.then_close) return;
    }
}

}  // namespace bursar::ldap::test
