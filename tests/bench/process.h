#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace bursar::bench {

/// What processes use, read from /proc. Processes that have ended count as nothing.
/// CPU time on all threads that live: the kernel's scheduler counts it in nanoseconds.
std::chrono::nanoseconds cpu_time(const std::vector<int>& pids);
/// Resident memory: exact where we may look closely, else the kernel's own running count.
std::int64_t resident_bytes(const std::vector<int>& pids);

}  // namespace bursar::bench
