#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/edge/async.h"
#include "service/edge/http.h"

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace bursar::edge {

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
