#pragma once

#include "service/backup/backups.h"
#include "service/backup/target.h"

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace bursar::backup {

struct AwayState {
    bool running = false;
    int percent = 0;                     ///< of what is being sent
    std::optional<Timestamp> sent_at{};  ///< when it was last seen that the newest one is there
    std::string failure{};               ///< why the last try failed; empty: it did not
    int tries = 0;                       ///< in vain, one after the other
    std::optional<Timestamp> next_try{};
    std::vector<Stored> stored{};  ///< as of the last look
};

/// Sends the newest backup to a target, one at a time, on a thread of its own, and deletes what is beyond the target's
/// `keep`. What is there is asked of the target itself: after a kill it goes on where things are. Any thread but
/// shards.
class Away {
  public:
    struct Parts {
        const Backups& backups;
        const vault::Vault& vault;
        const Clock& clock;
        std::unique_ptr<Target> target;
    };
    Away(Parts parts, TargetOptions options);
    /// stop()
    ~Away();
    Away(const Away&) = delete;
    Away& operator=(const Away&) = delete;

    /// Nothing to do if the newest backup is there, if one is being sent, if it is too early after a failure, or while
    /// the vault is sealed. A newer backup is tried at once.
    void send_if_due(Timestamp now);
    AwayState state() const;
    const TargetOptions& options() const { return options_; }
    void stop();

  private:
    void run(const Found& newest);
    Result<std::vector<Stored>> send(const Found& newest);
    Result<std::vector<Stored>> drop_old(std::vector<Stored> stored, const Secret& secret) const;

    const Parts parts_;
    const TargetOptions options_;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> percent_ = 0;
    mutable Mutex mutex_;
    std::thread thread_ GUARDED_BY(mutex_);
    AwayState state_ GUARDED_BY(mutex_);
    std::string tried_ GUARDED_BY(mutex_);  ///< the name of the last try
    std::string sent_ GUARDED_BY(mutex_);   ///< the name that is known to be there
};

/// How long to wait after so many failures in a row: doubled each time, at most an hour.
std::chrono::seconds wait_after(int failures, std::chrono::seconds first);

}  // namespace bursar::backup
