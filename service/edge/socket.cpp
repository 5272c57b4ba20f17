#include "service/edge/socket.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/socket.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace bursar::edge {
namespace {

constexpr std::size_t pieces_max = 16;
/// One TLS record.
constexpr std::size_t tls_write_max = 16 * 1024;

/// For one thread at a time: what is written as TLS must lie in one piece.
thread_local std::array<char, tls_write_max> tls_scratch;

}  // namespace

void SslFree::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Socket::Socket(asio::ip::tcp::socket socket, ssl_ctx_st* tls) : socket_(std::move(socket)) {
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), socket_.native_handle()) != 1) {
        close();
        return;
    }
    SSL_set_accept_state(ssl_.get());
}

Socket::~Socket() = default;

Transfer Socket::of_ssl(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return {Moved::wants_read};
        case SSL_ERROR_WANT_WRITE:
            return {Moved::wants_write};
        case SSL_ERROR_ZERO_RETURN:
            return {Moved::closed};
        default:
            return {Moved::failed};
    }
}

Transfer Socket::handshake() {
    if (!open_) return {};
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    return result == 1 ? Transfer{Moved::some} : of_ssl(result);
}

Transfer Socket::read(std::span<char> into) {
    if (!open_) return {};
    if (ssl_ != nullptr) {
        ERR_clear_error();
        const int result = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
        return result > 0 ? Transfer{Moved::some, static_cast<std::size_t>(result)} : of_ssl(result);
    }
    const ssize_t got = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    if (got > 0) return {Moved::some, static_cast<std::size_t>(got)};
    if (got == 0) return {Moved::closed};
    return errno == EAGAIN || errno == EINTR ? Transfer{Moved::wants_read} : Transfer{};
}

Transfer Socket::write(std::span<const std::string_view> pieces) {
    if (!open_) return {};
    if (ssl_ != nullptr) {
        std::size_t filled = 0;
        for (const std::string_view piece : pieces) {
            const std::size_t part = std::min(piece.size(), tls_scratch.size() - filled);
            std::memcpy(tls_scratch.data() + filled, piece.data(), part);
            filled += part;
        }
        ERR_clear_error();
        const int result = SSL_write(ssl_.get(), tls_scratch.data(), static_cast<int>(filled));
        return result > 0 ? Transfer{Moved::some, static_cast<std::size_t>(result)} : of_ssl(result);
    }
    std::array<iovec, pieces_max> vectors{};
    std::size_t count = 0;
    for (const std::string_view piece : pieces)
        if (!piece.empty() && count < vectors.size())
            vectors[count++] = {const_cast<char*>(piece.data()), piece.size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (sent >= 0) return {Moved::some, static_cast<std::size_t>(sent)};
    return errno == EAGAIN || errno == EINTR ? Transfer{Moved::wants_write} : Transfer{};
}

void Socket::arm_read() {
    if (read_armed_ || !open_) return;
    read_armed_ = true;
    socket_.async_wait(asio::ip::tcp::socket::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                           self->read_armed_ = false;
                           self->read_deadline_ = Moment::max();
                           if (auto readable = std::exchange(self->readable_, nullptr)) readable(!error && self->open_);
                       });
}

void Socket::arm_write() {
    if (write_armed_ || !open_) return;
    write_armed_ = true;
    socket_.async_wait(asio::ip::tcp::socket::wait_write,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                           self->write_armed_ = false;
                           self->write_deadline_ = Moment::max();
                           if (auto writable = std::exchange(self->writable_, nullptr)) writable(!error && self->open_);
                       });
}

Task<bool> Socket::wait_readable(Moment deadline) {
    if (!open_) co_return false;
    auto begin = [this, deadline](auto handler) {
        readable_ = std::move(handler);
        read_deadline_ = deadline;
        arm_read();
    };
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(bool)>(std::move(begin),
                                                                                       asio::use_awaitable);
}

Task<bool> Socket::wait_writable(Moment deadline) {
    if (!open_) co_return false;
    auto begin = [this, deadline](auto handler) {
        writable_ = std::move(handler);
        write_deadline_ = deadline;
        arm_write();
    };
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(bool)>(std::move(begin),
                                                                                       asio::use_awaitable);
}

void Socket::on_readable(std::move_only_function<void(bool)> readable) {
    readable_ = std::move(readable);
    read_deadline_ = Moment::max();
    if (!readable_) return;
    arm_read();
}

Socket::Peek Socket::peek() {
    if (!open_) return Peek::gone;
    char byte = 0;
    if (ssl_ != nullptr) {
        ERR_clear_error();
        const int result = SSL_peek(ssl_.get(), &byte, 1);
        if (result > 0) return Peek::bytes;
        const Moved how = of_ssl(result).how;
        return how == Moved::wants_read || how == Moved::wants_write ? Peek::quiet : Peek::gone;
    }
    const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK);
    if (got > 0) return Peek::bytes;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? Peek::quiet : Peek::gone;
}

void Socket::tick(Moment now) {
    if (now >= read_deadline_) {
        read_deadline_ = Moment::max();
        if (auto readable = std::exchange(readable_, nullptr)) readable(false);
    }
    if (now >= write_deadline_) {
        write_deadline_ = Moment::max();
        if (auto writable = std::exchange(writable_, nullptr)) writable(false);
    }
}

void Socket::close() {
    if (!open_) return;
    open_ = false;
    boost::system::error_code ignored;
    socket_.close(ignored);
    // The armed waits end with an error by themselves; whoever waits is told now.
    if (auto readable = std::exchange(readable_, nullptr)) readable(false);
    if (auto writable = std::exchange(writable_, nullptr)) writable(false);
}

void Socket::shutdown_send() {
    boost::system::error_code ignored;
    if (ssl_ != nullptr) SSL_shutdown(ssl_.get());
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

}  // namespace bursar::edge
