#pragma once

#include <atomic>

namespace bursar::sim {

/// Stands between SQLite and the heap for the whole program, and lets one allocation fail. Installed before the first
/// use of SQLite.
class ShortMemory {
  public:
    static ShortMemory& installed();
    /// The `nth` allocation from now on (1 is the next) fails, and none after it.
    void fail_at(int nth) { left_ = nth; }
    void heal() { left_ = 0; }
    unsigned long long failed() const { return failed_; }

    /// For the heap's functions: whether this one fails.
    bool fails();

  private:
    std::atomic<int> left_ = 0;
    std::atomic<unsigned long long> failed_ = 0;
};

}  // namespace bursar::sim
