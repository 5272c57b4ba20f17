#include "service/edge/socket.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/socket.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace bursar::edge {
namespace {

constexpr std::size_t pieces_max = 16;
/// One TLS record.
constexpr std::size_t tls_write_max = 16 * 1024;

/// For one thread at a time: what is written as TLS must lie in one piece.
thread_local std::array<char, tls_write_max> tls_scratch;

/// Takes the socket out of Asio's hands, which would watch it a second time.
int taken(asio::ip::tcp::socket& accepted) {
    boost::system::error_code ignored;
    accepted.native_non_blocking(true, ignored);
    accepted.set_option(asio::ip::tcp::no_delay(true), ignored);
    return accepted.release(ignored);
}

}  // namespace

void SslFree::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Socket::Socket(asio::io_context& shard, asio::ip::tcp::socket accepted, ssl_ctx_st* tls)
    : descriptor_(shard, taken(accepted)) {
    if (!descriptor_.is_watched()) close();
    if (!open_ || tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), descriptor_.number()) != 1) {
        close();
        return;
    }
    SSL_set_accept_state(ssl_.get());
}

Socket::~Socket() = default;

Transfer Socket::of_ssl(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return blocked(Side::read);
        case SSL_ERROR_WANT_WRITE:
            return blocked(Side::write);
        case SSL_ERROR_ZERO_RETURN:
            return {Moved::closed};
        default:
            return {Moved::failed};
    }
}

Transfer Socket::blocked(Side side) {
    descriptor_.blocked(side);
    return {side == Side::read ? Moved::wants_read : Moved::wants_write};
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
    const ssize_t got = ::recv(descriptor_.number(), into.data(), into.size(), 0);
    if (got > 0) {
        if (static_cast<std::size_t>(got) < into.size()) descriptor_.drained();
        return {Moved::some, static_cast<std::size_t>(got)};
    }
    if (got == 0) return {Moved::closed};
    if (errno == EAGAIN) return blocked(Side::read);
    return errno == EINTR ? Transfer{Moved::wants_read} : Transfer{};
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
    const ssize_t sent = ::sendmsg(descriptor_.number(), &message, MSG_NOSIGNAL);
    if (sent >= 0) return {Moved::some, static_cast<std::size_t>(sent)};
    if (errno == EAGAIN) return blocked(Side::write);
    return errno == EINTR ? Transfer{Moved::wants_write} : Transfer{};
}

Task<bool> Socket::wait_readable(Moment deadline) {
    if (!open_) co_return false;
    read_deadline_ = deadline;
    auto begin = [this](auto handler) { descriptor_.when(Side::read, std::move(handler)); };
    const bool ready =
        co_await asio::async_initiate<const asio::deferred_t, void(bool)>(std::move(begin), asio::deferred);
    read_deadline_ = Moment::max();
    co_return ready;
}

Task<bool> Socket::wait_writable(Moment deadline) {
    if (!open_) co_return false;
    write_deadline_ = deadline;
    auto begin = [this](auto handler) { descriptor_.when(Side::write, std::move(handler)); };
    const bool ready =
        co_await asio::async_initiate<const asio::deferred_t, void(bool)>(std::move(begin), asio::deferred);
    write_deadline_ = Moment::max();
    co_return ready;
}

void Socket::on_readable(std::move_only_function<void(bool)> readable) {
    read_deadline_ = Moment::max();
    descriptor_.when(Side::read, std::move(readable));
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
    const ssize_t got = ::recv(descriptor_.number(), &byte, 1, MSG_PEEK);
    if (got > 0) return Peek::bytes;
    if (got < 0 && errno == EAGAIN) descriptor_.blocked(Side::read);
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? Peek::quiet : Peek::gone;
}

void Socket::tick(Moment now) {
    if (now >= read_deadline_) end_wait(Side::read);
    if (now >= write_deadline_) end_wait(Side::write);
}

void Socket::end_wait(Side side) {
    (side == Side::read ? read_deadline_ : write_deadline_) = Moment::max();
    if (auto waiting = descriptor_.take(side)) waiting(false);
}

void Socket::close() {
    if (!open_) return;
    open_ = false;
    descriptor_.close();
    end_wait(Side::read);
    end_wait(Side::write);
}

void Socket::shutdown_send() {
    // Its number may be another one's by now.
    if (!open_) return;
    if (ssl_ != nullptr) SSL_shutdown(ssl_.get());
    ::shutdown(descriptor_.number(), SHUT_WR);
}

}  // namespace bursar::edge
