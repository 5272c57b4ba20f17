// Hunts: a server that says nothing, half or something else, after which somebody is let in, is thought to have left,
// or waits for more than the sign-in's five seconds.
#include "auth/ldap/ldap.h"
#include "tests/unit/ldap/fake_server.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::ldap::test {
namespace {

using Way = FakeServer::Way;

constexpr std::string_view person_dn = "uid=alice,ou=people,dc=corp", service_dn = "cn=svc,dc=corp";
/// Five seconds by the policy, and room for a machine that is busy.
constexpr auto sign_in_max = std::chrono::milliseconds(7000);

const SystemClock clock_of_machine;

std::unique_ptr<auth::Directory> directory(const std::vector<std::string>& servers, Options options = {}) {
    options.name = "corp";
    options.servers = servers;
    options.ca = FakeServer::ca();
    if (options.bind_dn.empty() && options.direct_bind.empty()) options.bind_dn = service_dn;
    options.people_base = "ou=people,dc=corp";
    auto made = connect(options, []() -> Result<Secret> { return Secret::copy_of("service"); }, clock_of_machine);
    EXPECT_TRUE(made) << made.error().for_caller;
    return *std::move(made);
}

std::string alice(const Request& request, std::string dn = std::string(person_dn), std::string id = "id-alice") {
    return entry(request, dn, {{"uid", {"alice"}}, {"cn", {"Alice"}}, {"entryUUID", {std::move(id)}}});
}

bool asks_for_groups(const Request& request) { return request.is_search() && request.filter.contains("member"); }

/// A good server with one person and no group; `people` says what a search for people gets.
FakeServer::Answer with_people(std::function<Reply(const Request&)> people) {
    return [people = std::move(people)](const Request& request) -> Reply {
        if (request.is_bind()) {
            const bool right = (request.name == service_dn && request.password == "service") ||
                               (request.name == person_dn && request.password == "right");
            return {bind_done(request, right ? 0 : 49)};
        }
        if (asks_for_groups(request)) return {search_done(request, 0)};
        return request.is_search() ? people(request) : Reply{};
    };
}

Reply one_person(const Request& request) { return {alice(request) + search_done(request, 0)}; }

Result<auth::PersonFacts> sign_in(auth::Directory& at, std::string_view password = "right") {
    const auto began = std::chrono::steady_clock::now();
    auto person = at.sign_in("alice", Secret::copy_of(password));
    EXPECT_LT(std::chrono::steady_clock::now() - began, sign_in_max);
    return person;
}

void expect_unavailable(const Result<auth::PersonFacts>& person, std::string_view why, std::string_view what) {
    ASSERT_FALSE(person) << what;
    EXPECT_EQ(person.error().fault, Fault::directory_unavailable) << what << ": " << person.error().for_operator;
    EXPECT_NE(person.error().for_operator.find(why), std::string::npos) << what << ": " << person.error().for_operator;
}

TEST(LyingServer, AGoodOneLetsInWithTheRightPasswordOnly) {
    for (const Way way : {Way::ldaps, Way::start_tls}) {
        const FakeServer server(way, with_people(one_person));
        const auto at = directory({server.address()});
        EXPECT_TRUE(sign_in(*at));
        const auto wrong = sign_in(*at, "wrong");
        ASSERT_FALSE(wrong);
        EXPECT_EQ(wrong.error().fault, Fault::unauthenticated);
        EXPECT_EQ(server.plain_bytes().find("service"), std::string::npos);
    }
}

struct Way5 {
    std::string_view what;
    Way way;
    std::string_view why;
};

TEST(LyingServer, AServerThatCannotBeTalkedToIsNamedInTime) {
    const Way5 cases[] = {
        {"mute in the handshake", Way::mute, "no answer in time"},
        // "closed", or "reset" where something was on its way already.
        {"accepts and closes", Way::slams, "ldaps://127.0.0.1"},
        {"takes StartTLS away", Way::strips_start_tls, "does not offer StartTLS"},
        {"says StartTLS and goes on in plain", Way::plain_behind_tls, "ldap://127.0.0.1"},
    };
    for (const auto& [what, way, why] : cases) {
        const FakeServer server(way, with_people(one_person));
        const auto at = directory({server.address()});
        expect_unavailable(sign_in(*at), why, what);
        for (const Request& request : server.requests()) EXPECT_FALSE(request.is_bind()) << what;
        EXPECT_EQ(server.plain_bytes().find("right"), std::string::npos) << what;
        EXPECT_FALSE(at->health().good) << what;
        EXPECT_FALSE(at->list()) << what;
    }
}

TEST(LyingServer, TwoMuteServersTogetherTakeNoLongerThanOneSignInMay) {
    const FakeServer first(Way::mute), second(Way::mute), third(Way::mute);
    const auto at = directory({first.address(), second.address(), third.address()});
    expect_unavailable(sign_in(*at), "no answer in time", "three mute servers");
    EXPECT_GT(first.connections(), 0);
    EXPECT_GT(second.connections(), 0);
    EXPECT_GT(third.connections(), 0);
}

TEST(LyingServer, BehindADeadServerTheGoodOneIsFoundAndAskedFirstFromThenOn) {
    for (const Way way : {Way::mute, Way::slams, Way::strips_start_tls}) {
        const FakeServer bad(way), good(Way::ldaps, with_people(one_person));
        const auto at = directory({bad.address(), good.address()});
        EXPECT_TRUE(sign_in(*at));
        EXPECT_TRUE(sign_in(*at));
        EXPECT_EQ(bad.connections(), 1);
        EXPECT_NE(at->health().text.find("has not answered"), std::string::npos);
    }
}

TEST(LyingServer, AWrongPasswordIsTriedAtOneServerOnly) {
    const FakeServer first(Way::ldaps, with_people(one_person)), second(Way::ldaps, with_people(one_person));
    const auto at = directory({first.address(), second.address()});
    EXPECT_EQ(sign_in(*at, "wrong").error().fault, Fault::unauthenticated);
    EXPECT_EQ(second.connections(), 0);
}

TEST(LyingServer, AServerThatGoesWhileAPasswordIsCheckedIsTheOnlyOneThatGotIt) {
    const auto closes = [](const Request& request) -> Reply {
        if (request.is_bind() && request.name == person_dn) return {"", true};
        return with_people(one_person)(request);
    };
    const FakeServer first(Way::ldaps, closes), second(Way::ldaps, with_people(one_person));
    const auto at = directory({first.address(), second.address()});
    expect_unavailable(sign_in(*at), first.address(), "closes at the password");
    EXPECT_EQ(second.connections(), 0);
}

struct Partial {
    std::string_view what;
    std::function<Reply(const Request&)> people;
    std::string_view why;
};

const std::vector<Partial>& partial_answers() {
    static const std::vector<Partial> cases = {
        {"size limit, nobody yet", [](const Request& r) { return Reply{search_done(r, 4)}; }, "the answer was cut"},
        {"time limit", [](const Request& r) { return Reply{search_done(r, 3)}; }, "the answer was cut"},
        {"limit of the administrator", [](const Request& r) { return Reply{search_done(r, 11)}; },
         "the answer was cut"},
        {"only a referral",
         [](const Request& r) { return Reply{search_done(r, 10, "", "ldap://127.0.0.1:1/dc=corp")}; }, "does not hold"},
        {"only a continuation",
         [](const Request& r) { return Reply{reference(r, "ldap://127.0.0.1:1/dc=corp") + search_done(r, 0)}; },
         "ldap://127.0.0.1:1"},
        {"busy", [](const Request& r) { return Reply{search_done(r, 51)}; }, "code 51"},
        {"half an answer, then closed", [](const Request& r) { return Reply{alice(r), true}; }, "closed"},
        {"nothing, then closed", [](const Request&) { return Reply{"", true}; }, "closed"},
        {"half a message", [](const Request& r) { return Reply{alice(r).substr(0, 20), true}; }, "closed"},
        {"no entry's bytes",
         [](const Request& r) { return Reply{sequence(number(r.id) + tlv(0x64, "\x04\x7f")), true}; }, ""},
        {"a person without id",
         [](const Request& r) { return Reply{entry(r, person_dn, {{"uid", {"alice"}}}) + search_done(r, 0)}; },
         "entryUUID"},
    };
    return cases;
}

TEST(LyingServer, APartialAnswerIsNeverNobody) {
    for (const auto& [what, people, why] : partial_answers()) {
        const FakeServer server(Way::ldaps, with_people(people));
        const auto at = directory({server.address()});
        expect_unavailable(sign_in(*at), why, what);
        const auto found = at->look_up({"ldap:corp", "id-alice"});
        ASSERT_FALSE(found) << what;
        EXPECT_EQ(found.error().fault, Fault::directory_unavailable) << what;
        const auto listing = at->list();
        EXPECT_TRUE(!listing || (!listing->whole && !listing->why_not.empty())) << what;
    }
}

TEST(LyingServer, ReferralsAreNotFollowed) {
    const FakeServer target(Way::ldaps, with_people(one_person));
    const FakeServer server(Way::ldaps, with_people([&](const Request& r) {
                                return Reply{reference(r, target.address() + "/dc=corp") +
                                             search_done(r, 10, "", target.address() + "/dc=corp")};
                            }));
    EXPECT_FALSE(sign_in(*directory({server.address()})));
    EXPECT_EQ(target.connections(), 0);
}

TEST(LyingServer, AServerThatGoesMuteAtASearchDoesNotHoldASignInForLonger) {
    const FakeServer server(Way::ldaps, with_people([](const Request&) { return Reply{}; }));
    Options options;
    options.timeout = std::chrono::seconds(2);
    expect_unavailable(sign_in(*directory({server.address()}, options)), "not answered in time", "mute at the search");
}

TEST(LyingServer, ASecondMatchIsRefusedWhoeverHasThePassword) {
    const FakeServer server(
        Way::ldaps, with_people([](const Request& r) {
            return Reply{alice(r) + alice(r, "uid=alice,ou=old,ou=people,dc=corp", "id-2") + search_done(r, 0)};
        }));
    const auto person = sign_in(*directory({server.address()}));
    ASSERT_FALSE(person);
    EXPECT_EQ(person.error().fault, Fault::unauthenticated);
    EXPECT_NE(person.error().for_operator.find("more than one"), std::string::npos);
}

TEST(LyingServer, WhoDoesNotExistCostsTheServerAsMuchAsWhoDoes) {
    const FakeServer server(Way::ldaps, with_people([](const Request& r) { return Reply{search_done(r, 0)}; }));
    EXPECT_EQ(sign_in(*directory({server.address()})).error().fault, Fault::unauthenticated);
    ASSERT_EQ(server.requests().size(), 3U);
    EXPECT_TRUE(server.requests().back().is_bind());
    EXPECT_EQ(server.requests().back().password, "right");
}

TEST(LyingServer, NoPasswordIsNeverSentAsOne) {
    const FakeServer server(Way::ldaps, [](const Request& r) {
        return Reply{r.is_bind() ? bind_done(r, 0) : alice(r) + search_done(r, 0)};
    });
    Options direct;
    direct.direct_bind = "uid={user},ou=people,dc=corp";
    for (const auto& at : {directory({server.address()}), directory({server.address()}, direct)})
        for (const std::string& blank : {std::string(), std::string(1, '\0'), std::string("  ")})
            EXPECT_EQ(sign_in(*at, blank).error().fault, Fault::unauthenticated);
    EXPECT_EQ(server.connections(), 0);
}

TEST(LyingServer, GroupsThatCannotAllBeToldAreUnknownAndTheSignInGoesOn) {
    const auto answer = [](const Request& request) -> Reply {
        if (asks_for_groups(request))
            return {entry(request, "cn=admins,dc=corp", {{"entryUUID", {"g"}}}) + search_done(request, 4)};
        return with_people(one_person)(request);
    };
    const FakeServer server(Way::ldaps, answer);
    const auto person = sign_in(*directory({server.address()}));
    ASSERT_TRUE(person);
    EXPECT_FALSE(person->groups_known);
    EXPECT_TRUE(person->groups.empty()) << "nobody gains by an answer that was cut";
    const auto listing = directory({server.address()})->list();
    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->whole);
    EXPECT_FALSE(listing->people.at(0).groups_known);
}

