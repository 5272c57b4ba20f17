#pragma once

#include "integrations/wire.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Issues of Jira that people answer by moving them: what the service asks the courier, and what that has seen. Both
// are frames as those of integrations/wire.h.
namespace bursar::integrations {

constexpr std::size_t watched_issues_max = 50;   ///< of one watch
constexpr std::size_t watched_statuses_max = 4;  ///< of one watch
constexpr std::size_t account_bytes_max = 255;   ///< of whoever moved an issue: account, address and name, each

/// Service → courier: look at these issues now. Answered once, by a sighting; nothing is changed by it.
struct Watch {
    struct Issue {
        std::string key;
        std::string incident;  ///< Message::incident, by whose label it is found
    };
    std::string id;
    Target target;
    std::vector<Issue> issues;
    std::vector<std::string> statuses;  ///< names or numbers; who moved an issue matters in these only
};

/// An issue is in one of these statuses, and this is the move that brought it there.
struct Move {
    std::string key;
    std::string change;   ///< the number of the entry in the issue's history: no two moves have the same
    std::string status;   ///< as the watch calls it
    std::string account;  ///< of whoever moved it: accountId (cloud), name (data center); empty: Jira does not say
    std::string email;    ///< empty: Jira does not show it, or the account is no employee's
    std::string name;     ///< for people's eyes
    Timestamp at;
    bool operator==(const Move&) const = default;
};

/// Courier → service: what a watch has shown. `sent` stands for an answer; of any other outcome there are no moves.
struct Sighting {
    std::string id;
    Outcome outcome = Outcome::later;
    std::vector<Move> moves;
    std::optional<std::chrono::milliseconds> wait;
    std::string reason;  ///< one sentence for operators, without secrets
    std::string answer;  ///< as of a receipt
};

/// Whether a frame is one of these, by how ours begin.
bool is_watch(std::string_view json);
bool is_sighting(std::string_view json);

/// Secrets are in it in plain: only for the socket.
Secret write_watch(const Watch& watch);
Result<Watch> read_watch(std::string_view json);
std::string write_sighting(const Sighting& sighting);
Result<Sighting> read_sighting(std::string_view json);

}  // namespace bursar::integrations
