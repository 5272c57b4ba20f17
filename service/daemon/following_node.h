#pragma once

#include "service/base/mutex.h"
#include "service/daemon/boot_clock.h"
#include "service/daemon/peer_line.h"
#include "service/standby/ends.h"
#include "service/store/files.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace bursar::daemon {

/// Why the master key of this machine does not open a vault with this keyring; empty: it does, or a person has it.
using KeyTrial = std::function<std::string(std::string_view keyring)>;

/// Where a machine that follows keeps its copy, and where somebody may ask it for a backup; empty: nobody can.
struct FollowingFolders {
    std::filesystem::path state;
    std::filesystem::path backups;
};

/// The machine of a pair that does not serve. Its thread pulls, and takes over when that is due or somebody wants it.
class FollowingNode {
  public:
    static Result<std::unique_ptr<FollowingNode>> open(standby::Pair pair, standby::Standing standing,
                                                       FollowingFolders folders, Peer peer,
                                                       std::function<void()> restart, KeyTrial key_trial);
    ~FollowingNode() { stop(); }
    FollowingNode(const FollowingNode&) = delete;
    FollowingNode& operator=(const FollowingNode&) = delete;

    void start();
    void stop();
    /// What to answer to a peer that pulls here.
    Result<std::string> pull(std::string_view bytes) const;

    struct State {
        standby::Standing standing;
        std::optional<Moment> heard_at;  ///< the last answer; none: not since the start
        standby::Held held;
        std::uint64_t newest = 0;  ///< of the primary, as that said
        std::string failure;       ///< why the last pull brought nothing; empty: it did
        std::string unfit;         ///< as StandbyEnd::unfit()
        std::string refused;       ///< why the last wish was not done
    };
    State state() const EXCLUDES(mutex_);
    Moment now() const { return clock_.moment(); }

  private:
    FollowingNode(Secret secret, FollowingFolders folders, Peer peer, std::function<void()> restart,
                  KeyTrial key_trial);
    void run();
    bool step();
    void heed_wish() EXCLUDES(mutex_);
    /// Its copy is of an epoch that is over.
    bool is_out() const;
    Result<bool> pull_once();
    bool ask_base();
    void try_key();
    bool take_over_if_due();
    void note(const Result<bool>& pulled) EXCLUDES(mutex_);
    bool pause(std::chrono::milliseconds at_most) EXCLUDES(mutex_);

    const BootClock clock_;
    const Secret secret_;
    const FollowingFolders folders_;
    const std::function<void()> restart_;
    const KeyTrial key_trial_;
    std::string tried_keyring_;
    Moment tried_key_at_;
    std::atomic<bool> stopping_{false};
    PeerLine line_;
    std::optional<store::FileLock> lock_;  ///< nobody opens the books of a machine that does not serve
    std::unique_ptr<standby::StandbyEnd> end_;
    bool wants_to_take_over_ = false;
    standby::Following::Word word_ = standby::Following::Word::none;
    mutable Mutex mutex_;
    Condition woken_;
    State state_ GUARDED_BY(mutex_);
    std::thread thread_;
};

}  // namespace bursar::daemon
