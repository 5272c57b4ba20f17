// Hunts: an entry that is read for another person, another state or another text than it says.
#include "auth/ldap/person.h"

#include "auth/ldap/options.h"

#include <string>

#include <gtest/gtest.h>

namespace bursar::ldap {
namespace {

using auth::AccountState;
using namespace std::string_literals;

const Timestamp now = from_unix_milliseconds(1'795'000'000'000);

Options options_of(Kind kind) {
    Options options;
    options.name = "corp";
    options.kind = kind;
    options.servers = {"ldaps://dc1"};
    options.bind_dn = "cn=svc,dc=corp";
    options.people_base = "dc=corp";
    return completed(options).value();
}

Entry windows_entry() {
    Entry entry{.dn = "CN=Alice,DC=corp"};
    entry.values = {{"samaccountname", {"alice"}},
                    {"objectguid", {"\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"s}},
                    {"cn", {"Alice"}},
                    {"useraccountcontrol", {"512"}}};
    return entry;
}

TEST(Person, FactsAreReadWhateverTheCaseOfTheNames) {
    Options options = options_of(Kind::active_directory);
    options.user_attribute = "SAMACCOUNTNAME";
    const auto facts = facts_of(windows_entry(), options, now);
    ASSERT_TRUE(facts) << facts.error().text;
    EXPECT_EQ(facts->origin, (auth::Origin{"ldap:corp", "00112233-4455-6677-8899-aabbccddeeff"}));
    EXPECT_EQ(facts->user_name, "alice");
    EXPECT_EQ(facts->display_name, "Alice");
    EXPECT_EQ(facts->email, "");
    EXPECT_EQ(facts->account, AccountState::active);
}

struct Case {
    std::string_view what;
    std::string attribute;
    std::string value;
    AccountState state;
};

TEST(Person, TheStateOfAnAccountIsWhatTheDirectorySays) {
    const Case cases[] = {
        {"disabled", "useraccountcontrol", "514", AccountState::disabled},
        {"locked", "msds-user-account-control-computed", "16", AccountState::locked},
        {"its password has expired", "msds-user-account-control-computed", "8388608",
         AccountState::must_change_password},
        {"its password has to be set", "pwdlastset", "0", AccountState::must_change_password},
        {"its password was set", "pwdlastset", "133000000000000000", AccountState::active},
        {"never expires, as zero", "accountexpires", "0", AccountState::active},
        {"never expires, as the largest", "accountexpires", "9223372036854775807", AccountState::active},
        {"expired long ago", "accountexpires", "131000000000000000", AccountState::expired},
        {"expires later", "accountexpires", "159000000000000000", AccountState::active},
        {"a number that is none", "accountexpires", "soon", AccountState::active},
        {"389 Directory Server's lock", "nsaccountlock", "TRUE", AccountState::disabled},
        {"and its opposite", "nsaccountlock", "false", AccountState::active},
        {"OpenLDAP's lock by wrong passwords", "pwdaccountlockedtime", "20261129120000Z", AccountState::locked},
        {"OpenLDAP's lock by an administrator", "pwdaccountlockedtime", "000001010000Z", AccountState::disabled},
        {"OpenLDAP's reset", "pwdreset", "TRUE", AccountState::must_change_password},
    };
    for (const auto& [what, attribute, value, state] : cases) {
        Entry entry = windows_entry();
        entry.values[attribute] = {value};
        EXPECT_EQ(account_of(entry, now), state) << what;
    }
    Entry never = windows_entry();
    never.values["useraccountcontrol"] = {"66048"};
    never.values["pwdlastset"] = {"0"};
    EXPECT_EQ(account_of(never, now), AccountState::active);
}

TEST(Person, JunkInAnEntryIsNoJunkInThePerson) {
    Entry entry = windows_entry();
    entry.values["displayname"] = {
        "Al\xff"
        "ice\n\x1b[31m" +
        std::string(1000, 'x')};
    entry.values["mail"] = {"\xff\xfe@corp"};
    const auto facts = facts_of(entry, options_of(Kind::active_directory), now);
    ASSERT_TRUE(facts);
    EXPECT_LE(facts->display_name.size(), 256U);
    EXPECT_TRUE(facts->display_name.starts_with("Al\xef\xbf\xbdice  [31mxxx"));
    EXPECT_EQ(facts->email, "");
}

TEST(Person, WhoHasNoIdOrNoNameIsNobodyWeCanKeep) {
    for (const std::string attribute : {"objectguid", "samaccountname"}) {
        Entry entry = windows_entry();
        entry.values.erase(attribute);
        const auto facts = facts_of(entry, options_of(Kind::active_directory), now);
        ASSERT_FALSE(facts);
        EXPECT_EQ(facts.error().kind, Failure::Kind::partial);
    }
    Entry damaged = windows_entry();
    damaged.values["objectguid"] = {"short"};
    EXPECT_FALSE(facts_of(damaged, options_of(Kind::active_directory), now));
}

TEST(Person, AnIdIsSearchedForAsItIsStored) {
    const Options windows = options_of(Kind::active_directory), openldap = options_of(Kind::openldap);
    EXPECT_EQ(filter_of_id("00112233-4455-6677-8899-aabbccddeeff", windows),
              "(objectGUID=\\33\\22\\11\\00\\55\\44\\77\\66\\88\\99\\aa\\bb\\cc\\dd\\ee\\ff)");
    EXPECT_EQ(filter_of_id("*", openldap), "(entryUUID=\\2a)");
    EXPECT_EQ(filter_of_id("*", windows), "");
    EXPECT_EQ(filter_of_id("", openldap), "");
}

}  // namespace
}  // namespace bursar::ldap
