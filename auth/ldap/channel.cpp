#include "auth/ldap/channel.h"

#include "auth/ldap/names.h"
#include "auth/ldap/resolve.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace bursar::ldap {
namespace {

constexpr std::size_t name_bytes_max = 512, certificates_max = 10, names_max = 50;

struct Free {
    void operator()(SSL* session) const { SSL_free(session); }
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};

std::string words(int error) { return std::generic_category().message(error); }

std::string text_of(const X509_NAME* name) {
    char* line = X509_NAME_oneline(name, nullptr, 0);
    const std::string out = line == nullptr ? "" : clean_text(line, name_bytes_max);
    OPENSSL_free(line);
    return out.starts_with('/') ? out.substr(1) : out;
}

std::optional<Timestamp> instant(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    return Timestamp(std::chrono::seconds(timegm(&parts)));
}

std::vector<std::string> names_of(const X509* certificate) {
    std::vector<std::string> out;
    const std::unique_ptr<GENERAL_NAMES, Free> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()) && out.size() < names_max; ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        const ASN1_STRING* text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
        if (name->type == GEN_DNS)
            out.push_back(clean_text({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                      static_cast<std::size_t>(ASN1_STRING_length(text))},
                                     name_bytes_max));
        std::array<char, INET6_ADDRSTRLEN> address{};
        if (name->type == GEN_IPADD &&
            inet_ntop(ASN1_STRING_length(text) == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(text), address.data(),
                      address.size()) != nullptr)
            out.emplace_back(address.data());
    }
    return out;
}

void look_at(Chain& chain, X509_STORE_CTX* context) {
    const STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(context);
    for (int i = 0; i < sk_X509_num(shown) && chain.certificates.size() < certificates_max; ++i) {
        const X509* each = sk_X509_value(shown, i);
        chain.certificates.push_back({text_of(X509_get_subject_name(each)), text_of(X509_get_issuer_name(each)),
                                      instant(X509_get0_notBefore(each)), instant(X509_get0_notAfter(each))});
    }
    if (const X509* own = X509_STORE_CTX_get0_cert(context)) chain.names = names_of(own);
}

/// Called by OpenSSL for every certificate, and once more for each thing that is wrong: keeps the first.
int keep_in_mind(int good, X509_STORE_CTX* context) {
    auto* session = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* chain = static_cast<Chain*>(SSL_get_app_data(session));
    if (chain->certificates.empty()) look_at(*chain, context);
    if (good == 0 && chain->wrong == 0) {
        chain->wrong = X509_STORE_CTX_get_error(context);
        chain->wrong_at = static_cast<std::size_t>(std::max(X509_STORE_CTX_get_error_depth(context), 0));
    }
    return good;
}

bool is_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

std::string Server::text() const {
    const std::string written = host.contains(':') ? fmt::format("[{}]", host) : host;
    return fmt::format("{}://{}:{}", tls_at_once ? "ldaps" : "ldap", written, port);
}

struct Channel::Wire {
    int socket = -1;
    Deadline deadline;
    std::unique_ptr<SSL, Free> session;
    Chain chain;
    std::string trouble;
    bool timed_out = false;

    ~Wire() {
        session.reset();
        if (socket >= 0) ::close(socket);
    }

    bool wait_for(short events) {
        for (;;) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
            if (left.count() <= 0) return out_of_time();
            pollfd one{socket, events, 0};
            const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
            if (ready > 0) return true;
            if (ready < 0 && errno != EINTR) return broken(words(errno));
        }
    }
    bool out_of_time() {
        timed_out = true;
        return broken("no answer in time");
    }
    bool broken(std::string why) {
        if (trouble.empty()) trouble = std::move(why);
        return false;
    }

    std::ptrdiff_t raw_read(void* buffer, std::size_t bytes_max) {
        while (wait_for(POLLIN)) {
            const auto count = ::recv(socket, buffer, bytes_max, MSG_DONTWAIT);
            if (count == 0) broken("the server has closed the connection");
            if (count >= 0) return count;
            if (errno != EAGAIN && errno != EINTR && !broken(words(errno))) break;
        }
        return -1;
    }
    std::ptrdiff_t raw_write(const void* bytes, std::size_t count) {
        while (wait_for(POLLOUT)) {
            const auto sent = ::send(socket, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent >= 0) return sent;
            if (errno != EAGAIN && errno != EINTR && !broken(words(errno))) break;
        }
        return -1;
    }

    bool connect_to(const Address& address) {
        if (socket >= 0) ::close(socket);
        trouble.clear();
        socket = ::socket(address.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (socket < 0) return broken(words(errno));
        const int on = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(socket, reinterpret_cast<const sockaddr*>(address.bytes.data()), address.size) == 0) return true;
        if (errno != EINPROGRESS) return broken(words(errno));
        if (!wait_for(POLLOUT)) return false;
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
        return error == 0 || broken(words(error));
    }
};

