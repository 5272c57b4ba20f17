#pragma once

#include "service/edge/exchange.h"
#include "service/edge/head_parser.h"
#include "service/edge/server.h"
#include "service/edge/socket.h"

#include <memory>
#include <optional>
#include <string>

namespace bursar::edge {

class WebSocket;

/// An unread body up to this size is read and dropped, so that the connection can stay.
inline constexpr std::int64_t skip_bytes_max = 256 * 1024;

/// What the connections of a server share; counters and caps are atomic, the rest does not change.
struct Shared {
    const Limits& limits;
    Handler& handler;
    const std::function<bool(const RequestHead&)>& is_control;
    Counters& counters;
    std::atomic<bool> draining{false};
    std::atomic<std::size_t> calls_now{0};
    std::atomic<std::size_t> body_bytes_now{0};  ///< of bodies that are read or in a handler's hands
};

/// One connection: requests one after the other until it closes. Lives as long as its run() and its shard's list.
class Connection final : public Exchange {
  public:
    /// `for_control`: beyond the cap for everybody; only the control plane may still be reached.
    Connection(std::shared_ptr<Socket> socket, std::string address, asio::any_io_executor executor,
               std::span<char> shard_buffer, Shared& shared, bool for_control);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();
    Task<void> run();

    Socket& socket() { return *socket_; }
    /// Between two requests: may be closed at a stop without harm.
    bool is_idle() const { return idle_; }
    /// A WebSocket between two messages: must be told of a stop.
    bool awaits_message() const;

    const RequestHead& head() const override { return request_.head; }
    const std::string& address() const override { return address_; }
    Moment started() const override { return started_; }
    asio::any_io_executor executor() const override { return executor_; }
    Task<Result<std::string>> read_body(std::size_t bytes_max) override;
    Task<Result<void>> respond(const ResponseHead& head, std::string_view body) override;
    Task<Result<void>> begin(const ResponseHead& head, std::string_view first) override;
    Task<Result<void>> write(std::string_view piece) override;
    Task<Result<void>> finish() override;
    void watch(std::function<void()> left) override;
    Task<Result<Messages*>> upgrade() override;
    bool draining() const override { return shared_.draining.load(std::memory_order_relaxed); }

  private:
    friend class WebSocket;
    enum class Answered : std::uint8_t { nothing, streaming, all };
    /// Copies what cannot be written at once, or trusts the caller to keep it.
    enum class Keep : std::uint8_t { copies, trusts };

    Task<bool> handshake();
    /// True: request_ is there. False: the connection is over, answered or not.
    Task<bool> next_head();
    Task<void> serve_request();
    Task<void> skip_body();
    Task<void> refuse(int status, std::string_view code, std::string_view text);
    Task<void> linger();
    // What mostly comes to its end at once is a plain function; only the rest of it, which waits, is a coroutine.
    /// some: all of it is out; else `pieces` is what is left, for write_rest().
    Moved write_now(std::span<std::string_view>& pieces);
    /// `stuck`: why not now. `whole`: when the last byte must be out.
    Task<Result<void>> write_rest(Moved stuck, std::span<std::string_view> pieces, Keep keep,
                                  Moment whole = Moment::max());
    /// As much of a body of known length as has come with its head.
    Result<void> take_pending(std::string& body);
    Task<Result<void>> read_length(std::string& body);
    Task<Result<void>> read_chunks(std::string& body, std::size_t bytes_max);
    /// Before a body's memory grows to so many bytes: overloaded where all bodies together would take too many.
    Result<void> count_body(std::size_t bytes);
    /// What is more than so many bytes does not count any more.
    void uncount_body(std::size_t bytes);
    void free_body();
    Task<bool> wait_for(Moved wanted, Moment deadline);
    /// some: there are more bytes in pending_.
    Moved receive_now();
    /// Until there are. `stuck`: why not now.
    Task<Result<void>> receive(Moved stuck, Moment deadline);
    void compose(std::string& out, const ResponseHead& head) const;
    bool keeps_alive() const;
    void look_whether_left();
    /// Takes what a client sends ahead. False: it stays where it is, and we do not listen any more.
    bool keep_for_later();
    static Error gone(std::string_view what) {
        return {Fault::malformed, "The client has closed the connection.", std::string(what)};
    }

    std::shared_ptr<Socket> socket_;
    std::string address_;
    asio::any_io_executor executor_;
    std::span<char> shard_buffer_;
    Shared& shared_;
    const bool for_control_;

    std::string pending_;  ///< received and not yet used
    ParsedHead request_;
    Moment started_{};
    Answered answered_ = Answered::nothing;
    bool body_read_ = false;
    std::size_t body_bytes_ = 0;  ///< what this connection has added to Shared::body_bytes_now
    bool control_ = false;        ///< the request is one for the control plane
    bool chunked_answer_ = false;
    bool only_head_ = false;
    bool closing_ = false;
    bool idle_ = true;
    std::function<void()> left_;
    std::unique_ptr<WebSocket> web_socket_;
};

}  // namespace bursar::edge
