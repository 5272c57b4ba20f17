#pragma once

#include "integrations/message.h"
#include "service/treasury/events.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

// All that the outbox knows: the rows of its tables, as they are in memory.
namespace bursar::outbox {

using treasury::Event;

/// What began and may end, or one piece of news. Its messages to one target belong together.
struct Incident {
    std::int64_t number = 0;  ///< of the event that began it: tells it from others of the same name
    std::string name;
    Event latest;  ///< of its events the one that matters most, with its severity
    Timestamp begun;
    std::optional<Timestamp> ended;
    bool lasts = true;  ///< else it is news, over as soon as it is told
};

/// One incident at one target.
struct Thread {
    std::int64_t incident = 0;
    std::string target;
    std::string route;             ///< whose times count; empty: of no route
    std::vector<Event> pending;    ///< not told yet, oldest first; with `end_due` the last of them is the end
    std::optional<Timestamp> due;  ///< when the next message is to be made; none: nothing is to be told
    std::optional<Timestamp> made;
    std::int64_t told_rank = -1;    ///< of what mattered most in all that was made (rank_of())
    bool firing_told = false;       ///< a message was made that it fires
    bool firing_delivered = false;  ///< the last that reached the target says that it fires
    bool end_due = false;
    bool held = false;                       ///< kept back by quiet hours
    std::map<std::string, std::string> ref;  ///< what the target gave for it: Slack's ts, Jira's key
};
using ThreadKey = std::pair<std::int64_t, std::string>;

struct Delivery {
    enum class State : std::uint8_t {
        waiting,
        under_way,  ///< the courier has it
        folded,     ///< told by the digest `into`
        sent,
        dead,  ///< given up; somebody may send it again
    };
    std::int64_t number = 0;
    std::string id;
    std::string target;
    std::int64_t incident = 0;  ///< 0: a digest
    State state = State::waiting;
    std::int64_t into = 0;  ///< of folded ones: the digest's number
    Timestamp made;
    Timestamp due;
    int tries = 0;
    bool perhaps_sent = false;
    std::optional<Timestamp> ended;
    std::string reason;
    std::string answer;
    integrations::Message message;
    bool is_digest() const { return incident == 0; }
};
std::string_view name_of(Delivery::State state);
std::optional<Delivery::State> delivery_state_of(std::string_view name);

/// How a target takes what it is given.
struct Standing {
    std::string name;
    double tokens = 0;  ///< messages that may go at once
    Timestamp tokens_at;
    int failures = 0;  ///< in a row
    Timestamp not_before;
    std::optional<Timestamp> parked_at;  ///< it takes nothing any more
    bool lacks_secret = false;           ///< why it is parked
    std::string reason;                  ///< of the last answer that was not good; empty: it was
    std::string answer;
    std::optional<Timestamp> answered_at;
};

/// Somebody wants to hear nothing of something for a while.
struct Silence {
    std::int64_t number = 0;
    std::string events;    ///< "channel.down", or "channel" for all of channel.*; empty: all
    std::string team;      ///< or a department; empty: all
    std::string incident;  ///< its name; empty: all
    std::string author;
    std::string reason;
    Timestamp made;
    Timestamp until;
};

struct State {
    std::int64_t cursor = 0;  ///< number of the last event that was taken
    std::int64_t next_delivery = 1;
    std::int64_t next_silence = 1;
    std::map<std::int64_t, Incident> incidents;
    std::map<ThreadKey, Thread> threads;
    std::map<std::int64_t, Delivery> deliveries;
    std::map<std::string, Standing> standings;
    std::map<std::int64_t, Silence> silences;
};

/// What of a State has changed since it was stored; a key that the State does not have is to be deleted.
struct Changes {
    bool cursor = false;
    std::set<std::int64_t> incidents;
    std::set<ThreadKey> threads;
    std::set<std::int64_t> deliveries;
    std::set<std::string> standings;
    std::set<std::int64_t> silences;
    std::vector<Event> raised;  ///< events of the outbox itself
    bool empty() const {
        return !cursor && incidents.empty() && threads.empty() && deliveries.empty() && standings.empty() &&
               silences.empty() && raised.empty();
    }
};

}  // namespace bursar::outbox
