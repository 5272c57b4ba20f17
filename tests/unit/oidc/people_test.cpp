#include "tests/unit/oidc/sign_in.h"

#include <fmt/format.h>

// Hunts: somebody who becomes another by an e-mail address or a claim that is not theirs, and groups that are taken for
// all of them when the provider left some out.
namespace bursar::oidc::testing {
namespace {

std::vector<std::string> names_of(const auth::PersonFacts& facts) {
    std::vector<std::string> names;
    for (const auth::Group& each : facts.groups) names.push_back(each.name);
    return names;
}

TEST_F(SignInTest, groups_are_known_only_if_the_list_is_whole) {
    std::string hundred = "[";
    for (int i = 0; i < 100; ++i) hundred += fmt::format("{}\"g{}\"", i == 0 ? "" : ",", i);
    hundred += "]";
    const Change cut_at_hundred = [](Way& way) { way.options.groups_cut_at = 100; };
    const struct {
        const char* name;
        Members claims;  // in the place of "groups"
        Change before;
        std::size_t count;
        bool known;
    } cases[] = {
        {"a list", {{"groups", R"(["a","b"])"}}, {}, 2, true},
        {"one as text", {{"groups", text_of("a")}}, {}, 1, true},
        {"an empty list", {{"groups", "[]"}}, {}, 0, true},
        {"the same twice", {{"groups", R"(["a","a"])"}}, {}, 1, true},
        {"no claim", {}, {}, 0, false},
        {"null", {{"groups", "null"}}, {}, 0, false},
        {"an object", {{"groups", R"({"a":true})"}}, {}, 0, false},
        {"an empty text", {{"groups", text_of("")}}, {}, 0, false},
        {"a number among them", {{"groups", R"(["a",5])"}}, {}, 1, false},
        {"a name of 2 KiB among them", {{"groups", "[\"a\"," + text_of(std::string(2048, 'g')) + "]"}}, {}, 1, false},
        {"elsewhere, by _claim_names",
         {{"groups", R"(["a"])"}, {"_claim_names", R"({"groups":"src1"})"}},
         {},
         0,
         false},
        {"elsewhere, by hasgroups", {{"hasgroups", "true"}}, {}, 0, false},
        {"elsewhere, by hasgroups as text", {{"groups", "[]"}, {"hasgroups", text_of("true")}}, {}, 0, false},
        {"other claims elsewhere", {{"groups", R"(["a"])"}, {"_claim_names", R"({"address":"src1"})"}}, {}, 1, true},
        {"a hundred where a hundred are the most", {{"groups", hundred}}, cut_at_hundred, 100, false},
        {"a hundred where nobody cuts", {{"groups", hundred}}, {}, 100, true},
        {"by a path",
         {{"realm_access", R"({"roles":["a","b","c"]})"}},
         [](Way& way) { way.options.groups_claim = "realm_access.roles"; },
         3,
         true},
        {"by a name with dots",
         {{"https://corp.example/groups", R"(["a"])"}},
         [](Way& way) { way.options.groups_claim = "https://corp.example/groups"; },
         1,
         true},
        {"none asked for", {{"groups", R"(["a"])"}}, [](Way& way) { way.options.groups_claim = ""; }, 0, false},
    };
    for (const auto& each : cases) {
        provider_ = FakeProvider(clock_);
        provider_.claims.erase("groups");
        provider_.claims.insert(each.claims.begin(), each.claims.end());
        const auto identity = sign_in(each.before);
        ASSERT_TRUE(identity) << each.name << ": " << identity.error().for_operator;
        EXPECT_EQ(identity->facts.groups.size(), each.count) << each.name;
        EXPECT_EQ(identity->facts.groups_known, each.known) << each.name;
    }
}

TEST_F(SignInTest, an_id_of_a_group_stays_when_its_name_changes) {
    provider_.claims["groups"] = R"(["6F9619FF-8B86-D011-B42D-00CF4FC964FF","6F9619FF-8B86-D011-B42D-00CF4FC964F"])";
    const auto identity = sign_in();
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->facts.groups.at(0).id, "6f9619ff-8b86-d011-b42d-00cf4fc964ff");
    EXPECT_EQ(identity->facts.groups.at(0).name, "6F9619FF-8B86-D011-B42D-00CF4FC964FF");
    EXPECT_EQ(identity->facts.groups.at(1).id, "");
}

TEST_F(SignInTest, what_the_id_token_leaves_out_is_asked_of_userinfo_once) {
    provider_.document["userinfo_endpoint"] = text_of(provider_.issuer + "/userinfo");
    ASSERT_TRUE(sign_in());
    EXPECT_EQ(provider_.asked("/userinfo"), 0);

    for (const char* each : {"groups", "preferred_username", "email", "name"}) provider_.claims.erase(each);
    provider_.userinfo = {{"sub", text_of("00u-alice")},
                          {"groups", R"(["staff"])"},
                          {"preferred_username", text_of("alice")},
                          {"name", text_of("Alice")},
                          {"email", text_of("alice@corp.example")}};
    const auto identity = sign_in();
    ASSERT_TRUE(identity) << identity.error().for_operator;
    EXPECT_EQ(provider_.asked("/userinfo"), 1);
    EXPECT_EQ(provider_.requests.back().authorization, "Bearer an-access-token");
    EXPECT_EQ(names_of(identity->facts), std::vector<std::string>{"staff"});
    EXPECT_EQ(identity->facts.user_name, "alice");
    EXPECT_TRUE(identity->facts.groups_known);
}

TEST_F(SignInTest, userinfo_of_somebody_else_is_refused) {
    provider_.document["userinfo_endpoint"] = text_of(provider_.issuer + "/userinfo");
    provider_.claims.erase("groups");
    for (const Members& other : {Members{{"sub", text_of("00u-boss")}}, Members{{"groups", R"(["admins"])"}},
                                 Members{{"sub", "5"}, {"groups", R"(["admins"])"}}}) {
        provider_.userinfo = other;
        const auto identity = sign_in();
        ASSERT_FALSE(identity) << object_of(other);
        EXPECT_EQ(identity.error().fault, Fault::unauthenticated);
    }
}

TEST_F(SignInTest, userinfo_that_does_not_answer_gives_nobody_fewer_groups) {
    provider_.document["userinfo_endpoint"] = text_of(provider_.issuer + "/userinfo");
    provider_.claims.erase("groups");
    provider_.instead["/userinfo"] = [](const HttpRequest&) { return answer_of(403, "{}"); };
    const auto forbidden = sign_in();
    ASSERT_TRUE(forbidden);
    EXPECT_FALSE(forbidden->facts.groups_known);
    provider_.instead["/userinfo"] = [](const HttpRequest&) { return answer_of(500, "{}"); };
    EXPECT_EQ(sign_in().error().fault, Fault::directory_unavailable);
    provider_.instead["/userinfo"] = [](const HttpRequest&) { return answer_of(200, "<html>"); };
    EXPECT_EQ(sign_in().error().fault, Fault::directory_unavailable);
}

TEST_F(SignInTest, an_access_token_that_is_no_bearer_token_goes_nowhere) {
    provider_.document["userinfo_endpoint"] = text_of(provider_.issuer + "/userinfo");
    provider_.claims.erase("groups");
    provider_.token_answer["token_type"] = text_of("DPoP");
    const auto identity = sign_in();
    ASSERT_TRUE(identity);
    EXPECT_FALSE(identity->facts.groups_known);
    provider_.token_answer = {{"access_token", text_of("a\r\nX-Role: boss")}, {"token_type", text_of("bearer")}};
    EXPECT_FALSE(sign_in());
    EXPECT_EQ(provider_.asked("/userinfo"), 0);
}

TEST_F(SignInTest, an_address_identifies_nobody) {
    provider_.claims["email"] = text_of("boss@corp.example");
    const auto first = sign_in();
    provider_.claims["sub"] = text_of("00u-mallory");
    const auto second = sign_in();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->facts.email, second->facts.email);
    EXPECT_NE(first->facts.origin, second->facts.origin);
}

