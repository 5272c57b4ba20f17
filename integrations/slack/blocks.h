#pragma once

#include "integrations/message.h"
#include "integrations/text.h"

#include <string>

// Messages as Slack takes them (Block Kit; its reference and its SDK's types of November 2026 for the limits).
namespace bursar::integrations::slack {

inline constexpr std::size_t header_units_max = 150, section_units_max = 3000, field_units_max = 2000, fields_max = 10,
                             blocks_max = 50, button_units_max = 75, button_url_bytes_max = 3000, buttons_max = 5,
                             context_units_max = 2000, fallback_units_max = 3000;
/// Slack refuses whole messages from some 13,200 characters on; this counts the blocks as JSON, which is more.
inline constexpr std::size_t total_units_max = 13'000;

/// Where a message of the API goes; all empty for a webhook, whose address says it.
struct Place {
    std::string channel;
    std::string ts;         ///< the message that is to become this one
    std::string thread_ts;  ///< the message that this one answers
};

/// The body of a webhook, of chat.postMessage or chat.update. Never larger than Slack takes.
std::string payload(const Message& message, Copy copy, const Place& place = {});
/// & < > as Slack wants them, at most `units_max` with the mark of a cut; no entity is cut in two.
std::string escaped(std::string_view text, std::size_t units_max);

}  // namespace bursar::integrations::slack
