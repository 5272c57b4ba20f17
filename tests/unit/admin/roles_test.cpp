// Hunts: a route that a role reaches which it may not, or not although it may; an object of somebody else that opens by
// its id; a field that gives more than its form asks for.
#include "service/admin/visit.h"
#include "tests/unit/admin/plant.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin::test {
namespace {

struct Actor {
    auth::Role role;
    std::string user;   ///< in the company
    std::string token;  ///< none for a member
};

class Roles : public testing::Test {
  protected:
    void SetUp() override {
        const HttpReply applied = plant_.apply(documents_json(staff_yaml("  scim: {okta: {title: Okta}}\n")), "\"0\"");
        ASSERT_EQ(applied.status, 200) << applied.body;
        plant_.company.has("olga", {"is-operator", "in-research"});
        plant_.company.has("anna", {"is-auditor"});
        plant_.company.has("finn", {"is-finance"});
        plant_.company.has("lea", {"leads-research", "in-research"});
        plant_.company.has("alice", {"in-research"});
        plant_.company.has("bob", {"in-sales"});
        plant_.company.has("sam", {"leads-sales"});
    }
    HttpReply as(const std::string& cookie, std::string_view method, std::string_view target, std::string body = {}) {
        return plant_.ask(method, target, by_page(cookie, std::move(body)));
    }
    std::string key_of(const std::string& cookie, std::string* id = nullptr) {
        const HttpReply issued = as(cookie, "POST", "/api/v1/me/keys", R"({"name":"mine"})");
        EXPECT_EQ(issued.status, 201) << issued.body;
        if (id != nullptr) *id = issued.at("/id");
        return issued.at("/key");
    }

