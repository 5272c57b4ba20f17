#include "service/ledger/periods.h"

#include <algorithm>

namespace bursar::ledger {

Calendar::Calendar(TimeZone zone, Timestamp newest) : zone_(std::move(zone)) { recompute(newest); }

void Calendar::recompute(Timestamp newest) {
    valid_until_ = Timestamp::max();
    for (const Per per : calendar_periods) {
        current_[index_of(per)] = zone_.period_of(per, newest);
        valid_until_ = std::min(valid_until_, current_[index_of(per)].end);
    }
    ++generation_;
}

Period Calendar::period_of(Per per, Timestamp at) const {
    if (per == Per::ever || per == Per::dates) return {};
    return current(per).contains(at) ? current(per) : zone_.period_of(per, at);
}

}  // namespace bursar::ledger
