// Hunts: groups that a list finds and a sign-in does not, or that never end.
#include "auth/ldap/groups.h"

#include "auth/ldap/options.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::ldap {
namespace {

Options options_of(GroupsBy by, bool nested = true, Kind kind = Kind::openldap) {
    Options options;
    options.name = "corp";
    options.kind = kind;
    options.servers = {"ldaps://dc1"};
    options.bind_dn = "cn=svc,dc=corp";
    options.people_base = "ou=people,dc=corp";
    options.groups_by = by;
    options.nested = nested;
    return completed(options).value();
}

Entry group(const std::string& name, const std::string& attribute, std::vector<std::string> values) {
    Entry entry{.dn = "cn=" + name + ",dc=corp"};
    entry.values["entryuuid"] = {"ID-OF-" + name};
    entry.values[attribute] = std::move(values);
    return entry;
}

std::vector<std::string> names(const std::vector<auth::Group>& groups) {
    std::vector<std::string> out;
    for (const auth::Group& each : groups) out.push_back(each.name);
    return out;
}

const Entry alice{
    .dn = "uid=alice,ou=people,dc=corp",
    .values = {{"uid", {"alice"}}, {"memberof", {"cn=a,dc=corp", "cn=unseen,dc=corp", "cn=far,dc=other"}}}};

TEST(Graph, GroupsAreFoundUpwardAndARingEnds) {
    const Options options = options_of(GroupsBy::member);
    Graph graph(options);
    graph.add(group("a", "member", {"UID=Alice, OU=people,DC=corp"}));
    graph.add(group("b", "member", {"cn=A,dc=corp", "cn=c,dc=corp"}));
    graph.add(group("c", "member", {"cn=b,dc=corp"}));
    graph.add(group("d", "member", {"uid=bob,ou=people,dc=corp"}));
    const auto found = graph.of(alice);
    EXPECT_EQ(names(found), (std::vector<std::string>{"cn=a,dc=corp", "cn=b,dc=corp", "cn=c,dc=corp"}));
    EXPECT_EQ(found[0].id, "id-of-a");
}

TEST(Graph, NestedGroupsCountOnlyWhereTheyAreToCount) {
    const Options options = options_of(GroupsBy::unique_member, false);
    Graph graph(options);
    graph.add(group("a", "uniquemember", {"uid=alice,ou=people,dc=corp"}));
    graph.add(group("b", "uniquemember", {"cn=a,dc=corp"}));
    EXPECT_EQ(names(graph.of(alice)), std::vector<std::string>{"cn=a,dc=corp"});
}

TEST(Graph, APosixGroupHasNamesAndNotEntries) {
    const Options options = options_of(GroupsBy::member_uid);
    Graph graph(options);
    graph.add(group("a", "memberuid", {"alice"}));
    graph.add(group("b", "memberuid", {"Alice", "cn=a,dc=corp"}));
    Entry own = group("c", "memberuid", {});
    own.values["gidnumber"] = {"500"};
    graph.add(own);
    Entry person = alice;
    person.values["gidnumber"] = {"500"};
    EXPECT_EQ(names(graph.of(person)), (std::vector<std::string>{"cn=a,dc=corp", "cn=c,dc=corp"}));
}

TEST(Graph, AGroupThatMayNotBeSeenIsStillOneUnlessAFilterCouldHaveLeftItOut) {
    Options options = options_of(GroupsBy::member_of);
    for (const auto& [filter, wanted] :
         {std::pair<std::string, std::vector<std::string>>{"", {"cn=a,dc=corp", "cn=b,dc=corp", "cn=unseen,dc=corp"}},
          {"(o=x)", {"cn=a,dc=corp", "cn=b,dc=corp"}}}) {
        options.groups_filter = filter;
        Graph graph(options);
        graph.add(group("a", "memberof", {"cn=b,dc=corp"}));
        graph.add(group("b", "memberof", {"cn=a,dc=corp"}));
        EXPECT_EQ(names(graph.of(alice)), wanted) << filter;
    }
}

}  // namespace
}  // namespace bursar::ldap
