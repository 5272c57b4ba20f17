#include "service/providers/connection.h"

#include "service/base/secret.h"
#include "service/edge/readiness.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bursar::providers {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
using Side = edge::Descriptor::Side;

constexpr std::size_t pieces_per_write_max = 64;

}  // namespace

void Outbox::sent(std::size_t bytes) {
    while (next_ < pieces_.size() && bytes >= pieces_[next_].size()) bytes -= pieces_[next_++].size();
    if (bytes > 0) pieces_[next_].remove_prefix(bytes);
}

struct Connection::Socket {
    explicit Socket(asio::io_context& of_shard) : shard(of_shard), connecting(of_shard) {}

    int number() const { return descriptor->number(); }
    /// What a try with TLS came to; the descriptor hears of it.
    Io heard(Io io) {
        if (io.kind == Io::Kind::wants_read) descriptor->blocked(Side::read);
        if (io.kind == Io::Kind::wants_write) descriptor->blocked(Side::write);
        return io;
    }
    /// What a try without came to.
    Io of_errno(Side side) {
        const Io::Kind wants = side == Side::read ? Io::Kind::wants_read : Io::Kind::wants_write;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return heard({wants});
        if (errno == EINTR) return {wants};
        return {Io::Kind::failed, 0, std::strerror(errno)};
    }
    /// Of a coroutine that waits for either side: the first one that is called calls it, the other then does nothing.
    template <typename Handler>
    void when_either(Handler handler) {
        const auto once = std::make_shared<edge::Descriptor::Then>(std::move(handler));
        for (const Side side : {Side::read, Side::write})
            descriptor->when(side, [once](bool ready) {
                if (auto then = std::exchange(*once, nullptr)) then(ready);
            });
    }

    asio::io_context& shard;
    tcp::socket connecting;
    std::optional<edge::Descriptor> descriptor;  ///< once it is connected
};

Connection::Connection(asio::io_context& shard, Ticker& ticker)
    : socket_(std::make_unique<Socket>(shard)), ticker_(ticker) {}

Connection::~Connection() { tls_.reset(); }

Task<std::expected<void, std::string>> Connection::connect(std::string address, std::uint16_t port, Moment deadline) {
    error_code error;
    const tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
    tcp::socket& connecting = socket_->connecting;
    if (!error) connecting.open(endpoint.protocol(), error);
    if (!error) connecting.set_option(tcp::no_delay(true), error);
    if (error) co_return std::unexpected(error.message());
    {
        const Asleep asleep(ticker_, *this, deadline);
        co_await connecting.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    }
    if (woken() != Woken::no) co_return std::unexpected("no answer in time");
    if (!error) connecting.native_non_blocking(true, error);
    int number = -1;
    if (!error) number = connecting.release(error);
    if (error) co_return std::unexpected(error.message());
    socket_->descriptor.emplace(socket_->shard, number);
    if (!socket_->descriptor->is_watched()) co_return std::unexpected("the system has no memory to watch it");
    co_return std::expected<void, std::string>();
}

void Connection::secure(std::shared_ptr<TlsTrust> trust, const std::string& host, std::uint16_t port) {
    trust_ = std::move(trust);
    tls_ = TlsStream::make(*trust_, host, port, socket_->number());
}

Io Connection::handshake() { return socket_->heard(tls_->handshake()); }

Io Connection::read(std::span<char> into) {
    if (tls_) return socket_->heard(tls_->read(into));
    const auto got = ::recv(socket_->number(), into.data(), into.size(), 0);
    if (got > 0) {
        if (static_cast<std::size_t>(got) < into.size()) socket_->descriptor->drained();
        return {.bytes = static_cast<std::size_t>(got)};
    }
    return got == 0 ? Io{Io::Kind::closed} : socket_->of_errno(Side::read);
}

Io Connection::write(Outbox& outbox, std::span<char> record) {
    if (!tls_) {
        std::array<iovec, pieces_per_write_max> parts{};
        const auto pieces = outbox.pieces();
        const std::size_t count = std::min(pieces.size(), parts.size());
        for (std::size_t i = 0; i < count; ++i) parts[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = count;
        const auto sent = ::sendmsg(socket_->number(), &message, MSG_NOSIGNAL);
        if (sent < 0) return socket_->of_errno(Side::write);
        outbox.sent(static_cast<std::size_t>(sent));
        return {.bytes = static_cast<std::size_t>(sent)};
    }
    // One record for the head and the beginning of the body; the same bytes again after wants_*, as OpenSSL demands.
    std::size_t filled = 0;
    for (const auto& piece : outbox.pieces()) {
        const std::size_t taken = std::min(piece.size(), record.size() - filled);
        std::memcpy(record.data() + filled, piece.data(), taken);
        filled += taken;
        if (filled == record.size()) break;
    }
    Io io = socket_->heard(tls_->write({record.data(), filled}));
    wipe(record.data(), filled);
    if (io.kind == Io::Kind::done) outbox.sent(io.bytes);
    return io;
}

Task<void> Connection::wait(Want want, Moment deadline) {
    if (woken() != Woken::no) co_return;
    const Asleep asleep(ticker_, *this, deadline);
    auto begin = [this, want](auto handler) {
        if (want == Want::write_or_read)
            socket_->when_either(std::move(handler));
        else
            socket_->descriptor->when(want == Want::read ? Side::read : Side::write, std::move(handler));
    };
    co_await asio::async_initiate<const asio::deferred_t, void(bool)>(std::move(begin), asio::deferred);
    if (want == Want::write_or_read)
        for (const Side side : {Side::read, Side::write}) socket_->descriptor->when(side, nullptr);
}

void Connection::when_writable(std::move_only_function<void(bool)> then) {
    socket_->descriptor->when(Side::write, std::move(then));
}

std::size_t Connection::peek(std::span<char> into) {
    const auto got =
        tls_ ? static_cast<ssize_t>(tls_->peek(into)) : ::recv(socket_->number(), into.data(), into.size(), MSG_PEEK);
    if (got > 0) return static_cast<std::size_t>(got);
    // Or whoever waits for more would be called at once, and again.
    socket_->descriptor->blocked(Side::read);
    return 0;
}

bool Connection::quiet() {
    if (woken() != Woken::no) return false;
    if (tls_) return tls_->quiet();
    char byte = 0;
    const auto got = ::recv(socket_->number(), &byte, 1, MSG_PEEK);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Connection::interrupt() {
    error_code ignored;
    if (socket_->descriptor)
        socket_->descriptor->wake();
    else
        socket_->connecting.cancel(ignored);
}

}  // namespace bursar::providers
