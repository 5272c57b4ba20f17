#pragma once

#include "service/base/result.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace bursar::daemon {

using Environment = std::function<std::optional<std::string>(const char*)>;

/// Listening sockets that whoever started us opened for us (sd_listen_fds(3)); none if nobody did, or did for another
/// process than `own`. They are not inherited any further. wrong_configuration if what the environment says is no
/// number, or more than one would believe.
Result<std::vector<int>> inherited_sockets(const Environment& environment, pid_t own);

/// Whoever started us and wants to know how we are (sd_notify(3), sd_watchdog_enabled(3)). That page describes the
/// protocol and says that it stays: one datagram per message, so no library is needed. Without anybody all of it does
/// nothing.
class Supervisor {
  public:
    Supervisor(const Environment& environment, pid_t own);
    ~Supervisor();
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// "READY=1\nSTATUS=…". Never blocks; whoever does not listen misses it. One thread.
    void say(std::string_view state) const;
    /// How often to say WATCHDOG=1: three times in what is granted. None: nobody watches.
    std::optional<std::chrono::microseconds> watchdog_every() const { return watchdog_every_; }

  private:
    int socket_ = -1;  ///< connected; -1: nobody
    std::optional<std::chrono::microseconds> watchdog_every_;
};

/// Whether a number of threads still turn: each is asked to do a trifle, and whoever has not by the next beat hangs.
/// One thread.
class Pulse {
  public:
    /// Has thread `index` run `trifle` as soon as it can.
    using Post = std::function<void(std::size_t index, std::function<void()> trifle)>;
    Pulse(std::size_t threads, Post post) : threads_(threads), post_(std::move(post)) {}

    /// True if all have done what the last beat asked; then asks again. While one has not, nothing new is asked.
    bool beat();

  private:
    struct Waiting;
    std::size_t threads_;
    Post post_;
    std::shared_ptr<Waiting> waiting_;  ///< shared with trifles that may still be queued when this ends
};

}  // namespace bursar::daemon
