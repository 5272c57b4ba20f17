#pragma once

#include "service/base/mutex.h"

#include <cstddef>
#include <map>
#include <string>
#include <utility>

namespace bursar::gateway {

/// Memory for the conversations that WebSockets keep between their messages: a part of what all bodies may take, so
/// that what lies there for an hour keeps nobody's calls out. Any thread.
class KeptRoom {
  public:
    /// Of one socket. Gives back all that it has.
    class Share {
      public:
        Share(KeptRoom& room, std::string owner) : room_(room), owner_(std::move(owner)) {}
        ~Share() { static_cast<void>(become(0)); }
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;
        /// Whether there is room for so many bytes in all; if not, it stays as it is. Less than before always has.
        [[nodiscard]] bool become(std::size_t bytes);

      private:
        KeptRoom& room_;
        std::string owner_;
        std::size_t bytes_ = 0;
    };

    /// What one owner's sockets have together, and never more than half of the room.
    static constexpr std::size_t owner_bytes_max = std::size_t{64} << 20;

    explicit KeptRoom(std::size_t bytes_max) : bytes_max_(bytes_max) {}
    std::size_t bytes() const;

  private:
    const std::size_t bytes_max_;
    mutable Mutex mutex_;
    std::size_t bytes_ GUARDED_BY(mutex_) = 0;
    std::map<std::string, std::size_t> of_owners_ GUARDED_BY(mutex_);
};

}  // namespace bursar::gateway
