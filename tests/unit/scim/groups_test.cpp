// Hunts: a change of a group that somebody keeps rights by, one that takes rights from others, and a member of another
// source.
#include "tests/unit/scim/house.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::scim::testing {
namespace {

class ScimGroups : public ::testing::Test {
  protected:
    void SetUp() override {
        alice_ = house_.made("/Users", entra_user("alice@corp.example", "alice"));
        bob_ = house_.made("/Users", R"({"userName":"bob","externalId":"bob"})");
        carol_ = house_.made("/Users", R"({"userName":"carol","externalId":"carol"})");
        staff_ = house_.made(
            "/Groups",
            fmt::format(R"({{"displayName":"staff","externalId":"g-1","members":[{{"value":"{}"}},{{"value":"{}"}}]}})",
                        alice_, bob_));
    }
    int patch(std::string_view operations) {
        return house_.ask("PATCH", "/Groups/" + staff_, patch_of(operations)).status;
    }
    /// Who is in the group, by what People knows.
    std::string inside() const {
        std::string out;
        for (const char* name : {"alice", "bob", "carol"})
            if (house_.groups(name) == "staff") out += std::string(out.empty() ? "" : " ") + name;
        return out;
    }

    House house_;
    std::string alice_, bob_, carol_, staff_;
};

TEST_F(ScimGroups, make_their_members_what_the_policy_says_of_them) {
    EXPECT_EQ(inside(), "alice bob");
    const auth::PersonFacts& facts = house_.person("alice")->facts;
    EXPECT_EQ(facts.groups, (std::vector<auth::Group>{{"g-1", "staff"}}));
    EXPECT_TRUE(facts.groups_known);
    EXPECT_EQ(house_.audit.back(), "scim.group.create staff: 2 members");
    const Answer whole = house_.ask("GET", "/Groups/" + staff_);
    EXPECT_TRUE(whole.body.contains(
        fmt::format(R"({{"value":"{0}","$ref":"https://bursar.example/scim/v2/Users/{0}"}})", alice_)))
        << whole.body;
    EXPECT_FALSE(house_.ask("GET", "/Groups/" + staff_ + "?excludedAttributes=members").body.contains("members"));
}

TEST_F(ScimGroups, a_member_comes_and_goes_in_the_words_of_entra_and_okta) {
    EXPECT_EQ(patch(fmt::format(R"({{"op":"Add","path":"members","value":[{{"value":"{}"}}]}})", carol_)), 204);
    EXPECT_EQ(inside(), "alice bob carol");
    EXPECT_EQ(house_.audit.back(), "scim.group.change staff: 1 members come, 0 go");
    EXPECT_EQ(patch(fmt::format(R"({{"op":"Remove","path":"members","value":[{{"value":"{}"}}]}})", alice_)), 204);
    EXPECT_EQ(inside(), "bob carol");
    EXPECT_EQ(patch(fmt::format(R"({{"op":"remove","path":"members[value eq \"{}\"]"}})", bob_)), 204);
    EXPECT_EQ(inside(), "carol");
    EXPECT_EQ(
        patch(fmt::format(R"({{"op":"add","value":{{"members":[{{"value":"{}"}},{{"value":"{}"}}]}}}})", alice_, bob_)),
        204);
    EXPECT_EQ(inside(), "alice bob carol");
    EXPECT_EQ(
        patch(fmt::format(R"({{"op":"replace","path":"members","value":[{{"value":"{}","display":"Bob"}}]}})", bob_)),
        204);
    EXPECT_EQ(inside(), "bob");
    EXPECT_EQ(patch(R"({"op":"remove","path":"members"})"), 204);
    EXPECT_EQ(inside(), "");
    EXPECT_TRUE(house_.person("alice")->facts.groups_known) << "that somebody is in no group is known too";
}

TEST_F(ScimGroups, who_is_no_member_is_removed_without_a_word) {
    EXPECT_EQ(patch(R"({"op":"remove","path":"members[value eq \"nobody\"]"})"), 204);
    EXPECT_EQ(inside(), "alice bob");
}

TEST_F(ScimGroups, a_new_name_reaches_every_member) {
    EXPECT_EQ(patch(fmt::format(R"({{"op":"replace","value":{{"id":"{}","displayName":"employees"}}}})", staff_)), 204);
    EXPECT_EQ(house_.groups("alice"), "employees");
    EXPECT_EQ(house_.groups("bob"), "employees");
    EXPECT_EQ(house_.groups("carol"), "");
}

TEST_F(ScimGroups, a_put_replaces_all_of_it) {
    const Answer answer = house_.ask("PUT", "/Groups/" + staff_,
                                     fmt::format(R"({{"displayName":"staff","members":[{{"value":"{}"}}]}})", carol_));
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(inside(), "carol");
    EXPECT_TRUE(answer.body.contains(R"("externalId":"g-1")")) << answer.body;
}

TEST_F(ScimGroups, that_are_deleted_give_nothing_any_more) {
    const std::string other =
        house_.made("/Groups", fmt::format(R"({{"displayName":"other","members":[{{"value":"{}"}}]}})", alice_));
    EXPECT_EQ(house_.ask("DELETE", "/Groups/" + staff_).status, 204);
    EXPECT_EQ(house_.groups("alice"), "other");
    EXPECT_EQ(house_.groups("bob"), "");
    EXPECT_EQ(house_.ask("GET", "/Groups/" + staff_).status, 404);
    EXPECT_EQ(house_.ask("DELETE", "/Groups/" + other).status, 204);
    EXPECT_EQ(house_.groups("alice"), "");
    EXPECT_TRUE(house_.person("alice")->facts.groups_known) << "the source told of groups, and now there are none";
}

TEST_F(ScimGroups, a_user_keeps_them_through_changes_and_leaves_them_when_deleted) {
    EXPECT_EQ(
        house_.ask("PATCH", "/Users/" + alice_, patch_of(R"({"op":"replace","path":"active","value":"False"})")).status,
        200);
    EXPECT_EQ(house_.groups("alice"), "staff");
    EXPECT_EQ(house_.person("alice")->state, auth::PersonState::suspended);
    EXPECT_EQ(patch(R"({"op":"replace","path":"displayName","value":"employees"})"), 204);
    EXPECT_EQ(house_.person("alice")->state, auth::PersonState::suspended) << "a new name of a group lets nobody in";
    EXPECT_EQ(house_.ask("DELETE", "/Users/" + alice_).status, 204);
    EXPECT_FALSE(house_.ask("GET", "/Groups/" + staff_).body.contains(alice_));
}

TEST_F(ScimGroups, two_changes_at_once_both_count) {
    const std::string other = house_.made("/Groups", R"({"displayName":"other"})");
    house_.people.before_next_change = [&] {
        EXPECT_EQ(house_.ask("PATCH", "/Groups/" + staff_, patch_of(R"({"op":"remove","path":"members"})")).status,
                  204);
    };
    EXPECT_EQ(house_
                  .ask("PATCH", "/Groups/" + other,
                       patch_of(fmt::format(R"({{"op":"add","path":"members","value":[{{"value":"{}"}}]}})", alice_)))
                  .status,
              204);
    EXPECT_EQ(house_.groups("alice"), "other") << "who was put out of one group does not come back by another";
}

TEST_F(ScimGroups, are_found_by_what_clients_look_for) {
    house_.made("/Groups", R"({"displayName":"other"})");
    const auto found = [&](std::string_view query) {
        const Answer answer = house_.ask("GET", "/Groups?" + std::string(query));
        return answer.status == 200 ? answer.body.substr(answer.body.find("totalResults") + 14, 1) : answer.body;
    };
    EXPECT_EQ(found("excludedAttributes=members&filter=displayName%20eq%20%22Staff%22"), "1");
    EXPECT_EQ(found("filter=externalId%20eq%20%22g-1%22"), "1");
    EXPECT_EQ(found("filter=id%20eq%20%22" + staff_ + "%22%20and%20members%20eq%20%22" + alice_ + "%22"), "1");
    EXPECT_EQ(found("filter=id%20eq%20%22" + staff_ + "%22%20and%20members%20eq%20%22" + carol_ + "%22"), "0");
    EXPECT_EQ(found("filter=members%20eq%20%22nobody%22"), "0");
    EXPECT_EQ(found(""), "2");
    EXPECT_TRUE(found("filter=title%20eq%20%22x%22").contains("invalidFilter"));
    EXPECT_FALSE(house_.ask("GET", "/Groups?excludedAttributes=members").body.contains("members"));
    EXPECT_TRUE(house_.ask("GET", "/Groups?startIndex=2&count=1")
                    .body.contains(R"("totalResults":2,"startIndex":2,"itemsPerPage":1,)"));
}

struct WrongCase {
    std::string_view name;
    std::string operations;
    int status;
    std::string_view type;
};

TEST_F(ScimGroups, what_is_wrong_is_said_and_changes_nothing) {
    const std::vector<WrongCase> cases = {
        {"a member who is not there", R"({"op":"add","path":"members","value":[{"value":"nobody"}]})", 400,
         "invalidValue"},
        {"half of a change is none",
         fmt::format(
             R"({{"op":"remove","path":"members[value eq \"{}\"]"}},{{"op":"add","path":"members","value":[{{"value":"nobody"}}]}})",
             alice_),
         400, "invalidValue"},
        {"a member without an id", R"({"op":"add","path":"members","value":[{"display":"Al"}]})", 400, "invalidValue"},
        {"members by a name", R"({"op":"remove","path":"members[display eq \"Al\"]"})", 400, "invalidPath"},
        {"members that are added by a filter", R"({"op":"add","path":"members[value eq \"x\"]","value":"x"})", 400,
         "invalidPath"},
        {"no name", R"({"op":"remove","path":"displayName"})", 400, "mutability"},
        {"an empty name", R"({"op":"replace","path":"displayName","value":""})", 400, "invalidValue"},
    };
    const std::string before = house_.ask("GET", "/Groups/" + staff_).body;
    for (const WrongCase& each : cases) {
        const Answer answer = house_.ask("PATCH", "/Groups/" + staff_, patch_of(each.operations));
        EXPECT_EQ(answer.status, each.status) << each.name << answer.body;
        EXPECT_TRUE(answer.body.contains(fmt::format(R"("scimType":"{}")", each.type))) << each.name << answer.body;
        EXPECT_EQ(house_.ask("GET", "/Groups/" + staff_).body, before) << each.name;
        EXPECT_EQ(inside(), "alice bob") << each.name;
    }
    EXPECT_EQ(house_.ask("POST", "/Groups", R"({"displayName":"again","externalId":"g-1"})").status, 409);
}

TEST(ScimGroupsUnknown, as_long_as_a_source_tells_of_none_what_is_known_from_elsewhere_stays) {
    House house;
    const std::string id = house.made("/Users", entra_user("alice@corp.example", "alice"));
    EXPECT_FALSE(house.person("alice")->facts.groups_known);
    house.made("/Groups", R"({"displayName":"staff"})");
    EXPECT_EQ(
        house.ask("PATCH", "/Users/" + id, patch_of(R"({"op":"replace","path":"displayName","value":"A"})")).status,
        200);
    EXPECT_TRUE(house.person("alice")->facts.groups_known);
}

}  // namespace
}  // namespace bursar::scim::testing
