#pragma once

#include "service/edge/exchange.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

namespace bursar::daemon {

/// Hands requests for the control plane to its socket, and its answers back. What arrives there was parsed and bounded
/// by the edge and is written anew, with a short list of headers: nothing that a client sends can pass for a word of
/// ours.
class ControlRelay {
  public:
    static constexpr std::size_t body_bytes_default = 16 * 1024 * 1024;
    /// Without credentials there is only the unsealing, which is small.
    static constexpr std::size_t body_bytes_max_anonymous = 64 * 1024;
    /// Whoever writes an Authorization header may send more, before anybody has looked at it: so many at a time.
    static constexpr int large_bodies_max = 8;
    static constexpr std::size_t header_bytes_max = 4 * 1024;
    static constexpr std::size_t answer_bytes_max = 64 * 1024 * 1024;
    static constexpr std::chrono::seconds deadline{120};

    explicit ControlRelay(std::filesystem::path socket, std::size_t body_bytes_max = body_bytes_default)
        : socket_(socket.string()), body_bytes_max_(body_bytes_max) {}

    /// One request over one connection of its own. Any shard.
    Task<void> serve(edge::Exchange& exchange);

  private:
    const std::string socket_;
    const std::size_t body_bytes_max_;
    std::atomic<int> large_bodies_now_{0};
};

}  // namespace bursar::daemon
