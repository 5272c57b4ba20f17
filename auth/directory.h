#pragma once

#include "auth/person.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::auth {

/// All people of a directory. Only a whole list may take anything away from anybody.
struct Listing {
    std::vector<PersonFacts> people;
    bool whole = false;
    std::string why_not;  ///< what was missing, for operators: "the server's size limit was reached after 500 entries"
};

/// One thing that a test of a directory or provider of identities looked at, in the order in which a sign-in comes to
/// it.
struct Step {
    enum class State : std::uint8_t { good, bad, skipped };
    std::string name;  ///< "resolve", "TLS", "bind", "search", "groups", "teams"
    State state = State::good;
    std::string text;  ///< what is, and what to do about it; never a password
};

/// How a directory is, for health and metrics.
struct DirectoryHealth {
    bool good = true;
    std::string text;  ///< which server, since when, what is wrong
    std::optional<Timestamp> answered_at;
};

/// A company's directory. Every function blocks, for some seconds at most, and may be called by several threads.
/// A directory that does not answer is directory_unavailable, never "no such person".
class Directory {
  public:
    virtual ~Directory() = default;
    virtual const std::string& name() const = 0;

    /// Checks a password. unauthenticated (one sentence for the caller whatever is wrong: no such person, wrong
    /// password, disabled, expired, locked, must change; `for_operator` tells), directory_unavailable.
    virtual Result<PersonFacts> sign_in(std::string_view user, const Secret& password) = 0;
    /// How somebody stands now, without their password: nullopt if a whole answer does not have them.
    virtual Result<std::optional<PersonFacts>> look_up(const Origin& origin) = 0;
    /// Everybody. A partial answer comes back as such; directory_unavailable if there is none.
    virtual Result<Listing> list() = 0;
    /// Every step in words; with a user name also what is found of them; with a password also whether it is right.
    virtual std::vector<Step> test(std::string_view user, const Secret& password) = 0;
    virtual DirectoryHealth health() const = 0;
};

}  // namespace bursar::auth
