#pragma once

#include "service/audit/audit.h"

#include <random>
#include <string>
#include <vector>

namespace bursar::bench {

/// Calls as a company of 40 teams, 1,000 keys and 12 models makes them over 90 days: more by day than by night, some
/// keys far more than others, each with its few models and tags. The same calls for the same seed, in the order of
/// their time.
class Traffic {
  public:
    static constexpr int days = 90;
    Traffic(Timestamp start, std::uint64_t calls, std::uint64_t seed);
    /// At most so many of the next calls, all of one hour; empty at the end.
    std::vector<audit::Outcome> next(std::size_t count_max);
    /// One more call at that time, of the same mix.
    audit::Outcome call_at(Timestamp at);

  private:
    struct Key {
        std::string id, team, person, cost_centre;
        std::vector<std::size_t> models;
        std::vector<std::string> tags;
    };
    struct Model {
        std::string name, tier;
        std::vector<std::string> channels;
        std::int64_t nanos_in, nanos_out;  ///< of a token
    };
    void make_models();
    void make_keys();
    std::int64_t below(std::int64_t bound) {
        return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
    }
    void fill_usage(audit::Outcome& outcome, const Model& model);
    void fill_ending(audit::Outcome& outcome);

    std::mt19937_64 random_;
    std::vector<Model> models_;
    std::vector<Key> keys_;
    std::discrete_distribution<std::size_t> whose_;
    std::vector<std::uint64_t> per_hour_;
    Timestamp start_;
    std::size_t hour_ = 0;
    std::uint64_t made_in_hour_ = 0;
};

}  // namespace bursar::bench
