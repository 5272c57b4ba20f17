#pragma once

#include "auth/scim/rows.h"

#include <string>
#include <string_view>
#include <vector>

namespace bursar::scim {

/// What People is told of a user.
auth::PersonFacts facts_of(const User& user, std::string_view source, const std::vector<Group>& groups,
                           bool groups_known);
/// "alice@corp.example (7f3a…)", for the audit.
std::string words_of(const User& user);
std::string words_of(const Group& group);

}  // namespace bursar::scim
