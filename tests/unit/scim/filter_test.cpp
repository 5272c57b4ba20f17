// Hunts: a filter or path that is read as another one, so that a removal hits somebody else, and one that crashes its
// reader.
#include "auth/scim/filter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::scim {
namespace {

struct PathCase {
    std::string_view text;
    Path path;
};

TEST(Paths, are_read_as_clients_send_them) {
    const std::vector<PathCase> cases = {
        {"active", {.attribute = "active"}},
        {"userName", {.attribute = "username"}},
        {" name.givenName ", {.attribute = "name", .sub = "givenname"}},
        {R"(emails[type eq "work"].value)", {.attribute = "emails", .filter = {{"type", "work"}}, .sub = "value"}},
        {R"(Emails[Type EQ "work" and primary eq true])",
         {.attribute = "emails", .filter = {{"type", "work"}, {"primary", "true"}}}},
        {R"(members[value eq "2819c223-7f76"])", {.attribute = "members", .filter = {{"value", "2819c223-7f76"}}}},
        {R"(members[ value  eq  "a\"]b" ])", {.attribute = "members", .filter = {{"value", "a\"]b"}}}},
        {"urn:ietf:params:scim:schemas:core:2.0:User:userName", {.attribute = "username"}},
        {R"(URN:IETF:params:scim:schemas:core:2.0:Group:members[value eq "a"])",
         {.attribute = "members", .filter = {{"value", "a"}}}},
        {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
         {.foreign = true, .attribute = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:department"}},
        {R"(addresses[type eq "work"].streetAddress)",
         {.attribute = "addresses", .filter = {{"type", "work"}}, .sub = "streetaddress"}},
        {"members.$ref", {.attribute = "members", .sub = "$ref"}},
    };
    for (const PathCase& each : cases) {
        const auto path = parse_path(each.text);
        ASSERT_TRUE(path) << each.text << ": " << path.error().detail;
        EXPECT_EQ(*path, each.path) << each.text;
    }
}

struct FilterCase {
    std::string_view text;
    std::vector<Comparison> filter;
};

TEST(Filters, are_read_as_clients_send_them) {
    const std::vector<FilterCase> cases = {
        {R"(userName eq "alice@corp.example")", {{{.attribute = "username"}, "alice@corp.example"}}},
        {R"(externalId Eq "7f3a" AND userName eq "alice")",
         {{{.attribute = "externalid"}, "7f3a"}, {{.attribute = "username"}, "alice"}}},
        {R"(emails[type eq "work"].value eq "a@b")",
         {{{.attribute = "emails", .filter = {{"type", "work"}}, .sub = "value"}, "a@b"}}},
        {"active eq True", {{{.attribute = "active"}, "true"}}},
        {R"(displayName eq "R\u0026D \\ \"x\" \ud83d\ude00")",
         {{{.attribute = "displayname"}, "R&D \\ \"x\" \xf0\x9f\x98\x80"}}},
        {R"(userName eq "a and b eq \" or")", {{{.attribute = "username"}, "a and b eq \" or"}}},
        {R"(userName eq "")", {{{.attribute = "username"}, ""}}},
    };
    for (const FilterCase& each : cases) {
        const auto filter = parse_filter(each.text);
        ASSERT_TRUE(filter) << each.text << ": " << filter.error().detail;
        EXPECT_EQ(*filter, each.filter) << each.text;
    }
}

TEST(Filters, that_cannot_be_read_are_refused_with_a_sentence) {
    const std::vector<std::pair<std::string, std::string_view>> cases = {
        {"", R"("" cannot be read: the name of an attribute is missing.)"},
        {"userName", R"("userName" cannot be read: of the operators only eq and and are known here.)"},
        {R"(userName sw "a")", R"("userName sw "a"" cannot be read: of the operators only eq and and are known here.)"},
        {R"(userName eq "a" or id eq "b")",
         R"("userName eq "a" or id eq "b"" cannot be read: of the operators only eq and and are known here.)"},
        {R"x(not (userName eq "a"))x",
         R"x("not (userName eq "a")" cannot be read: of the operators only eq and and are known here.)x"},
        {R"x((userName eq "a"))x", R"x("(userName eq "a")" cannot be read: the name of an attribute is missing.)x"},
        {R"(userName eq "a)", R"("userName eq "a" cannot be read: a quote is not closed.)"},
        {R"(userName eq "a\)", R"("userName eq "a\" cannot be read: a quote is not closed.)"},
        {"userName eq alice", R"("userName eq alice" cannot be read: a value is missing; text stands in quotes.)"},
        {"userName eq ", R"("userName eq " cannot be read: a value is missing; text stands in quotes.)"},
        {R"(userName eq "a" and)", R"("userName eq "a" and" cannot be read: the name of an attribute is missing.)"},
        {R"(userName eq "\x")",
         R"("userName eq "\x"" cannot be read: after a backslash stands what JSON does not know.)"},
        {R"(userName eq "\u00")", R"("userName eq "\u00"" cannot be read: after \u stand four hexadecimal digits.)"},
        {R"(userName eq "\ud83d")", R"("userName eq "\ud83d"" cannot be read: half of a character stands in it.)"},
        {R"(userName eq "\u0000")", R"("userName eq "\u0000"" cannot be read: half of a character stands in it.)"},
        {"userName eq \"a\nb\"", R"("userName eq "a?b"" cannot be read: a control character stands in it.)"},
        {R"(emails[type eq "work" eq "a")",
         R"("emails[type eq "work" eq "a"" cannot be read: a bracket is not closed.)"},
    };
    for (const auto& [text, sentence] : cases) {
        const auto filter = parse_filter(text);
        ASSERT_FALSE(filter) << text;
        EXPECT_EQ(filter.error().detail, sentence);
        EXPECT_EQ(filter.error().type, "invalidFilter");
        EXPECT_EQ(filter.error().status, 400);
    }
}

TEST(Filters, have_an_end) {
    std::string many = "id eq \"1\"";
    for (int i = 0; i < 9; ++i) many += " and id eq \"1\"";
    EXPECT_TRUE(parse_filter(many));
    EXPECT_FALSE(parse_filter(many + " and id eq \"1\""));
    std::string inside = "emails[a eq \"1\"";
    for (int i = 0; i < 10; ++i) inside += " and a eq \"1\"";
    EXPECT_FALSE(parse_path(inside + "]"));
    EXPECT_FALSE(parse_path(std::string(filter_bytes_max + 1, 'a')));
    EXPECT_TRUE(parse_path(std::string(filter_bytes_max, 'a')));
}

TEST(Paths, that_cannot_be_read_are_refused) {
    for (const char* text : {"", "1a", "a.", "a[", "a[]", "a[type eq \"x\"", "a[type eq \"x\"]value", "a b", "a.b.c",
                             "urn:x y", "a[type pr]"}) {
        const auto path = parse_path(text);
        ASSERT_FALSE(path) << text;
        EXPECT_EQ(path.error().type, "invalidPath") << text;
    }
}

}  // namespace
}  // namespace bursar::scim
