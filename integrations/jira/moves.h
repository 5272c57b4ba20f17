#pragma once

#include "integrations/jira/issue.h"
#include "integrations/watch.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Who moved issues where, as Jira tells it. Pure.
namespace bursar::integrations::jira {

/// All issues of a watch by one search: by their labels, because a search by keys fails as a whole where one of them is
/// gone.
std::string watch_body(const Project& project, const Watch& watch);

/// An issue of the watch that is in one of its statuses.
struct Seen {
    std::string key;
    std::string status;  ///< as the watch calls it
};
/// By keys: others may have the label as well, if somebody gave it to them.
std::vector<Seen> seen_in(const Json& found, const Watch& watch);

/// What tells an issue's status with its history.
std::string history_path(std::string_view key);
/// The move that brought the issue where it is; none if it is elsewhere by now, or its history does not show it.
std::optional<Move> last_move(const Json& issue, const Seen& seen);

}  // namespace bursar::integrations::jira
