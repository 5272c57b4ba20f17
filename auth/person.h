#pragma once

#include "service/base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// People, as directories tell of them and as Bursar keeps them.
namespace bursar::auth {

/// Who somebody is, for good: nothing that a rename, a new address or a move in the directory changes.
struct Origin {
    std::string source;  ///< "ldap:corp", "oidc:entra", "scim:okta"
    std::string
        subject;  ///< objectGUID or entryUUID in lower case with dashes; `sub` of that issuer; SCIM's externalId
    bool operator==(const Origin&) const = default;
    auto operator<=>(const Origin&) const = default;
};

/// A group somebody is in. The policy may name it either way.
struct Group {
    std::string id;    ///< what stays when it is renamed: SID, objectGUID, entryUUID; empty if the source has none
    std::string name;  ///< DN, or what the claim says
    bool operator==(const Group&) const = default;
};

/// What a directory says about the account itself.
enum class AccountState : std::uint8_t { active, disabled, expired, locked, must_change_password };
std::string_view name_of(AccountState state);
std::optional<AccountState> account_state_of(std::string_view name);
/// Whether whoever has such an account keeps what they have. Strangers can lock an account by guessing, and a password
/// that must be changed takes nothing from anybody: with these nobody can sign in, and whoever is in stays in.
bool keeps_access(AccountState state);

/// One person as a source tells of them.
struct PersonFacts {
    Origin origin;
    std::string user_name;      ///< what they sign in with; may change
    std::string display_name;   ///< for people's eyes; any text
    std::string email;          ///< never identifies anybody; may be empty
    std::vector<Group> groups;  ///< also those that they are in by way of other groups
    /// False where the source did not tell all of them: what is known from before stays, and nobody gains by it.
    bool groups_known = true;
    AccountState account = AccountState::active;
    bool operator==(const PersonFacts&) const = default;
};

enum class PersonState : std::uint8_t {
    active,
    missing,    ///< the source did not have them at the last look; still let in, until their grace ends
    suspended,  ///< the source says so, or an operator
    gone,       ///< left: the source has them no more, and their grace is over
};
std::string_view name_of(PersonState state);
std::optional<PersonState> person_state_of(std::string_view name);

/// What the policy in force makes of somebody's groups.
struct Standing {
    std::vector<std::string> teams;  ///< in the policy's order; empty: no model may be called
    std::vector<std::string> leads;  ///< teams that they lead
    std::string role = "member";     ///< a name of auth::Role
    bool is_of(std::string_view team) const;
    bool operator==(const Standing&) const = default;
};

struct Person {
    /// The name of their account ("person:alice"): what they signed in with first, made unique. Never changes, so that
    /// keys and spend stay theirs.
    std::string name;
    PersonFacts facts;
    PersonState state = PersonState::active;
    std::string why;  ///< of the state, for operators
    /// An operator has suspended them: whatever the source tells of them, they stay so until an operator says
    /// otherwise.
    bool held_by_operator = false;
    Timestamp created_at;
    Timestamp changed_at;
    std::optional<Timestamp> seen_at;        ///< when the source had them last
    std::optional<Timestamp> missing_since;  ///< of `missing`
    std::optional<Timestamp> signed_in_at;
    /// Sessions that began before are over, whatever else they say: when the person was last put out.
    std::optional<Timestamp> put_out_at;
    std::int64_t version = 1;
    Standing standing;  ///< not stored: worked out from the policy in force

    const std::string& id() const { return name; }
    /// May sign in and be called for.
    bool let_in() const { return state == PersonState::active || state == PersonState::missing; }
};

}  // namespace bursar::auth
