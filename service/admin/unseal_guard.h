#pragma once

#include "service/base/mutex.h"
#include "service/base/result.h"

#include <chrono>

namespace bursar::admin {

/// Slows the guessing of the master key: one try at a time, and each wrong one makes the next wait longer, up to a
/// limit.
class UnsealGuard {
  public:
    using Duration = std::chrono::milliseconds;
    static constexpr Duration delay_max{5'000};

    /// `delay_first` is what the first wrong try costs; it doubles with every further one.
    explicit UnsealGuard(Duration delay_first) : delay_first_(delay_first) {}

    /// One try. Refuses with locked_out while another one runs or is being slowed. After a wrong key (unauthenticated)
    /// it returns only when the delay has passed, so that a hurried client gains nothing by hanging up. Blocking.
    template <typename Try>
    Result<void> attempt(Try&& unseal) {
        if (auto entered = enter(); !entered) return entered;
        Result<void> result = unseal();
        leave(result.has_value() || result.error().fault != Fault::unauthenticated);
        return result;
    }
    /// Ends all waiting; for the stop of the service.
    void stop();

  private:
    Result<void> enter();
    void leave(bool right_key);

    const Duration delay_first_;
    Mutex mutex_;
    Condition stopped_condition_;
    bool busy_ GUARDED_BY(mutex_) = false;
    bool stopped_ GUARDED_BY(mutex_) = false;
    int wrong_in_a_row_ GUARDED_BY(mutex_) = 0;
};

}  // namespace bursar::admin
