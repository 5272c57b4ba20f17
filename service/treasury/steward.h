#pragma once

#include "service/base/clock.h"
#include "service/base/mutex.h"
#include "service/base/result.h"

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace bursar::treasury {

/// Something that is done again and again, beside all calls. A failure is said once, until it works again.
struct Duty {
    std::string name;  ///< "thresholds": what the log calls it
    std::chrono::nanoseconds every{};
    std::function<Result<void>(Timestamp now)> run;  ///< blocking; on the steward's thread
};

/// Which duty is due when. No thread, no waiting: what the steward does, for tests to do by hand.
class Duties {
  public:
    Duties(const Clock& clock, std::vector<Duty> duties);

    /// Runs those that are due, one after the other, until `stopping`. Each is due at the start, and then its interval
    /// after its end: one that takes long never piles up.
    void run_due(const std::function<bool()>& stopping);
    /// When the next one is due.
    Moment next() const;

  private:
    struct Planned {
        Duty duty;
        Moment due;
        bool failing = false;
    };
    void run(Planned& planned);

    const Clock& clock_;
    std::vector<Planned> planned_;
};

/// Runs duties on a thread of its own.
class Steward {
  public:
    Steward(const Clock& clock, std::vector<Duty> duties);
    /// stop()
    ~Steward();
    Steward(const Steward&) = delete;
    Steward& operator=(const Steward&) = delete;

    /// Ends the thread: at once while it waits, else after the duty that it is at.
    void stop();

  private:
    void work();
    bool is_stopping();

    Duties duties_;  ///< of the thread
    Mutex mutex_;
    Condition changed_;
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace bursar::treasury