TEST(LyingServer, HalfOfThePagesIsNoWholeList) {
    const FakeServer server(Way::ldaps, with_people([](const Request& r) {
                                if (r.cookie.empty()) return Reply{alice(r) + search_done(r, 0, "more")};
                                return Reply{"", true};
                            }));
    const auto listing = directory({server.address()})->list();
    ASSERT_TRUE(listing) << listing.error().for_operator;
    EXPECT_EQ(listing->people.size(), 1U);
    EXPECT_FALSE(listing->whole);
    EXPECT_NE(listing->why_not.find("closed"), std::string::npos) << listing->why_not;
}

TEST(LyingServer, PagesWithoutEndAreNotReadForEver) {
    const FakeServer server(Way::ldaps,
                            with_people([](const Request& r) { return Reply{search_done(r, 0, "again")}; }));
    const auto listing = directory({server.address()})->list();
    EXPECT_TRUE(!listing || !listing->whole);
    EXPECT_LT(server.requests().size(), 100U);
}

/// A group of `members` people that is told 1,500 at a time, as Active Directory does.
Reply large_group(const Request& request, std::size_t members, bool forgets_the_rest) {
    if (!request.is_search()) return {};
    std::size_t begin = 0;
    for (const std::string& name : request.attributes)
        if (name.starts_with("member;range=")) begin = std::stoul(name.substr(13));
    if (begin > 0 && forgets_the_rest) return {entry(request, "cn=all,dc=corp", {}) + search_done(request, 0)};
    const std::size_t end = std::min(begin + 1500, members);
    std::vector<std::string> values;
    for (std::size_t i = begin; i < end; ++i) values.push_back("uid=p" + std::to_string(i) + ",ou=people,dc=corp");
    const std::string range =
        "member;range=" + std::to_string(begin) + "-" + (end == members ? "*" : std::to_string(end - 1));
    return {entry(request, "cn=all,dc=corp", {{"entryUUID", {"g"}}, {"member", {}}, {range, values}}) +
            search_done(request, 0)};
}

