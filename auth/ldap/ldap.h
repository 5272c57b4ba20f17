#pragma once

#include "auth/directory.h"
#include "service/base/clock.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

// LDAP directories by OpenLDAP's client library: Active Directory, OpenLDAP, 389 Directory Server, FreeIPA.
namespace bursar::ldap {

enum class Kind : std::uint8_t { active_directory, openldap };
enum class GroupsBy : std::uint8_t { token_groups, in_chain, member_of, member, unique_member, member_uid };

/// What the policy says of a directory (policies::DirectoryPolicy), with its defaults filled in by connect().
struct Options {
    std::string name;
    Kind kind = Kind::openldap;
    std::string domain;                ///< servers by SRV, asked again every ten minutes
    std::vector<std::string> servers;  ///< "ldaps://host:port"; "ldap://host:port" is StartTLS, always
    std::string ca;                    ///< PEM; empty: the system's store
    std::string bind_dn;
    std::string direct_bind;
    std::string people_base, people_filter, user_attribute, email_attribute, name_attribute, id_attribute;
    bool sign_in_by_email = true;
    std::string groups_base, groups_filter;
    GroupsBy groups_by = GroupsBy::member;
    bool nested = true;
    std::chrono::seconds timeout{5};  ///< of one sign-in, over all servers
    std::chrono::seconds listing_timeout{300};
    int page_size = 500;
};

/// Lends the service account's password at each bind; an error is directory_unavailable with its reason.
using BindPassword = std::function<Result<Secret>()>;

/// wrong_configuration names the option and what to write instead; nothing is asked of the network yet.
Result<std::unique_ptr<auth::Directory>> connect(Options options, BindPassword password, const Clock& clock);

}  // namespace bursar::ldap
