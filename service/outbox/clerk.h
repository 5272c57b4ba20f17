#pragma once

#include "integrations/wire.h"
#include "policies/rules.h"
#include "service/outbox/dispatcher.h"
#include "service/outbox/tables.h"
#include "service/reports/kept.h"
#include "service/store/store.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bursar::outbox {

/// The dispatcher with its tables: nothing of what it decides is done before it is stored, and what cannot be stored
/// was not decided. One thread at a time; blocking.
class Clerk {
  public:
    struct Parts {
        store::Store& store;
        const policies::Rules& rules;
        std::string public_url;
        Chance chance;
    };
    /// Written in the transaction of a change: its audit row.
    using Also = std::function<Result<void>(store::Transaction&)>;
    /// A target with its secrets: key_missing if the vault does not have one, sealed if it gives none.
    using Prepare = std::function<Result<integrations::Target>(const policies::AlertTarget&)>;

    explicit Clerk(Parts parts) : parts_(std::move(parts)) {}

    /// Takes the events that came, makes the messages that are due.
    Result<void> look(Timestamp now);
    /// What may go out now, at most so many. They are stored as handed out: whoever asks has to send them.
    Result<std::vector<integrations::Delivery>> hand_out(std::size_t count_max, Timestamp now, const Prepare& prepare);
    Result<void> receive(const integrations::Receipt& receipt, Timestamp now);
    /// Whatever the courier has, nobody knows what became of it.
    Result<void> courier_gone(Timestamp now);
    /// A test reached the target.
    Result<void> works(const std::string& target, Timestamp now);

    /// Issues of open requests at one target.
    Result<std::vector<Ticket>> tickets(const std::string& target, Timestamp now);
    /// Dispatcher::answer()
    Result<void> answer(const Ticket& ticket, const std::string& change, std::string sentence, Timestamp now);

    Result<void> resend(const std::string& id, Timestamp now, const Also& also);
    /// With its number.
    Result<Silence> silence(Silence silence, const Also& also);
    Result<void> end_silence(std::int64_t number, Timestamp now, const Also& also);

    /// How many the courier has.
    std::size_t under_way() const { return out_.size(); }
    struct Summary {
        std::int64_t waiting = 0;
        std::map<std::string, Standing> standings;
    };
    Summary summary() const;

  private:
    Result<void> ready(Timestamp now);
    Result<void> take(Dispatcher& dispatcher, const Event& event, const Context& with);
    Result<std::optional<reports::KeptWhole>> report_numbered(std::int64_t number);
    Result<void> put_in_report(integrations::Message& message);
    Result<void> read_again(Timestamp now);
    Result<void> commit(Timestamp now, const Also& also = {});
    template <typename Change>
    Result<void> apply(Timestamp now, const Change& change, const Also& also = {});
    Context context(const policies::Snapshot& rules, Timestamp now) const {
        return {.rules = rules, .public_url = parts_.public_url, .now = now};
    }

    Parts parts_;
    std::optional<Dispatcher> dispatcher_;  ///< none: to be read from the tables
    std::set<std::string> out_;             ///< ids that the courier has
    Timestamp forget_at_;
};

}  // namespace bursar::outbox
