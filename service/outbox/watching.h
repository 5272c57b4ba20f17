#pragma once

#include "integrations/watch.h"
#include "policies/alerts.h"
#include "service/base/result.h"
#include "service/outbox/messages.h"
#include "service/outbox/state.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Requests for more that are answered by moving their issues.
namespace bursar::outbox {

/// Who may answer requests for more by moving their issues: settings of a target of Jira.
struct TicketApprovals {
    std::string approve;                        ///< a status: its name, or its number
    std::string decline;                        ///< empty: none declines
    std::vector<std::string> by;                ///< accounts of Jira, e-mail addresses, by_leads
    std::map<std::string, std::string> people;  ///< account or address in Jira → the person here
};
/// None: requests are not answered there.
std::optional<TicketApprovals> approvals_of(const policies::AlertTarget& target);

/// In Thread::ref: the change of the issue that was answered last, so that nobody is told twice that it does not count.
inline constexpr std::string_view answered_name = "answered";

/// An issue by which an open request can be answered.
struct Ticket {
    std::int64_t incident = 0;
    std::int64_t request = 0;  ///< its number
    std::string target;
    std::string key;
    std::string label;     ///< Message::incident
    std::string answered;  ///< Move::change; empty: none was
};
/// Those of one target, in the order of their incidents. Pure.
std::vector<Ticket> tickets_of(const State& state, const std::string& target);

/// The issue of a request was moved to one of the statuses that answer it.
struct Moved {
    std::int64_t request;
    std::string_view target;
    const TicketApprovals& approvals;
    const integrations::Move& move;
};
/// Answers the request, if whoever moved the issue may. A sentence for the issue if it changes nothing; empty: it was
/// answered, or there is nothing to be said. An error: nobody knows yet, and the move is looked at again.
using Decide = std::function<Result<std::string>(const Moved&)>;

/// What is said on an issue whose move changed nothing.
integrations::Message objection_to(const Incident& incident, const Ticket& ticket, std::string sentence,
                                   const Context& context);

}  // namespace bursar::outbox
