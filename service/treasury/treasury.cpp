#include "service/treasury/treasury.h"

#include "service/treasury/allocation_rows.h"
#include "service/treasury/events.h"
#include "service/treasury/reconcile/reconciliations.h"

namespace bursar::treasury {

std::vector<store::Schema> Treasury::schemas() {
    return {events_schema(),  Requests::schema(),   Credits::schema(),  Corrections::schema(),
            Pauses::schema(), allocations_schema(), reconcile::schema()};
}

Result<std::unique_ptr<Treasury>> Treasury::open(store::Store& store, ledger::Ledger& ledger, audit::Audit& audit,
                                                 policies::Rules& rules, const Clock& clock) {
    auto treasury = std::make_unique<Treasury>(store, rules, clock);
    Desk& desk = treasury->desk;
    TRY(treasury->requests, Requests::open(desk));
    TRY(treasury->credits, Credits::open(desk, standings_of(ledger, rules)));
    treasury->corrections = std::make_unique<Corrections>(
        desk, audit, [&ledger](ledger::Posting posting, ledger::Ledger::AlsoEntered also) {
            return ledger.enter(std::move(posting), std::move(also));
        });
    TRY(treasury->pauses, Pauses::open(desk));
    return treasury;
}

}  // namespace bursar::treasury
