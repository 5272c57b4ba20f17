#include "auth/person.h"

#include "service/base/ensure.h"

#include <algorithm>
#include <array>

namespace bursar::auth {
namespace {

constexpr std::array states{PersonState::active, PersonState::missing, PersonState::suspended, PersonState::gone};
constexpr std::array account_states{AccountState::active, AccountState::disabled, AccountState::expired,
                                    AccountState::locked, AccountState::must_change_password};

}  // namespace

std::string_view name_of(AccountState state) {
    switch (state) {
        case AccountState::active:
            return "active";
        case AccountState::disabled:
            return "disabled";
        case AccountState::expired:
            return "expired";
        case AccountState::locked:
            return "locked";
        case AccountState::must_change_password:
            return "must_change_password";
    }
    ENSURE(false);
}

std::optional<AccountState> account_state_of(std::string_view name) {
    const auto found = std::ranges::find(account_states, name, [](AccountState state) { return name_of(state); });
    return found == account_states.end() ? std::nullopt : std::optional(*found);
}

bool keeps_access(AccountState state) {
    switch (state) {
        case AccountState::active:
        case AccountState::locked:
        case AccountState::must_change_password:
            return true;
        case AccountState::disabled:
        case AccountState::expired:
            return false;
    }
    ENSURE(false);
}

std::string_view name_of(PersonState state) {
    switch (state) {
        case PersonState::active:
            return "active";
        case PersonState::missing:
            return "missing";
        case PersonState::suspended:
            return "suspended";
        case PersonState::gone:
            return "gone";
    }
    ENSURE(false);
}

std::optional<PersonState> person_state_of(std::string_view name) {
    const auto found = std::ranges::find(states, name, [](PersonState state) { return name_of(state); });
    return found == states.end() ? std::nullopt : std::optional(*found);
}

bool Standing::is_of(std::string_view team) const { return std::ranges::find(teams, team) != teams.end(); }

}  // namespace bursar::auth