    Plant plant_;
};

std::string filled(std::string_view route) {
    std::string target(route);
    for (std::size_t open = 0; (open = target.find('{')) != std::string::npos;)
        target.replace(open, target.find('}') - open + 1, "x1");
    // A lead names the team; the others may.
    return target == "/api/v1/usage" ? target + "?team=research" : target;
}

Access access_of(const auth::Permission& permission) {
    const auto found = std::ranges::find_if(handlers(), [&](const Handler& each) {
        return each.method == permission.method && each.route == permission.route;
    });
    EXPECT_NE(found, handlers().end());
    return found->access;
}

bool is_open(Access access) { return access == Access::anybody || access == Access::strangers; }

void expect_let_in(const HttpReply& reply, const std::string& name) {
    EXPECT_TRUE(reply.status != 0 && reply.status != 401 && reply.status != 403 && reply.status != 500)
        << name << ": " << reply.status << " " << reply.body;
}

void expect_not_permitted(const HttpReply& reply, const std::string& name) {
    EXPECT_EQ(reply.status, 403) << name << ": " << reply.body;
    // Errors of SCIM have a shape of their own (RFC 7644, 3.12).
    const bool is_scim =
        reply.headers.contains("content-type") && reply.headers.at("content-type").contains("scim+json");
    if (!is_scim) EXPECT_EQ(reply.at("/code"), "not_permitted") << name;
}

TEST_F(Roles, nobody_reaches_what_is_not_for_everybody) {
    for (const auth::Permission& each : auth::role_table()) {
        const std::string target = filled(each.route), name = fmt::format("{} {}", each.method, target);
        for (const char* token : {"", "bso_nobody", "bsr_nobody", "bsa_nobody", "eyJhbGciOiJub25lIn0.e30."}) {
            const HttpReply reply = plant_.ask(each.method, target, {.token = token});
            if (is_open(access_of(each)))
                expect_let_in(reply, name);
            else
                EXPECT_EQ(reply.status, 401) << name << " with " << token << ": " << reply.body;
        }
        const HttpReply cookie = as("bsc_nobody", each.method, target);
        if (!is_open(access_of(each))) EXPECT_EQ(cookie.status, 401) << name << " with a cookie: " << cookie.body;
    }
}

TEST_F(Roles, tokens_and_keys_reach_what_the_table_says_and_nothing_else) {
    const std::string lead =
        plant_.post("/api/v1/operators", R"({"name":"lea","role":"team_lead","team":"research"})").at("/token");
    const std::string okta =
        plant_.post("/api/v1/operators", R"({"name":"okta","role":"scim","source":"okta"})").at("/token");
    const Actor actors[] = {{auth::Role::operator_, {}, plant_.operator_token},
                            {auth::Role::auditor, {}, plant_.auditor_token},
                            {auth::Role::finance, {}, plant_.finance_token},
                            {auth::Role::team_lead, {}, lead},
                            {auth::Role::scim, {}, okta}};
    const std::string key = plant_.post("/api/v1/keys", R"({"name":"ci","team":"research"})").at("/key");
    ASSERT_TRUE(key.starts_with("bsr_"));
    int allowed = 0, refused = 0;
    for (const auth::Permission& each : auth::role_table()) {
        const Access access = access_of(each);
        const std::string target = filled(each.route), name = fmt::format("{} {}", each.method, target);
        const HttpReply member = plant_.ask(each.method, target, {.token = key});
        if (is_open(access) || access == Access::members)
            expect_let_in(member, name + " with a virtual key");
        else
            EXPECT_EQ(member.status, 401) << name << " with a virtual key: " << member.body;
        for (const Actor& actor : actors) {
            const std::string who = fmt::format("{} by a token of {}", name, auth::name_of(actor.role));
            const HttpReply reply = plant_.ask(each.method, target, {.token = actor.token});
            if (access == Access::people) {
                EXPECT_EQ(reply.status, 401) << who << ": " << reply.body;
            } else if (is_open(access) || auth::may(actor.role, each)) {
                expect_let_in(reply, who);
                ++allowed;
            } else {
                expect_not_permitted(reply, who);
                ++refused;
            }
        }
    }
    EXPECT_GT(allowed, 120);
    EXPECT_GT(refused, 80);
}

TEST_F(Roles, people_reach_what_the_table_says_of_the_role_that_their_groups_give) {
    const Actor actors[] = {{auth::Role::operator_, "olga", {}},
                            {auth::Role::auditor, "anna", {}},
                            {auth::Role::finance, "finn", {}},
                            {auth::Role::team_lead, "lea", {}},
                            {auth::Role::member, "alice", {}}};
    int allowed = 0, refused = 0;
    for (const Actor& actor : actors) {
        ASSERT_EQ(as(plant_.sign_in(actor.user), "GET", "/api/v1/me").at("/role"), auth::name_of(actor.role));
        for (const auth::Permission& each : auth::role_table()) {
            const std::string target = filled(each.route);
            const std::string name = fmt::format("{} {} by {}", each.method, target, auth::name_of(actor.role));
            // Some of these end the session.
            const HttpReply reply = as(plant_.sign_in(actor.user), each.method, target);
            if (is_open(access_of(each)) || auth::may(actor.role, each)) {
                expect_let_in(reply, name);
                ++allowed;
            } else {
                expect_not_permitted(reply, name);
                ++refused;
            }
        }
    }
    EXPECT_GT(allowed, 200);
    EXPECT_GT(refused, 150);
}

TEST_F(Roles, an_agent_of_an_operator_is_no_operator_and_changes_nothing) {
    static_cast<void>(plant_.sign_in("olga"));
    const std::string agent = plant_.access_token("olga", auth::SessionKind::agent);
    const std::string cli = plant_.access_token("olga", auth::SessionKind::cli);
    for (const auth::Permission& each : auth::role_table()) {
        const Access access = access_of(each);
        if (is_open(access)) continue;
        const std::string target = filled(each.route), name = fmt::format("{} {}", each.method, target);
        const HttpReply reply = plant_.ask(each.method, target, {.token = agent});
        const bool reads = each.method == "GET" || each.action.starts_with("agent.");
        if (reads && auth::may(auth::Role::member, each))
            expect_let_in(reply, name);
        else
            expect_not_permitted(reply, name);
    }
    EXPECT_EQ(plant_.ask("GET", "/api/v1/whoami", {.token = cli}).at("/role"), "operator");
    EXPECT_EQ(plant_.ask("GET", "/api/v1/people", {.token = cli}).status, 200);
}

TEST_F(Roles, keys_and_sessions_of_somebody_else_do_not_open_by_their_id) {
    const std::string alice = plant_.sign_in("alice"), bob = plant_.sign_in("bob"), lea = plant_.sign_in("lea");
    std::string id;
    const std::string key = key_of(alice, &id);
    const std::string session = as(alice, "GET", "/api/v1/me").at("/session/id");
    for (const std::string& other : {bob, lea}) {
        EXPECT_EQ(as(other, "POST", "/api/v1/me/keys/" + id + "/rotate").status, 404);
        EXPECT_EQ(as(other, "DELETE", "/api/v1/me/keys/" + id).status, 404);
        EXPECT_EQ(as(other, "DELETE", "/api/v1/me/sessions/" + session).status, 404);
        EXPECT_EQ(as(other, "GET", "/api/v1/me/keys").count("/keys"), 0U);
        EXPECT_EQ(as(other, "GET", "/api/v1/me/sessions").count("/sessions"), 1U);
        EXPECT_EQ(as(other, "GET", "/api/v1/me/usage?person=alice").status, 400);
        EXPECT_EQ(as(other, "GET", "/api/v1/keys/" + id).status, 403);
        EXPECT_EQ(as(other, "GET", "/api/v1/people/alice").status, 403);
    }
    EXPECT_EQ(plant_.ask("GET", "/api/v1/budgets/mine", {.token = key}).status, 200) << "it still works";
    EXPECT_EQ(as(alice, "GET", "/api/v1/me/keys").at("/keys/0/id"), id);
    EXPECT_EQ(as(alice, "DELETE", "/api/v1/me/keys/" + id).status, 204);
    EXPECT_EQ(plant_.ask("GET", "/api/v1/budgets/mine", {.token = key}).status, 401);
}

TEST_F(Roles, teams_and_requests_of_others_do_not_open_by_their_name_or_number) {
    const std::string alice = plant_.sign_in("alice"), bob = plant_.sign_in("bob");
    const std::string lea = plant_.sign_in("lea"), sam = plant_.sign_in("sam");
    const auto ask_for = [](const char* account) {
        return fmt::format(R"({{"account":"{}","limit":"per month","amount":"3 USD",)"
                           R"("until":"2026-11-24T12:00:00Z","reason":"demo"}})",
                           account);
    };
    const HttpReply asked = as(alice, "POST", "/api/v1/requests", ask_for("team:research"));
    ASSERT_EQ(asked.status, 201) << asked.body;
    EXPECT_EQ(asked.at("/asked_by"), "person:alice");
    for (const char* other : {"team:sales", "team:lab", "person:bob", "org", "key:x1"})
        EXPECT_EQ(as(alice, "POST", "/api/v1/requests", ask_for(other)).status, 403) << other;
    EXPECT_EQ(as(alice, "POST", "/api/v1/requests/1/approve").status, 403) << "her own";
    EXPECT_EQ(as(bob, "POST", "/api/v1/requests/1/withdraw").status, 403);
    EXPECT_EQ(as(bob, "GET", "/api/v1/requests").count("/requests"), 0U);
    EXPECT_EQ(as(sam, "GET", "/api/v1/requests").count("/requests"), 0U);
    EXPECT_EQ(as(sam, "POST", "/api/v1/requests/1/approve").status, 403);
    EXPECT_EQ(as(sam, "POST", "/api/v1/requests/1/decline", R"({"reason":"no"})").status, 403);
    for (const char* team : {"research", "lab", "nobody"}) {
        EXPECT_EQ(as(sam, "GET", fmt::format("/api/v1/teams/{}/people", team)).status, 404) << team;
        EXPECT_EQ(as(sam, "GET", fmt::format("/api/v1/usage?team={}", team)).status, 403) << team;
        EXPECT_EQ(as(alice, "POST", "/api/v1/me/keys", R"({"name":"x","team":"sales"})").status, 403) << team;
    }
    EXPECT_EQ(as(sam, "GET", "/api/v1/usage").status, 403);
    EXPECT_EQ(as(sam, "GET", "/api/v1/usage?team=sales&team=research").status, 400);
    EXPECT_EQ(as(lea, "GET", "/api/v1/usage?team=lab").status, 200) << "below hers";
    const HttpReply people = as(lea, "GET", "/api/v1/teams/research/people");
    EXPECT_EQ(people.count("/people"), 2U) << people.body;
    EXPECT_EQ(people.body.find("bob"), std::string::npos);
    EXPECT_EQ(as(lea, "POST", "/api/v1/requests/1/approve").status, 200);
    EXPECT_EQ(as(alice, "GET", "/api/v1/requests").at("/requests/0/state"), "approved");
}

TEST_F(Roles, whoever_leaves_a_team_keeps_no_key_of_it_and_gains_none) {
    const std::string alice = plant_.sign_in("alice");
    std::string id;
    const std::string key = key_of(alice, &id);
    plant_.company.has("alice", {"in-sales"});
    ASSERT_TRUE(plant_.people->see(plant_.company.facts_of("alice"), {}));
    EXPECT_EQ(plant_.ask("GET", "/api/v1/budgets/mine", {.token = key}).status, 403);
    EXPECT_EQ(as(alice, "POST", "/api/v1/me/keys", R"({"name":"x","team":"research"})").status, 403);
    EXPECT_EQ(as(alice, "POST", "/api/v1/me/keys", R"({"name":"x"})").at("/team"), "sales");
    plant_.company.has("alice", {});
    ASSERT_TRUE(plant_.people->see(plant_.company.facts_of("alice"), {}));
    EXPECT_EQ(as(alice, "POST", "/api/v1/me/keys", R"({"name":"x"})").status, 403);
    EXPECT_EQ(as(alice, "GET", "/api/v1/me/models").count("/models"), 0U);
}

TEST_F(Roles, a_new_policy_takes_a_role_away_before_it_is_answered) {
    const std::string olga = plant_.sign_in("olga");
    ASSERT_EQ(as(olga, "GET", "/api/v1/people").status, 200);
    std::string yaml = staff_yaml();
    yaml.replace(yaml.find("is-operator"), 11, "is-somebody");
    ASSERT_EQ(plant_.apply(documents_json(yaml), "\"1\"").status, 200);
    EXPECT_EQ(as(olga, "GET", "/api/v1/people").status, 403);
    EXPECT_EQ(as(olga, "GET", "/api/v1/me").at("/role"), "member");
}

TEST_F(Roles, fields_that_no_form_has_are_refused) {
    const std::string alice = plant_.sign_in("alice"), olga = plant_.sign_in("olga");
    for (const char* extra : {R"("person":"bob")", R"("budgets":[{"limit":"1000 USD","per":"day"}])",
                              R"("role":"operator")", R"("id":"mine")", R"("networks":[])"})
        EXPECT_EQ(as(alice, "POST", "/api/v1/me/keys", fmt::format(R"({{"name":"x",{}}})", extra)).status, 400)
            << extra;
    const std::pair<const char*, const char*> bodies[] = {
        {"/auth/ldap/corp", R"({"user":"alice","password":"right","role":"operator"})"},
        {"/auth/break-glass", R"({"passphrase":"x","role":"operator"})"},
        {"/auth/step-up", R"({"password":"right","user":"alice"})"},
        {"/api/v1/people/alice/suspend", R"({"reason":"x","role":"operator"})"},
        {"/api/v1/people/alice/restore", R"({"role":"operator"})"},
        {"/api/v1/directories/corp/test", R"({"server":"ldaps://evil.example"})"},
        {"/api/v1/directories/corp/sync", R"({"removals_max":"100%"})"},
        {"/api/v1/device/ABCD-EFGH/approve", R"({"person":"bob"})"},
        {"/auth/break-glass", R"({"passphrase":"x","passphrase":"y"})"},
    };
    for (const auto& [target, body] : bodies) {
        const HttpReply reply = as(olga, "POST", target, body);
        EXPECT_EQ(reply.status, 400) << target << " " << body << ": " << reply.body;
        EXPECT_EQ(reply.cookies.size(), 0U) << target;
    }
}

}  // namespace
}  // namespace bursar::admin::test