TEST_F(SignInTest, a_person_of_a_directory_is_named_by_its_id) {
    const Change linked = [](Way& way) {
        way.options.source = "ldap:corp";
        way.options.subject_claim = "objectguid";
    };
    provider_.claims["objectguid"] = text_of("6F9619FF-8B86-D011-B42D-00CF4FC964FF");
    const auto identity = sign_in(linked);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->facts.origin,
              (auth::Origin{.source = "ldap:corp", .subject = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"}));
    EXPECT_EQ(identity->subject, "00u-alice");
    for (const char* wrong : {"null", "\"\"", "[\"6f9619ff-8b86-d011-b42d-00cf4fc964ff\"]", "5"}) {
        provider_.claims["objectguid"] = wrong;
        EXPECT_FALSE(sign_in(linked)) << wrong;
    }
    provider_.claims.erase("objectguid");
    EXPECT_FALSE(sign_in(linked));
}

TEST_F(SignInTest, a_user_name_falls_back_to_what_there_is) {
    provider_.claims.erase("preferred_username");
    EXPECT_EQ(sign_in()->facts.user_name, "alice@corp.example");
    provider_.claims.erase("email");
    EXPECT_EQ(sign_in()->facts.user_name, "00u-alice");
    provider_.claims["preferred_username"] = text_of(std::string(300, 'a'));
    EXPECT_EQ(sign_in()->facts.user_name, "00u-alice");
}

}  // namespace
}  // namespace bursar::oidc::testing
