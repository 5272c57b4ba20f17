// Hunts: a leaver who stays in because the words were others than expected, a person who is taken for another one, and
// half a change.
#include "tests/unit/scim/house.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::scim::testing {
namespace {

using auth::AccountState, auth::PersonState;

TEST(ScimUsers, are_created_as_entra_does_and_told_back) {
    House house;
    const Answer answer = house.ask("POST", "/Users", entra_user("alice@corp.example", "obj-1"));
    EXPECT_EQ(answer.status, 201) << answer.body;
    const std::string id = House::id_in(answer);
    EXPECT_EQ(answer.location, "https://bursar.example/scim/v2/Users/" + id);
    EXPECT_EQ(answer.etag, "W/\"1\"");
    const std::string wanted =
        R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":")" + id +
        R"(","externalId":"obj-1","userName":"alice@corp.example","displayName":"Alice Example","name":{"formatted":"givenName familyName","givenName":"Alice","familyName":"Example"},)"
        R"("emails":[{"value":"alice@corp.example","type":"work","primary":true}],"active":true,"meta":{"resourceType":"User","created":"2026-11-29T12:00:00.000Z","lastModified":"2026-11-29T12:00:00.000Z","version":"W/\"1\"","location":"https://bursar.example/scim/v2/Users/)" +
        id + R"("}})";
    EXPECT_EQ(answer.body, wanted);
    EXPECT_EQ(house.ask("GET", "/Users/" + id).body, wanted);
    const auto person = house.person("obj-1");
    ASSERT_TRUE(person);
    EXPECT_EQ(person->facts, (auth::PersonFacts{.origin = {"scim:entra", "obj-1"},
                                                .user_name = "alice@corp.example",
                                                .display_name = "Alice Example",
                                                .email = "alice@corp.example",
                                                .groups = {},
                                                .groups_known = false}));
    EXPECT_EQ(house.audit, (std::vector<std::string>{"scim.user.create alice@corp.example"}));
}

TEST(ScimUsers, without_an_external_id_are_known_by_the_id_that_they_got) {
    House house;
    const std::string id = house.made("/Users", R"({"userName":"bob"})");
    ASSERT_TRUE(house.person(id));
    EXPECT_EQ(house.person(id)->facts.display_name, "bob");
}

struct LeaveCase {
    std::string_view name;
    std::string_view operations;
};

