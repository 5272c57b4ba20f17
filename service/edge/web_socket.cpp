#include "service/edge/web_socket.h"

#include <algorithm>
#include <array>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace bursar::edge {
namespace {

/// Control frames that a client who does not read may make us owe; beyond it pings have no answer.
constexpr std::size_t owed_bytes_max = 4096;
/// Read at a stretch, before other connections have their turn.
constexpr std::size_t turn_bytes = std::size_t{1} << 20;
/// Whoever waits keeps no more than this.
constexpr std::size_t pending_bytes_kept = 2048;
/// Pings that a client may send in so much time; nobody who means well comes near.
constexpr std::size_t pings_max = 1000;
constexpr std::chrono::seconds pings_in{10};

/// Whether a comma list in any header of that name has this word, without regard to case (RFC 9110 §5.6.1).
bool lists(const RequestHead& head, std::string_view name, std::string_view word) {
    constexpr std::string_view blanks = " \t";
    for (const Header& header : head.headers) {
        if (!equal_without_case(header.name, name)) continue;
        std::string_view rest = header.value;
        while (!rest.empty()) {
            std::string_view one = rest.substr(0, rest.find(','));
            rest.remove_prefix(std::min(one.size() + 1, rest.size()));
            one.remove_prefix(std::min(one.find_first_not_of(blanks), one.size()));
            one = one.substr(0, one.find_last_not_of(blanks) + 1);
            if (equal_without_case(one, word)) return true;
        }
    }
    return false;
}

Error client_gone() { return {Fault::malformed, "The client has closed the connection.", "the WebSocket is over"}; }

}  // namespace

Result<std::string> web_socket_answer(const ParsedHead& request) {
    const RequestHead& head = request.head;
    if (head.method != "GET" || request.http_1_0 || head.has_body || !lists(head, "connection", "upgrade") ||
        !lists(head, "upgrade", "websocket"))
        return fail(Fault::invalid_request,
                    "A WebSocket begins with GET in HTTP/1.1, without a body, with Connection: Upgrade and Upgrade: "
                    "websocket; a proxy on the way must pass these headers on.");
    if (head.header("sec-websocket-version") != "13")
        return fail(Fault::upgrade_refused, "Only version 13 of WebSocket is spoken here (Sec-WebSocket-Version: 13).");
    const std::optional<std::string> accept = accept_of(head.header("sec-websocket-key"));
    if (!accept) return fail(Fault::invalid_request, "Sec-WebSocket-Key must be 16 bytes in base64.");
    return "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: " +
           *accept + "\r\n\r\n";
}

Task<Result<Messages*>> Connection::upgrade() {
    const Result<std::string> answer = web_socket_answer(request_);
    if (!answer) co_return std::unexpected(answer.error());
    answered_ = Answered::all;
    // It ends with the connection.
    closing_ = true;
    web_socket_ = std::make_unique<WebSocket>(*this);
    std::array<std::string_view, 1> pieces = {*answer};
    std::span<std::string_view> left(pieces);
    const Moved how = write_now(left);
    Result<void> sent;
    if (how != Moved::some) sent = co_await write_rest(how, left, Keep::trusts);
    if (!sent) co_return std::unexpected(sent.error());
    co_return web_socket_.get();
}

Task<Received> WebSocket::next(std::size_t bytes_max, Moment until) {
    bytes_max_ = bytes_max;
    given_ = 0;
    if (std::exchange(counted_, false)) connection_.shared_.calls_now.fetch_sub(1, std::memory_order_relaxed);
    How how = How::overloaded;
    if (count()) how = co_await until_message(until);
    if (how == How::message) {
        counted_ = true;
        Shared& shared = connection_.shared_;
        if (shared.calls_now.fetch_add(1, std::memory_order_relaxed) >= shared.limits.calls_max) how = How::overloaded;
    }
    if (how == How::overloaded) connection_.shared_.counters.overloaded.fetch_add(1, std::memory_order_relaxed);
    if (how != How::message) co_return Received{.how = how};
    connection_.shared_.counters.requests.fetch_add(1, std::memory_order_relaxed);
    whole_ = false;
    given_ = message_.capacity();
    co_return Received{.how = how, .text = std::exchange(message_, {})};
}

