#pragma once

#include "auth/ldap/channel.h"
#include "auth/ldap/ldap.h"
#include "service/base/result.h"

#include <string>
#include <string_view>

namespace bursar::ldap {

/// Fills in what the kind of directory says, and checks the rest: wrong_configuration names the option and what to
/// write instead.
Result<Options> completed(Options options);

/// "ldaps://dc1.corp.example:636" and the like; the port may be left out.
Result<Server> server_of(std::string_view text);

/// Whether each group of somebody comes from the person's side (memberOf) and not from the groups' members.
bool tells_upward(GroupsBy by);
/// The attribute that groups name their members with, or people their groups.
std::string_view attribute_of(GroupsBy by);

}  // namespace bursar::ldap
