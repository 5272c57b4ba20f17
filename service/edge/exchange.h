#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/edge/async.h"
#include "service/edge/http.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace bursar::edge {

/// What a WebSocket has had to say (RFC 6455).
struct Received {
    enum class How : std::uint8_t {
        message,     ///< a whole text message
        quiet,       ///< nothing has begun to come by then
        too_large,   ///< a message of more bytes than may be
        too_slow,    ///< a message that did not come to its end
        overloaded,  ///< no room for a message, or for one more call
        stopping,    ///< the service stops
        over,        ///< the client has closed, is gone or broke the protocol: nothing can be said any more
    };
    How how = How::over;
    std::string text{};
};

/// Why a WebSocket ends, in its own words (RFC 6455 §7.4.1).
enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    no_text = 1003,
    not_utf8 = 1007,
    not_permitted = 1008,
    too_large = 1009,
    internal = 1011,
    service_restart = 1012,
    try_again_later = 1013,
};

/// What a connection is after its upgrade: text messages both ways. Lives as long as its exchange, on its shard. Pings
/// are answered and sent whoever waits for what. A message that comes while the handler does something else waits; more
/// than one, or than the beginning of a long one, is not read. The whole of it counts as a call in work from next()'s
/// end to the following one's beginning.
class Messages {
  public:
    /// The next message of at most `bytes_max`, if it begins before `until`. Others may send() meanwhile, one at a
    /// time. After anything but message and quiet, close() is all that is left. The bytes of a message count among all
    /// bodies until holds() says what of them is kept.
    virtual Task<Received> next(std::size_t bytes_max, Moment until) = 0;
    /// One message each, in one write where it can be, by the deadline of a whole answer of that size. The texts need
    /// not outlive the first wait. An error means that
    /// the client is gone.
    virtual Task<Result<void>> send(std::span<const std::string_view> texts) = 0;
    /// What whoever serves these messages keeps in memory for them, in all: it counts among all bodies. overloaded:
    /// there is no room, and what counted before counts on.
    virtual Result<void> holds(std::size_t bytes) = 0;
    /// As Exchange::watch().
    virtual void watch(std::function<void()> left) = 0;
    /// Ends the next() that waits, or else the one to come: nothing has come by then (quiet).
    virtual void wake() = 0;
    /// Ends the connection without a word, and every send() and next() that waits, with it.
    virtual void cut() = 0;
    /// Says why, once; nothing can be sent afterwards. `reason` has at most 123 bytes.
    virtual Task<void> close(CloseCode code, std::string_view reason) = 0;

  protected:
    ~Messages() = default;
};

/// One request and its answer on one connection. Lives until the handler's coroutine ends; used by its shard only. A
/// handler that returns without having answered, or in the middle of a stream, has its connection closed.
class Exchange {
  public:
    virtual const RequestHead& head() const = 0;
    virtual const std::string& address() const = 0;  ///< the peer's IP address, without the port
    virtual Moment started() const = 0;              ///< when the head was complete
    virtual asio::any_io_executor executor() const = 0;

    /// The whole body, at most `bytes_max`: too_large, too_slow, overloaded (the bodies of all requests together),
    /// malformed (bad chunks, early end). Answers "Expect: 100-continue" first. A handler that streams its answer frees
    /// the body before: from then on it does not count.
    virtual Task<Result<std::string>> read_body(std::size_t bytes_max) = 0;

    /// A whole answer in one write where it can be.
    virtual Task<Result<void>> respond(const ResponseHead& head, std::string_view body) = 0;

    /// A streamed answer: head now with the first pieces (chunked), then pieces, then finish(). A write waits for the
    /// client, bounded by the write deadline; an error means that the client is gone.
    virtual Task<Result<void>> begin(const ResponseHead& head, std::string_view first) = 0;
    virtual Task<Result<void>> write(std::string_view piece) = 0;
    virtual Task<Result<void>> finish() = 0;

    /// Calls `left` (at most once, on the shard) when the client closes or resets while the answer is awaited or
    /// streamed. Bytes that the client sends meanwhile (a pipelined request) are kept. Stops watching when the exchange
    /// ends or with an empty function.
    virtual void watch(std::function<void()> left) = 0;

    /// Makes a WebSocket of the connection (RFC 6455 §4.2) instead of an answer: nothing else of the exchange may be
    /// used then but what does not touch the connection. invalid_request, upgrade_refused (another version); the
    /// request can still be answered then.
    virtual Task<Result<Messages*>> upgrade() = 0;

    /// Whether the service is stopping: streams should end themselves honestly once `drain_deadline` has passed.
    virtual bool draining() const = 0;

  protected:
    ~Exchange() = default;
};

/// What serves requests behind the edge. One object for all shards: it must be safe to call from each of them.
class Handler {
  public:
    virtual ~Handler() = default;
    virtual Task<void> serve(Exchange& exchange) = 0;
};

}  // namespace bursar::edge
