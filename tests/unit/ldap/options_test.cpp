// Hunts: an option that is wrong and is not named before anybody tries to sign in.
#include "auth/ldap/options.h"

#include "tests/unit/ldap/fake_server.h"

#include <functional>

#include <gtest/gtest.h>

namespace bursar::ldap {
namespace {

Options good() {
    Options options;
    options.name = "corp";
    options.servers = {"ldaps://dc1.corp.example"};
    options.bind_dn = "cn=svc,dc=corp,dc=example";
    options.people_base = "ou=people,dc=corp,dc=example";
    return options;
}

struct Case {
    std::string_view what;
    std::function<void(Options&)> change;
    std::string_view said;
};

TEST(Options, AWrongOptionIsNamedWithWhatToWriteInstead) {
    const Case cases[] = {
        {"no server", [](Options& o) { o.servers.clear(); }, "servers: write either"},
        {"servers and a domain", [](Options& o) { o.domain = "corp.example"; }, "servers: write either"},
        {"a server without scheme", [](Options& o) { o.servers = {"dc1"}; }, "servers: write ldaps://host:636"},
        {"a server with a path", [](Options& o) { o.servers = {"ldaps://dc1/dc=x"}; }, "servers: write ldaps://"},
        {"a server with a user", [](Options& o) { o.servers = {"ldaps://me@dc1"}; }, "servers: write ldaps://"},
        {"a port that is none", [](Options& o) { o.servers = {"ldaps://dc1:0"}; }, "servers: write ldaps://"},
        {"no scheme of ours", [](Options& o) { o.servers = {"ldapi:///run/slapd"}; }, "servers: write ldaps://"},
        {"a base that is no name", [](Options& o) { o.people_base = "people"; },
         "people_base: write the distinguished name"},
        {"no base", [](Options& o) { o.people_base = ""; }, "people_base: write"},
        {"a service account that is no name", [](Options& o) { o.bind_dn = "svc@corp.example"; },
         "bind_dn: write the service account"},
        {"nobody to bind as", [](Options& o) { o.bind_dn = ""; }, "bind_dn: write a service account"},
        {"a direct bind without a place for the user", [](Options& o) { o.direct_bind = "uid=x,dc=corp"; },
         "direct_bind: {user} has to be in it once"},
        {"a direct bind with two", [](Options& o) { o.direct_bind = "uid={user},ou={user}"; },
         "direct_bind: {user} has to be in it once"},
        {"a filter that does not end", [](Options& o) { o.people_filter = "(&(a=b)"; },
         "people_filter: at character 8"},
        {"a filter of groups with text behind it", [](Options& o) { o.groups_filter = "(a=b)c"; },
         "groups_filter: at character 6"},
        {"an attribute that is a filter", [](Options& o) { o.user_attribute = "uid=*)(x"; },
         "user_attribute: write the name of one attribute"},
        {"a Windows way in OpenLDAP", [](Options& o) { o.groups_by = GroupsBy::in_chain; },
         "groups_by: token_groups and in_chain are Active Directory's"},
        {"no time", [](Options& o) { o.timeout = std::chrono::seconds(0); }, "timeout: 1 to 60"},
        {"no page", [](Options& o) { o.page_size = 0; }, "page_size: 1 to 5000"},
        {"no name", [](Options& o) { o.name = ""; }, "needs a name"},
    };
    for (const auto& [what, change, said] : cases) {
        Options options = good();
        change(options);
        const auto read = completed(options);
        ASSERT_FALSE(read) << what;
        EXPECT_EQ(read.error().fault, Fault::wrong_configuration) << what;
        EXPECT_NE(read.error().for_caller.find(said), std::string::npos) << what << ": " << read.error().for_caller;
    }
}

TEST(Options, TheKindFillsInWhatIsLeftOut) {
    const auto openldap = completed(good());
    ASSERT_TRUE(openldap) << openldap.error().for_caller;
    EXPECT_EQ(openldap->user_attribute, "uid");
    EXPECT_EQ(openldap->id_attribute, "entryUUID");
    EXPECT_EQ(openldap->groups_base, "dc=corp,dc=example");
    Options windows = good();
    windows.kind = Kind::active_directory;
    windows.bind_dn = "CORP\\svc";
    windows.people_filter = "title=x";
    const auto active = completed(windows);
    ASSERT_TRUE(active) << active.error().for_caller;
    EXPECT_EQ(active->user_attribute, "sAMAccountName");
    EXPECT_EQ(active->id_attribute, "objectGUID");
    EXPECT_EQ(active->people_filter, "(title=x)");
}

TEST(Options, ServersAreReadWithAndWithoutPort) {
    EXPECT_EQ(server_of("ldaps://DC1.corp.example")->text(), "ldaps://dc1.corp.example:636");
    EXPECT_EQ(server_of("ldap://dc1/")->text(), "ldap://dc1:389");
    EXPECT_EQ(server_of("ldap://[::1]:3890")->text(), "ldap://[::1]:3890");
    EXPECT_FALSE(server_of("ldap://::1"));
    EXPECT_FALSE(server_of("ldap://a:99999"));
    EXPECT_FALSE(server_of("ldap://a b"));
}

struct NullClock final : Clock {
    Timestamp now() const override { return {}; }
    Moment moment() const override { return {}; }
};

TEST(Options, AuthoritiesThatAreNoneAreNamed) {
    const NullClock clock;
    const auto connected = [&](std::string ca) {
        Options options = good();
        options.ca = std::move(ca);
        return connect(options, []() -> Result<Secret> { return Secret(); }, clock);
    };
    EXPECT_TRUE(connected(test::FakeServer::ca()));
    EXPECT_TRUE(connected(""));
    for (const std::string& wrong :
         {std::string("no certificate"),
          test::FakeServer::ca() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
        const auto refused = connected(wrong);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().fault, Fault::wrong_configuration);
        EXPECT_NE(refused.error().for_caller.find("`ca`"), std::string::npos) << refused.error().for_caller;
    }
}

}  // namespace
}  // namespace bursar::ldap
