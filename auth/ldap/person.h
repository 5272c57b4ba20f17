#pragma once

#include "auth/ldap/connection.h"
#include "auth/ldap/failure.h"
#include "auth/ldap/ldap.h"
#include "auth/person.h"

#include <string>
#include <vector>

namespace bursar::ldap {

/// Everything that is read of a person, for facts and for groups.
std::vector<std::string> person_attributes(const Options& options);

/// The immutable id as it is kept: objectGUID as text, others in small letters; empty if there is none to be read.
std::string id_of(const Entry& entry, const Options& options);
/// A filter for exactly that id; empty if the text is no id of this kind.
std::string filter_of_id(std::string_view subject, const Options& options);

/// What an entry says of a person, without groups. Failure if it has no id or no user name: the service account may
/// not read them, or the options name the wrong attributes.
Outcome<auth::PersonFacts> facts_of(const Entry& entry, const Options& options, Timestamp now);

/// Disabled, expired, locked: by whichever attributes this directory keeps.
auth::AccountState account_of(const Entry& entry, Timestamp now);
/// "is disabled" and the like, behind "the account".
std::string_view words_for(auth::AccountState state);

}  // namespace bursar::ldap
