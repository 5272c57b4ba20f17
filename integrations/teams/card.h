#pragma once

#include "integrations/answer.h"
#include "integrations/text.h"

#include <string>

// Messages for a workflow of Microsoft Teams that posts a card when a webhook is called. Adaptive Cards 1.4.
namespace bursar::integrations::teams {

/// What Teams takes as a whole; some of it is its own.
inline constexpr std::size_t payload_bytes_max = 28 * 1024 - 512;

/// Texts are runs, in which nothing is markup.
std::string payload(const Message& message, Copy copy);

/// 202 or 200; a workflow that is off, deleted or not ours to call is closed. The connectors of old answered 200 with
/// the status of what failed behind them in words.
Verdict judge(const Answer& answer, Timestamp now);

}  // namespace bursar::integrations::teams
