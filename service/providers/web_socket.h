#pragma once

#include "service/edge/exchange.h"
#include "service/providers/lease.h"
#include "service/providers/upstream.h"

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

// A WebSocket to a provider (RFC 6455), without extensions.
namespace bursar::providers {

/// What an answer of 101 lacks to be the answer to this key; empty: nothing (RFC 6455 §4.1).
std::string_view upgrade_flaw(const AnswerHead& head, std::string_view key);

/// Text messages both ways: one coroutine reads them with next(), others put() meanwhile. Pings are answered by next().
/// Dropping it closes the connection at once. Used by its shard only.
class WebSocket {
  public:
    /// More is read of no message.
    static constexpr std::size_t message_bytes_max = std::size_t{8} << 20;
    /// What may wait for the provider before somebody has to wait for taken().
    static constexpr std::size_t waiting_bytes_free = std::size_t{64} << 10;
    /// Of silence while somebody listens, before a ping; after as much again the other side is taken for gone.
    static constexpr std::chrono::seconds silence{30};
    /// For what was put, to be taken.
    static constexpr std::chrono::seconds stuck_max{30};

    /// `came`: what has been read behind the answer's head.
    static std::unique_ptr<WebSocket> make(Lease lease, std::string came);
    virtual ~WebSocket() = default;

    /// The next whole message. provider_unavailable: the other side has closed, broken the protocol or gone; it stays
    /// so.
    virtual Task<std::expected<std::string, Error>> next() = 0;
    /// One message, which goes out as the provider takes it. False: it is over, and none of it goes out.
    virtual bool put(std::string_view text) = 0;
    /// Until next to nothing waits. False: it is over, or was woken. One waits at a time.
    virtual Task<bool> taken() = 0;
    /// Ends the taken() that waits.
    virtual void wake() = 0;
    /// What lies in memory of it, both ways.
    virtual std::size_t bytes() const = 0;
    /// Calls `grown` whenever that has become much more.
    virtual void when_grown(std::move_only_function<void()> grown) = 0;
    /// To be called every few seconds: pings, and ends it where the other side is gone or takes nothing.
    virtual void tick(Moment now) = 0;
    /// Says why, if it can be said at once. Nothing can be put afterwards, and next() ends.
    virtual void close(edge::CloseCode code) = 0;
};

}  // namespace bursar::providers
