#pragma once

#include "service/base/mutex.h"
#include "service/standby/chain.h"
#include "service/store/follower.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace bursar::standby {

/// Of groups that the standby has not confirmed. Beyond it an asynchronous primary lets go of them all, and the standby
/// begins a new copy.
inline constexpr std::size_t unconfirmed_bytes_max = std::size_t{256} << 20;

/// The primary's end: takes each group of both databases from their writers, and keeps it until the standby has it.
/// Writers call from two threads, pulls come on others; nobody is held up but a writer whose group must not count yet.
class Shipping {
  public:
    explicit Shipping(Secret pairing) : pairing_(std::move(pairing)) {}
    Shipping(const Shipping&) = delete;
    Shipping& operator=(const Shipping&) = delete;

    /// For store::Store::follow_with.
    store::Follower& follower(Part database);

    /// A standby begins a copy: from here on groups are kept, in a chain of the new `run`. The next group of each
    /// database brings all of its log; the caller wakes both stores.
    void begin(std::uint64_t run) EXCLUDES(mutex_);
    /// Nobody follows any more, or not yet: groups are let go, and writers that wait go on.
    void let_go() EXCLUDES(mutex_);
    /// Whether a writer waits until the standby has its group (synchronous, once the primary counts on its standby).
    enum class Writers : std::uint8_t { wait, go_on };
    void set_writers(Writers writers) EXCLUDES(mutex_);
    /// Nothing may count from here on: writers that wait fail, and so does every later group. For good.
    void end(const Error& why) EXCLUDES(mutex_);
    /// The same, if `last` is the newest group and the standby has it; false, and nothing is changed, if not.
    bool end_after(std::uint64_t last, const Error& why) EXCLUDES(mutex_);

    /// A small file that belongs to the copy, as it is now; kept as a group.
    void put_file(Part part, std::string_view content) EXCLUDES(mutex_);

    struct Sealed {
        std::uint64_t run = 0;
        std::uint64_t newest = 0;              ///< the last group that there is
        std::vector<std::string> groups = {};  ///< those after `has`, as many as fit
    };
    /// What follows after group `has` of `run`, at most `bytes_max` of it but one group at least. Waits until
    /// `deadline` for there to be something. A run that is not this one, or a group that is gone, gives none.
    Sealed after(std::uint64_t run, std::uint64_t has, std::size_t bytes_max,
                 std::chrono::steady_clock::time_point deadline) EXCLUDES(mutex_);
    /// The standby has these on its disk.
    void confirm(std::uint64_t run, std::uint64_t has) EXCLUDES(mutex_);
    /// Waits until the standby has everything that there is now, or nobody follows; false if `deadline` came first.
    bool wait_confirmed(std::chrono::steady_clock::time_point deadline) EXCLUDES(mutex_);

    /// Whether all that a copy begins with has come: the base may be read from here on.
    bool has_begun() const EXCLUDES(mutex_);
    std::uint64_t run() const EXCLUDES(mutex_);
    std::uint64_t newest() const EXCLUDES(mutex_);
    std::size_t unconfirmed_bytes() const EXCLUDES(mutex_);

  private:
    class Tap final : public store::Follower {
      public:
        Tap(Shipping& shipping, Part part) : shipping_(shipping), part_(part) {}
        bool wants_all() override { return shipping_.wants_all(part_); }
        Result<void> follow(store::GroupPages pages) override { return shipping_.take(part_, pages); }

      private:
        Shipping& shipping_;
        const Part part_;
    };

    bool wants_all(Part part) const EXCLUDES(mutex_);
    Result<void> take(Part part, const store::GroupPages& pages) EXCLUDES(mutex_);
    void keep(std::string sealed) REQUIRES(mutex_);
    void drop_all() REQUIRES(mutex_);

    const Secret pairing_;
    std::array<Tap, 2> taps_{Tap(*this, Part::service_database), Tap(*this, Part::secrets_database)};

    mutable Mutex mutex_;
    Condition changed_;
    std::optional<Chain> chain_ GUARDED_BY(mutex_);  ///< none: nobody follows
    std::array<bool, 2> all_wanted_ GUARDED_BY(mutex_){};
    Writers writers_ GUARDED_BY(mutex_) = Writers::go_on;
    std::optional<Error> ended_ GUARDED_BY(mutex_);
    std::deque<std::string> kept_ GUARDED_BY(mutex_);  ///< the last one is the chain's newest
    std::size_t kept_bytes_ GUARDED_BY(mutex_) = 0;
    std::uint64_t confirmed_ GUARDED_BY(mutex_) = 0;
};

}  // namespace bursar::standby
