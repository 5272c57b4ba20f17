#pragma once

#include "auth/scim/resources.h"
#include "service/store/store.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The tables of SCIM: what a source has told, as it is told back. What follows from it is in auth::People.
namespace bursar::scim {

store::Schema rows_schema();

/// How often a source has changed anything: whoever changes something next has looked at this very number.
struct SourceState {
    std::int64_t changes = 0;
    bool had_groups = false;  ///< since it told of its first group, the groups of its people are known
};
Result<SourceState> load_source(store::Transaction& transaction, std::string_view source);
Result<void> save_source(store::Transaction& transaction, std::string_view source, const SourceState& state);

Result<void> insert_user(store::Transaction& transaction, std::string_view source, const User& user);
Result<void> update_user(store::Transaction& transaction, const User& user);
/// With its memberships.
Result<void> delete_user(store::Transaction& transaction, std::string_view id);
Result<std::optional<User>> load_user(store::Transaction& transaction, std::string_view source, std::string_view id);
enum class Known : std::uint8_t { user_name, external_id, email };
/// In no order of meaning; e-mail addresses belong to several, others to one at most.
Result<std::vector<User>> find_users(store::Transaction& transaction, std::string_view source, Known by,
                                     std::string_view value);
struct Page {
    std::int64_t total = 0;
    std::vector<User> users;
};
/// `skip` of all users in the order of their ids.
Result<Page> list_users(store::Transaction& transaction, std::string_view source, std::int64_t skip,
                        std::int64_t count);

Result<void> insert_group(store::Transaction& transaction, std::string_view source, const Group& group);
Result<void> update_group(store::Transaction& transaction, const Group& group);
Result<void> delete_group(store::Transaction& transaction, std::string_view id);
Result<void> add_member(store::Transaction& transaction, std::string_view group, std::string_view user);
Result<void> remove_member(store::Transaction& transaction, std::string_view group, std::string_view user);
/// With its members.
Result<std::optional<Group>> load_group(store::Transaction& transaction, std::string_view source, std::string_view id);
/// All of a source, without their members, in the order of their ids.
Result<std::vector<Group>> list_groups(store::Transaction& transaction, std::string_view source);
Result<void> load_members(store::Transaction& transaction, Group& group);
Result<std::vector<Group>> groups_of(store::Transaction& transaction, std::string_view user);

}  // namespace bursar::scim
