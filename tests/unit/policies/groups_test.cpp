// Hunts: a group that is not known again in another spelling, two groups that are taken for one, and people who get
// more than their groups give.
#include "tests/unit/policies/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

struct KeyCase {
    std::string_view name;
    std::string_view a;
    std::string_view b;
    bool same;
};

const std::vector<KeyCase> key_cases = {
    {"capitals", "CN=Research,OU=Groups,DC=corp", "cn=research,ou=groups,dc=corp", true},
    {"blanks around commas and equals signs", "cn = research , ou= groups", "cn=research,ou=groups", true},
    {"blanks before and behind it all", "  cn=research  ", "cn=research", true},
    {"a comma inside, as two servers write it", R"(CN=R\, D,DC=corp)", R"(cn=R\2c D,dc=corp)", true},
    {"a comma inside is no comma between", R"(cn=a\,b,dc=corp)", "cn=a,b,dc=corp", false},
    {"blanks inside count", "cn=res earch", "cn=research", false},
    {"an escaped blank at the end is part of the name", R"(cn=a\ ,dc=corp)", "cn=a,dc=corp", false},
    {"a blank behind an escaped comma is part of the name", R"(cn=a\, b,dc=corp)", R"(cn=a\,b,dc=corp)", false},
    {"letters beyond ASCII in two spellings", "cn=M\\c3\\bcller", "cn=M\xc3\xbcller", true},
    {"an escaped letter", R"(cn=\52esearch)", "cn=research", true},
    {"blanks in a name that is no DN", "a, b", "a,b", false},
    {"a name that is no DN with a backslash", R"(corp\research)", "corpresearch", false},
    {"ids", "2F7C4A90-1111-4222-8333-444455556666", "2f7c4a90-1111-4222-8333-444455556666", true},
    {"another branch", "cn=research,ou=old,dc=corp", "cn=research,ou=groups,dc=corp", false},
    {"a backslash at the very end", "cn=a\\", "cn=a", true},
};

TEST(GroupKey, is_the_same_for_the_same_group_and_for_no_other) {
    for (const KeyCase& each : key_cases) {
        EXPECT_EQ(group_key(each.a) == group_key(each.b), each.same)
            << each.name << ": " << group_key(each.a) << " " << group_key(each.b);
        EXPECT_EQ(group_key(group_key(each.a)), group_key(each.a)) << each.name;
    }
    EXPECT_EQ(group_key(""), "");
}

constexpr std::string_view groups = R"(
teams:
  rnd: {leads: ["cn=rnd-leads,dc=corp"]}
  research: {parent: rnd, groups: ["cn=research,dc=corp", S-1-5-21-7], leads: ["cn=boss,dc=corp"]}
  backend: {parent: rnd, groups: ["CN=Backend, DC=corp"]}
  data: {parent: research}
  sales: {groups: ["cn=sales,dc=corp", "cn=Research,dc=corp"]}
identity:
  roles:
    operator: ["cn=admins,dc=corp"]
    finance: ["cn=controlling,dc=corp", "cn=admins,dc=corp"]
    auditor: ["cn=audit,dc=corp", "cn=sales,dc=corp"]
)";

struct GiveCase {
    std::string_view name;
    std::vector<std::string> of;
    std::vector<std::string> teams;
    std::vector<std::string> leads;
    std::string_view role;
};

const std::vector<GiveCase> give_cases = {
    {"nobody's groups", {}, {}, {}, "member"},
    {"a group that nobody named", {"cn=others,dc=corp"}, {}, {}, "member"},
    {"a name", {"CN=backend,DC=corp"}, {"backend"}, {}, "member"},
    {"an id", {"s-1-5-21-7"}, {"research"}, {}, "member"},
    {"id and name of one group are one team",
     {"S-1-5-21-7", "cn=backend,dc=corp"},
     {"backend", "research"},
     {},
     "member"},
    {"a group of two teams, in the policy's order", {"cn=research,dc=corp"}, {"research", "sales"}, {}, "member"},
    {"a lead of a team, with what is below it", {"cn=boss,dc=corp"}, {}, {"data", "research"}, "team_lead"},
    {"a lead of all of a branch", {"cn=rnd-leads,dc=corp"}, {}, {"backend", "data", "research", "rnd"}, "team_lead"},
    {"a lead with two teams below one another",
     {"cn=boss,dc=corp", "cn=rnd-leads,dc=corp"},
     {},
     {"backend", "data", "research", "rnd"},
     "team_lead"},
    {"a role", {"cn=audit,dc=corp"}, {}, {}, "auditor"},
    {"finance before audit", {"cn=audit,dc=corp", "cn=controlling,dc=corp"}, {}, {}, "finance"},
    {"operator before finance, in one group", {"cn=admins,dc=corp"}, {}, {}, "operator"},
    {"a group that is a team and a role", {"cn=sales,dc=corp"}, {"sales"}, {}, "auditor"},
    {"an auditor who leads keeps both", {"cn=audit,dc=corp", "cn=boss,dc=corp"}, {}, {"data", "research"}, "auditor"},
    {"a group that is only alike", {"cn=admins,dc=corp,dc=evil", "xcn=admins,dc=corp"}, {}, {}, "member"},
};

TEST(GroupsGive, what_the_policy_says_and_no_more) {
    const Parsed parsed = parse_text(groups);
    ASSERT_EQ(problems_of(parsed), "");
    for (const GiveCase& each : give_cases) {
        const GroupsGive gives = groups_give(*parsed.snapshot, each.of);
        EXPECT_EQ(gives.teams, each.teams) << each.name;
        EXPECT_EQ(gives.leads, each.leads) << each.name;
        EXPECT_EQ(gives.role, each.role) << each.name;
    }
}

TEST(GroupsGive, one_lead_of_very_many_teams_does_not_fill_the_memory) {
    std::string text = "teams:\n  top: {leads: [";
    for (int i = 0; i < 2'000; ++i) text += fmt::format("g{},", i);
    text += "]}\n";
    for (int i = 0; i < 2'000; ++i) text += fmt::format("  t{}: {{parent: top}}\n", i);
    const Parsed parsed = parse_text(text);
    ASSERT_EQ(problems_of(parsed), "");
    std::size_t names = 0;
    for (const auto& entry : parsed.snapshot->groups) names += entry.second.leads.size();
    EXPECT_EQ(names, 2'000U);
    EXPECT_EQ(groups_give(*parsed.snapshot, {"G7"}).leads.size(), 2'001U);
}

}  // namespace
}  // namespace bursar::policies::testing
