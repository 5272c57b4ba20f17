#pragma once

#include "auth/oidc/client.h"
#include "auth/oidc/json.h"
#include "auth/person.h"
#include "service/base/result.h"

#include <vector>

namespace bursar::oidc {

/// The claims of an ID token and, where it lacks one, of the userinfo endpoint. Both must be verified already.
struct PersonClaims {
    const Json& id_token;
    const Json* userinfo = nullptr;  ///< null: was not asked
    /// By find_claim(); the ID token comes first.
    const Json* find(std::string_view name) const;
};

/// Whether the ID token leaves out something of a person that userinfo may tell.
bool lacks_something(const Json& id_token, const Options& options);

/// Who it is. Refuses (not_accepted) who lacks the subject claim or one that the policy requires.
Result<auth::PersonFacts> person_of(const PersonClaims& claims, const Options& options);

struct GroupsTold {
    std::vector<auth::Group> groups;
    bool whole = false;  ///< the list is there, readable and not cut
};
GroupsTold groups_of(const PersonClaims& claims, const Options& options);
/// Too many for a token, so they are elsewhere (Entra ID): `_claim_names`, `hasgroups`.
bool groups_are_elsewhere(const Json& id_token, std::string_view groups_claim);

inline constexpr std::size_t groups_max = 5000;
inline constexpr std::size_t group_bytes_max = 1024;
inline constexpr std::size_t name_bytes_max =
    255;  ///< of user name, display name and address; longer ones are left out

}  // namespace bursar::oidc
