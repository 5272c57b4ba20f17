#pragma once

#include "integrations/message.h"

#include <string>
#include <string_view>

namespace bursar::integrations::jira {

/// A description or comment for Jira Data Center (wiki markup), at most description_units_max.
std::string wiki(const Message& message);
/// One line in which nothing is markup.
std::string wiki_escaped(std::string_view text);

}  // namespace bursar::integrations::jira
