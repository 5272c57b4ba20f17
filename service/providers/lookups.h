#pragma once

#include "service/edge/async.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bursar::providers {

/// What the system knows about a name: addresses as text, or what went wrong.
struct Found {
    std::vector<std::string> addresses;
    std::string error;
};
/// Blocking; called on any thread.
using Lookup = std::function<Found(const std::string& host)>;
Found system_lookup(const std::string& host);

/// Runs lookups on a few threads of its own, so that a name server that hangs for one name holds up no other. Threads
/// begin when they are needed. One shard.
class Lookups {
  public:
    static constexpr int threads_max = 4;

    Lookups(asio::io_context& shard, Lookup lookup);
    ~Lookups();
    Lookups(const Lookups&) = delete;
    Lookups& operator=(const Lookups&) = delete;

    /// `then` runs on the shard.
    void start(std::string host, std::move_only_function<void(Found)> then);
    /// No `then` runs after this. Does not wait: a thread that hangs ends on its own when the system lets it go.
    void stop();

  private:
    struct Queue;
    static void work(const std::shared_ptr<Queue>& queue);
    std::shared_ptr<Queue> queue_;
};

}  // namespace bursar::providers
