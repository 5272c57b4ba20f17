#include "integrations/courier/lookout.h"

#include "service/base/log.h"

namespace bursar::courier {

void Lookout::take(Watch watch) {
    const auto refuse = [&](const char* reason) {
        hear_({.id = watch.id, .outcome = Outcome::later, .moves = {}, .reason = reason});
    };
    if (closed_) return refuse("The courier is stopping.");
    if (watch.target.kind != integrations::TargetKind::jira) return refuse("Only Jira has issues that people move.");
    if (under_way_.contains(watch.target.name)) return refuse("This target is being looked at just now.");
    if (under_way_.size() >= at_once_max) return refuse("The courier looks at as much as it can.");
    const std::string target = watch.target.name;
    const Watch& kept = *under_way_.emplace(target, std::make_unique<Watch>(std::move(watch))).first->second;
    begin<Sighting>(look_(kept), [this, target](const Sighting& sighting) { end(target, sighting); });
}

void Lookout::end(const std::string& target, const Sighting& sighting) {
    under_way_.erase(target);
    if (sighting.outcome != Outcome::sent)
        log::warning("issues_not_seen", {{"target", target}, {"reason", sighting.reason}});
    hear_(sighting);
}

}  // namespace bursar::courier
