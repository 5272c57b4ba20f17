// Hunts: names that mean somebody else, passwords that are none, and refusals that tell strangers which accounts there
// are.
#include "auth/ldap/login.h"

#include "auth/ldap/options.h"

#include <string>

#include <gtest/gtest.h>

namespace bursar::ldap {
namespace {

using namespace std::string_literals;

Options options_of(Kind kind, std::string direct_bind = {}) {
    Options options;
    options.name = "corp";
    options.kind = kind;
    options.servers = {"ldaps://dc1"};
    options.bind_dn = "cn=svc,dc=corp";
    options.direct_bind = std::move(direct_bind);
    options.people_base = "ou=people,dc=corp,dc=example";
    options.people_filter = "(p=1)";
    return completed(options).value();
}

struct Case {
    std::string typed;
    Kind kind;
    std::string filter;
};

TEST(Login, EachKindOfNameIsSearchedForAsWhatItIs) {
    const Case cases[] = {
        {"alice", Kind::openldap, "(uid=alice)"},
        {"  alice\t", Kind::openldap, "(uid=alice)"},
        {"*", Kind::openldap, "(uid=\\2a)"},
        {"a)(uid=*", Kind::openldap, "(uid=a\\29\\28uid=\\2a)"},
        {"CORP\\alice", Kind::openldap, "(uid=CORP\\5calice)"},
        {"a@b.example", Kind::openldap, "(|(uid=a@b.example)(mail=a@b.example))"},
        {"alice", Kind::active_directory, "(sAMAccountName=alice)"},
        {"CORP\\alice", Kind::active_directory, "(sAMAccountName=alice)"},
        {"a@b.example", Kind::active_directory,
         "(|(sAMAccountName=a@b.example)(mail=a@b.example)(userPrincipalName=a@b.example))"},
        {"a@Corp.example", Kind::active_directory,
         "(|(sAMAccountName=a@Corp.example)(mail=a@Corp.example)(userPrincipalName=a@Corp.example)(sAMAccountName=a))"},
    };
    for (const auto& [typed, kind, filter] : cases) {
        const auto login = login_of(typed, options_of(kind));
        ASSERT_TRUE(login) << typed;
        EXPECT_EQ(login->filter, "(&(p=1)" + filter + ")") << typed;
    }
}

TEST(Login, WhatIsNoNameIsRefusedBeforeAnythingIsAsked) {
    for (const std::string& typed :
         {""s, " \t"s, "a\0b"s, "a\nb"s, "\xff\xfe"s, std::string(257, 'a'), "CORP\\"s, std::string(1 << 20, '*')}) {
        const auto login = login_of(typed, options_of(Kind::active_directory));
        ASSERT_FALSE(login);
        EXPECT_EQ(login.error().fault, Fault::unauthenticated);
        EXPECT_EQ(login.error().for_caller, refusal("").for_caller);
    }
}

TEST(Login, ADirectBindEscapesTheNameWhereItIsPartOfADistinguishedName) {
    const std::string pattern = "uid={user},ou=people,dc=corp";
    EXPECT_EQ(login_of("a,ou=admins", options_of(Kind::openldap, pattern))->bind_as,
              "uid=a\\,ou\\=admins,ou=people,dc=corp");
    EXPECT_EQ(login_of("alice", options_of(Kind::active_directory, "{user}@corp.example"))->bind_as,
              "alice@corp.example");
    // Somebody of a trusted domain must not pass for ours of the same name.
    for (const char* elsewhere : {"x@other.example", "OTHER\\x"})
        EXPECT_EQ(login_of(elsewhere, options_of(Kind::active_directory, "{user}@corp.example"))->bind_as,
                  "x@corp.example");
    EXPECT_EQ(login_of("{user}", options_of(Kind::openldap, pattern))->bind_as, "uid={user},ou=people,dc=corp");
}

TEST(Login, BlankPasswordsAreNone) {
    for (const std::string& blank : {""s, " "s, "\0"s, "\0\0\0"s, " \t\r\n\v\f"s, std::string(1025, 'x')}) {
        const auto checked = check_password(Secret::copy_of(blank));
        ASSERT_FALSE(checked) << blank.size();
        EXPECT_EQ(checked.error().fault, Fault::unauthenticated);
    }
    for (const std::string& good : {"x"s, " x "s, "\0x"s, std::string(1024, 'x')})
        EXPECT_TRUE(check_password(Secret::copy_of(good)));
}

TEST(Login, ActiveDirectorysNumbersAreToldToTheOperatorOnly) {
    const auto told = [](std::string_view data) {
        return why_refused(49,
                           "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data " +
                               std::string(data) + ", v2580",
                           "");
    };
    EXPECT_EQ(told("533"), "the account is disabled (Invalid credentials, code 49, data 533)");
    EXPECT_EQ(told("775"), "the account is locked (Invalid credentials, code 49, data 775)");
    EXPECT_NE(told("fff").find("data fff"), std::string::npos);
    EXPECT_EQ(why_refused(49, "", ""), "Invalid credentials, code 49");
    EXPECT_EQ(why_refused(49, "", "Account locked"), "Account locked (Invalid credentials, code 49)");
    EXPECT_EQ(refusal("the account is disabled").for_caller.find("disabled ("), std::string::npos);
}

}  // namespace
}  // namespace bursar::ldap
