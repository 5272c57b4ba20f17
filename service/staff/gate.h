#pragma once

#include "service/base/mutex.h"

#include <chrono>
#include <cstddef>

namespace bursar::staff {

/// Lets so many through at once. A slow directory must not hold every thread of the control plane.
class Gate {
  public:
    static constexpr std::size_t most = 6;
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

    /// Empty if nobody left in time.
    Pass enter() {
        const MutexLock lock(mutex_);
        const auto until = std::chrono::steady_clock::now() + patience;
        while (inside_ >= most)
            if (!left_.wait_until(mutex_, until)) return Pass(nullptr);
        ++inside_;
        return Pass(this);
    }

  private:
    void leave() {
        const MutexLock lock(mutex_);
        --inside_;
        left_.notify_one();
    }

    Mutex mutex_;
    Condition left_;
    std::size_t inside_ GUARDED_BY(mutex_) = 0;
};

}  // namespace bursar::staff
