// What is done again and again beside all calls, and how often.
#include "service/daemon/service.h"
#include "service/treasury/thresholds.h"

namespace bursar::daemon {

using namespace std::chrono_literals;

std::vector<treasury::Duty> duties_of(const Books& books) {
    std::vector<treasury::Duty> duties;
    const auto thresholds = std::make_shared<treasury::Thresholds>(
        books.treasury->desk, treasury::standings_of(*books.ledger, *books.rules),
        [&keys = *books.keys] { return auth::callers_of(keys.list()); });
    duties.push_back({"thresholds", 10s, [thresholds](Timestamp now) { return thresholds->look(now); }});
    return duties;
}

}  // namespace bursar::daemon
