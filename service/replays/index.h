#pragma once

#include "service/replays/replays.h"

#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace bursar::replays {

/// One key, as it is remembered. Numbers are given in the order in which calls end.
struct Entry {
    Name name{};
    std::string caller;
    Digest request{};
    CallId call;
    State state = State::running;  ///< running, kept or spent
    std::int64_t number = 0;       ///< 0 while it runs
    Timestamp until;
    NanoUsd cost;
    std::size_t bytes = 0;  ///< what it counts against the limits
};

/// What each key stands for. No clock, no lock, no I/O.
class Index {
  public:
    explicit Index(const Limits& limits) : limits_(limits) {}

    /// Claims the key for `ask.call` if it is fresh. An entry whose time is over counts as none.
    Found begin(const Name& name, const Ask& ask, Timestamp now);
    /// The running call has ended so; the oldest entries go where it needs room. Null if that call has not got the key.
    const Entry* end(const Name& name, const CallId& call, State state, NanoUsd cost, std::size_t answer_bytes,
                     Timestamp now);
    void forget(const Name& name, const CallId& call);
    /// An entry from an earlier run of the service, oldest first.
    void restore(Entry entry);
    /// Its answer could not be stored: the key remains as spent.
    void lose_answer(std::int64_t number);

    const Entry* find(std::int64_t number) const;
    /// Drops at most `count_max` entries whose time is over.
    void expire(Timestamp now, std::size_t count_max);
    bool has_expired(Timestamp now) const;
    /// Numbers of entries that are gone since the last call, for whoever stores them.
    std::vector<std::int64_t> take_removed() { return std::exchange(removed_, {}); }
    bool any_removed() const { return !removed_.empty(); }
    Replays::Size size() const;

  private:
    struct NameHash {
        std::size_t operator()(const Name& name) const {
            std::size_t hash = 0;
            std::memcpy(&hash, name.data(), sizeof(hash));
            return hash;
        }
    };
    struct Share {
        std::set<std::int64_t> numbers;
        std::size_t bytes = 0;
    };

    void count_in(const Entry& entry);
    void make_room(const std::string& caller);
    void remove(std::int64_t number);

    const Limits limits_;
    std::unordered_map<Name, Entry, NameHash> entries_;
    std::map<std::int64_t, Entry*> ended_;  ///< by age
    std::unordered_map<std::string, Share> shares_;
    std::size_t bytes_ = 0;
    std::int64_t last_number_ = 0;
    std::vector<std::int64_t> removed_;
};

}  // namespace bursar::replays
