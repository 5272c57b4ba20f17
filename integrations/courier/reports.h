#pragma once

#include "integrations/wire.h"
#include "service/base/result.h"

namespace bursar::courier {

/// A message with a report becomes what its target takes: files where there can be files, in a mail also its body;
/// words alone for Teams and a webhook of Slack; the report itself for a generic webhook. The error is for whoever
/// reads receipts: this report can be written down by nobody. Takes some tenths of a second.
Result<void> prepare_report(integrations::Message& message, const integrations::Target& target);

}  // namespace bursar::courier
