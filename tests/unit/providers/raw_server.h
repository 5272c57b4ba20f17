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

// A provider that does on its socket exactly what a test tells it to, byte by byte; with TLS where a certificate is
// given.
namespace bursar::providers::testing {

/// PEM texts of a certificate and its key.
struct Certificate {
    std::string chain;
    std::string key;
};
enum class Validity : std::uint8_t { current, expired };
/// A certificate authority, or a certificate of one for `host` (a name or an address).
Certificate make_authority(const std::string& name);
Certificate make_certificate(const std::string& host, const Certificate& authority,
                             Validity validity = Validity::current);

/// One accepted connection. Everything gives up after ten seconds, so that a test fails rather than hangs.
class Peer {
  public:
    virtual ~Peer() = default;
    /// Up to and including the empty line; empty if the client closed.
    virtual std::string read_head() = 0;
    virtual std::string read(std::size_t bytes) = 0;
    /// Head and body by its Content-Length.
    std::string read_request();
    /// False if the client is gone.
    virtual bool write(std::string_view bytes) = 0;
    /// Returns when the client has closed or reset the connection; false if it did not before the server was taken
    /// down.
    virtual bool wait_closed() = 0;
    virtual void close() = 0;
    /// From plain to TLS, as behind a CONNECT.
    virtual bool start_tls(const Certificate& certificate, int version_max = 0) = 0;
    /// Whether the client went on with the session of an earlier connection.
    virtual bool resumed() const = 0;
};

class RawServer {
  public:
    using Script = std::function<void(Peer& peer, int connection)>;  ///< connection counts from 0
    explicit RawServer(Script script);
    ~RawServer();
    std::uint16_t port() const { return port_; }
    int connections() const { return connections_; }

  private:
    void accept_all();
    Script script_;
    int listener_ = -1;
    int stop_ = -1;  ///< readable when the server is taken down
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::vector<std::jthread> peers_;
    std::thread acceptor_;
};

/// A port on which nobody listens.
std::uint16_t closed_port();

}  // namespace bursar::providers::testing
