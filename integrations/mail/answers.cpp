#include "integrations/mail/answers.h"

#include <fmt/format.h>

namespace bursar::integrations::mail {

Verdict judge(const Answer& answer, bool login_denied) {
    const int status = answer.status;
    if (answer.unsendable)
        return {.outcome = Outcome::closed, .reason = sentence(fmt::format("No mail is sent: {}", answer.trouble))};
    const bool is_busy = status >= 400 && status < 500;
    if ((login_denied && !is_busy) || status == 530 || status == 534 || status == 535 || status == 538)
        return {.outcome = Outcome::closed,
                .reason = fmt::format("The mail server does not accept user and password (SMTP {}).", status)};
    if (answer.trouble.empty() && status >= 200 && status < 300)
        return {.outcome = Outcome::sent, .reason = "The mail server took it."};
    if (status >= 500)
        return {.outcome = Outcome::refused,
                .reason = fmt::format("The mail server refuses the mail (SMTP {}).", status)};
    if (status >= 400)
        return {.outcome = Outcome::later, .reason = fmt::format("The mail server is busy (SMTP {}).", status)};
    return {.outcome = Outcome::later,
            .reason = sentence(fmt::format("The mail server gave no answer ({})", answer.trouble)),
            .perhaps_sent = answer.perhaps_arrived};
}

}  // namespace bursar::integrations::mail
