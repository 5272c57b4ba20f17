// Hunts: a sync that takes away a group which a sign-in finds by way of groups that do not count themselves.
#include "auth/ldap/ldap.h"
#include "tests/unit/ldap/fake_server.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::ldap::test {
namespace {

const SystemClock clock_of_machine;

std::string sid(char last) {
    return std::string("\x01\x02\0\0\0\0\0\x05\x15\0\0\0", 12) + std::string({last, 1, 0, 0});
}

std::string group(const Request& request, const std::string& dn, char last, std::vector<std::string> above) {
    return entry(request, dn, {{"objectSid", {sid(last)}}, {"memberOf", std::move(above)}});
}

/// A domain in which alice is in "wide" by way of "inner", which lies elsewhere; "stray" is beside it.
Reply answer_of_domain(const Request& request) {
    if (request.is_bind()) return {bind_done(request, 0)};
    if (!request.is_search()) return {};
    const std::string inner = "CN=inner,OU=hidden,DC=corp,DC=example", wide = "CN=wide,OU=apps,DC=corp,DC=example";
    if (request.name == "OU=Staff,DC=corp,DC=example")
        return {entry(request, "CN=Alice,OU=Staff,DC=corp,DC=example",
                      {{"sAMAccountName", {"alice"}},
                       {"cn", {"Alice"}},
                       {"userAccountControl", {"512"}},
                       {"objectGUID", {"0123456789abcdef"}},
                       {"memberOf", {inner}}}) +
                search_done(request, 0)};
    const std::string apps = group(request, wide, 2, {}) + group(request, "CN=stray,OU=apps,DC=corp,DC=example", 3, {});
    const bool is_domain = request.name == "dc=corp,dc=example" || request.name == "DC=corp,DC=example";
    if (is_domain && !request.filter.contains("wide"))
        return {apps + group(request, inner, 1, {wide}) + search_done(request, 0)};
    if (is_domain) return {group(request, wide, 2, {}) + search_done(request, 0)};
    if (request.name == "OU=apps,DC=corp,DC=example") return {apps + search_done(request, 0)};
    return {search_done(request, 0)};
}

std::vector<std::string> groups_in_a_list(Options options, GroupsBy by) {
    const FakeServer server(FakeServer::Way::ldaps, answer_of_domain);
    options.name = "corp";
    options.kind = Kind::active_directory;
    options.servers = {server.address()};
    options.ca = FakeServer::ca();
    options.bind_dn = "svc@corp.example";
    options.people_base = "OU=Staff,DC=corp,DC=example";
    options.groups_by = by;
    const auto made = connect(options, []() -> Result<Secret> { return Secret::copy_of("service"); }, clock_of_machine);
    if (!made) return {made.error().for_caller};
    const auto listing = (*made)->list();
    if (!listing) return {listing.error().for_operator};
    if (!listing->whole || listing->people.size() != 1) return {"no whole list: " + listing->why_not};
    std::vector<std::string> names;
    for (const auth::Group& each : listing->people.front().groups)
        names.push_back(each.name.substr(0, each.name.find(',')));
    return names;
}

TEST(NarrowGroups, AGroupIsFoundByWayOfOneOutsideTheBaseOrTheFilter) {
    using Names = std::vector<std::string>;
    for (const GroupsBy by : {GroupsBy::token_groups, GroupsBy::in_chain}) {
        EXPECT_EQ(groups_in_a_list({}, by), (Names{"CN=inner", "CN=wide"}));
        EXPECT_EQ(groups_in_a_list({.groups_base = "OU=apps,DC=corp,DC=example"}, by), (Names{"CN=wide"}));
        EXPECT_EQ(groups_in_a_list({.groups_filter = "(cn=wide)"}, by), (Names{"CN=wide"}));
        EXPECT_EQ(groups_in_a_list({.groups_base = "OU=empty,DC=corp,DC=example"}, by), Names{});
    }
    EXPECT_EQ(groups_in_a_list({.groups_base = "OU=apps,DC=corp,DC=example"}, GroupsBy::member_of), Names{})
        << "there the sign-in does not look beyond, either";
}

}  // namespace
}  // namespace bursar::ldap::test
