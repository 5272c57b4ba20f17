#pragma once

#include "service/base/crypto.h"
#include "service/stored/stored.h"

#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bursar::stored {

using Name = Digest;  ///< of an id: SHA-256

/// One response. Numbers are given in the order in which responses are made.
struct Entry {
    Name name{};
    const Origin* origin = nullptr;  ///< the index has it once for all responses of one origin
    std::int64_t number = 0;
    Timestamp until;
    std::optional<Tokens> context;
};

/// Which responses are known. No clock, no lock, no I/O.
class Index {
  public:
    explicit Index(const Limits& limits) : limits_(limits) {}

    /// The number that it has. The oldest go where it needs room. Nothing, and nothing is changed, where the id is
    /// known of another owner, or at another provider or by another key there: no provider may give somebody's response
    /// away by saying its id once more.
    std::optional<std::int64_t> remember(const Name& name, const Origin& origin, std::optional<Tokens> context,
                                         Timestamp now);
    /// The number, if it is known with this very origin: then its context is this.
    std::optional<std::int64_t> update(const Name& name, const Origin& origin, Tokens context, Timestamp now);
    /// From an earlier run of the service, oldest first; its `origin` is not looked at.
    void restore(const Entry& entry, const Origin& origin);
    /// Null if it is not known, or its time is over.
    const Entry* find(const Name& name, Timestamp now) const;
    const Entry* at(std::int64_t number) const;
    void forget(const Name& name);
    /// Drops at most `count_max` whose time is over.
    void expire(Timestamp now, std::size_t count_max);
    bool has_expired(Timestamp now) const;
    /// Numbers of those that are gone since the last call, for whoever stores them.
    std::vector<std::int64_t> take_removed() { return std::exchange(removed_, {}); }
    bool any_removed() const { return !removed_.empty(); }
    std::size_t size() const { return by_age_.size(); }

  private:
    struct NameHash {
        std::size_t operator()(const Name& name) const {
            std::size_t hash = 0;
            std::memcpy(&hash, name.data(), sizeof(hash));
            return hash;
        }
    };

    void add(Entry entry, const Origin& origin);
    void make_room(const std::string& team);
    void remove(std::int64_t number);

    const Limits limits_;
    std::unordered_map<Name, Entry, NameHash> entries_;
    std::map<std::int64_t, Entry*> by_age_;
    std::unordered_map<std::string, std::set<std::int64_t>> teams_;
    std::map<Origin, std::size_t> origins_;  ///< how many have it
    std::int64_t last_number_ = 0;
    std::vector<std::int64_t> removed_;
};

}  // namespace bursar::stored
