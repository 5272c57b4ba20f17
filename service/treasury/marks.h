#pragma once

#include "service/base/time_zone.h"
#include "service/ledger/ledger.h"
#include "service/treasury/events.h"

#include <optional>
#include <string>
#include <vector>

// The marks of a limit: which are reached, what was told of them, and in which words. Pure.
namespace bursar::treasury {

/// What was told of one limit in one period. It grows by the events alone, so it comes back from them after a restart.
struct Told {
    int again = 0;    ///< how often it has had room again
    int floor = 0;    ///< marks up to this one were reached then already: they are not told anew
    int highest = 0;  ///< of the marks that were told since; 0: none, so nothing is open
    /// When it had room again: what was refused before says nothing of now.
    Timestamp since = Timestamp::min();
    bool operator==(const Told&) const = default;
};

/// What all events of this limit and period have in common: "budget:team:research|per month|2026-11-01T00:00:00.000Z".
/// A limit for good and a rolling one have no period: what was told lasts until there is room again.
std::string incident_of(const ledger::Standing& standing);

/// One event for each mark (warn_percent) that is reached by what is spent, not by what is held, and was not told yet;
/// in their order. A hard limit that has marks has one at 100 %, whether it is written or not: budget.exhausted.
std::vector<Event> threshold_events(const ledger::Standing& standing, const TimeZone& zone, Timestamp now,
                                    const Told& told = {});

/// There is room again: by a raise, a credit, a correction or, of a rolling limit, by the time. A little more room than
/// the mark itself, or it would be told again with the next call.
std::optional<Event> recovery_event(const ledger::Standing& standing, const TimeZone& zone, Timestamp now,
                                    const Told& told);

/// What `event` makes of what was told: of those above, by name and kind.
void note_told(Told& told, const Event& event);

/// Whether people want to know what was spent of it once its period is over: limits of a week or more of the
/// organisation and of teams.
bool is_reported(const ledger::Standing& standing);
/// The period of the limit is over. `last`: how it stood when it was last looked at; none: nobody looked.
struct Closed {
    std::string incident;
    std::string account;
    std::string team;
};
Event closing_event(const Closed& closed, const ledger::Standing* last, const TimeZone& zone, Timestamp now);

}  // namespace bursar::treasury
