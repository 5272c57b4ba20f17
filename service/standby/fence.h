#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

// Who of two machines may spend. Pure: the time is an argument, and what must outlive a restart is handed to whoever
// stores it. docs/decisions/0025-standby.md has the reasons and the limits of it.
namespace bursar::standby {

enum class Mode : std::uint8_t {
    synchronous,   ///< nothing counts before the standby has it; without the standby nothing is spent
    asynchronous,  ///< the standby follows as fast as it can
};

/// What a node is. Only the first two may ever spend.
enum class Post : std::uint8_t {
    alone,     ///< serves without a standby: there has been none yet, or somebody took the word of it away
    primary,   ///< serves while its standby lets it
    follower,  ///< keeps a copy, but nobody counts on it yet: it never takes over
    standby,   ///< the primary counts on it: it may take over
    retired,   ///< served, or kept a copy, in an epoch that is over: nothing until it is paired anew
};

/// What a node has to know after a restart. Stored before anything follows from it.
struct Standing {
    Post post = Post::alone;
    /// Goes up by one when the primary goes on alone and by two when the standby takes over, so that what two nodes do
    /// that cannot see each other never ends in the same number. The higher one is right.
    std::uint64_t epoch = 1;
    /// Of one that has handed over: its run, and the last group that it wrote in it.
    std::uint64_t run = 0;
    std::uint64_t last_group = 0;
    bool operator==(const Standing&) const = default;
};
inline constexpr std::uint64_t alone_adds = 1;
inline constexpr std::uint64_t take_over_adds = 2;

struct Times {
    /// For so long after it sent what the standby confirmed may a synchronous primary spend.
    std::chrono::milliseconds mandate{10'000};
    /// For so long after it last heard from the primary does the standby not take over by itself.
    std::chrono::milliseconds patience{15'000};
};
/// Clocks of two machines may run apart by a hundredth, and the standby still waits longer than the primary spends.
inline constexpr int clocks_apart_percent_max = 1;
inline constexpr std::chrono::milliseconds mandate_min{1'000};
inline constexpr std::chrono::milliseconds patience_max{600'000};
/// Calls that are under way when a mandate ends are ended within this: a look, what the shards do first, and what is on
/// its way to a provider.
inline constexpr std::chrono::milliseconds calls_outlive_mandate_max{2'000};
/// What fits such a mandate.
std::chrono::milliseconds patience_for(std::chrono::milliseconds mandate);
/// wrong_configuration, with what to write instead.
Result<void> check(const Times& times);

/// What a follower has on its disk.
struct Held {
    std::uint64_t run = 0;    ///< of the primary that it is a copy of
    std::uint64_t group = 0;  ///< up to this group of that run
    bool whole = false;       ///< it could be opened
};

inline constexpr std::size_t version_bytes_max = 64;

/// What the standby says each time it asks for more.
struct Pull {
    std::uint64_t epoch = 0;
    std::uint64_t ask = 0;   ///< the answer names it
    std::uint64_t run = 0;   ///< of the primary, as its last answer said; 0: not heard yet
    std::uint64_t beat = 0;  ///< of its last answer
    std::uint64_t has = 0;   ///< groups of that run up to this one are on the standby's disk
    bool whole = false;      ///< what it has could be opened
    bool wants_to_take_over = false;
    bool cannot_open = false;  ///< its master key does not open what it has
    std::string version = {};  ///< of its program, at most version_bytes_max
    bool operator==(const Pull&) const = default;
};

/// What the primary says each time.
struct Answer {
    std::uint64_t epoch = 0;
    std::uint64_t to = 0;  ///< the pull that it answers
    Post post = Post::alone;
    std::uint64_t run = 0;          ///< random, of each start: beats and groups are counted anew in it
    std::uint64_t beat = 0;         ///< the standby's next pull names it
    std::uint64_t newest = 0;       ///< the last group that was written
    bool handed_over = false;       ///< `newest` was the last one for good: this node never spends again in this epoch
    Mode mode = Mode::synchronous;  ///< of one who serves: how it does
    std::chrono::milliseconds mandate{};  ///< the same: for how long it may spend after it was heard
    bool operator==(const Answer&) const = default;
};

/// The node that spends, or did. One thread at a time.
class Serving {
  public:
    Serving(Standing standing, Mode mode, Times times, std::uint64_t run)
        : standing_(standing), mode_(mode), times_(times), run_(run) {}

    const Standing& standing() const { return standing_; }
    /// Whether a hold may be taken at this instant of the clock that the answers were stamped with.
    bool may_spend(Moment now) const;
    /// Until when; of one who may not, an instant that is over. Moment::max(): for as long as nothing is heard.
    Moment may_spend_until() const;

    /// What a pull, proven to be the standby's, means; `newest` is the last group that was written. A standing that
    /// comes back has to be stored and then adopted; until then it has no effect, but that whoever is over stops at
    /// once.
    std::optional<Standing> hear(const Pull& pull, std::uint64_t newest);
    /// Whether a pull names an answer of this run that none before it has named: whatever else it says is news. One
    /// that was under way for long says what was so once. Asked before hear().
    bool is_news(const Pull& pull) const;
    /// What the peer answered when it was asked whether it serves.
    std::optional<Standing> hear(const Answer& answer);
    /// Groups are counted anew from here on, since the standby has to begin a new copy. What it let this node do holds.
    void begin_run(std::uint64_t run);
    std::uint64_t run() const { return run_; }
    /// Groups up to this one are on the standby's disk.
    std::uint64_t confirmed() const { return has_; }
    /// What to say now. Each has a beat of its own: the standby's next pull names it, and a mandate counts from here.
    Answer answer(const Pull& pull, std::uint64_t newest, Moment now);

    /// The standing of one who hands over, once nothing more will be written after `newest` and the standby has that.
    /// conflict if it has not, or there is none.
    Result<Standing> hand_over(std::uint64_t newest) const;
    /// The standing of a primary that goes on without its standby. Only on the word of an operator who knows that the
    /// standby is off. conflict if it is no primary.
    Result<Standing> go_on_alone() const;
    /// `standing` is on the disk.
    void adopt(const Standing& standing);

  private:
    struct Sent {
        std::uint64_t beat;
        Moment at;
    };
    /// Answers that may still be confirmed: more are never under way.
    static constexpr std::size_t beats_kept_max = 64;

    Standing standing_;
    const Mode mode_;
    const Times times_;
    std::uint64_t run_;
    std::uint64_t beats_ = 0;
    std::deque<Sent> sent_;
    std::uint64_t named_beat_ = 0;  ///< the newest one that a pull has named
    bool over_ = false;             ///< somebody else has the word; stays, whatever becomes of the standing
    bool heard_ = false;            ///< the standby has answered to this run
    Moment mandate_end_{};
    std::uint64_t has_ = 0;
};

/// The node that keeps a copy. One thread at a time.
class Following {
  public:
    /// Pulls are counted from `first_ask`, which is random, so that no answer to an earlier start fits.
    Following(Standing standing, Mode mode, Times times, std::uint64_t first_ask)
        : standing_(standing), mode_(mode), times_(times), asked_(first_ask) {}

    const Standing& standing() const { return standing_; }
    Pull pull(const Held& held, bool wants_to_take_over);
    /// Whether this answers the pull of last. Any other one may have been under way since before the primary started
    /// again: what came with it is thrown away unread.
    bool expects(const Answer& answer) const { return waits_ && answer.to == asked_; }
    /// What an answer to a pull of ours, proven to be the primary's, means once the groups that came with it are on the
    /// disk. As Serving::hear().
    std::optional<Standing> hear(const Answer& answer, const Held& held, Moment now);

    /// Whether the primary cannot spend any more, so that this node may by itself: it has handed over, or it needs
    /// mandates and the last one has ended. Not before it was heard since this start.
    bool primary_is_over(Moment now) const;
    /// When that will be, if nothing is heard any more; none: never by itself.
    std::optional<Moment> primary_is_over_at() const;
    enum class Word : std::uint8_t { none, primary_is_off };
    /// The standing of one who takes over with what it has. With `word` an operator answers for what this node cannot
    /// see: that the primary is off, and did not go on alone before. conflict, with the reason.
    Result<Standing> take_over(const Held& held, Word word, Moment now) const;
    void adopt(const Standing& standing) { standing_ = standing; }
    /// Why this node would not take over by itself from the primary that it heard last: it could not open what it has,
    /// or the two are not configured alike. Empty: neither, or none was heard.
    std::string unfit() const;
    /// Why it could not open what it has; empty: it could, as far as anybody knows.
    void set_unopened(std::string why) { unopened_ = std::move(why); }
    /// Since this start.
    bool heard() const { return heard_at_.has_value(); }
    const Answer& last_answer() const { return last_; }

  private:
    Standing standing_;
    const Mode mode_;
    const Times times_;
    std::uint64_t asked_;
    bool waits_ = false;
    std::optional<Moment> heard_at_;
    Answer last_;
    std::string unopened_;
};

}  // namespace bursar::standby
