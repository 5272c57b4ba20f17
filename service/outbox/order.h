// Of one incident at one target what happened first is told first, also where a digest tells it.
#pragma once

#include "service/outbox/state.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace bursar::outbox {

/// What is not told yet at one target, by the incidents that it speaks of. A digest speaks of all that it sums up. Made
/// for one look and not kept.
class Order {
  public:
    Order(const State& state, const std::string& target);

    bool is_busy() const { return !busy_.empty(); }
    /// Whether nothing of its incidents is under way, nor has to be told before it.
    bool may_go(const Delivery& delivery) const;
    /// It goes: what else is of its incidents has to wait for it.
    void goes(const Delivery& delivery);

  private:
    void add(std::int64_t incident, std::int64_t number, const Delivery& carrier);

    /// For each incident the earliest that was not told, and the delivery that tells it. Digests among themselves are
    /// of incident 0.
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> first_;
    std::map<std::int64_t, std::set<std::int64_t>> incidents_of_;  ///< by the number of the delivery
    std::set<std::int64_t> busy_;                                  ///< incidents of what is under way
};

}  // namespace bursar::outbox