Task<WebSocket::How> WebSocket::until_message(Moment until) {
    const Limits& limits = connection_.shared_.limits;
    Moment whole = Moment::max();
    std::size_t since_wait = 0;
    for (;;) {
        const std::optional<How> found = look();
        // Whoever is sending just now takes along what is owed.
        while (!owed_.empty() && !writing_ && connection_.socket_->is_open()) co_await write_all_owed();
        if (found && *found != How::message) co_return *found;
        // What has come by then, or half of it, would hold up the stop: who sent it hears why and asks again.
        if (connection_.draining()) co_return How::stopping;
        if (found) co_return *found;
        if (std::exchange(woken_, false)) co_return How::quiet;
        const bool begun = reader_.mid_message();
        const Moment now = moment_about();
        if (!begun) whole = Moment::max();
        if (begun && whole == Moment::max()) whole = now + limits.body;
        const Moment deadline = begun ? std::min(whole, now + limits.body_idle) : std::min(until, now + limits.ping);
        const Moved moved = connection_.receive_now();
        if (moved == Moved::some) {
            pinged_ = false;
            since_wait += connection_.pending_.size();
            if (since_wait < turn_bytes) continue;
            // No call that waits may be kept waiting by one that sends as fast as we read.
            since_wait = 0;
            co_await asio::post(connection_.executor_, asio::use_awaitable);
            continue;
        }
        if (moved == Moved::closed || moved == Moved::failed) co_return over();
        since_wait = 0;
        if (connection_.pending_.empty() && connection_.pending_.capacity() > pending_bytes_kept)
            std::string().swap(connection_.pending_);
        waiting_ = true;
        const bool ready = co_await connection_.wait_for(moved, deadline);
        waiting_ = false;
        if (ready) continue;
        if (!connection_.socket_->is_open()) co_return over();
        if (connection_.draining() || woken_) continue;
        if (begun) co_return How::too_slow;
        if (deadline == until) co_return How::quiet;
        if (std::exchange(pinged_, true)) co_return over();
        owe(Opcode::ping, {});
    }
}

WebSocket::How WebSocket::over() {
    state_ = State::over;
    return How::over;
}

std::optional<WebSocket::How> WebSocket::look() {
    if (state_ != State::open) return How::over;
    std::string_view rest = connection_.pending_;
    // Beyond the message too: whoever sends one and leaves at once wants no answer.
    while (!ended_ && !rest.empty() && state_ == State::open) {
        const auto begin = whole_ ? FrameReader::Begin::waits : FrameReader::Begin::may;
        const FrameReader::Step step = reader_.take(rest, message_, bytes_max_, begin);
        rest.remove_prefix(step.taken);
        if (!count()) ended_ = How::overloaded;
        if (step.got == FrameReader::Got::more || step.got == FrameReader::Got::waits) break;
        met(step.got);
    }
    connection_.pending_.erase(0, connection_.pending_.size() - rest.size());
    // Of several pings the newest is answered (RFC 6455 §5.5.3), and a client that closes wants no pong.
    const std::optional<std::string> ping = std::exchange(ping_, std::nullopt);
    if (state_ != State::open) return How::over;
    if (ping) owe(Opcode::pong, *ping);
    // A message for which there is no room is none, though all of it has come.
    if (whole_ && ended_ != How::overloaded) return How::message;
    return ended_;
}

void WebSocket::met(FrameReader::Got got) {
    switch (got) {
        case FrameReader::Got::message:
            whole_ = true;
            return;
        case FrameReader::Got::ping:
            met_ping();
            return;
        case FrameReader::Got::close:
            // The code that the client gave, given back (§5.5.1).
            owe(Opcode::close, reader_.control().substr(0, 2));
            state_ = State::over;
            return;
        case FrameReader::Got::too_large:
            ended_ = How::too_large;
            return;
        case FrameReader::Got::broken:
            connection_.shared_.counters.malformed.fetch_add(1, std::memory_order_relaxed);
            owe(Opcode::close, close_payload(reader_.why(), "This is no WebSocket message of text."));
            state_ = State::over;
            return;
        case FrameReader::Got::more:
        case FrameReader::Got::waits:
            return;
    }
}

void WebSocket::met_ping() {
    ping_ = std::string(reader_.control());
    const Moment now = moment_about();
    if (now >= pings_until_) {
        pings_until_ = now + pings_in;
        pings_ = 0;
    }
    if (++pings_ <= pings_max) return;
    connection_.shared_.counters.malformed.fetch_add(1, std::memory_order_relaxed);
    owe(Opcode::close, close_payload(CloseCode::not_permitted, "Too many pings."));
    state_ = State::over;
}

