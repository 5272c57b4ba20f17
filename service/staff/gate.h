#pragma once

#include "service/base/mutex.h"

#include <chrono>
#include <cstddef>

namespace bursar::staff {

/// Lets so many through at once, and so many wait for them. A slow directory must not hold every thread of the control
/// plane, which has more than both together (admin::HttpServer).
class Gate {
  public:
    static constexpr std::size_t most = 6;
    static constexpr std::size_t waiting_most = 3;
    static constexpr std::chrono::milliseconds patience{1'000};

    class [[nodiscard]] Pass {
      public:
        explicit Pass(Gate* gate) : gate_(gate) {}
        Pass(Pass&& other) noexcept : gate_(other.gate_) { other.gate_ = nullptr; }
        Pass& operator=(Pass&&) = delete;
        ~Pass() {
            if (gate_ != nullptr) gate_->leave();
        }
        explicit operator bool() const { return gate_ != nullptr; }

      private:
        Gate* gate_;
    };

    /// Empty if nobody left in time, or too many wait already.
    Pass enter() {
        const MutexLock lock(mutex_);
        if (inside_ < most) return let_in();
        if (waiting_ >= waiting_most) return Pass(nullptr);
        ++waiting_;
        const auto until = std::chrono::steady_clock::now() + patience;
        bool in_time = true;
        while (inside_ >= most && in_time) in_time = left_.wait_until(mutex_, until);
        --waiting_;
        return inside_ < most ? let_in() : Pass(nullptr);
    }

  private:
    Pass let_in() REQUIRES(mutex_) {
        ++inside_;
        return Pass(this);
    }
    void leave() {
        const MutexLock lock(mutex_);
        --inside_;
        left_.notify_one();
    }

    Mutex mutex_;
    Condition left_;
    std::size_t inside_ GUARDED_BY(mutex_) = 0;
    std::size_t waiting_ GUARDED_BY(mutex_) = 0;
};

}  // namespace bursar::staff
