#pragma once

#include "service/outbox/dispatcher.h"

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bursar::outbox::test {

/// A dispatcher among targets that work, fail and come back, and a small model of what must have arrived. The same
/// seed is the same walk. What is wrong is in `wrong`.
class Walk {
  public:
    explicit Walk(std::uint64_t seed);
    void run(int steps);

    std::vector<std::string> wrong;
    int arrivals = 0, copies = 0, crashes = 0, digests = 0, parked = 0;

  private:
    using Pair = std::pair<std::string, std::int64_t>;  ///< target and incident
    struct Flying {
        Delivery delivery;
        std::vector<std::int64_t> children;  ///< of a digest
    };

    // The world.
    void step();
    void happens(std::string kind, std::string incident, std::string text);
    void news();
    void lasting();
    void hand_out();
    void answer();
    void arrive(const Flying& flying);
    void note_digest(const Delivery& digest);
    void crash();
    void look();
    void settle();

    // The model.
    void keep();
    void check_end();
    void check_news(const std::string& target, const std::string& title);
    void check_lasting(const std::string& target, const std::string& name);
    void fail(std::string what) { wrong.push_back(std::move(what)); }

    int below(int most) { return std::uniform_int_distribution<>(0, most - 1)(random_); }
    bool chance(int percent) { return below(100) < percent; }
    Context context() const { return {.rules = rules_, .public_url = {}, .now = now_}; }
    Dispatcher dispatcher_of(State state);

    std::mt19937_64 random_;
    Timestamp now_;
    policies::Snapshot rules_;
    std::optional<Dispatcher> dispatcher_;
    std::vector<Event> unread_;  ///< events that the dispatcher has not taken
    std::int64_t events_ = 0, ids_ = 0;
    std::map<std::int64_t, Flying> flying_;   ///< by number of the delivery
    std::map<std::string, bool> bad_;         ///< targets that take nothing just now
    std::set<std::string> news_;              ///< titles
    std::map<std::string, bool> lasts_;       ///< by name of the incident: whether it is under way
    std::map<std::int64_t, Delivery> known_;  ///< every delivery there ever was, as it was last
    std::set<std::int64_t> arrived_, refused_;
    std::map<Pair, std::int64_t> newest_;                             ///< what arrived last of an incident
    std::map<std::pair<std::string, std::string>, bool> told_fires_;  ///< by target and name: what it was told last
    std::set<std::pair<std::string, std::string>> unsure_;            ///< a digest had no room for its line
};

}  // namespace bursar::outbox::test