FakeServer::Answer company_of(std::size_t people, bool forgets_the_rest) {
    return [=](const Request& request) -> Reply {
        if (request.is_bind()) return {bind_done(request, 0)};
        if (request.name != "ou=people,dc=corp") return large_group(request, people, forgets_the_rest);
        std::string all;
        for (std::size_t i = 0; i < people; ++i) {
            const std::string name = "p" + std::to_string(i);
            all +=
                entry(request, "uid=" + name + ",ou=people,dc=corp", {{"uid", {name}}, {"entryUUID", {"id-" + name}}});
        }
        return {all + search_done(request, 0)};
    };
}

TEST(LyingServer, AGroupThatIsCutAtFifteenHundredMembersIsReadToItsEnd) {
    for (const std::size_t people : {1499U, 1500U, 1501U, 4000U}) {
        const FakeServer server(Way::ldaps, company_of(people, false));
        const auto listing = directory({server.address()})->list();
        ASSERT_TRUE(listing) << listing.error().for_operator;
        EXPECT_TRUE(listing->whole) << listing->why_not;
        ASSERT_EQ(listing->people.size(), people);
        for (const auth::PersonFacts& person : listing->people) ASSERT_EQ(person.groups.size(), 1U) << person.user_name;
    }
}

TEST(LyingServer, AGroupWhoseRestIsNotToldIsNotWhole) {
    const FakeServer server(Way::ldaps, company_of(4000, true));
    const auto listing = directory({server.address()})->list();
    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->whole);
    for (const auth::PersonFacts& person : listing->people) ASSERT_FALSE(person.groups_known);
}

TEST(LyingServer, TheServiceAccountsTroubleIsNobodysWrongPassword) {
    const FakeServer server(Way::ldaps, [](const Request& r) {
        return Reply{bind_done(
            r, 49, "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 775, v2580")};
    });
    expect_unavailable(sign_in(*directory({server.address()})),
                       "the service account cn=svc,dc=corp cannot sign in: ", "locked service account");
    EXPECT_EQ(server.requests().size(), 1U) << "it would be locked the longer";
}

TEST(LyingServer, ATestNamesTheStepThatFails) {
    const FakeServer mute(Way::mute);
    Options options;
    options.timeout = std::chrono::seconds(1);
    const auto steps = directory({mute.address()}, options)->test("alice", Secret());
    const auto tls = std::ranges::find(steps, "TLS", &auth::Step::name);
    ASSERT_NE(tls, steps.end());
    EXPECT_EQ(tls->state, auth::Step::State::bad);
    EXPECT_NE(tls->text.find("no answer in time"), std::string::npos) << tls->text;
}

}  // namespace
}  // namespace bursar::ldap::test
