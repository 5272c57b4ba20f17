#pragma once

#include "service/base/severity.h"

#include <span>
#include <string_view>

// The closed list of what people can be told of. docs/operate/events.md is made from it.
namespace bursar::policies {

struct EventKind {
    std::string_view name;               ///< "budget.threshold": the word in policies, in the API and in webhooks
    Severity severity = Severity::info;  ///< of those that do not say one themselves
    /// Whether an event of this kind begins something that lasts ("a provider is down"), ends it, or is over when it is
    /// told.
    enum class Course : std::uint8_t { begins, ends, news };
    Course course = Course::news;
    std::string_view title;     ///< "A channel is down"
    std::string_view meaning;   ///< for the documents: when it is raised, and what to do
    std::string_view ended_by;  ///< for the documents: "channel.back", or in words
};

/// In the order of the documents.
std::span<const EventKind> event_kinds();
/// Null if there is none of that name.
const EventKind* event_kind(std::string_view name);

}  // namespace bursar::policies
