#pragma once

#include "service/base/clock.h"
#include "service/edge/async.h"
#include "service/edge/readiness.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

struct ssl_st;
struct ssl_ctx_st;

namespace bursar::edge {

struct SslFree {
    void operator()(ssl_st* ssl) const;
};

/// How one try to read or write ended.
enum class Moved : std::uint8_t { some, wants_read, wants_write, closed, failed };
struct Transfer {
    Moved how = Moved::failed;
    std::size_t bytes = 0;
};

/// A connected socket, plain or TLS, driven by readiness: it owns no buffer while it waits. Every wait has a deadline
/// that the shard's tick looks at, so that a wait costs no timer.
class Socket : public std::enable_shared_from_this<Socket> {
  public:
    Socket(asio::io_context& shard, asio::ip::tcp::socket accepted, ssl_ctx_st* tls);
    ~Socket();

    bool is_tls() const { return ssl_ != nullptr; }
    Transfer handshake();
    Transfer read(std::span<char> into);
    /// As many bytes of the pieces, in order, as can be written now.
    Transfer write(std::span<const std::string_view> pieces);

    /// Until there is something to read (or the other side has closed). False: the deadline passed or the socket was
    /// closed by us.
    Task<bool> wait_readable(Moment deadline);
    Task<bool> wait_writable(Moment deadline);
    /// Calls `readable` once when there is something to read; replaces an earlier one. Empty: nobody listens.
    void on_readable(std::move_only_function<void(bool)> readable);
    /// Whether the other side has closed, as far as can be seen without taking bytes.
    enum class Peek : std::uint8_t { quiet, bytes, gone };
    Peek peek();

    bool is_due(Moment now) const { return now >= read_deadline_ || now >= write_deadline_; }
    /// Ends waits whose deadline has passed. On the shard.
    void tick(Moment now);
    /// Ends a wait for something to read.
    void stop_reading() { end_wait(Side::read); }
    /// Ends every wait and every later one.
    void close();
    void shutdown_send();
    bool is_open() const { return open_; }

  private:
    using Side = Descriptor::Side;
    Transfer of_ssl(int result);
    Transfer blocked(Side side);
    void end_wait(Side side);

    Descriptor descriptor_;
    std::unique_ptr<ssl_st, SslFree> ssl_;
    Moment read_deadline_ = Moment::max();
    Moment write_deadline_ = Moment::max();
    bool open_ = true;
};

}  // namespace bursar::edge
