#include "service/providers/web_socket.h"

#include "service/base/crypto.h"
#include "service/edge/frames.h"
#include "service/providers/connection.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace bursar::providers {
namespace {

using edge::FrameReader;
using edge::Opcode;

// After so many reads that found something at once, the other coroutines of the shard come first: about one megabyte.
constexpr int reads_in_a_row_max = 16;
/// Of what was read and used, or sent: memory that is kept for the next.
constexpr std::size_t kept_bytes_max = 4096;
/// Memory that is nobody's to count yet.
constexpr std::size_t uncounted_bytes_max = 64 * 1024;
/// Pings that wait for their pong because the provider takes nothing.
constexpr std::size_t owed_bytes_max = 64 * 1024;

class PoolSocket final : public WebSocket {
  public:
    PoolSocket(Lease lease, std::string came)
        : lease_(std::move(lease)), reader_(edge::Sender::server), came_(std::move(came)), heard_(moment_about()) {}

    Task<std::expected<std::string, Error>> next() override;
    bool put(std::string_view text) override {
        if (over_) return false;
        frame(Opcode::text, text);
        return true;
    }
    Task<bool> taken() override;
    void wake() override {
        if (waiter_) std::exchange(waiter_, nullptr)(false);
    }
    std::size_t bytes() const override { return came_.capacity() + message_.capacity() + out_.capacity(); }
    void when_grown(std::move_only_function<void()> grown) override { grown_ = std::move(grown); }
    void tick(Moment now) override;
    void close(edge::CloseCode code) override;

  private:
    Connection& connection() { return lease_.connection(); }
    std::size_t waiting() const { return out_.size() - out_at_; }
    void frame(Opcode opcode, std::string_view payload);
    /// As much as is taken now.
    void write();
    void await_room();
    /// Until something can be written again, by whoever reads.
    Task<void> room();
    void look_at_waiter();
    void look_at_size();
    void end(std::string why);
    std::optional<std::string> look();
    void met(FrameReader::Got got);
    Task<void> read();
    std::unexpected<Error> ended_error() const {
        return std::unexpected(unavailable(lease_.target(), "WebSocket", why_));
    }

