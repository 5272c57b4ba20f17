// Hunts: ids of people and groups that change with the way in which a server writes them, and text that is none.
#include "auth/ldap/names.h"

#include "auth/ldap/resolve.h"

#include <string>

#include <gtest/gtest.h>

namespace bursar::ldap {
namespace {

using namespace std::string_literals;

TEST(Names, AnObjectGuidIsTextInTheOrderThatWindowsShows) {
    const std::string bytes = "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"s;
    EXPECT_EQ(guid_text(bytes), "00112233-4455-6677-8899-aabbccddeeff");
    EXPECT_EQ(guid_bytes("00112233-4455-6677-8899-aabbccddeeff"), bytes);
    EXPECT_EQ(guid_text(bytes.substr(1)), std::nullopt);
    for (const char* wrong : {"", "00112233-4455-6677-8899-aabbccddeef", "00112233445566778899aabbccddeeff",
                              "zz112233-4455-6677-8899-aabbccddeeff"})
        EXPECT_EQ(guid_bytes(wrong), std::nullopt) << wrong;
}

TEST(Names, ASidIsTextAndAPrimaryGroupIsItsSibling) {
    const std::string sid =
        "\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x02\x00\x00\xff\xff\xff\xff\x07\x00\x00\x00\x51\x04\x00\x00"s;
    EXPECT_EQ(sid_text(sid), "S-1-5-21-513-4294967295-7-1105");
    EXPECT_EQ(sid_text(sid_sibling(sid, 513).value()), "S-1-5-21-513-4294967295-7-513");
    EXPECT_EQ(sid_text(sid.substr(0, sid.size() - 1)), std::nullopt);
    EXPECT_EQ(sid_text("\x02\x00\x00\x00\x00\x00\x00\x05"s), std::nullopt);
    EXPECT_EQ(sid_text(""), std::nullopt);
}

TEST(Names, OneNameWrittenInSeveralWaysHasOneKey) {
    const std::string key = dn_key("CN=Sales\\, EMEA,OU=Müller,DC=corp");
    for (const char* same : {"cn=sales\\2C emea, ou=MÜLLER ,dc=Corp", "CN = Sales\\2c  EMEA,OU=M\\C3\\BCller,DC=CORP"})
        EXPECT_EQ(dn_key(same), key) << same;
    EXPECT_NE(dn_key("CN=Sales,CN=EMEA,OU=Müller,DC=corp"), key);
    EXPECT_EQ(dn_key("cn=ЖАННА"), dn_key("cn=жанна"));
    EXPECT_EQ(canonical_dn("CN=Sales\\2C EMEA,DC=corp"), "CN=Sales\\, EMEA,DC=corp");
    EXPECT_EQ(canonical_dn("no name"), std::nullopt);
    EXPECT_EQ(canonical_dn("cn=a\0b"s), std::nullopt);
}

TEST(Names, AnEscapedCommaDoesNotPutAnEntryBelowABase) {
    const std::string base = dn_key("ou=people,dc=corp");
    EXPECT_TRUE(is_within(dn_key("uid=a,ou=people,dc=corp"), base));
    EXPECT_TRUE(is_within(base, base));
    EXPECT_FALSE(is_within(dn_key("uid=a\\,ou\\=people,dc=corp"), base));
    EXPECT_FALSE(is_within(dn_key("uid=a,xou=people,dc=corp"), base));
    EXPECT_FALSE(is_within("dc=corp", base));
}

TEST(Names, TheDomainIsTheEndOfAName) {
    EXPECT_EQ(domain_part("ou=a,dc=Corp,dc=example"), "dc=Corp,dc=example");
    EXPECT_EQ(domain_name("ou=a,dc=Corp,dc=example"), "corp.example");
    EXPECT_EQ(domain_part("ou=people,o=company"), "o=company");
    EXPECT_EQ(domain_name("ou=people,o=company"), "");
}

TEST(Names, WhatIsNotTextIsMadeText) {
    EXPECT_EQ(clean_text(" a\nb\x1b[31m ", 100), "a b [31m");
    EXPECT_EQ(clean_text("\xff\xfe", 100), "\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_EQ(clean_text("üü", 3), "ü");
    EXPECT_EQ(clean_text("\xc0\x80", 100), "\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_TRUE(is_utf8("Ж😀"));
    for (const char* wrong : {"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\xe2\x82", "\x80"})
        EXPECT_FALSE(is_utf8(wrong));
}

std::string dns_name(const std::string& name) {
    std::string out;
    for (std::size_t at = 0; at < name.size();) {
        const std::size_t dot = std::min(name.find('.', at), name.size());
        out += static_cast<char>(dot - at) + name.substr(at, dot - at);
        at = dot + 1;
    }
    return out + '\0';
}

std::string srv(int priority, int weight, int port, const std::string& target) {
    const auto two = [](std::size_t n) { return std::string{static_cast<char>(n >> 8), static_cast<char>(n & 0xff)}; };
    const std::string content = two(static_cast<std::size_t>(priority)) + two(static_cast<std::size_t>(weight)) +
                                two(static_cast<std::size_t>(port)) + dns_name(target);
    return "\xc0\x0c"s + two(33) + two(1) + "\0\0\0\x3c"s + two(content.size()) + content;
}

std::string dns_answer(const std::vector<std::string>& records) {
    std::string out = "\x12\x34\x81\x80\x00\x01\x00"s + static_cast<char>(records.size()) + "\0\0\0\0"s +
                      dns_name("_ldap._tcp.corp.example") + "\x00\x21\x00\x01"s;
    for (const std::string& record : records) out += record;
    return out;
}

TEST(Resolve, ServersComeByPriorityThenWeight) {
    const auto found =
        servers_in_answer(dns_answer({srv(10, 1, 389, "c.corp.example"), srv(0, 10, 389, "b.corp.example"),
                                      srv(0, 50, 636, "A.corp.example")}),
                          "corp.example");
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 3U);
    EXPECT_EQ((*found)[0].text(), "ldaps://a.corp.example:636");
    EXPECT_EQ((*found)[1].text(), "ldap://b.corp.example:389");
    EXPECT_EQ((*found)[2].text(), "ldap://c.corp.example:389");
}

TEST(Resolve, AServerOutsideTheDomainIsNotBelieved) {
    const auto mixed = servers_in_answer(dns_answer({srv(0, 0, 636, "evil.example"), srv(9, 0, 389, "a.corp.example")}),
                                         "corp.example");
    ASSERT_TRUE(mixed);
    ASSERT_EQ(mixed->size(), 1U);
    const auto none = servers_in_answer(dns_answer({srv(0, 0, 636, "evil.example"), srv(0, 0, 636, "xcorp.example")}),
                                        "corp.example");
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().text.find("outside corp.example"), std::string::npos);
    EXPECT_FALSE(servers_in_answer("\x12\x34\xff\xff", "corp.example"));
    EXPECT_FALSE(servers_in_answer(dns_answer({}), "corp.example"));
}

}  // namespace
}  // namespace bursar::ldap
