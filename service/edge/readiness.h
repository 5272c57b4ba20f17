#pragma once

#include "service/edge/async.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace bursar::edge {

class Readiness;

/// A connected socket that its shard watches for as long as it is open. The kernel tells each change once
/// (edge-triggered, epoll(7)) and is asked for nothing again: a wait costs no system call. What was told and is not yet
/// known to be over stays marked, so that nobody who waits late waits in vain; hence whoever reads or writes has to say
/// what came of it: blocked(), drained(). While a shard has descriptors, its io_context does not run out of work.
/// Shard's thread only.
class Descriptor {
  public:
    enum class Side : std::uint8_t { read, write };
    using Then = std::move_only_function<void(bool)>;

    /// Takes `number`, which must not block and be in no other epoll set.
    Descriptor(asio::io_context& shard, int number);
    ~Descriptor() { close(); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    /// False: the kernel had no memory for it. Every wait ends with false.
    bool is_watched() const { return place_ != nowhere; }
    int number() const { return number_; }

    /// Calls `then` once, from the shard's loop: with true when a try of that side can come to something, errors and
    /// ends included; with false after wake(). Replaces an earlier one; an empty one means that nobody waits. The shard
    /// may destroy it uncalled when it ends.
    void when(Side side, Then then);
    /// Whoever waits, who waits no longer.
    Then take(Side side) { return std::exchange(at(side).then, nullptr); }
    /// Ends the waits under way, soon and never from within this call.
    void wake();

    /// The last try found nothing (EAGAIN): only what the kernel tells from now on is news.
    void blocked(Side side) { at(side).may_be_ready = false; }
    /// A read of a plain stream got less than it had room for: there is no more, unless the other side has closed,
    /// which is told together with its last bytes and must not be forgotten.
    void drained() {
        if (!hung_up_) at(Side::read).may_be_ready = false;
    }

    /// Nobody is told; whoever waits stays to be taken.
    void close();

  private:
    friend class Readiness;
    static constexpr std::size_t nowhere = SIZE_MAX;

    struct Half {
        Then then;
        bool may_be_ready;
    };
    Half& at(Side side) { return halves_[static_cast<std::size_t>(side)]; }
    void call_if_ready(Side side);

    Readiness& readiness_;
    std::array<Half, 2> halves_;
    std::size_t place_ = nowhere;
    int number_;
    bool hung_up_ = false;
    bool woken_ = false;
    bool called_soon_ = false;
};

}  // namespace bursar::edge
