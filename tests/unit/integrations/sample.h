#pragma once

#include "integrations/message.h"

namespace bursar::integrations::test {

/// A budget at 81 % of its limit, with everything that a message may have but items and attachments.
Message budget_message();
/// Several events of one provider's trouble.
Message digest_message(int items);
/// Whatever a target's limits are, this passes them: long words of letters that take two units and four bytes.
Message huge_message();
/// Text that means something to Slack, Jira, mail and HTML.
Message hostile_message();

/// Compares with a file in tests/golden/integrations; BURSAR_UPDATE_GOLDEN=1 writes it anew.
void expect_golden(const char* file, const std::string& text);

}  // namespace bursar::integrations::test
