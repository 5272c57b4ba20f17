#pragma once

#include "service/edge/async.h"
#include "service/providers/ticker.h"
#include "service/providers/tls.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::providers {

/// Bytes on their way out: views into memory of the caller, sent in order.
class Outbox {
  public:
    explicit Outbox(std::size_t pieces_expected = 1) { pieces_.reserve(pieces_expected); }
    void add(std::string_view piece) {
        if (!piece.empty()) pieces_.push_back(piece);
    }
    bool empty() const { return next_ == pieces_.size(); }
    std::span<const std::string_view> pieces() const { return std::span(pieces_).subspan(next_); }
    void sent(std::size_t bytes);

  private:
    std::vector<std::string_view> pieces_;
    std::size_t next_ = 0;
};

/// One TCP connection, with or without TLS. Reads and writes never block; wait() does the waiting. Used by its shard
/// only.
class Connection final : public Sleeper {
  public:
    enum class Want : std::uint8_t { read, write, write_or_read };

    Connection(asio::io_context& shard, Ticker& ticker);
    ~Connection() override;

    /// Connects, with TCP_NODELAY; an error for the operator.
    Task<std::expected<void, std::string>> connect(std::string address, std::uint16_t port, Moment deadline);
    /// What follows goes through TLS; the handshake is still to be done.
    void secure(std::shared_ptr<TlsTrust> trust, const std::string& host, std::uint16_t port);
    Io handshake();

    Io read(std::span<char> into);
    /// Whether a read can find nothing that a wait would not announce: bytes that TLS has decrypted already lie where
    /// no wait sees them.
    bool waits_see_all() const { return tls_ == nullptr; }
    /// Sends what the kernel takes and marks it as sent. `record` serves to put pieces together for TLS and is wiped.
    Io write(Outbox& outbox, std::span<char> record);
    /// Until it can be read or written, the deadline passes, or it is woken: see woken().
    Task<void> wait(Want want, Moment deadline);

    /// Calls `then` once when more can be written, beside whoever waits to read; with false after it was woken. It may
    /// be dropped uncalled.
    void when_writable(std::move_only_function<void(bool)> then);

    /// What has come, as far as it fits, without taking it; 0 also where the other side has closed.
    std::size_t peek(std::span<char> into);
    /// Whether it is open and nothing has come that nobody asked for.
    bool quiet();
    std::optional<Timestamp> certificate_until() const {
        return tls_ != nullptr ? tls_->certificate_until() : std::nullopt;
    }
    bool resumed() const { return tls_ != nullptr && tls_->resumed(); }
    Moment idle_since{};

  private:
    struct Socket;
    void interrupt() override;

    std::unique_ptr<Socket> socket_;
    Ticker& ticker_;
    std::shared_ptr<TlsTrust> trust_;  ///< may have been replaced for connections to come
    std::unique_ptr<TlsStream> tls_;
};

}  // namespace bursar::providers
