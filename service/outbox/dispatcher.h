#pragma once

#include "integrations/wire.h"
#include "service/outbox/messages.h"
#include "service/outbox/state.h"
#include "service/outbox/watching.h"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::outbox {

inline constexpr std::chrono::hours reopened_within{24};  ///< what begins again so soon goes on in its thread
inline constexpr std::chrono::hours given_up_after{3 * 24};
inline constexpr std::chrono::hours parked_retry{1};
inline constexpr std::chrono::minutes secret_retry{1};
inline constexpr std::chrono::seconds back_off_first{1};
inline constexpr std::chrono::minutes back_off_last{15};
inline constexpr std::chrono::hours wait_max{24};       ///< that a target may ask for
inline constexpr std::size_t digest_above = 5;          ///< so many messages that wait …
inline constexpr std::chrono::minutes digest_after{5};  ///< … the oldest of them for so long, become one
inline constexpr std::size_t waiting_max = 1'000;       ///< of one target
inline constexpr std::size_t answer_bytes_max = 2'000;
inline constexpr double burst = 5;
inline constexpr std::chrono::days forgotten_after{400};  ///< an incident of which nothing more was heard

/// Where chance comes from, so that tests own it.
struct Chance {
    std::function<std::string(Timestamp now)> make_id;  ///< of a delivery: never the same twice
    std::function<double()> random;                     ///< from 0, below 1
};

/// Decides what is told to whom and when, and what becomes of it. No I/O, no clock, no threads: the same events,
/// receipts and times give the same messages. What it changes is told by changes(), and is stored by whoever calls,
/// before anything of it is done.
class Dispatcher {
  public:
    Dispatcher(State state, Chance chance);

    const State& state() const { return state_; }
    const Changes& changes() const { return changes_; }
    /// The changes are stored: what is done is forgotten.
    void stored(Timestamp now);

    /// A policy came into force, or this is the first look: targets and routes may be others.
    void follow(const Context& context);
    /// The next event, in the order of their numbers.
    void take(const Event& event, const Context& context);
    /// A report is there for these targets: a message of its own for each, at once, whatever the routes say.
    void take_report(const Event& event, const std::vector<std::string>& targets, const integrations::Message& message,
                     const Context& context);
    /// Makes the messages that are due, and gives up what is too old.
    void tick(const Context& context);

    /// Which deliveries may go out now, at most so many, in their order. Puts into digests what belongs there.
    std::vector<std::int64_t> ready(std::size_t count_max, const Context& context);
    void hand_out(std::int64_t number, const Context& context);
    /// The courier never had it, or went away with it.
    void put_back(std::int64_t number, bool perhaps_sent);
    void receive(const integrations::Receipt& receipt, const Context& context);

    /// Nothing goes to the target until it is tried again.
    void park(const std::string& target, std::string reason, std::string answer, bool lacks_secret,
              const Context& context);
    /// Something reached the target.
    void works(const std::string& target, const Context& context);

    /// A move of an issue was judged: what is to be said about it is told there, and it is not judged again.
    void answer(const Ticket& ticket, const std::string& change, std::string sentence, const Context& context);

    /// A dead delivery, as it is stored, is to be sent again.
    void revive(Delivery delivery, Timestamp now);
    Silence silence(Silence silence);
    /// not_found if there is none of that number, or it has ended.
    Result<Silence> end_silence(std::int64_t number, Timestamp now);

  private:
    enum class Mark : std::uint8_t { begins, news };

    // threads.cpp
    Incident& incident_for(const Event& event, bool lasts, const Context& context);
    void begin(const Event& event, const Context& context);
    void end(Incident& incident, const Event& event, const Context& context);
    void offer(Incident& incident, const Event& event, Mark mark, const Context& context);
    void add(Thread& thread, const Incident& incident, const Event& event, Mark mark, const Context& context);
    void make(Thread& thread, const Context& context);
    bool make_reminder(Thread& thread, const Incident& incident, const policies::AlertRoute& route,
                       const Context& context);
    bool keep_for_morning(Thread& thread, Severity severity, const policies::AlertRoute& route, const Context& context);
    void make_due(const Context& context);
    Incident* newest(const std::string& name);

    // deliveries.cpp
    Delivery& deliver(const std::string& target, std::int64_t incident, integrations::Message message, Timestamp now);
    Standing& standing(const std::string& target);
    void refill(Standing& standing, const policies::AlertTarget& target, Timestamp now) const;
    void ready_of(const std::string& target, std::size_t count_max, const Context& context,
                  std::vector<std::int64_t>& out);
    void keep_ref(const Delivery& delivery, const integrations::Receipt& receipt);
    void arrived(Delivery& delivery, const Context& context);
    void came_late(Delivery& delivery, const integrations::Receipt& receipt, Timestamp now);
    void give_up(Delivery& delivery, std::string reason, const Context& context);
    bool has_waiting(std::int64_t incident, const std::string& target) const;

    // digests.cpp
    std::vector<std::int64_t> waiting_of(const std::string& target) const;
    bool is_late(const std::vector<std::int64_t>& waiting, Timestamp now) const;
    void fold(const std::string& target, const std::vector<std::int64_t>& numbers, bool quiet, const Context& context);
    void join(Delivery& from, Delivery& digest, Timestamp now);
    void write_digest(Delivery& digest, bool quiet, const Context& context);
    void drop_covered(const std::vector<std::int64_t>& numbers, Timestamp now);
    void thin_out(const std::string& target, const Context& context);
    bool was_told(const Delivery& delivery) const;
    bool is_perhaps_told(const Delivery& delivery) const;
    void give_up_old(const Context& context);

    void changed(const Thread& thread) { changes_.threads.insert({thread.incident, thread.target}); }
    void changed(const Incident& incident) { changes_.incidents.insert(incident.number); }
    void changed(const Delivery& delivery) { changes_.deliveries.insert(delivery.number); }
    void changed(const Standing& standing) { changes_.standings.insert(standing.name); }
    void erase(const Thread& thread);

    State state_;
    Changes changes_;
    Chance chance_;
    std::map<std::string, std::int64_t, std::less<>> newest_;  ///< incidents by name
    std::optional<std::int64_t> revision_;                     ///< of the policy that was looked at last
};

/// Reports are read as they are: they are never put together with anything.
bool is_report(const Delivery& delivery);

/// Whether its messages become issues, which are never put together.
bool is_tickets(const policies::Snapshot& rules, const std::string& target);

}  // namespace bursar::outbox
