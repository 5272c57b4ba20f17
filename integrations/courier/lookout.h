#pragma once

#include "integrations/courier/senders.h"
#include "integrations/watch.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace bursar::courier {

using integrations::Sighting;
using integrations::Watch;

/// One search, and a look at the history of each issue that it finds in one of the statuses.
Task<Sighting> look_at_jira(Means& means, const Watch& watch);

/// Looks that are under way: one of a target, `at_once_max` of all. Each watch is answered once. Main thread.
class Lookout {
  public:
    static constexpr std::size_t at_once_max = 4;
    using Look = std::function<Task<Sighting>(const Watch&)>;
    /// `hear` gets each sighting; at once, if a watch cannot be taken.
    Lookout(Look look, std::function<void(const Sighting&)> hear) : look_(std::move(look)), hear_(std::move(hear)) {}

    void take(Watch watch);
    /// From now on nothing is taken. Whatever is under way changes nothing, so nobody need wait for it.
    void close() { closed_ = true; }
    std::size_t under_way() const { return under_way_.size(); }

  private:
    void end(const std::string& target, const Sighting& sighting);

    Look look_;
    std::function<void(const Sighting&)> hear_;
    std::map<std::string, std::unique_ptr<Watch>> under_way_;  ///< by target
    bool closed_ = false;
};

}  // namespace bursar::courier
