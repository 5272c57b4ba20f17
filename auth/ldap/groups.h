#pragma once

#include "auth/ldap/connection.h"
#include "auth/ldap/ldap.h"
#include "auth/person.h"

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

// Which groups somebody is in. Both ways to ask count the same groups: those below groups_base that groups_filter
// matches. Active Directory, asked by token_groups or in_chain, finds them by way of groups that do not count, too.
namespace bursar::ldap {

/// The filter of all groups: the policy's, else what this way to tell groups needs.
std::string filter_of_groups(const Options& options);
/// With the base and the filter that find every group by way of which the server of these options finds others: the
/// whole domain where it looks there by itself, else the options as they are.
Options on_the_way(const Options& options);
/// What is read of a group for its name and id.
std::vector<std::string> group_attributes(const Options& options);
auth::Group group_of(const Entry& entry, const Options& options);

/// The groups of one person, asked when they sign in. Failure if not all of them could be told.
Outcome<std::vector<auth::Group>> groups_of(Connection& connection, const Options& options, const Entry& person,
                                            Deadline deadline);

/// All groups of a directory in memory, for everybody at once.
class Graph {
  public:
    explicit Graph(const Options& options) : options_(options) {}
    /// An entry of search(…, filter_of_groups(), attributes_for_graph()).
    void add(const Entry& group);
    /// Only these count; the others are ways to them.
    void count_only(const std::vector<Entry>& groups);
    std::vector<auth::Group> of(const Entry& person) const;
    static std::vector<std::string> attributes(const Options& options);

  private:
    struct Node {
        auth::Group group;
        std::vector<std::string> parents;  ///< keys
    };
    void add_parents_of_members(const Entry& group, const std::string& key);
    std::vector<std::string> first_above(const Entry& person) const;

    const Options options_;
    std::optional<std::unordered_set<std::string>> counted_;               ///< by dn_key; none: all
    std::unordered_map<std::string, Node> groups_;                         ///< by dn_key
    std::unordered_map<std::string, std::vector<std::string>> of_member_;  ///< member's key → groups' keys
    std::unordered_map<std::string, std::string> by_sid_;                  ///< binary SID → key
    std::unordered_map<std::string, std::vector<std::string>> by_number_;  ///< gidNumber → keys
};

}  // namespace bursar::ldap
