#pragma once

#include "service/audit/audit.h"
#include "service/base/mutex.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace bursar::gateway {

/// Counts values into buckets of fixed bounds. Any thread.
class Histogram {
  public:
    static constexpr std::size_t buckets_max = 20;
    /// `bounds` in microseconds, ascending, at most buckets_max - 1, alive as long as this.
    explicit Histogram(std::span<const std::int64_t> bounds) : bounds_(bounds) {}
    void add(std::chrono::nanoseconds value);
    /// Prometheus text: NAME_bucket{le=…}, NAME_sum, NAME_count, in seconds.
    void write(std::string& out, std::string_view name, std::string_view help) const;

  private:
    std::span<const std::int64_t> bounds_;
    std::array<std::atomic<std::uint64_t>, buckets_max> counts_{};
    std::atomic<std::int64_t> sum_microseconds_{0};
};

/// Appends one Prometheus family head: "# HELP …", "# TYPE …".
void write_family(std::string& out, std::string_view name, std::string_view type, std::string_view help);

/// Of one channel, since the start.
struct ChannelCounts {
    std::uint64_t calls = 0;
    std::uint64_t failures = 0;
};

/// What the data plane counts about itself.
class Metrics {
  public:
    Metrics();
    /// One finished call. Any thread.
    void count(const audit::Outcome& outcome);
    void refused_before_identity(std::string_view fault);
    /// One call that an account's limit of speed refused; by its kind: "team" of "team:research".
    void rate_limited(std::string_view account);
    void stream_opened() { streams_open_.fetch_add(1, std::memory_order_relaxed); }
    void stream_closed() { streams_open_.fetch_sub(1, std::memory_order_relaxed); }

    /// Prometheus text of all of it.
    std::string text() const;
    ChannelCounts channel(std::string_view name) const;

  private:
    struct Label {
        std::string endpoint;
        int status;
        std::string fault;
        auto operator<=>(const Label&) const = default;
    };

    void count_channel(const audit::Outcome& outcome) REQUIRES(mutex_);

    static constexpr std::size_t endpoints = endpoints_count;
    std::array<std::atomic<std::uint64_t>, endpoints> good_{};  ///< status 200 without a fault: nearly all of them
    std::array<std::atomic<std::uint64_t>, 4> rate_limited_{};
    std::atomic<std::int64_t> streams_open_{0};
    static constexpr std::size_t classes_count = 14;
    std::array<std::atomic<std::int64_t>, classes_count> tokens_{};
    std::atomic<std::int64_t> cost_nanos_{0};
    std::atomic<std::int64_t> estimated_{0};
    std::atomic<std::int64_t> failed_over_{0};
    Histogram duration_;
    Histogram first_byte_;
    Histogram overhead_;
    mutable Mutex mutex_;
    std::map<Label, std::uint64_t> calls_ GUARDED_BY(mutex_);
    std::map<std::string, ChannelCounts, std::less<>> channels_ GUARDED_BY(mutex_);
};

std::string_view name_of(Endpoint endpoint);

}  // namespace bursar::gateway
