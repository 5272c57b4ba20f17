#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct ssl_ctx_st;

// A directory server that can lie: it speaks the few messages of LDAP that matter and does what a test says.
namespace bursar::ldap::test {

// BER as LDAP uses it (RFC 4511 §5.1).
std::string tlv(unsigned char tag, std::string_view content);
std::string octets(std::string_view text, unsigned char tag = 0x04);
std::string number(std::int64_t value, unsigned char tag = 0x02);
std::string sequence(std::string_view content);

struct Request {
    std::int64_t id = 0;
    unsigned char operation = 0;  ///< 0x60 bind, 0x63 search, 0x77 extended
    std::string name;             ///< of a bind: who; of a search: the base
    std::string password;
    std::string filter;  ///< its bytes, in which values stand as they are
    std::vector<std::string> attributes;
    std::string cookie;
    bool is_bind() const { return operation == 0x60; }
    bool is_search() const { return operation == 0x63; }
};

struct Attribute {
    std::string name;
    std::vector<std::string> values;
};

std::string bind_done(const Request& request, int code, std::string_view diagnostic = {});
std::string entry(const Request& request, std::string_view dn, const std::vector<Attribute>& attributes);
std::string reference(const Request& request, std::string_view address);
/// `cookie` "" is that of a last page; `referral` is for code 10.
std::string search_done(const Request& request, int code, std::string_view cookie = {}, std::string_view referral = {});

struct Reply {
    std::string bytes;
    bool then_close = false;
};

class FakeServer {
  public:
    enum class Way : std::uint8_t {
        ldaps,
        start_tls,
        strips_start_tls,  ///< answers StartTLS with an error
        mute,              ///< accepts, and never says anything
        slams,             ///< accepts and closes
        plain_behind_tls,  ///< says that StartTLS is fine and goes on in plain
    };
    using Answer = std::function<Reply(const Request&)>;

    explicit FakeServer(Way way, Answer answer = {});
    ~FakeServer();
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    std::string address() const;  ///< "ldaps://127.0.0.1:PORT"
    /// The certificate that all of these servers show, as PEM.
    static std::string ca();
    std::vector<Request> requests() const;
    /// Everything that came before TLS began.
    std::string plain_bytes() const;
    int connections() const { return connections_; }

  private:
    struct Peer;
    void accept_all();
    void serve(Peer& peer);
    bool upgrade(Peer& peer);

    const Way way_;
    const Answer answer_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> peer_socket_ = -1;
    std::atomic<int> connections_ = 0;
    std::atomic<bool> stopping_ = false;
    mutable std::mutex mutex_;  // guards the two below
    std::vector<Request> requests_;
    std::string plain_bytes_;
    std::thread thread_;
};

}  // namespace bursar::ldap::test
