#pragma once

#include "integrations/message.h"

#include <string>

namespace bursar::integrations::jira {

inline constexpr std::size_t description_units_max = 32'767, summary_units_max = 255;

/// A description or comment for Jira Cloud (Atlassian Document Format, version 1). All text is in text nodes, where
/// nothing is markup.
std::string adf(const Message& message);

}  // namespace bursar::integrations::jira
