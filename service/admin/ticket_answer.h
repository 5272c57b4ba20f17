#pragma once

#include "service/admin/control_plane.h"
#include "service/outbox/watching.h"

#include <memory>
#include <string>

namespace bursar::admin {

/// Who moved an issue, as a person here: by the policy's own word, else by an e-mail address that is of one person
/// alone. Null: nobody, or nobody who is let in.
std::shared_ptr<const auth::Person> mover_of(const auth::People& people, const outbox::TicketApprovals& approvals,
                                             const integrations::Move& move);

/// Answers a request as whoever moved its issue, by the rules of the API: finance and operators about all, leads about
/// what is of their teams, nobody about his own. As outbox::Decide says. What is refused is in the audit, too.
/// Blocking.
Result<std::string> answer_by_ticket(const Parts& parts, const outbox::Moved& moved);

}  // namespace bursar::admin