Task<Result<void>> WebSocket::send(std::span<const std::string_view> texts) {
    co_await take_turn();
    if (state_ != State::open) {
        give_turn();
        co_return std::unexpected(client_gone());
    }
    std::size_t bytes = owed_.size();
    for (const std::string_view text : texts) bytes += text.size() + 10;
    std::string out;
    out.reserve(bytes);
    out.append(std::exchange(owed_, {}));
    for (const std::string_view text : texts) append_frame(out, Opcode::text, text);
    Result<void> sent = co_await write(out);
    give_turn();
    write_owed();
    co_return sent;
}

Task<Result<void>> WebSocket::write(std::string_view bytes) {
    std::array<std::string_view, 1> pieces = {bytes};
    std::span<std::string_view> left(pieces);
    const Moved how = connection_.write_now(left);
    Result<void> sent;
    if (how != Moved::some) {
        const Limits& limits = connection_.shared_.limits;
        const auto for_size = std::chrono::seconds(bytes.size() / limits.answer_bytes_per_second_min);
        // As with a whole answer, every byte that is taken starts the deadline of a write anew.
        sent = co_await connection_.write_rest(how, left, Connection::Keep::trusts,
                                               moment_about() + limits.answer + for_size);
    }
    if (!sent) {
        // Half a frame may be out: nothing can follow it.
        state_ = State::over;
        connection_.socket_->close();
    }
    co_return sent;
}

Task<void> WebSocket::take_turn() {
    if (!std::exchange(writing_, true)) co_return;
    auto begin = [this](auto handler) { next_writer_ = std::move(handler); };
    co_await asio::async_initiate<const asio::deferred_t, void()>(std::move(begin), asio::deferred);
}

void WebSocket::give_turn() {
    if (next_writer_)
        asio::post(connection_.executor_, std::exchange(next_writer_, nullptr));
    else
        writing_ = false;
}

Task<void> WebSocket::write_all_owed() {
    co_await take_turn();
    const std::string out = std::exchange(owed_, {});
    const Result<void> sent = co_await write(out);
    give_turn();
    if (!sent) owed_.clear();
}

void WebSocket::owe(Opcode opcode, std::string_view payload) {
    if (owed_.size() > owed_bytes_max && opcode != Opcode::close) return;
    append_frame(owed_, opcode, payload);
    write_owed();
}

void WebSocket::write_owed() {
    if (writing_ || owed_.empty()) return;
    std::array<std::string_view, 1> pieces = {owed_};
    std::span<std::string_view> left(pieces);
    connection_.write_now(left);
    owed_.erase(0, owed_.size() - pieces.front().size());
}

Result<void> WebSocket::holds(std::size_t bytes) {
    const std::size_t given = std::exchange(given_, 0);
    const std::size_t held = std::exchange(held_, bytes);
    Result<void> counted = count();
    if (counted) return counted;
    given_ = given;
    held_ = held;
    return counted;
}

Result<void> WebSocket::count() {
    const std::size_t coming = message_.empty() ? 0 : message_.capacity();
    const std::size_t all = coming + given_ + held_;
    connection_.uncount_body(all);
    return connection_.count_body(all);
}

void WebSocket::watch(std::function<void()> left) {
    left_ = std::move(left);
    if (left_)
        look_whether_left();
    else
        connection_.socket_->on_readable({});
}

void WebSocket::wake() {
    woken_ = true;
    if (waiting_) connection_.socket_->stop_reading();
}

void WebSocket::cut() {
    state_ = State::over;
    connection_.socket_->close();
}

void WebSocket::look_whether_left() {
    connection_.socket_->on_readable([this](bool) {
        if (!left_) return;
        const Moved moved = connection_.receive_now();
        if (moved == Moved::closed || moved == Moved::failed) state_ = State::over;
        if (moved == Moved::some) pinged_ = false;
        static_cast<void>(look());
        if (state_ != State::open) {
            // It may end the watch, and with it the function.
            if (const auto left = std::exchange(left_, nullptr)) left();
            return;
        }
        // Nobody needs to send more ahead than one message, nor a long one: the rest stays where it is, and we do not
        // listen any more.
        const Limits& limits = connection_.shared_.limits;
        const bool enough =
            whole_ ? connection_.pending_.size() >= limits.head_bytes_max : message_.size() >= limits.ahead_bytes_max;
        if (!ended_ && !enough) look_whether_left();
    });
}

Task<void> WebSocket::close(CloseCode code, std::string_view reason) {
    if (state_ != State::open) co_return;
    owe(Opcode::close, close_payload(code, reason));
    state_ = State::over;
    if (!owed_.empty()) co_await write_all_owed();
}

}  // namespace bursar::edge