namespace {

/// OpenSSL reads and writes by the channel's own functions: with its deadline, and without SIGPIPE.
template <typename Wire>
const BIO_METHOD* methods() {
    static const std::unique_ptr<BIO_METHOD, Free> made = [] {
        std::unique_ptr<BIO_METHOD, Free> method(BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "bursar"));
        BIO_meth_set_read(method.get(), [](BIO* bio, char* buffer, int size) {
            auto* wire = static_cast<Wire*>(BIO_get_data(bio));
            return static_cast<int>(wire->raw_read(buffer, static_cast<std::size_t>(std::max(size, 0))));
        });
        BIO_meth_set_write(method.get(), [](BIO* bio, const char* bytes, int size) {
            auto* wire = static_cast<Wire*>(BIO_get_data(bio));
            return static_cast<int>(wire->raw_write(bytes, static_cast<std::size_t>(std::max(size, 0))));
        });
        BIO_meth_set_ctrl(method.get(), [](BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1L : 0L; });
        BIO_meth_set_create(method.get(), [](BIO* bio) {
            BIO_set_init(bio, 1);
            return 1;
        });
        return method;
    }();
    return made.get();
}

}  // namespace

Channel::Channel(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}
Channel::~Channel() = default;

Outcome<std::unique_ptr<Channel>> Channel::open(const Server& server, Deadline deadline) {
    TRY(const auto addresses, addresses_of(server, deadline));
    auto wire = std::make_unique<Wire>();
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        // A name with several addresses: each gets its part of the time that is left.
        const auto now = std::chrono::steady_clock::now();
        wire->deadline = now + (deadline - now) / static_cast<long>(addresses.size() - i);
        if (!wire->connect_to(addresses[i])) continue;
        wire->deadline = deadline;
        return std::unique_ptr<Channel>(new Channel(std::move(wire)));
    }
    return failed(wire->timed_out ? Failure::Kind::time : Failure::Kind::connection,
                  fmt::format("{} cannot be reached: {}", server.text(), wire->trouble));
}

void Channel::set_deadline(Deadline deadline) { wire_->deadline = deadline; }

Outcome<void> Channel::start_tls(const Trust& trust, const std::string& host) {
    ERR_clear_error();
    std::unique_ptr<SSL, Free> session(SSL_new(trust.get()));
    BIO* bio = BIO_new(methods<Wire>());
    if (!session || bio == nullptr) return failed(Failure::Kind::connection, "TLS cannot be set up");
    BIO_set_data(bio, wire_.get());
    SSL_set_bio(session.get(), bio, bio);
    SSL_set_app_data(session.get(), &wire_->chain);
    SSL_set_verify(session.get(), SSL_VERIFY_PEER, &keep_in_mind);
    X509_VERIFY_PARAM* wanted = SSL_get0_param(session.get());
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const bool numeric = is_address(host);
    const bool set = numeric ? X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1
                             : X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size()) == 1 &&
                                   SSL_set_tlsext_host_name(session.get(), host.c_str()) == 1;
    if (!set) return failed(Failure::Kind::connection, fmt::format("\"{}\" cannot be checked in a certificate", host));
    wire_->session = std::move(session);
    if (SSL_connect(wire_->session.get()) == 1) return {};
    if (wire_->chain.wrong == 0 && wire_->trouble.empty()) {
        std::array<char, 256> text{};
        ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
        wire_->trouble = fmt::format("TLS 1.2 or later cannot be agreed on: {}", text.data());
    }
    ERR_clear_error();
    return failed(wire_->timed_out ? Failure::Kind::time : Failure::Kind::connection,
                  wire_->chain.wrong != 0 ? "the certificate is not trusted" : wire_->trouble);
}

bool Channel::is_tls() const { return wire_->session != nullptr; }

std::ptrdiff_t Channel::read(void* buffer, std::size_t bytes_max) {
    if (!wire_->session) return wire_->raw_read(buffer, bytes_max);
    ERR_clear_error();
    std::size_t count = 0;
    if (SSL_read_ex(wire_->session.get(), buffer, bytes_max, &count) == 1) return static_cast<std::ptrdiff_t>(count);
    wire_->broken("the server has ended the connection");
    return SSL_get_shutdown(wire_->session.get()) != 0 ? 0 : -1;
}

std::ptrdiff_t Channel::write(const void* bytes, std::size_t count) {
    if (!wire_->session) return wire_->raw_write(bytes, count);
    ERR_clear_error();
    std::size_t sent = 0;
    if (SSL_write_ex(wire_->session.get(), bytes, count, &sent) == 1) return static_cast<std::ptrdiff_t>(sent);
    wire_->broken("the server has ended the connection");
    return -1;
}

bool Channel::has_buffered() const { return wire_->session && SSL_has_pending(wire_->session.get()) == 1; }
int Channel::descriptor() const { return wire_->socket; }
const std::string& Channel::trouble() const { return wire_->trouble; }
bool Channel::timed_out() const { return wire_->timed_out; }
const Chain& Channel::chain() const { return wire_->chain; }
std::string Channel::protocol() const { return wire_->session ? SSL_get_version(wire_->session.get()) : ""; }

}  // namespace bursar::ldap
