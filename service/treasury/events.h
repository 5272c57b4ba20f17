#pragma once

#include "service/base/clock.h"
#include "service/base/severity.h"
#include "service/store/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What people want to hear of: a budget at 80 %, a request for more, a key that was paused. Kept until they were told.
namespace bursar::treasury {

struct Event {
    std::int64_t number = 0;
    Timestamp at;
    /// What makes it this event and no other: "budget:team:research|per month|2026-11-01T00:00:00.000Z|80". Whatever is
    /// raised again under the same name is the same event and is not raised.
    std::string name;
    std::string kind;     ///< "budget.threshold", "request.made": the words in policies
    std::string subject;  ///< an account or a key: "team:research", "key:7f3a"
    std::string text;     ///< one sentence for people
    std::string detail;   ///< a JSON object, never a secret
    /// What it begins, goes on with or ends: "budget:team:research|per month|2026-11-01T00:00:00.000Z". Empty: its
    /// name.
    std::string incident{};
    std::string team{};                  ///< whose it is: routes go by it; empty: nobody's
    std::optional<Severity> severity{};  ///< none: its kind's
};

/// An incident by these words: as they are, or cut with a digest behind if they are too long, or not printable ASCII.
std::string incident_named(std::string_view words);

store::Schema events_schema();

/// Raises it, unless its name is there already; whether it was new. In the transaction of what caused it. Its kind is
/// one of policies::event_kinds().
Result<bool> raise(store::Transaction& transaction, const Event& event);
/// Deletes some of those that are older; the rest the next time.
Result<void> forget_events(store::Transaction& transaction, Timestamp before);
/// Those that were raised after `number`, oldest first: what the outbox follows.
Result<std::vector<Event>> events_after(store::Transaction& transaction, std::int64_t number, int count_max);
/// Newest first; those with a smaller number than `before`, and of `kind` unless it is empty: "request.made", or
/// "request" for all that begin with "request.".
Result<std::vector<Event>> read_events(store::Transaction& transaction, std::int64_t before, int count_max,
                                       std::string_view kind = {});

}  // namespace bursar::treasury
