#pragma once

#include "policies/rules.h"
#include "service/base/clock.h"
#include "service/base/mutex.h"
#include "service/outbox/clerk.h"
#include "service/outbox/line.h"
#include "service/vault/vault.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace bursar::outbox {

inline constexpr std::chrono::milliseconds looked_every{500};  ///< for events, and for what is due
inline constexpr std::chrono::seconds watched_every{30};       ///< issues that may answer a request
inline constexpr std::chrono::seconds test_deadline{20};
inline constexpr int tests_max = 2;  ///< at a time: each takes one of the control plane's threads

/// How the outbox stands, for metrics and checks.
struct Facts {
    bool connected = false;
    std::string courier_version;
    std::int64_t waiting = 0;
    std::int64_t dead = 0;
    std::map<std::string, Standing> standings;
    std::map<std::string, std::string> unwatched;  ///< by target: why its issues answer no request just now
    /// By target and outcome ("sent", "later", "refused", "closed"), since the start.
    std::map<std::pair<std::string, std::string>, std::uint64_t> outcomes;
};

/// What a test of a target brought.
struct Tried {
    integrations::Outcome outcome = integrations::Outcome::later;
    std::string reason;
    std::string answer;  ///< the other side's own words
};

/// Follows the events on a thread of its own, and gives the courier at the socket what it is to send.
class PostOffice {
  public:
    struct Parts {
        store::Store& store;
        const policies::Rules& rules;
        const vault::Vault& vault;
        const Clock& clock;
        Decide decide = {};  ///< on the post office's thread; blocking. None: no issue answers a request
    };
    struct Options {
        std::filesystem::path socket;
        Peers peers{};
        std::optional<std::uint32_t> group{};  ///< of the socket
        std::string public_url{};
        std::chrono::seconds watched_every = outbox::watched_every;
    };

    /// Makes the socket; wrong_configuration if it cannot be made.
    static Result<std::unique_ptr<PostOffice>> open(Parts parts, Options options);
    PostOffice(Parts parts, Options options, Handle listener, Handle wake);
    /// stop()
    ~PostOffice();
    PostOffice(const PostOffice&) = delete;
    PostOffice& operator=(const PostOffice&) = delete;

    /// The store must have been started.
    void start();
    void stop();

    // Any thread but shards; blocking. shutting_down once it is stopped.
    Result<void> resend(std::string id, Clerk::Also also);
    Result<Silence> silence(Silence silence, Clerk::Also also);
    Result<void> end_silence(std::int64_t number, Clerk::Also also);
    /// Sends a marked message and waits for the courier's receipt. conflict if no courier is there, key_missing if a
    /// secret is; deadline_passed.
    Result<Tried> test(const std::string& target, const std::string& author);
    /// Any thread.
    Facts facts() const;
    Context context(const policies::Snapshot& rules) const {
        return {.rules = rules, .public_url = options_.public_url, .now = parts_.clock.now()};
    }

  private:
    /// Somebody waits for the receipt of a test.
    struct Trial {
        Mutex mutex;
        Condition changed;
        std::optional<Result<Tried>> outcome GUARDED_BY(mutex);
        void end(Result<Tried> with);
    };

    void work();
    void step();
    void wait();
    void run_commands();
    Result<void> command(std::function<Result<void>()> run);
    void receive();
    void hand_out();
    void greet();
    void serve_lines();
    // post_office_watch.cpp
    struct Watching {
        std::string id;          ///< of the watch that the courier has; empty: none
        Moment due;              ///< of the next one
        std::int64_t after = 0;  ///< the incident that was looked at last, where there are more than one watch takes
        int failures = 0;        ///< in a row
        std::string trouble;     ///< why the last look showed nothing; empty: it did
    };
    void watch();
    void ask_about_issues(const policies::AlertTarget& target, const TicketApprovals& approvals, Watching& watching);
    bool is_watching() const;
    void receive_sightings();
    void judge(const std::string& name, const integrations::Move& move);

    void lose_courier(const std::string& why);
    void begin_test(const std::string& target, const std::string& author, const std::shared_ptr<Trial>& trial);
    bool end_test(const integrations::Receipt& receipt);
    Result<integrations::Target> prepare(const policies::AlertTarget& target) const;
    void publish();
    void report(const Result<void>& done);

    Parts parts_;
    Options options_;
    Handle listener_;
    Handle wake_;
    std::thread thread_;
    std::atomic<int> tests_ = 0;

    // Of the thread.
    Clerk clerk_;
    std::optional<Line> courier_;
    std::vector<Line> newcomers_;
    Heard heard_;                               ///< receipts are not stored yet
    std::map<std::string, Watching> watching_;  ///< by target
    std::uint64_t watches_ = 0;
    struct Running {
        std::string target;
        std::shared_ptr<Trial> trial;
    };
    std::map<std::string, Running> trials_;
    std::map<std::string, std::string> target_of_;  ///< by id of what the courier has
    bool gone_ = true;                              ///< the courier went, and the clerk does not know yet
    bool failing_ = false;
    Moment counted_at_;
    std::int64_t dead_ = 0;
    std::map<std::pair<std::string, std::string>, std::uint64_t> outcomes_;

    mutable Mutex mutex_;
    bool stopping_ GUARDED_BY(mutex_) = false;
    bool started_ GUARDED_BY(mutex_) = false;
    std::vector<std::function<void()>> commands_ GUARDED_BY(mutex_);
    Facts facts_ GUARDED_BY(mutex_);
};

}  // namespace bursar::outbox