TEST(ScimUsers, are_out_whatever_the_words_are) {
    const std::vector<LeaveCase> cases = {
        {"Entra, with the word as text", R"({"op":"Replace","path":"active","value":"False"})"},
        {"Entra, newer", R"({"op":"Replace","path":"active","value":false})"},
        {"Okta, without a path", R"({"op":"replace","value":{"active":false}})"},
        {"an add", R"({"op":"Add","path":"active","value":"false"})"},
        {"in capitals", R"({"OP":"REPLACE","PATH":"ACTIVE","VALUE":"FALSE"})"},
        {"by the schema's name",
         R"({"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:active","value":false})"},
        {"with much else", R"({"op":"Replace","path":"addresses[type eq \"work\"].country","value":"FR"},
            {"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"9"},
            {"op":"Replace","value":{"active":"False","urn:x:y":{"a":1},"nickName":"Al"}})"},
    };
    for (const LeaveCase& each : cases) {
        House house;
        const std::string id = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
        house.clock.advance(std::chrono::seconds(5));
        const Answer answer = house.ask("PATCH", "/Users/" + id, patch_of(each.operations));
        EXPECT_EQ(answer.status, 200) << each.name << answer.body;
        EXPECT_TRUE(answer.body.contains(R"("active":false)")) << each.name << answer.body;
        EXPECT_TRUE(answer.body.contains(R"("lastModified":"2026-11-29T12:00:05.000Z","version":"W/\"2\"")"))
            << answer.body;
        EXPECT_EQ(house.person("obj-1")->state, PersonState::suspended) << each.name;
        EXPECT_EQ(house.ask("GET", "/Users/" + id).status, 200) << "who is out can still be read";
        EXPECT_EQ(house.audit.back(), "scim.user.deactivate alice@corp.example: active true -> false") << each.name;

        EXPECT_EQ(house.ask("PATCH", "/Users/" + id, patch_of(R"({"op":"replace","value":{"active":"True"}})")).status,
                  200);
        EXPECT_EQ(house.person("obj-1")->state, PersonState::active);
        EXPECT_EQ(house.audit.back(), "scim.user.reactivate alice@corp.example: active false -> true");
    }
}

TEST(ScimUsers, whom_an_operator_has_suspended_are_not_let_in_by_their_source) {
    House house;
    const std::string id = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    ASSERT_TRUE(house.people.set_state("alice", PersonState::suspended, "an enquiry", nullptr));
    EXPECT_EQ(house.ask("PATCH", "/Users/" + id, patch_of(R"({"op":"replace","value":{"active":true}})")).status, 200);
    EXPECT_EQ(house.person("obj-1")->state, PersonState::suspended);
}

TEST(ScimUsers, who_are_out_are_put_out_in_the_same_transaction) {
    House house;
    const std::string id = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    EXPECT_FALSE(house.person("obj-1")->put_out_at);
    EXPECT_EQ(house.ask("PATCH", "/Users/" + id, patch_of(R"({"op":"replace","value":{"active":false}})")).status, 200);
    EXPECT_GT(house.person("obj-1")->put_out_at, house.clock.now()) << "what began at this very instant is over too";
    // After a restart the two still say the same.
    const auto again = auth::People::open(house.store, house.clock, {});
    ASSERT_TRUE(again);
    EXPECT_EQ((*again)->find("alice")->state, PersonState::suspended);
}

TEST(ScimUsers, who_are_deleted_are_gone_and_may_come_again) {
    House house;
    const std::string id = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    EXPECT_EQ(house.ask("DELETE", "/Users/" + id).status, 204);
    EXPECT_EQ(house.person("obj-1")->state, PersonState::gone);
    EXPECT_EQ(house.ask("GET", "/Users/" + id).status, 404);
    EXPECT_EQ(house.ask("DELETE", "/Users/" + id).status, 404);
    EXPECT_EQ(house.ask("PATCH", "/Users/" + id, patch_of("")).status, 404);
    const std::string again = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    EXPECT_NE(again, id);
    EXPECT_EQ(house.person("obj-1")->state, PersonState::active) << "the same person, with what was theirs";
    // Another one of that name is another person.
    EXPECT_EQ(house.ask("DELETE", "/Users/" + again).status, 204);
    EXPECT_TRUE(house.made("/Users", entra_user("alice@corp.example", "obj-2")).size() > 10);
    EXPECT_EQ(house.person("obj-1")->state, PersonState::gone);
}

TEST(ScimUsers, a_put_replaces_and_does_not_let_in_who_was_put_out) {
    House house;
    const std::string id = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    EXPECT_EQ(house.ask("PUT", "/Users/" + id, R"({"userName":"alice","active":false,"emails":null})").status, 200);
    const Answer answer = house.ask("PUT", "/Users/" + id,
                                    R"({"id":"forged","userName":"alice2","name":{"givenName":"A","familyName":"E"}})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(House::id_in(answer), id);
    const auto person = house.person("obj-1");
    EXPECT_EQ(person->state, PersonState::suspended);
    EXPECT_EQ(person->facts.user_name, "alice2");
    EXPECT_EQ(person->facts.display_name, "A E");
    EXPECT_EQ(person->facts.email, "");
    EXPECT_EQ(person->facts.origin.subject, "obj-1");
    EXPECT_EQ(house.audit.back(), "scim.user.change alice2: userName alice -> alice2, name");
}

struct PatchCase {
    std::string_view name;
    std::string_view operations;
    std::string_view part;  ///< of the answer
};

TEST(ScimUsers, are_patched_as_clients_do) {
    const std::vector<PatchCase> cases = {
        {"an address by a filter",
         R"({"op":"Replace","path":"emails[type eq \"work\"].value","value":"new@corp.example"})",
         R"("emails":[{"value":"new@corp.example","type":"work","primary":true}])"},
        {"an address of a kind that was not there",
         R"({"op":"Add","path":"emails[type eq \"home\"].value","value":"h@x"})",
         R"({"value":"h@x","type":"home","primary":false}])"},
        {"a list of addresses", R"({"op":"replace","path":"emails","value":[{"value":"x@y","primary":true}]})",
         R"("emails":[{"value":"x@y","primary":true}])"},
        {"one address that is added", R"({"op":"add","path":"emails","value":{"value":"x@y","type":"other"}})",
         R"("primary":true},{"value":"x@y","type":"other","primary":false}])"},
        {"an address that is there already", R"({"op":"add","path":"emails","value":[{"value":"alice@corp.example"}]})",
         R"("emails":[{"value":"alice@corp.example","type":"work","primary":true}],)"},
        {"an address that goes", R"({"op":"Remove","path":"emails[type eq \"work\"]"})", R"("emails":[],)"},
        {"all addresses", R"({"op":"remove","path":"emails"})", R"("emails":[],)"},
        {"a part of the name", R"({"op":"Replace","path":"name.familyName","value":"Müller"})",
         R"("familyName":"Müller")"},
        {"parts of the name without a path",
         R"({"op":"add","value":{"name.givenName":"Al","name":{"formatted":"Al E"}}})",
         R"("name":{"formatted":"Al E","givenName":"Al","familyName":"Example"})"},
        {"a name that goes", R"({"op":"remove","path":"name"})", R"("displayName":"Alice Example","emails")"},
        {"the display name", R"({"op":"Replace","path":"displayName","value":"A. E."})", R"("displayName":"A. E.")"},
        {"the user name", R"({"op":"replace","path":"userName","value":"alice.new"})", R"("userName":"alice.new")"},
        {"the same external id", R"({"op":"replace","path":"externalId","value":"obj-1"})", R"("externalId":"obj-1")"},
        {"a password, which nobody keeps", R"({"op":"replace","path":"password","value":"geheim"})",
         R"("version":"W/\"1\"")"},
        {"nothing", "", R"("version":"W/\"1\"")"},
    };
    for (const PatchCase& each : cases) {
        House house;
        const std::string id = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
        const Answer answer = house.ask("PATCH", "/Users/" + id, patch_of(each.operations));
        EXPECT_EQ(answer.status, 200) << each.name << answer.body;
        EXPECT_TRUE(answer.body.contains(each.part)) << each.name << ": " << answer.body;
        EXPECT_EQ(house.ask("GET", "/Users/" + id).body, answer.body) << each.name;
        EXPECT_FALSE(answer.body.contains("geheim"));
    }
}

struct WrongCase {
    std::string_view name;
    std::string_view method;
    std::string body;
    int status;
    std::string_view type;
    std::string_view detail;
};

TEST(ScimUsers, what_is_wrong_is_said_and_changes_nothing) {
    const std::vector<WrongCase> cases = {
        {"no JSON", "PATCH", "{", 400, "invalidSyntax", "The body is not JSON"},
        {"a list", "PATCH", "[]", 400, "invalidSyntax", "must be a JSON object"},
        {"a name twice", "PUT", R"({"userName":"a","USERNAME":"b"})", 400, "invalidSyntax",
         R"("USERNAME" is given twice)"},
        {"no operations", "PATCH", R"({"active":false})", 400, "invalidSyntax", "Operations"},
        {"an operation that nobody knows", "PATCH", patch_of(R"({"op":"move","path":"active","value":false})"), 400,
         "invalidSyntax", "add, replace or remove"},
        {"neither yes nor no", "PATCH", patch_of(R"({"op":"replace","path":"active","value":"off"})"), 400,
         "invalidValue", "active must be true or false."},
        {"nothing for yes or no", "PATCH", patch_of(R"({"op":"replace","path":"active","value":null})"), 400,
         "invalidValue", "active must be true or false."},
        {"active away", "PATCH", patch_of(R"({"op":"remove","path":"active"})"), 400, "invalidValue",
         "cannot be removed"},
        {"half of a change is none", "PATCH",
         patch_of(R"({"op":"replace","path":"displayName","value":"X"},{"op":"replace","path":"active","value":1})"),
         400, "invalidValue", "active must be true or false."},
        {"a removal of nothing", "PATCH", patch_of(R"({"op":"remove"})"), 400, "noTarget", "add a path"},
        {"a value that is not there", "PATCH", patch_of(R"({"op":"add","path":"displayName"})"), 400, "invalidValue",
         "has a value"},
        {"a path that is none", "PATCH", patch_of(R"({"op":"add","path":"emails[","value":1})"), 400, "invalidPath",
         "cannot be read"},
        {"another external id", "PATCH", patch_of(R"({"op":"replace","path":"externalId","value":"obj-9"})"), 400,
         "mutability", "does not change"},
        {"no external id any more", "PATCH", patch_of(R"({"op":"remove","path":"externalId"})"), 400, "mutability",
         "does not change"},
        {"no user name", "PUT", R"({"displayName":"A"})", 400, "invalidValue", "userName is missing"},
        {"an empty user name", "PATCH", patch_of(R"({"op":"replace","path":"userName","value":""})"), 400,
         "invalidValue", "userName is missing"},
        {"a user name that is a number", "PUT", R"({"userName":7})", 400, "invalidValue", "userName must be one line"},
        {"a user name of two lines", "PUT", R"({"userName":"a\nb"})", 400, "invalidValue", "userName must be one line"},
        {"a user name that fills a page", "PUT", R"({"userName":")" + std::string(257, 'a') + R"("})", 400,
         "invalidValue", "at most 256 bytes"},
        {"somebody else's user name", "PATCH", patch_of(R"({"op":"replace","path":"userName","value":"BOB"})"), 409,
         "uniqueness", "Another user has this userName"},
        {"an operation too many", "PATCH", patch_of([] {
             std::string out = R"({"op":"remove","path":"emails"})";
             for (int i = 0; i < 1'000; ++i) out += R"(,{"op":"remove","path":"emails"})";
             return out;
         }()),
         400, "tooMany", "at most 1000 operations"},
        {"deep nesting", "PATCH", std::string(40, '[') + std::string(40, ']'), 400, "invalidSyntax",
         "nested more than 16 deep"},
        {"a huge body", "PATCH", std::string(body_bytes_max + 1, ' '), 413, "", "at most 4194304 are read"},
        {"a method that is not for it", "POST", "{}", 405, "", "POST is not for this resource."},
    };
    House house;
    const std::string id = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    house.made("/Users", R"({"userName":"bob"})");
    const std::string before = house.ask("GET", "/Users/" + id).body;
    const std::size_t audited = house.audit.size();
    for (const WrongCase& each : cases) {
        const Answer answer = house.ask(each.method, "/Users/" + id, each.body);
        EXPECT_EQ(answer.status, each.status) << each.name << answer.body;
        EXPECT_TRUE(answer.body.contains(each.type.empty() ? "Error" : fmt::format(R"("scimType":"{}")", each.type)))
            << each.name << answer.body;
        EXPECT_TRUE(answer.for_operator.contains(each.detail)) << each.name << ": " << answer.for_operator;
        EXPECT_EQ(house.ask("GET", "/Users/" + id).body, before) << each.name;
    }
    EXPECT_EQ(house.audit.size(), audited);
    EXPECT_EQ(house.person("obj-1")->state, PersonState::active);
}

TEST(ScimUsers, an_error_has_the_shape_of_the_rfc) {
    House house;
    EXPECT_EQ(
        house.ask("GET", "/Users/x").body,
        R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"There is no user \"x\".","status":"404"})");
    house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    for (const std::string& body : {entra_user("ALICE@corp.example", "obj-2"), entra_user("other", "obj-1")}) {
        const Answer twice = house.ask("POST", "/Users", body);
        EXPECT_EQ(twice.status, 409);
        EXPECT_TRUE(twice.body.contains(R"("scimType":"uniqueness")")) << twice.body;
    }
}

TEST(ScimUsers, are_found_by_what_clients_look_for) {
    House house;
    const std::string alice = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    house.made("/Users", R"({"userName":"bob","externalId":"obj-2","emails":[{"value":"bob@corp.example"}]})");
    const auto total = [&](std::string_view filter) {
        const Answer answer = house.ask("GET", "/Users?filter=" + std::string(filter));
        const std::size_t at = answer.body.find(R"("totalResults":)");
        return at == std::string::npos ? answer.body : answer.body.substr(at + 15, answer.body.find(',', at) - at - 15);
    };
    EXPECT_EQ(total("userName%20eq%20%22Alice%40CORP.example%22"), "1");
    EXPECT_EQ(total("userName+eq+%22nobody%22"), "0");
    EXPECT_EQ(total("externalId%20eq%20%22obj-1%22"), "1");
    EXPECT_EQ(total("externalId%20eq%20%22OBJ-1%22"), "0");
    EXPECT_EQ(total("externalId%20eq%20%22obj-1%22%20and%20userName%20eq%20%22bob%22"), "0");
    EXPECT_EQ(total("active%20eq%20true%20and%20userName%20eq%20%22bob%22"), "1");
    EXPECT_EQ(total("emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22alice@corp.example%22"), "1");
    EXPECT_EQ(total("emails.value%20eq%20%22bob@corp.example%22"), "1");
    EXPECT_EQ(total("id%20eq%20%22" + alice + "%22"), "1");
    EXPECT_TRUE(total("active%20eq%20true").contains("invalidFilter"));
    EXPECT_TRUE(total("userName%20co%20%22a%22").contains("invalidFilter"));
    EXPECT_TRUE(total("userName%2").contains("invalidSyntax"));
    EXPECT_TRUE(total("userName%20eq%20%22bob%22%20and%20title%20eq%20%22x%22").contains("invalidFilter"));
}

TEST(ScimUsers, are_listed_in_pages) {
    House house;
    for (int i = 0; i < 5; ++i) house.made("/Users", fmt::format(R"({{"userName":"u{}"}})", i));
    EXPECT_TRUE(house.ask("GET", "/Users?startIndex=4&count=10")
                    .body.contains(R"("totalResults":5,"startIndex":4,"itemsPerPage":2,)"));
    EXPECT_TRUE(house.ask("GET", "/Users?startIndex=-3&count=2")
                    .body.contains(R"("totalResults":5,"startIndex":1,"itemsPerPage":2,)"));
    EXPECT_TRUE(house.ask("GET", "/Users?count=0")
                    .body.contains(R"("totalResults":5,"startIndex":1,"itemsPerPage":0,"Resources":[]})"));
    EXPECT_TRUE(house.ask("GET", "/Users?startIndex=99")
                    .body.contains(R"("totalResults":5,"startIndex":99,"itemsPerPage":0,)"));
    EXPECT_EQ(house.ask("GET", "/Users?count=x").status, 400);
    EXPECT_EQ(house.ask("GET", "/Users?count=99999999999999999999").status, 400);
    EXPECT_EQ(house.ask("GET", "/Users?startIndex=9223372036854775807&filter=userName+eq+%22u1%22").status, 200);
}

TEST(ScimUsers, of_another_source_are_not_there) {
    House house;
    const std::string id = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    const auto other = [&](std::string_view method, std::string_view path, std::string_view body = {}) {
        return house.ask(method, path, body, {}, "okta").status;
    };
    EXPECT_EQ(other("GET", "/Users/" + id), 404);
    EXPECT_EQ(other("PATCH", "/Users/" + id, patch_of(R"({"op":"replace","path":"active","value":false})")), 404);
    EXPECT_EQ(other("DELETE", "/Users/" + id), 404);
    EXPECT_EQ(other("POST", "/Groups", fmt::format(R"({{"displayName":"g","members":[{{"value":"{}"}}]}})", id)), 400);
    EXPECT_EQ(other("GET", "/Users"), 200);
    EXPECT_TRUE(house.ask("GET", "/Users", {}, {}, "okta").body.contains(R"("totalResults":0)"));
    EXPECT_EQ(house.person("obj-1")->state, PersonState::active);
    house.made("/Users", entra_user("alice@corp.example", "obj-1"), "okta");
    EXPECT_TRUE(house.person("obj-1", "okta")) << "the same name at another source is somebody else";
}

TEST(ScimUsers, are_changed_only_as_they_were_seen) {
    House house;
    const std::string id = house.made("/Users", R"({"userName":"bob"})");
    const std::string change = patch_of(R"({"op":"replace","path":"displayName","value":"B"})");
    EXPECT_EQ(house.ask("PATCH", "/Users/" + id, change, "W/\"1\"").status, 200);
    EXPECT_EQ(house.ask("PATCH", "/Users/" + id, change, "W/\"1\"").status, 412);
    EXPECT_EQ(house.ask("DELETE", "/Users/" + id, {}, "W/\"1\"").status, 412);
    EXPECT_EQ(house.ask("PUT", "/Users/" + id, R"({"userName":"bob"})", "*").status, 200);
}

TEST(ScimUsers, two_changes_at_once_are_both_made) {
    House house;
    const std::string id = house.made("/Users", R"({"userName":"bob","externalId":"b"})");
    house.people.before_next_change = [&] {
        EXPECT_EQ(
            house.ask("PATCH", "/Users/" + id, patch_of(R"({"op":"replace","path":"active","value":false})")).status,
            200);
    };
    const Answer answer =
        house.ask("PATCH", "/Users/" + id, patch_of(R"({"op":"replace","path":"displayName","value":"B"})"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.body.contains(R"("displayName":"B")") && answer.body.contains(R"("active":false)"))
        << answer.body;
    EXPECT_EQ(house.person("b")->state, PersonState::suspended) << "the second change does not undo the first";
    EXPECT_EQ(house.audit.size(), 3U);
}

TEST(ScimUsers, a_source_that_overtakes_itself_for_ever_is_asked_to_come_again) {
    House house;
    const std::string id = house.made("/Users", R"({"userName":"bob"})");
    int others = 0;
    const std::string change = patch_of(R"({"op":"replace","path":"displayName","value":"B"})");
    std::function<void()> overtake = [&] {
        ++others;
        house.made("/Users", fmt::format(R"({{"userName":"u{}"}})", others));
        house.people.before_next_change = overtake;
    };
    house.people.before_next_change = overtake;
    const Answer answer = house.ask("PATCH", "/Users/" + id, change);
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_EQ(others, 16);
}

TEST(ScimUsers, a_statement_that_fails_leaves_everything_as_it_was) {
    House house;
    const std::string id = house.made("/Users", entra_user("alice@corp.example", "obj-1"));
    const std::string leave = patch_of(R"({"op":"replace","path":"active","value":false})");
    int failed = 0;
    for (int nth = 1; nth < 100; ++nth) {
        house.store.fail_statement(nth);
        const Answer answer = house.ask("PATCH", "/Users/" + id, leave);
        if (!house.store.statement_has_failed()) {
            EXPECT_EQ(answer.status, 200);
            break;
        }
        ++failed;
        EXPECT_GE(answer.status, 500) << nth << answer.body;
        EXPECT_EQ(house.person("obj-1")->state, PersonState::active) << nth;
        EXPECT_TRUE(house.ask("GET", "/Users/" + id).body.contains(R"("active":true)")) << nth;
    }
    house.store.fail_statement(0);
    EXPECT_GE(failed, 3);
    EXPECT_EQ(house.person("obj-1")->state, PersonState::suspended);
    EXPECT_TRUE(house.ask("GET", "/Users/" + id).body.contains(R"("active":false)"));
}

}  // namespace
}  // namespace bursar::scim::testing
