#pragma once

#include "service/base/result.h"
#include "service/edge/exchange.h"
#include "service/edge/tls.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bursar::edge {

struct Limits {
    std::size_t target_bytes_max = 8 * 1024;
    std::size_t head_bytes_max = 64 * 1024;
    std::size_t headers_max = 200;
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds head{15'000};               ///< from the first byte of a request to the end of its head
    std::chrono::milliseconds body{120'000};              ///< for the whole body, besides `body_idle`
    std::chrono::milliseconds body_idle{30'000};          ///< between two reads of the body
    std::chrono::milliseconds keep_alive{75'000};         ///< between two requests
    std::chrono::milliseconds ping{30'000};               ///< of silence on a WebSocket; after two it is closed
    std::size_t ahead_bytes_max = std::size_t{1} << 20;   ///< read of a WebSocket's next message while a call runs
    std::chrono::milliseconds write{60'000};              ///< for one write to a client that does not read
    std::chrono::milliseconds answer{60'000};             ///< for a whole answer that is no stream, besides `write` ...
    std::size_t answer_bytes_per_second_min = 64 * 1024;  ///< ... and as much longer as a client of this speed needs
    std::size_t connections_max = 20'000;
    std::size_t connections_per_address_max = 10'000;
    /// Of connections_max, open only to requests for the control plane and health.
    std::size_t connections_reserved = 64;
    std::size_t connections_reserved_per_address_max = 4;
    std::size_t calls_max = 16'000;  ///< requests in work at once, over all shards; beyond: 503 with retry-after
    std::size_t body_bytes_total_max = std::size_t{512}
                                       << 20;  ///< of all bodies from their first byte to their answer's; beyond:
                                               ///< overloaded. An eighth more for the control plane
    std::chrono::milliseconds drain{30'000};   ///< how long stop() lets exchanges finish
};

struct Listen {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8443;  ///< 0: the system chooses
    std::filesystem::path
        certificate;  ///< PEM chain; empty with an empty key: plain HTTP (behind a proxy, tests, bench)
    std::filesystem::path private_key;
    /// Listening TCP sockets that somebody else opened and keeps (socket activation). With any of them nothing is bound
    /// here, and `address` and `port` say nothing.
    std::vector<int> inherited;
};

struct Counters {
    std::atomic<std::uint64_t> connections_opened{0}, connections_refused{0}, connections_now{0}, requests{0},
        malformed{0}, overloaded{0}, handshakes_failed{0};
};

/// Raises the limit of open files to the most this process may have; two are needed per stream. Returns it.
std::size_t raise_file_limit();

/// One io_context and one thread per shard, each with its own listening socket (SO_REUSEPORT), or all with those that
/// were inherited.
class Server {
  public:
    /// `control_paths` says which targets may use the reserved connections. Binds at once; wrong_configuration if it
    /// cannot.
    static Result<std::unique_ptr<Server>> create(Listen listen, Limits limits, std::size_t shards, Handler& handler,
                                                  std::function<bool(const RequestHead&)> is_control);
    virtual ~Server() = default;

    virtual std::uint16_t port() const = 0;
    virtual std::size_t shards() const = 0;
    virtual asio::io_context& shard(std::size_t index) = 0;
    virtual void start() = 0;
    /// Stops accepting, closes idle connections, waits up to Limits::drain for exchanges, then closes what is left.
    /// Blocking.
    virtual void stop() = 0;
    /// New certificate and key for connections to come; the old ones stay if these are wrong.
    virtual Result<void> reload_certificate() = 0;
    /// Of the certificate that is shown to connections to come; none without TLS.
    virtual std::optional<CertificateLife> certificate_life() const = 0;
    virtual const Counters& counters() const = 0;
};

}  // namespace bursar::edge
