#pragma once

#include "service/base/severity.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Who is told of what: the section "alerts".
namespace bursar::policies {

/// Where messages go. `settings` and `secrets` are checked by kind when the policy is read; `secrets` has the names of
/// secrets in the vault.
struct AlertTarget {
    std::string name;
    std::string kind;  ///< slack, jira, webhook, mail, teams
    /// As integrations::Target has them. Of several (`to`, `labels`, `components`): behind commas, without blanks.
    /// `fields` and `assignees` (by team): JSON objects.
    std::map<std::string, std::string> settings;
    std::map<std::string, std::string> secrets;  ///< "webhook" → "slack-ops"
    int per_minute = 30;                         ///< messages at most, in any minute
    bool operator==(const AlertTarget&) const = default;
};

/// In `by` of a target's approvals: everybody's moves of an issue count whose e-mail address is that of one person
/// here.
inline constexpr std::string_view by_leads = "*leads*";

/// Hours in which only what is critical is told; the rest comes when they end. In the organisation's time zone.
struct QuietHours {
    std::chrono::minutes from{};  ///< since midnight; from > to: over midnight; the same: no hours of days
    std::chrono::minutes to{};
    bool weekends = false;  ///< Saturday and Sunday are quiet as a whole
    bool operator==(const QuietHours&) const = default;
};

struct AlertRoute {
    std::string name;
    std::vector<std::string> kinds;  ///< "budget.threshold", "budget" for all that begin with "budget."; empty: all
    std::vector<std::string> teams;  ///< or departments; empty: all, and what is no team's
    Severity at_least = Severity::info;
    std::vector<std::string> targets;
    bool goes_on = false;  ///< the next route is looked at, too; else the first that fits is the only one
    std::chrono::seconds group_wait{30};
    std::chrono::seconds group_interval{5 * 60};
    std::chrono::seconds repeat_interval{4 * 60 * 60};  ///< of what lasts; 0: never again
    bool resolved = true;                               ///< whether the end is told, too
    std::optional<QuietHours> quiet;
    bool operator==(const AlertRoute&) const = default;
};

struct Alerts {
    std::map<std::string, AlertTarget> targets;
    /// In order. None, but a target: everything from warning on goes to the first target of the policy.
    std::vector<AlertRoute> routes;
    std::string
        trouble;  ///< the target that is told when another one takes nothing any more; empty: the first other one
    bool operator==(const Alerts&) const = default;
};

}  // namespace bursar::policies
