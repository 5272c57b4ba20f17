// Hunts: a name that means more than itself in a filter or in a distinguished name.
#include "auth/ldap/escape.h"

#include "auth/ldap/filter.h"
#include "auth/ldap/names.h"

#include <ldap.h>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace bursar::ldap {
namespace {

constexpr std::string_view pieces[] = {"*",   "(",    ")",    "\\", "=",  ",",    "+",  "\"",   "<",
                                       ">",   ";",    "#",    " ",  "&",  "|",    "!",  "/",    "a",
                                       "2",   "\n",   "\r\n", "ü",  "😀", "Ж",    "~",  ":dn:", "\\2a",
                                       "\\,", "dc=x", "uid",  "))", "((", "\x7f", "\t", "\x1b", "’"};

std::string random_name(std::mt19937& random) {
    std::string out;
    for (std::size_t count = 1 + random() % 12; count > 0; --count) out += pieces[random() % std::size(pieces)];
    return out;
}

std::string unescaped(std::string_view filter) {
    std::string out;
    for (std::size_t i = 0; i < filter.size(); ++i) {
        if (filter[i] != '\\') {
            out += filter[i];
            continue;
        }
        out += static_cast<char>(std::stoi(std::string(filter.substr(i + 1, 2)), nullptr, 16));
        i += 2;
    }
    return out;
}

TEST(Escape, AnyNameIsOneWellFormedFilterThatMeansItself) {
    std::mt19937 random(17);
    for (int i = 0; i < 20'000; ++i) {
        const std::string name = random_name(random);
        const std::string filter = equals("uid", name);
        ASSERT_EQ(wrong_in_filter(filter), std::nullopt) << filter;
        const std::string_view value = std::string_view(filter).substr(5, filter.size() - 6);
        ASSERT_EQ(value.find_first_of("*()"), std::string_view::npos) << filter;
        ASSERT_EQ(unescaped(value), name);
    }
}

TEST(Escape, AnyNameIsOneValueOfADistinguishedName) {
    std::mt19937 random(18);
    for (int i = 0; i < 20'000; ++i) {
        const std::string name = random_name(random);
        const std::string dn = "cn=" + dn_value(name) + ",dc=corp";
        LDAPDN parsed = nullptr;
        ASSERT_EQ(ldap_str2dn(dn.c_str(), &parsed, LDAP_DN_FORMAT_LDAPV3), LDAP_SUCCESS) << dn;
        const berval& value = parsed[0][0]->la_value;
        ASSERT_EQ(std::string(value.bv_val, value.bv_len), name) << dn;
        ASSERT_EQ(parsed[0][1], nullptr) << dn;
        ASSERT_EQ(parsed[2], nullptr) << dn;
        ldap_dnfree(parsed);
        ASSERT_EQ(canonical_dn(dn), dn);
    }
}

TEST(Escape, ZeroBytesAndBinaryIdsAreEscapedByteByByte) {
    EXPECT_EQ(filter_value(std::string_view("a\0b", 3)), "a\\00b");
    EXPECT_EQ(filter_bytes("\x01\xff*"), "\\01\\ff\\2a");
    EXPECT_EQ(dn_value(std::string_view("a\0b", 3)), "a\\00b");
}

TEST(Escape, ActiveDirectorysOwnNeedsAreMet) {
    EXPECT_EQ(dn_value("#1=2"), "\\#1\\=2");
    EXPECT_EQ(dn_value(" a "), "\\ a\\ ");
    EXPECT_EQ(dn_value(" "), "\\ ");
    EXPECT_EQ(dn_value("a\r\nb"), "a\\0d\\0ab");
}

struct Wrong {
    std::string_view filter;
    std::string_view why;
};

TEST(Filter, AFilterThatIsNotWellFormedIsNamedWithItsPlace) {
    const Wrong cases[] = {
        {"(&(uid=*)", "at character 10: a closing parenthesis is missing"},
        {"uid=a", "at character 1: an opening parenthesis is missing"},
        {"(uid)", "at character 5: an equals sign is missing"},
        {"(=a)", "at character 2: the name of an attribute is missing"},
        {"(uid=a))", "at character 8: the filter has ended here, but text follows"},
        {"(uid=a(b))", "at character 7: a parenthesis inside a value is written \\28"},
        {"(uid=a\\zz)", "at character 7: a backslash needs two hexadecimal digits behind it, as in \\2a"},
        {"(uid=a\\2", "at character 7: a backslash needs two hexadecimal digits behind it, as in \\2a"},
        {"(&)", "at character 3: an opening parenthesis is missing"},
        {"", "at character 1: an opening parenthesis is missing"},
    };
    for (const auto& [filter, why] : cases) EXPECT_EQ(wrong_in_filter(filter), why) << filter;
    EXPECT_TRUE(wrong_in_filter(std::string(100'000, '(')));
}

TEST(Filter, WhatAdministratorsWriteIsWellFormed) {
    for (const std::string_view filter :
         {"(objectClass=*)", "(&(objectCategory=person)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
          "(cn=a*b*c)", "(memberOf:1.2.840.113556.1.4.1941:=CN=a\\2cb,DC=x)", "(cn;lang-de=ü)", "(a>=1)",
          "(|(a=1)(b~=2)(c<=3))"})
        EXPECT_EQ(wrong_in_filter(filter), std::nullopt) << filter;
    EXPECT_EQ(all_of({"(a=1)", "", "(b=2)"}), "(&(a=1)(b=2))");
    EXPECT_EQ(any_of({"(a=1)"}), "(a=1)");
}

}  // namespace
}  // namespace bursar::ldap
