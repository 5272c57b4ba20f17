#pragma once

#include "service/base/mutex.h"
#include "service/daemon/boot_clock.h"
#include "service/daemon/peer_line.h"
#include "service/standby/ends.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bursar::daemon {

/// How long a pull may wait for something new.
inline constexpr std::chrono::milliseconds pull_waits{1'000};
/// A standby that has not pulled for so long is silent: it is asked whether it serves, and people are told.
inline constexpr std::chrono::seconds silent_after{5};

/// The machine of a pair that serves, or comes back to. Its thread looks after what nobody pulls: whether the peer has
/// taken over meanwhile, small files that have changed, and a hand-over.
class ServingNode {
  public:
    struct House {
        std::filesystem::path state_folder;
        std::function<void()> wake;  ///< makes both stores write a group
        std::function<std::uint64_t()> open_holds;
        std::function<void()> end_streams;  ///< every call that is at a provider ends, and so does whoever comes
        std::function<void()> go_on;        ///< nobody who comes from here on is ended any more
        std::function<void()> restart;      ///< this process goes on as what the standing says
    };
    ServingNode(standby::Pair pair, standby::Standing standing, Peer peer);
    ~ServingNode() { stop(); }
    ServingNode(const ServingNode&) = delete;
    ServingNode& operator=(const ServingNode&) = delete;

    store::Follower& follower(standby::Part database) { return shipping_.follower(database); }
    /// Both databases are open, and their writers run. Until then pulls are refused and nothing may be spent.
    Result<void> open(House house);
    bool may_spend() const;
    /// The same for what is written: a hand-over takes that along.
    bool may_record() const;
    Result<std::string> pull(std::string_view bytes);
    Result<std::string> base(std::string_view bytes);
    /// Lets the standby take over, as soon as no call is open; how it went is in the log and in refused().
    void hand_over();
    Result<void> go_on_alone();

    standby::PrimaryEnd::State state() const;
    Moment now() const { return clock_.moment(); }
    /// Why the last hand-over did not come to be; empty: it did, or there was none.
    std::string refused() const EXCLUDES(mutex_);

    /// No call begins from here on; waits a moment until the standby has what was written. It may go on asking. Those
    /// that run go on for as long as this machine may spend.
    void begin_stop();
    /// Whoever still waits for the standby goes on: no call is at a provider any more.
    void stop();

  private:
    void run();
    void guard() EXCLUDES(mutex_);
    void look();
    bool pause(std::chrono::milliseconds at_most) EXCLUDES(mutex_);
    void put_changed_files();
    void ask_silent_peer();
    void end_what_may_not_be();
    void end_calls();
    void heed_wish();
    void hand_over_now();
    Result<void> try_to_hand_over();
    std::vector<std::pair<standby::Part, std::string>> small_files() const;

    const BootClock clock_;
    standby::Pair pair_;
    const standby::Standing at_start_;
    standby::Shipping shipping_;
    House house_;
    std::optional<store::RawPages> service_pages_, secrets_pages_;
    std::unique_ptr<standby::PrimaryEnd> end_;
    std::atomic<standby::PrimaryEnd*> open_{nullptr};
    std::atomic<bool> stopping_{false};
    std::atomic<bool> handing_over_{false};
    std::atomic<bool> wants_to_hand_over_{false};
    std::vector<std::pair<standby::Part, std::string>> files_;  ///< as they were shipped; the thread's
    bool was_silent_ = false;
    bool could_spend_ = false;              ///< the guard's
    std::atomic<bool> calls_ended_{false};  ///< until go_on(), which only the guard says
    bool over_ = false;
    PeerLine line_;
    mutable Mutex mutex_;
    Condition woken_;
    std::string refused_ GUARDED_BY(mutex_);
    bool guarded_ GUARDED_BY(mutex_) = true;
    std::thread thread_, guard_;
};

}  // namespace bursar::daemon