    Lease lease_;
    FrameReader reader_;
    std::string came_;     ///< and was not looked at yet
    std::string message_;  ///< as far as it has come
    bool whole_ = false;
    std::string out_;  ///< frames on their way
    std::size_t out_at_ = 0;
    bool awaits_room_ = false;
    Moment stuck_since_ = Moment::max();
    bool reading_ = false;  ///< next() waits
    Moment heard_;          ///< something, or that next() began to wait
    bool pinged_ = false;
    bool over_ = false;
    std::string why_;
    int reads_in_a_row_ = 0;
    std::move_only_function<void(bool)> waiter_;  ///< of taken()
    std::move_only_function<void()> held_up_;     ///< of room()
    std::move_only_function<void()> grown_;
    std::size_t counted_ = 0;
};

Task<std::expected<std::string, Error>> PoolSocket::next() {
    std::string thrown;
    reading_ = true;
    heard_ = moment_about();
    const auto listening = [](bool* reading) { *reading = false; };
    const std::unique_ptr<bool, decltype(listening)> guard(&reading_, listening);
    try {
        for (;;) {
            if (auto message = look()) co_return *std::move(message);
            if (over_) co_return ended_error();
            co_await read();
        }
    } catch (const std::exception& exception) {
        thrown = exception.what();
    }
    end(thrown);
    co_return ended_error();
}

/// Reads what has come, as far as one whole message.
std::optional<std::string> PoolSocket::look() {
    std::string_view rest = came_;
    while (!whole_ && !over_ && !rest.empty()) {
        const FrameReader::Step step = reader_.take(rest, message_, message_bytes_max, FrameReader::Begin::may);
        rest.remove_prefix(step.taken);
        if (step.got == FrameReader::Got::more) break;
        met(step.got);
    }
    came_.erase(0, came_.size() - rest.size());
    if (came_.empty() && came_.capacity() > kept_bytes_max) std::string().swap(came_);
    if (over_ || !std::exchange(whole_, false)) return std::nullopt;
    return std::exchange(message_, {});
}

void PoolSocket::met(FrameReader::Got got) {
    switch (got) {
        case FrameReader::Got::message:
            whole_ = true;
            return;
        case FrameReader::Got::ping:
            if (waiting() <= owed_bytes_max) frame(Opcode::pong, reader_.control());
            return;
        case FrameReader::Got::close: {
            const std::string_view said = reader_.control();
            std::string why = "the provider closed it";
            if (said.size() >= 2) {
                const unsigned code = static_cast<unsigned>(static_cast<unsigned char>(said[0])) << 8U |
                                      static_cast<unsigned char>(said[1]);
                why += fmt::format(" with {}: {}", code, said.substr(2));
            }
            frame(Opcode::close, std::string(said.substr(0, 2)));
            end(std::move(why));
            return;
        }
        case FrameReader::Got::too_large:
            close(edge::CloseCode::too_large);
            why_ = fmt::format("a message of more than {} bytes", message_bytes_max);
            return;
        case FrameReader::Got::broken:
            close(reader_.why());
            why_ = fmt::format("what the provider sent is no WebSocket message of text ({})",
                               static_cast<unsigned>(reader_.why()));
            return;
        case FrameReader::Got::more:
        case FrameReader::Got::waits:
            return;
    }
}

Task<void> PoolSocket::read() {
    if (reads_in_a_row_ == reads_in_a_row_max) {
        reads_in_a_row_ = 0;
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        if (over_) co_return;
    }
    const auto buffer = lease_.shard().buffers.bytes().first(Buffers::read_bytes);
    Io io = connection().read(buffer);
    switch (io.kind) {
        case Io::Kind::done:
            ++reads_in_a_row_;
            heard_ = moment_about();
            pinged_ = false;
            came_.append(buffer.data(), io.bytes);
            look_at_size();
            // What TLS wanted to read before it could write may have been this.
            if (!over_) write();
            co_return;
        case Io::Kind::wants_write:
            reads_in_a_row_ = 0;
            co_await room();
            co_return;
        case Io::Kind::wants_read:
            reads_in_a_row_ = 0;
            co_await connection().wait(Connection::Want::read, Moment::max());
            if (connection().woken() != Woken::no) end("ended by us");
            co_return;
        case Io::Kind::closed:
            end("the connection was closed without a word");
            co_return;
        case Io::Kind::failed:
            end(std::move(io.why));
            co_return;
    }
}

void PoolSocket::frame(Opcode opcode, std::string_view payload) {
    edge::Mask mask{};
    fill_random(mask);
    edge::append_masked_frame(out_, opcode, payload, mask);
    write();
    if (!over_) look_at_size();
}

void PoolSocket::write() {
    while (waiting() > 0 && !awaits_room_) {
        Outbox outbox;
        outbox.add(std::string_view(out_).substr(out_at_));
        Io io = connection().write(outbox, lease_.shard().buffers.record());
        if (io.kind == Io::Kind::done) {
            out_at_ += io.bytes;
            stuck_since_ = Moment::max();
            continue;
        }
        if (io.kind == Io::Kind::wants_write || io.kind == Io::Kind::wants_read) {
            // TLS that wants to read first is read by next(), and the tick tries again.
            if (stuck_since_ == Moment::max()) stuck_since_ = moment_about();
            if (io.kind == Io::Kind::wants_write) await_room();
            break;
        }
        end(io.why.empty() ? std::string("the connection was closed") : std::move(io.why));
        return;
    }
    if (waiting() == 0) {
        out_at_ = 0;
        out_.clear();
        if (out_.capacity() > kept_bytes_max) std::string().swap(out_);
    }
    look_at_waiter();
}

/// Of one side one waits: whoever reads, and has to write first, waits here too.
void PoolSocket::await_room() {
    if (std::exchange(awaits_room_, true)) return;
    connection().when_writable([this](bool ready) {
        awaits_room_ = false;
        if (ready && !over_) write();
        if (held_up_) std::exchange(held_up_, nullptr)();
    });
}

Task<void> PoolSocket::room() {
    const auto executor = co_await asio::this_coro::executor;
    auto begin = [this, executor](auto handler) {
        held_up_ = [executor, then = std::move(handler)]() mutable { asio::post(executor, std::move(then)); };
        await_room();
    };
    co_await asio::async_initiate<const asio::deferred_t, void()>(std::move(begin), asio::deferred);
}

void PoolSocket::look_at_size() {
    const std::size_t now = bytes();
    counted_ = std::min(counted_, now);
    if (now - counted_ <= uncounted_bytes_max) return;
    counted_ = now;
    if (grown_) grown_();
}

void PoolSocket::look_at_waiter() {
    if (!waiter_ || (!over_ && waiting() > waiting_bytes_free)) return;
    std::exchange(waiter_, nullptr)(!over_);
}

Task<bool> PoolSocket::taken() {
    if (over_ || waiting() <= waiting_bytes_free) co_return !over_;
    const auto executor = co_await asio::this_coro::executor;
    auto begin = [this, executor](auto handler) {
        // Whoever waits goes on in a turn of its own, not within what another one does.
        waiter_ = [executor, then = std::move(handler)](bool open) mutable {
            asio::post(executor, [then = std::move(then), open]() mutable { std::move(then)(open); });
        };
    };
    const bool open =
        co_await asio::async_initiate<const asio::deferred_t, void(bool)>(std::move(begin), asio::deferred);
    co_return open;
}

void PoolSocket::tick(Moment now) {
    if (over_) return;
    write();
    if (over_) return;
    if (stuck_since_ != Moment::max() && now - stuck_since_ >= stuck_max)
        return end("the provider takes nothing any more");
    // Nothing can be heard while whoever would listen does something else.
    if (!reading_) return;
    if (now - heard_ >= 2 * silence) return end("the provider is silent");
    if (now - heard_ >= silence && !std::exchange(pinged_, true)) frame(Opcode::ping, {});
}

void PoolSocket::close(edge::CloseCode code) {
    if (over_) return;
    frame(Opcode::close, edge::close_payload(code, {}));
    end("ended by us");
}

void PoolSocket::end(std::string why) {
    if (std::exchange(over_, true)) return;
    why_ = std::move(why);
    // next() may wait, and nothing wakes it any more.
    connection().wake(Woken::cancelled);
    look_at_waiter();
}

}  // namespace

std::string_view upgrade_flaw(const AnswerHead& head, std::string_view key) {
    if (!edge::equal_without_case(head.header("upgrade"), "websocket")) return "its answer upgrades to no WebSocket";
    if (head.header("sec-websocket-accept") != edge::accept_of(key)) return "its answer is that to another key";
    if (!head.header("sec-websocket-extensions").empty() || !head.header("sec-websocket-protocol").empty())
        return "its answer has an extension or a protocol that was not asked for";
    return {};
}

std::unique_ptr<WebSocket> WebSocket::make(Lease lease, std::string came) {
    return std::make_unique<PoolSocket>(std::move(lease), std::move(came));
}

}  // namespace bursar::providers
