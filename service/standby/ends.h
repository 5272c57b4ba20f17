#pragma once

#include "service/base/mutex.h"
#include "service/standby/kept_copy.h"
#include "service/standby/message.h"
#include "service/standby/shipping.h"
#include "service/store/raw_pages.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The two ends of a pair, message by message. How the bytes get from one to the other is somebody else's.
namespace bursar::standby {

struct Pair {
    Secret secret;  ///< 32 random bytes that both nodes have
    Mode mode = Mode::synchronous;
    Times times = {};
    std::filesystem::path standing_file;
    std::string version = {};  ///< of this program
};

/// How much of the groups goes into one answer.
inline constexpr std::size_t groups_bytes_per_answer = std::size_t{8} << 20;

/// The node that serves. Any thread.
class PrimaryEnd {
  public:
    struct Sources {
        const store::RawPages& service_database;
        const store::RawPages& secrets_database;
        /// The small files as they are now.
        std::function<std::vector<std::pair<Part, std::string>>()> small_files;
        /// Makes both stores write a group.
        std::function<void()> wake;
    };
    PrimaryEnd(Pair pair, Standing standing, Shipping& shipping, Sources sources, const Clock& clock);

    /// What to answer to a pull; waits until `until` for there to be something new. unauthenticated, or what
    /// read_pull() says. Blocking.
    Result<std::string> pull(std::string_view bytes, Moment until) EXCLUDES(mutex_);
    /// What to answer to somebody who copies the base. conflict if the copy has not begun, or is of another run.
    /// Blocking.
    Result<std::string> base(std::string_view bytes) const;

    /// What to ask a peer that does not pull: whether it serves in a higher epoch. Who comes back asks first.
    std::string ask() EXCLUDES(mutex_);
    /// Its answer.
    Result<void> hear_peer(std::string_view bytes) EXCLUDES(mutex_);
    /// Pulls are refused from here on: the node stops, and begins no copy any more.
    void close() { closed_.store(true); }

    /// Whether a hold may be taken now. Microseconds; without a lock.
    bool may_spend() const { return clock_.moment().time_since_epoch().count() < spend_until_.load(); }
    /// The standby wants to take over: whoever hears this lets nothing new begin, waits for the last group, and calls
    /// hand_over().
    bool asked_to_hand_over() const { return asked_to_hand_over_.load(); }
    /// It was heeded, or could not be.
    void forget_wish() { asked_to_hand_over_ = false; }
    /// Nothing more will be written. As Serving::hand_over(); when it returns, this node never spends again.
    Result<void> hand_over() EXCLUDES(mutex_);
    /// As Serving::go_on_alone().
    Result<void> go_on_alone() EXCLUDES(mutex_);
    Standing standing() const EXCLUDES(mutex_);
    /// How it stands with its standby.
    struct State {
        Standing standing;
        std::optional<Moment> pulled_at;  ///< when it last pulled; none: not since the start
        bool standby_is_whole = false;    ///< as its last pull said
        bool standby_cannot_open = false;
        std::string standby_version = {};
        std::uint64_t newest = 0;     ///< the last group of this run
        std::uint64_t confirmed = 0;  ///< the last one that the standby has
        std::size_t unconfirmed_bytes = 0;
        std::optional<Moment> behind_since;  ///< since when it has not had everything
    };
    State state() const EXCLUDES(mutex_);

  private:
    void note(const Pull& pull) REQUIRES(mutex_);
    Result<void> adopt(const Standing& standing) REQUIRES(mutex_);
    void follow_standing() REQUIRES(mutex_);
    void begin_copy() REQUIRES(mutex_);

    const Pair pair_;
    Shipping& shipping_;
    const Sources sources_;
    const Clock& clock_;
    std::atomic<Moment::rep> spend_until_{0};
    std::atomic<bool> asked_to_hand_over_{false};
    std::atomic<bool> closed_{false};
    mutable Mutex mutex_;  ///< held while a standing is written: seldom, and never by the path of a call
    Serving serving_ GUARDED_BY(mutex_);
    std::uint64_t asked_ GUARDED_BY(mutex_) = 0;
    std::optional<Moment> pulled_at_ GUARDED_BY(mutex_);
    std::optional<Moment> behind_since_ GUARDED_BY(mutex_);
    bool standby_is_whole_ GUARDED_BY(mutex_) = false;
    bool standby_cannot_open_ GUARDED_BY(mutex_) = false;
    std::string standby_version_ GUARDED_BY(mutex_);
};

/// What a node that does not serve answers to a pull: which epoch it knows, and where it ended if it has handed over.
/// As read_pull().
Result<std::string> answer_without_serving(const Secret& pairing, const Standing& standing, std::string_view pull);

/// The node that keeps a copy, in `folder`. One thread at a time.
class StandbyEnd {
  public:
    /// Opens the copy that there is.
    static Result<std::unique_ptr<StandbyEnd>> open(Pair pair, Standing standing, std::filesystem::path folder,
                                                    const Clock& clock);

    /// The next pull.
    std::string ask(bool wants_to_take_over);
    /// Its answer: what came with it is on the disk when this returns.
    Result<void> hear(std::string_view bytes);
    /// What to ask for the base; empty: nothing (more) is needed.
    Result<std::string> ask_base() const;
    Result<void> hear_base(std::string_view bytes);

    bool primary_is_over() const { return following_.primary_is_over(clock_.moment()); }
    /// From here on this node is the one that serves: its standing is stored, and its files are finished. As
    /// Following::take_over().
    Result<void> take_over(Following::Word word);
    const Standing& standing() const { return following_.standing(); }
    /// Whether the primary was heard since this start, and its last answer.
    bool heard() const { return following_.heard(); }
    const Answer& last_answer() const { return following_.last_answer(); }
    /// As Following::unfit().
    std::string unfit() const { return following_.unfit(); }
    Held held() const;
    /// As KeptCopy::keyring(), of the copy that follows the primary.
    std::string keyring() const;
    /// As Following::set_unopened().
    void set_unopened(std::string why) { following_.set_unopened(std::move(why)); }
    /// Where the whole copy is.
    const KeptCopy* whole_copy() const { return whole_.get(); }

  private:
    StandbyEnd(Pair pair, Standing standing, std::filesystem::path folder, const Clock& clock);
    Result<void> take_groups(const ReadAnswer& read);
    Result<void> begin_copy(std::uint64_t run);
    Result<void> complete_if_done();
    const KeptCopy* followed() const;
    std::filesystem::path folder_of(std::uint64_t run) const;

    const Pair pair_;
    const std::filesystem::path folder_;
    const Clock& clock_;
    Following following_;
    std::unique_ptr<KeptCopy> whole_;     ///< null: none yet
    std::unique_ptr<KeptCopy> incoming_;  ///< null: none is under way
    // Of the one that is under way: what comes next of the base, and when that is done, up to which group it is whole.
    Part base_part_ = Part::service_database;
    std::uint32_t base_next_ = 1;
    bool base_read_ = false;
    std::uint64_t whole_from_ = 0;
};

}  // namespace bursar::standby
