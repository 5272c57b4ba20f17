#pragma once

#include "policies/alerts.h"
#include "policies/fields.h"

#include <map>
#include <optional>
#include <string>

// Parts of the section "alerts" while it is read.
namespace bursar::policies {

constexpr std::size_t alert_targets_max = 50;
constexpr std::size_t alert_routes_max = 100;
constexpr std::size_t route_kinds_max = 64;
constexpr std::size_t route_teams_max = 1'000;
constexpr std::size_t route_targets_max = 20;
constexpr std::size_t assignees_max = 1'000;

/// A target, and the teams that it names.
struct AlertTargetDraft {
    AlertTarget target;
    std::map<std::string, Place, std::less<>> teams;
};

/// {slack: {webhook: slack-ops}, per_minute: 30}
AlertTargetDraft read_alert_target(const Named& named);

/// The name of a secret in the vault. A webhook's address or a token in its place is told of, never repeated.
std::optional<std::string> read_alert_secret(const Value& value);

}  // namespace bursar::policies
