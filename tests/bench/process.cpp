#include "tests/bench/process.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

namespace bursar::bench {
namespace {

/// The number behind "Rss:" or "VmRSS:", in kB.
std::int64_t kilobytes(const std::string& path, std::string_view name) {
    std::ifstream file(path);
    std::string word;
    std::int64_t number = 0;
    while (file >> word)
        if (word == name && file >> number) return number;
    return 0;
}

}  // namespace

std::chrono::nanoseconds cpu_time(const std::vector<int>& pids) {
    std::int64_t sum = 0;
    for (const int pid : pids) {
        std::error_code gone;
        for (const auto& thread : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
            std::ifstream file(thread.path() / "schedstat");
            std::int64_t nanoseconds = 0;
            if (file >> nanoseconds) sum += nanoseconds;
        }
    }
    return std::chrono::nanoseconds(sum);
}

std::int64_t resident_bytes(const std::vector<int>& pids) {
    std::int64_t sum = 0;
    for (const int pid : pids) {
        std::int64_t kb = kilobytes(fmt::format("/proc/{}/smaps_rollup", pid), "Rss:");
        if (kb == 0) kb = kilobytes(fmt::format("/proc/{}/status", pid), "VmRSS:");
        sum += kb * 1024;
    }
    return sum;
}

}  // namespace bursar::bench
