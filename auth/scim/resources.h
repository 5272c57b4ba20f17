#pragma once

#include "auth/person.h"
#include "auth/scim/filter.h"
#include "auth/scim/json.h"
#include "service/base/json.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

// Users and groups as a source of SCIM tells of them (RFC 7643 §4). What Bursar has no use for (addresses, telephones,
// extensions) is taken and not kept.
namespace bursar::scim {

inline constexpr std::size_t emails_max = 20;
inline constexpr std::size_t members_max = 50'000;    ///< of one group
inline constexpr std::size_t operations_max = 1'000;  ///< of one PATCH

struct Email {
    std::string value;
    std::string type;
    bool primary = false;
    bool operator==(const Email&) const = default;
};

struct User {
    std::string id;       ///< ours, at random; empty: not stored yet
    std::string subject;  ///< of the origin: the external id that it came with or, without one, the id; never changes
    std::string external_id;
    std::string user_name;
    std::string display_name, formatted, given_name, family_name;
    std::vector<Email> emails;
    bool active = true;
    std::int64_t version = 1;
    Timestamp created_at, changed_at;
    bool operator==(const User&) const = default;
    /// For people's eyes.
    std::string shown_name() const;
    /// The primary address, else that of work, else the first.
    std::string email() const;
};

struct Group {
    std::string id;
    std::string external_id;
    std::string display_name;
    std::set<std::string> members;  ///< ids of users
    std::int64_t version = 1;
    Timestamp created_at, changed_at;
    bool operator==(const Group&) const = default;
    /// As the policy may name it.
    auth::Group named() const { return {external_id.empty() ? id : external_id, display_name}; }
};

/// POST and PUT. `active` stays as it is in `user` where the body does not say it.
Outcome<User> put(User user, const Json& body);
Outcome<Group> put(Group group, const Json& body);
/// PATCH (RFC 7644 §3.5.2), as Entra and Okta send it: operations in any case, truths as text, with and without paths.
Outcome<User> patch(User user, const Json& body);
Outcome<Group> patch(Group group, const Json& body);

/// Whether all comparisons hold for it. invalidFilter for an attribute that cannot be asked for.
Outcome<bool> fits(const User& user, const std::vector<Comparison>& filter);
Outcome<bool> fits(const Group& group, const std::vector<Comparison>& filter);

void write(JsonWriter& json, const User& user, std::string_view base_url);
void write(JsonWriter& json, const Group& group, std::string_view base_url, bool with_members);
/// W/"3"
std::string etag_of(std::int64_t version);

}  // namespace bursar::scim
