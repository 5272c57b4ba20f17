#pragma once

#include "integrations/answer.h"

namespace bursar::integrations::mail {

/// Of a conversation in SMTP: `status` is the last reply's code (RFC 5321 §4.2). 2yz is sent, 4yz later, 5yz refused;
/// refused credentials are closed.
Verdict judge(const Answer& answer, bool login_denied);

}  // namespace bursar::integrations::mail
