#pragma once

#include "auth/directory.h"
#include "auth/people.h"
#include "service/base/clock.h"
#include "service/base/result.h"

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a directory's list of everybody would change, worked out before anything is changed.
namespace bursar::auth {

struct SyncLimits {
    int removals_percent_max = 10;  ///< of those who are let in now; more at once, and it stops
    int removals_min = 5;           ///< but so many are always fine
    std::chrono::seconds grace = std::chrono::hours(24);
};

enum class SyncStop : std::uint8_t {
    none,
    partial,     ///< the list is not whole: nobody loses anything by it
    emptied,     ///< nobody is in it, and somebody was
    duplicates,  ///< an id stands twice: whose facts are whose, nobody knows, and nothing of it is taken over
    too_many,    ///< more would lose access than is usual
};
std::string_view name_of(SyncStop stop);

struct Proposal {
    struct Seen {
        PersonFacts facts;
        std::string name;               ///< of the account; empty for an arrival
        std::vector<std::string> what;  ///< what has changed, in words
        /// Takes access away: the account is disabled, or no group is left of some. Wrong filters and unreadable
        /// attributes look like this as well, so it counts and waits like a leaver.
        bool removes = false;
    };
    std::string source;
    std::vector<Seen> arrivals;
    std::vector<Seen> changes;
    std::vector<Seen> returns;            ///< were missing, gone or suspended
    std::vector<PersonFacts> unchanged;   ///< whose last seeing is a day old
    std::vector<People::Change> missing;  ///< from now on
    std::vector<People::Change> leavers;  ///< their grace is over
    int unusable = 0;                     ///< without an id that can be kept
    int let_in = 0;                       ///< how many are let in before it
    int removals = 0;                     ///< of whom so many would lose something
    SyncStop stop = SyncStop::none;
    std::string why;  ///< of the stop, for operators

    bool is_empty() const {
        return arrivals.empty() && changes.empty() && returns.empty() && missing.empty() && leavers.empty();
    }
};

/// `known` is everybody; those of other sources do not count. Pure.
Proposal propose(std::string_view source, std::span<const std::shared_ptr<const Person>> known, const Listing& listing,
                 const SyncLimits& limits, Timestamp now);

/// Does what a proposal may: all of it, or without whatever takes something away if it is stopped, or nothing if it
/// has duplicates. What gives goes first, in transactions of some hundreds, so that calls do not wait; what takes goes
/// in one, with `also`. Blocking.
Result<void> apply(People& people, const Proposal& proposal,
                   const std::function<Result<void>(store::Transaction&)>& also);

/// Who is meant and what changes, as JSON; long lists are cut and say so.
std::string details_json(const Proposal& proposal);

}  // namespace bursar::auth
