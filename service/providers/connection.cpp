#include "service/providers/connection.h"

#include "service/base/secret.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bursar::providers {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t pieces_per_write_max = 64;

Io io_of_errno(Io::Kind would_block) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {would_block};
    return {Io::Kind::failed, 0, std::strerror(errno)};
}

}  // namespace

void Outbox::sent(std::size_t bytes) {
    while (next_ < pieces_.size() && bytes >= pieces_[next_].size()) bytes -= pieces_[next_++].size();
    if (bytes > 0) pieces_[next_].remove_prefix(bytes);
}

struct Connection::Socket {
    explicit Socket(asio::io_context& shard) : tcp(shard) {}
    asio::ip::tcp::socket tcp;
};

Connection::Connection(asio::io_context& shard, Ticker& ticker)
    : socket_(std::make_unique<Socket>(shard)), ticker_(ticker) {}

Connection::~Connection() {
    tls_.reset();
    error_code ignored;
    socket_->tcp.close(ignored);
}

Task<std::expected<void, std::string>> Connection::connect(std::string address, std::uint16_t port, Moment deadline) {
    error_code error;
    const tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
    if (!error) socket_->tcp.open(endpoint.protocol(), error);
    if (!error) socket_->tcp.set_option(tcp::no_delay(true), error);
    if (error) co_return std::unexpected(error.message());
    {
        const Asleep asleep(ticker_, *this, deadline);
        co_await socket_->tcp.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    }
    if (woken() != Woken::no) co_return std::unexpected("no answer in time");
    if (!error) socket_->tcp.native_non_blocking(true, error);
    if (error) co_return std::unexpected(error.message());
    co_return std::expected<void, std::string>();
}

void Connection::secure(std::shared_ptr<TlsTrust> trust, const std::string& host, std::uint16_t port) {
    trust_ = std::move(trust);
    tls_ = TlsStream::make(*trust_, host, port, socket_->tcp.native_handle());
}

Io Connection::read(std::span<char> into) {
    if (tls_) return tls_->read(into);
    const auto got = ::recv(socket_->tcp.native_handle(), into.data(), into.size(), 0);
    if (got > 0) return {.bytes = static_cast<std::size_t>(got)};
    return got == 0 ? Io{Io::Kind::closed} : io_of_errno(Io::Kind::wants_read);
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
        const auto sent = ::sendmsg(socket_->tcp.native_handle(), &message, MSG_NOSIGNAL);
        if (sent < 0) return io_of_errno(Io::Kind::wants_write);
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
    const Io io = tls_->write({record.data(), filled});
    wipe(record.data(), filled);
    if (io.kind == Io::Kind::done) outbox.sent(io.bytes);
    return io;
}

Task<void> Connection::wait(Want want, Moment deadline) {
    if (woken() != Woken::no) co_return;
    const Asleep asleep(ticker_, *this, deadline);
    error_code ignored;
    if (want == Want::write_or_read) {
        using namespace asio::experimental::awaitable_operators;
        error_code ignored_too;
        co_await (
            socket_->tcp.async_wait(tcp::socket::wait_write, asio::redirect_error(asio::use_awaitable, ignored)) ||
            socket_->tcp.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, ignored_too)));
        co_return;
    }
    const auto readiness = want == Want::read ? tcp::socket::wait_read : tcp::socket::wait_write;
    co_await socket_->tcp.async_wait(readiness, asio::redirect_error(asio::use_awaitable, ignored));
}

std::size_t Connection::peek(std::span<char> into) {
    if (tls_) return tls_->peek(into);
    const auto got = ::recv(socket_->tcp.native_handle(), into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool Connection::quiet() {
    if (woken() != Woken::no) return false;
    if (tls_) return tls_->quiet();
    char byte = 0;
    const auto got = ::recv(socket_->tcp.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Connection::interrupt() {
    error_code ignored;
    socket_->tcp.cancel(ignored);
}

}  // namespace bursar::providers
