#include "service/staff/away.h"

#include <algorithm>
#include <utility>

namespace bursar::staff {

void Away::forget_old(Timestamp now) {
    std::erase_if(trips_, [&](const auto& entry) { return now >= entry.second.began_at + life; });
}

Result<void> Away::leave(const std::string& state, Trip trip, Timestamp now) {
    const MutexLock lock(mutex_);
    forget_old(now);
    if (trips_.size() >= max)
        return fail(Fault::overloaded, "Too many people are signing in at once. Try again in a minute.",
                    "more than 10,000 sign-ins under way");
    // Of one address the oldest goes: a page that begins many of them must not stop those who mean it.
    const auto same = [&](const auto& entry) { return entry.second.address == trip.address; };
    if (static_cast<std::size_t>(std::ranges::count_if(trips_, same)) >= max_per_address) {
        auto oldest = trips_.end();
        for (auto at = trips_.begin(); at != trips_.end(); ++at)
            if (same(*at) && (oldest == trips_.end() || at->second.began_at < oldest->second.began_at)) oldest = at;
        trips_.erase(oldest);
    }
    trip.began_at = now;
    trips_.emplace(state, std::move(trip));
    return {};
}

Result<Away::Trip> Away::come_back(std::string_view provider, std::string_view state, std::string_view browser,
                                   Timestamp now) {
    constexpr auto sentence = "This sign-in has ended, or began in another browser. Begin again.";
    const MutexLock lock(mutex_);
    forget_old(now);
    const auto found = trips_.find(state);
    if (state.empty() || found == trips_.end())
        return fail(Fault::conflict, sentence, "a state that nobody left with, or that was used or is too old");
    Trip trip = std::move(found->second);
    trips_.erase(found);
    if (trip.pending.provider != provider)
        return fail(Fault::conflict, sentence, "the state was for the provider " + trip.pending.provider);
    const Digest shown = sha256(browser);
    if (!equal_in_constant_time(as_text(shown), as_text(trip.browser)))
        return fail(Fault::conflict, sentence, "another browser came back with the state");
    return trip;
}

}  // namespace bursar::staff
