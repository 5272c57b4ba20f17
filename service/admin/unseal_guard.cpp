#include "service/admin/unseal_guard.h"

#include <algorithm>

namespace bursar::admin {

Result<void> UnsealGuard::enter() {
    const MutexLock lock(mutex_);
    if (busy_)
        return fail(Fault::locked_out,
                    "Another try to use the master key is running, or a wrong one is being slowed. Try again in a few "
                    "seconds.");
    busy_ = true;
    return {};
}

void UnsealGuard::leave(bool right_key) {
    const MutexLock lock(mutex_);
    if (right_key) {
        wrong_in_a_row_ = 0;
    } else {
        const Duration delay = std::min<Duration>(delay_max, delay_first_ * (1 << std::min(wrong_in_a_row_, 8)));
        ++wrong_in_a_row_;
        const auto until = std::chrono::steady_clock::now() + delay;
        while (!stopped_ && std::chrono::steady_clock::now() < until) stopped_condition_.wait_until(mutex_, until);
    }
    busy_ = false;
}

void UnsealGuard::stop() {
    const MutexLock lock(mutex_);
    stopped_ = true;
    stopped_condition_.notify_all();
}

}  // namespace bursar::admin
