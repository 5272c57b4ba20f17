#pragma once

#include "service/outbox/state.h"
#include "service/store/store.h"

#include <string>
#include <string_view>
#include <vector>

// The outbox in bursar.db.
namespace bursar::outbox {

store::Schema schema();

/// All that is not done yet, and what may go on. The first time ever it begins behind the events that are there.
Result<State> load(store::Transaction& transaction, Timestamp now);
/// Stores what has changed, and raises the outbox's own events.
Result<void> save(store::Transaction& transaction, const State& state, const Changes& changes);
/// Deletes some of what ended long ago; the rest the next time.
Result<void> forget(store::Transaction& transaction, Timestamp now);

// For lists. Newest first.
struct IncidentRow {
    Incident incident;
    std::vector<Thread> threads;  ///< without what is pending
};
Result<std::vector<IncidentRow>> list_incidents(store::Transaction& transaction, bool open_only, int count_max);
Result<std::vector<Delivery>> list_deliveries(store::Transaction& transaction, std::vector<Delivery::State> states,
                                              std::int64_t before, int count_max);
Result<std::vector<Standing>> list_standings(store::Transaction& transaction);
/// Those that last.
Result<std::vector<Silence>> list_silences(store::Transaction& transaction, Timestamp now);
/// not_found if there is none of that id.
Result<Delivery> read_delivery_row(store::Transaction& transaction, std::string_view id);
struct Counts {
    std::int64_t waiting = 0;
    std::int64_t dead = 0;
};
Result<Counts> count_deliveries(store::Transaction& transaction);

}  // namespace bursar::outbox
