#include "tests/unit/edge/client.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <openssl/ssl.h>

namespace bursar::edge::test {
namespace {

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
}

void drop_context(SSL_CTX* context) { SSL_CTX_free(context); }
void drop_tls(SSL* tls) { SSL_free(tls); }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return text;
}

}  // namespace

std::string_view Answer::header(std::string_view name) const {
    for (const Header& one : headers)
        if (equal_without_case(one.name, name)) return one.value;
    return {};
}

Client::Client(std::uint16_t port, const std::string& from, int receive_buffer)
    : context_(nullptr, drop_context), tls_(nullptr, drop_tls) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (receive_buffer > 0) ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const sockaddr_in source = address_of(from, 0), server = address_of("127.0.0.1", port);
    const bool bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&source), sizeof source) == 0;
    if (bound && ::connect(descriptor, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0)
        descriptor_ = descriptor;
    else
        ::close(descriptor);
}

Client::~Client() { leave(); }

Client::Client(Client&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      was_reset_(other.was_reset_),
      received_(std::move(other.received_)),
      context_(std::move(other.context_)),
      tls_(std::move(other.tls_)) {}

bool Client::start_tls(int version_max, const std::string& ciphers) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    // The tests ask for what is too old on purpose.
    SSL_CTX_set_security_level(context_.get(), 0);
    if (version_max != 0) {
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context_.get(), version_max);
    }
    if (!ciphers.empty()) SSL_CTX_set_cipher_list(context_.get(), ciphers.c_str());
    const timeval limit{patience.count(), 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    tls_.reset(SSL_new(context_.get()));
    constexpr std::array<unsigned char, 12> protocols = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_set_alpn_protos(tls_.get(), protocols.data(), protocols.size());
    SSL_set_fd(tls_.get(), descriptor_);
    return SSL_connect(tls_.get()) == 1;
}

std::string Client::tls_version() const { return SSL_get_version(tls_.get()); }

std::string Client::tls_subject() const {
    X509* certificate = SSL_get0_peer_certificate(tls_.get());
    if (certificate == nullptr) return {};
    std::array<char, 128> text{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text.data(), text.size());
    return text.data();
}

std::string Client::alpn() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

bool Client::await(short events) const {
    pollfd one{.fd = descriptor_, .events = events, .revents = 0};
    const std::chrono::milliseconds limit = patience;
    return ::poll(&one, 1, static_cast<int>(limit.count())) == 1;
}

bool Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        long sent = 0;
        if (tls_ != nullptr) {
            sent = SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
        } else {
            // Never waits longer than the patience, even for a server that reads nothing.
            sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && errno == EAGAIN && await(POLLOUT)) continue;
        }
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

long Client::receive(char* into, std::size_t size) {
    if (tls_ != nullptr) return SSL_read(tls_.get(), into, static_cast<int>(size));
    if (!await(POLLIN)) return -1;
    const long got = ::recv(descriptor_, into, size, 0);
    was_reset_ = was_reset_ || (got < 0 && errno == ECONNRESET);
    return got;
}

bool Client::fill() {
    std::array<char, 16 * 1024> buffer{};
    const long got = receive(buffer.data(), buffer.size());
    if (got > 0) received_.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
}

std::string Client::read_some() {
    if (received_.empty()) fill();
    return std::exchange(received_, {});
}

std::optional<std::string> Client::line() {
    std::size_t end = received_.find("\r\n");
    for (; end == std::string::npos; end = received_.find("\r\n"))
        if (!fill()) return std::nullopt;
    std::string text = received_.substr(0, end);
    received_.erase(0, end + 2);
    return text;
}

std::optional<Answer> Client::head() {
    std::optional<std::string> text = line();
    if (!text || !text->starts_with("HTTP/1.1 ") || text->size() < 13) return std::nullopt;
    Answer answer;
    answer.status = std::stoi(text->substr(9, 3));
    for (text = line(); text && !text->empty(); text = line()) {
        const std::size_t colon = text->find(':');
        if (colon == std::string::npos) return std::nullopt;
        answer.headers.push_back(
            {text->substr(0, colon), std::string(trimmed(std::string_view(*text).substr(colon + 1)))});
    }
    if (!text) return std::nullopt;
    return answer;
}

std::optional<Answer> Client::answer(bool to_head) {
    std::optional<Answer> answer = head();
    if (!answer || to_head || answer->status == 100 || answer->status == 204) return answer;
    if (answer->header("transfer-encoding") == "chunked") {
        for (;;) {
            const std::optional<std::string> size_line = line();
            if (!size_line || size_line->empty()) return std::nullopt;
            const std::size_t size = std::stoul(*size_line, nullptr, 16);
            while (received_.size() < size + 2)
                if (!fill()) return std::nullopt;
            if (received_.compare(size, 2, "\r\n") != 0) return std::nullopt;
            answer->body.append(received_, 0, size);
            received_.erase(0, size + 2);
            if (size == 0) return answer;
        }
    }
    const std::string_view length = answer->header("content-length");
    if (length.empty()) {
        while (fill()) {
        }
        answer->body = std::exchange(received_, {});
        return answer;
    }
    const std::size_t size = std::stoul(std::string(length));
    while (received_.size() < size)
        if (!fill()) return std::nullopt;
    answer->body = received_.substr(0, size);
    received_.erase(0, size);
    return answer;
}

std::string Client::body() {
    const std::optional<Answer> next = answer();
    return next ? next->body : "<nothing>";
}

int Client::status() {
    const std::optional<Answer> next = answer();
    return next ? next->status : 0;
}

std::optional<std::string> Client::rest() {
    std::array<char, 16 * 1024> buffer{};
    for (;;) {
        const long got = receive(buffer.data(), buffer.size());
        if (got == 0 || (got < 0 && (was_reset_ || tls_ != nullptr))) return std::exchange(received_, {});
        if (got < 0) return std::nullopt;
        received_.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

bool Client::ends() {
    const std::optional<std::string> last = rest();
    return last && last->empty();
}

bool Client::stays_quiet(std::chrono::milliseconds time) const {
    pollfd one{.fd = descriptor_, .events = POLLIN, .revents = 0};
    return received_.empty() && ::poll(&one, 1, static_cast<int>(time.count())) == 0;
}

bool Client::is_quiet() const {
    char byte = 0;
    return received_.empty() && ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void Client::shutdown_send() { ::shutdown(descriptor_, SHUT_WR); }

void Client::reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    leave();
}

void Client::leave() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
}

}  // namespace bursar::edge::test
