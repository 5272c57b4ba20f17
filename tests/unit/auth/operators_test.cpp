#include "auth/operators.h"

#include "auth/credential.h"
#include "tests/sim/sim_store.h"

#include <map>

#include <gtest/gtest.h>

// Hunts: a token that does more or lives longer than it may, and a route whose roles are not those of the published
// table.
namespace bursar::auth {
namespace {

TEST(RoleTable, gives_each_route_to_exactly_the_roles_that_the_documentation_names) {
    // o operator, a auditor, f finance, t team lead, m member, s a provider of identities, * every person.
    const std::map<std::string, std::pair<std::string, std::string>> wanted = {
        {"GET /api/v1/openapi.json", {"openapi.read", "*"}},
        {"GET /api/v1/whoami", {"self.read", "oaft"}},
        {"GET /api/v1/me", {"me.read", "*"}},
        {"GET /api/v1/me/models", {"me.models", "*"}},
        {"GET /api/v1/me/keys", {"me.keys", "*"}},
        {"POST /api/v1/me/keys", {"key.issue", "*"}},
        {"POST /api/v1/me/keys/{id}/rotate", {"key.rotate", "*"}},
        {"DELETE /api/v1/me/keys/{id}", {"key.revoke", "*"}},
        {"GET /api/v1/me/usage", {"me.usage", "*"}},
        {"GET /api/v1/me/sessions", {"me.sessions", "*"}},
        {"DELETE /api/v1/me/sessions/{id}", {"session.end", "*"}},
        {"GET /api/v1/device/{code}", {"device.read", "*"}},
        {"POST /api/v1/device/{code}/approve", {"device.approve", "*"}},
        {"POST /api/v1/device/{code}/deny", {"device.deny", "*"}},
        {"GET /api/v1/authorization", {"authorization.read", "*"}},
        {"POST /api/v1/authorization/approve", {"authorization.approve", "*"}},
        {"POST /api/v1/authorization/deny", {"authorization.deny", "*"}},
        {"GET /api/v1/teams/{name}/people", {"team.people", "oaft"}},
        {"GET /api/v1/people", {"people.list", "oa"}},
        {"GET /api/v1/people/{name}", {"people.read", "oa"}},
        {"POST /api/v1/people/{name}/suspend", {"person.suspend", "o"}},
        {"POST /api/v1/people/{name}/restore", {"person.restore", "o"}},
        {"DELETE /api/v1/people/{name}/sessions", {"person.put_out", "o"}},
        {"GET /api/v1/directories", {"directory.list", "oa"}},
        {"POST /api/v1/directories/{name}/test", {"directory.test", "o"}},
        {"POST /api/v1/directories/{name}/sync", {"directory.sync", "o"}},
        {"GET /api/v1/directories/{name}/syncs", {"directory.syncs", "oa"}},
        {"GET /api/v1/directories/{name}/syncs/{number}", {"directory.syncs", "oa"}},
        {"GET /scim/v2/ServiceProviderConfig", {"scim.read", "s"}},
        {"GET /scim/v2/ResourceTypes", {"scim.read", "s"}},
        {"GET /scim/v2/ResourceTypes/{id}", {"scim.read", "s"}},
        {"GET /scim/v2/Schemas", {"scim.read", "s"}},
        {"GET /scim/v2/Schemas/{id}", {"scim.read", "s"}},
        {"GET /scim/v2/Users", {"scim.read", "s"}},
        {"POST /scim/v2/Users", {"scim.change", "s"}},
        {"GET /scim/v2/Users/{id}", {"scim.read", "s"}},
        {"PUT /scim/v2/Users/{id}", {"scim.change", "s"}},
        {"PATCH /scim/v2/Users/{id}", {"scim.change", "s"}},
        {"DELETE /scim/v2/Users/{id}", {"scim.change", "s"}},
        {"GET /scim/v2/Groups", {"scim.read", "s"}},
        {"POST /scim/v2/Groups", {"scim.change", "s"}},
        {"GET /scim/v2/Groups/{id}", {"scim.read", "s"}},
        {"PUT /scim/v2/Groups/{id}", {"scim.change", "s"}},
        {"PATCH /scim/v2/Groups/{id}", {"scim.change", "s"}},
        {"DELETE /scim/v2/Groups/{id}", {"scim.change", "s"}},
        {"GET /auth/ways", {"sign_in.ways", "*"}},
        {"POST /auth/ldap/{name}", {"sign_in", "*"}},
        {"GET /auth/oidc/{name}", {"sign_in.begin", "*"}},
        {"GET /auth/oidc/{name}/callback", {"sign_in", "*"}},
        {"POST /auth/oidc/{name}/logout", {"session.ended_by_provider", "*"}},
        {"POST /auth/break-glass", {"sign_in", "*"}},
        {"POST /auth/step-up", {"session.step_up", "*"}},
        {"POST /auth/logout", {"session.end", "*"}},
        {"GET /.well-known/oauth-authorization-server", {"oauth.metadata", "*"}},
        {"POST /oauth/device_authorization", {"oauth.device", "*"}},
        {"POST /oauth/token", {"oauth.token", "*"}},
        {"POST /oauth/revoke", {"oauth.revoke", "*"}},
        {"GET /managed/settings", {"agent.settings", "*"}},
        {"GET /api/oauth/usage", {"agent.usage", "*"}},
        {"POST /v1/metrics", {"agent.telemetry", "*"}},
        {"POST /v1/logs", {"agent.telemetry", "*"}},
        {"POST /v1/traces", {"agent.telemetry", "*"}},
        {"GET /assets/{name}", {"console.file", "*"}},
        {"GET /", {"console.page", "*"}},
        {"GET /{page}", {"console.page", "*"}},
        {"GET /directory/{part}", {"console.page", "*"}},
        {"GET /directory/at/{name}", {"console.page", "*"}},
        {"GET /api/v1/vault", {"vault.status", "oaf"}},
        {"POST /api/v1/vault/seal", {"vault.seal", "o"}},
        {"POST /api/v1/vault/unseal", {"vault.unseal", "o"}},
        {"POST /api/v1/vault/rotate", {"vault.rotate", "o"}},
        {"GET /api/v1/backup", {"backup.list", "oa"}},
        {"POST /api/v1/backup", {"backup.make", "o"}},
        {"GET /api/v1/standby", {"standby.status", "oa"}},
        {"POST /api/v1/standby/hand-over", {"standby.hand_over", "o"}},
        {"POST /api/v1/standby/alone", {"standby.alone", "o"}},
        {"POST /api/v1/upgrade/check", {"upgrade.check", "oa"}},
        {"GET /api/v1/secrets", {"secret.list", "oa"}},
        {"PUT /api/v1/secrets/{name}", {"secret.put", "o"}},
        {"DELETE /api/v1/secrets/{name}", {"secret.delete", "o"}},
        {"GET /api/v1/keys", {"key.list", "oaf"}},
        {"POST /api/v1/keys", {"key.issue", "o"}},
        {"GET /api/v1/keys/{id}", {"key.read", "oaf"}},
        {"POST /api/v1/keys/{id}/expire", {"key.expire", "o"}},
        {"POST /api/v1/keys/{id}/rotate", {"key.rotate", "o"}},
        {"DELETE /api/v1/keys/{id}", {"key.revoke", "o"}},
        {"POST /api/v1/keys/{id}/pause", {"key.pause", "o"}},
        {"POST /api/v1/keys/{id}/resume", {"key.resume", "o"}},
        {"GET /api/v1/policy", {"policy.read", "oaf"}},
        {"POST /api/v1/policy/plan", {"policy.plan", "oa"}},
        {"PUT /api/v1/policy", {"policy.apply", "o"}},
        {"GET /api/v1/policy/revisions", {"policy.history", "oaf"}},
        {"GET /api/v1/policy/revisions/{number}", {"policy.history", "oaf"}},
        {"POST /api/v1/policy/rollback", {"policy.rollback", "o"}},
        {"GET /api/v1/approvals", {"approval.list", "oa"}},
        {"GET /api/v1/approvals/{id}", {"approval.read", "oa"}},
        {"POST /api/v1/approvals/{id}", {"approval.decide", "o"}},
        {"DELETE /api/v1/approvals/{id}", {"approval.withdraw", "o"}},
        {"POST /api/v1/prices/import", {"price.import", "o"}},
        {"GET /api/v1/teams", {"team.list", "oaf"}},
        {"GET /api/v1/budgets", {"budget.list", "oaf"}},
        {"GET /api/v1/budgets/mine", {"budget.mine", "*"}},
        {"GET /api/v1/requests", {"request.list", "*"}},
        {"POST /api/v1/requests", {"request.make", "oftm"}},
        {"POST /api/v1/requests/{number}/approve", {"request.approve", "oft"}},
        {"POST /api/v1/requests/{number}/decline", {"request.decline", "oft"}},
        {"POST /api/v1/requests/{number}/withdraw", {"request.withdraw", "oftm"}},
        {"GET /api/v1/credits", {"credit.list", "oaf"}},
        {"POST /api/v1/credits", {"credit.enter", "of"}},
        {"GET /api/v1/corrections", {"correction.list", "oaf"}},
        {"POST /api/v1/corrections", {"correction.enter", "of"}},
        {"GET /api/v1/alerts", {"alert.list", "oaf"}},
        {"GET /api/v1/alerts/incidents", {"alert.incidents", "oaf"}},
        {"GET /api/v1/alerts/deliveries", {"alert.deliveries", "oaf"}},
        {"POST /api/v1/alerts/deliveries/{id}/resend", {"alert.resend", "o"}},
        {"GET /api/v1/alerts/silences", {"silence.list", "oaf"}},
        {"POST /api/v1/alerts/silences", {"silence.add", "o"}},
        {"DELETE /api/v1/alerts/silences/{number}", {"silence.end", "o"}},
        {"GET /api/v1/alerts/targets", {"alert.targets", "oaf"}},
        {"POST /api/v1/alerts/targets/{name}/test", {"alert.test", "o"}},
        {"GET /api/v1/alerts/preview/{kind}", {"alert.preview", "oaf"}},
        {"GET /api/v1/forecast", {"forecast.read", "oaf"}},
        {"GET /api/v1/reconciliations", {"reconciliation.list", "oaf"}},
        {"POST /api/v1/reconciliations", {"reconciliation.make", "of"}},
        {"GET /api/v1/reconciliations/{number}", {"reconciliation.read", "oaf"}},
        {"POST /api/v1/reconciliations/{number}/apply", {"reconciliation.apply", "of"}},
        {"GET /api/v1/allocations", {"allocation.list", "oaf"}},
        {"POST /api/v1/allocations/{name}/plan", {"allocation.plan", "oaf"}},
        {"POST /api/v1/allocations/{name}/run", {"allocation.run", "of"}},
        {"GET /api/v1/usage", {"usage.read", "oaft"}},
        {"GET /api/v1/reports", {"report.list", "oaft"}},
        {"GET /api/v1/reports/{name}/preview", {"report.preview", "oaft"}},
        {"GET /api/v1/reports/kept/{number}", {"report.read", "oaft"}},
        {"POST /api/v1/reports/{name}/send", {"report.send", "of"}},
        {"GET /api/v1/calls", {"call.list", "oa"}},
        {"GET /api/v1/ledger", {"ledger.read", "oaf"}},
        {"GET /api/v1/audit", {"audit.read", "oa"}},
        {"POST /api/v1/audit/verify", {"audit.verify", "oa"}},
        {"GET /api/v1/providers", {"provider.list", "oaf"}},
        {"GET /api/v1/catalogue", {"provider.catalogue", "oaf"}},
        {"POST /api/v1/providers/{name}/test", {"provider.test", "o"}},
        {"GET /api/v1/operators", {"operator.list", "oa"}},
        {"POST /api/v1/operators", {"operator.issue", "o"}},
        {"DELETE /api/v1/operators/{id}", {"operator.revoke", "o"}},
        {"GET /api/v1/checks", {"check.read", "oa"}},
        {"GET /metrics", {"metrics.read", "oaf"}},
    };
    EXPECT_EQ(role_table().size(), wanted.size());
    const std::map<Role, char> letters = {{Role::operator_, 'o'}, {Role::auditor, 'a'}, {Role::finance, 'f'},
                                          {Role::team_lead, 't'}, {Role::member, 'm'},  {Role::scim, 's'}};
    ASSERT_EQ(letters.size(), all_roles().size());
    for (const Permission& permission : role_table()) {
        const std::string route = std::string(permission.method) + " " + std::string(permission.route);
        ASSERT_TRUE(wanted.contains(route)) << route;
        const auto& [action, roles] = wanted.at(route);
        EXPECT_EQ(permission.action, action) << route;
        for (const auto& [role, letter] : letters)
            EXPECT_EQ(may(role, permission), (roles == "*" && role != Role::scim) || roles.contains(letter))
                << route << " for " << name_of(role);
    }
}

TEST(RoleTable, lets_an_auditor_change_nothing_and_others_only_what_is_decided_about_money) {
    for (const Permission& permission : role_table()) {
        const bool reads = permission.method == "GET" || permission.action.ends_with(".plan") ||
                           permission.action == "audit.verify" || permission.action == "upgrade.check";
        if (reads) continue;
        // About themselves, which everybody decides.
        if (may(Role::member, permission) && may(Role::operator_, permission) && may(Role::auditor, permission))
            continue;
        EXPECT_FALSE(may(Role::auditor, permission)) << permission.route;
        const bool about_money =
            permission.action.starts_with("request.") || permission.action.starts_with("credit.") ||
            permission.action.starts_with("correction.") || permission.action.starts_with("reconciliation.") ||
            permission.action == "allocation.run" || permission.action == "report.send";
        if (about_money) continue;
        for (const Role role : {Role::finance, Role::team_lead, Role::member})
            EXPECT_FALSE(may(role, permission)) << permission.route;
    }
}

TEST(RoleTable, finds_a_row_by_method_and_path) {
    struct Case {
        const char* method;
        const char* path;
        const char* action;
    };
    for (const Case& c :
         {Case{"GET", "/api/v1/keys", "key.list"}, Case{"GET", "/api/v1/keys/7f3a", "key.read"},
          Case{"GET", "/api/v1/keys/{id}", "key.read"}, Case{"POST", "/api/v1/keys/7f3a/rotate", "key.rotate"},
          Case{"GET", "/api/v1/policy/revisions/12", "policy.history"}, Case{"GET", "/metrics", "metrics.read"},
          Case{"PATCH", "/api/v1/keys", nullptr}, Case{"GET", "/api/v1/keys/", nullptr},
          Case{"GET", "/api/v1/keys/a/b", nullptr}, Case{"GET", "/api/v1", nullptr}, Case{"GET", "", nullptr},
          Case{"GET", "//api/v1/keys", nullptr}, Case{"get", "/metrics", nullptr}}) {
        const Permission* const found = find_permission(c.method, c.path);
        ASSERT_EQ(found == nullptr, c.action == nullptr) << c.method << ' ' << c.path;
        if (found != nullptr) EXPECT_EQ(found->action, c.action);
    }
}

TEST(Roles, are_read_by_the_names_that_they_are_written_with) {
    for (const Role role : all_roles()) EXPECT_EQ(role_of(name_of(role)), role);
    for (const char* name : {"", "Operator", "root", "operator "}) EXPECT_FALSE(role_of(name)) << name;
}

class OperatorsTest : public testing::Test {
  protected:
    OperatorsTest() { open(); }
    void open() {
        operators_.reset();
        auto opened = Operators::open(store_, Secret(std::string(32, 'p')), clock_);
        ASSERT_TRUE(opened);
        operators_ = *std::move(opened);
    }
    ManualClock clock_{*parse_timestamp("2026-11-23T17:54:20Z")};
    sim::SimStore store_{{Operators::schema()}};
    std::unique_ptr<Operators> operators_;
};

TEST_F(OperatorsTest, a_token_names_its_operator_and_role_until_it_is_revoked) {
    const auto issued = operators_->issue("Ada", Role::auditor, {}, {});
    ASSERT_TRUE(issued);
    const std::string text(issued->text.reveal());
    EXPECT_TRUE(text.starts_with("bso_"));
    for (int again = 0; again < 2; ++again) {
        const auto who = operators_->identify(text, clock_.now());
        ASSERT_TRUE(who);
        EXPECT_EQ(who->name, "Ada");
        EXPECT_EQ(who->role, Role::auditor);
        EXPECT_EQ(who->id, issued->facts.id);
        EXPECT_EQ(who->created_at, clock_.now());
        open();
    }
    EXPECT_FALSE(operators_->revoke(issued->facts.id, [](store::Transaction&) {
        return Result<void>(fail(Fault::storage_unavailable, "No audit."));
    }));
    EXPECT_TRUE(operators_->identify(text, clock_.now()));
    ASSERT_TRUE(operators_->revoke(issued->facts.id, {}));
    EXPECT_FALSE(operators_->identify(text, clock_.now()));
    EXPECT_EQ(operators_->revoke(issued->facts.id, {}).error().fault, Fault::not_found);
    open();
    EXPECT_FALSE(operators_->identify(text, clock_.now()));
    EXPECT_TRUE(operators_->list().empty());
}

// Hunts: a house without anybody who may change it, also when two tokens go at once: each is looked at where it goes.
TEST_F(OperatorsTest, the_last_one_in_charge_stays) {
    const auto issue = [&](Role role, std::optional<Timestamp> end = {}) {
        return operators_->issue("Ada", role, end, {})->facts.id;
    };
    const std::string first = issue(Role::operator_), second = issue(Role::operator_), auditor = issue(Role::auditor);
    const std::string brief = issue(Role::operator_, clock_.now() + std::chrono::hours(1));
    EXPECT_TRUE(operators_->revoke(second, {}));
    EXPECT_TRUE(operators_->revoke(auditor, {}));
    clock_.advance(std::chrono::hours(1));
    const auto kept = operators_->revoke(first, {});
    ASSERT_FALSE(kept) << "the other one has expired";
    EXPECT_EQ(kept.error().fault, Fault::conflict);
    EXPECT_TRUE(operators_->revoke(brief, {}));
    const std::string next = issue(Role::operator_);
    EXPECT_TRUE(operators_->revoke(first, [&](store::Transaction& transaction) -> Result<void> {
        std::int64_t left = 0;
        TRY_VOID(
            transaction.each("SELECT count(*) FROM auth_operators", {}, [&](const store::Row& row) -> Result<void> {
                left = row.integer(0);
                return {};
            }));
        EXPECT_EQ(left, 1);
        return {};
    }));
    EXPECT_EQ(operators_->revoke(next, {}).error().fault, Fault::conflict);
}

TEST_F(OperatorsTest, a_token_expires_at_its_instant) {
    const auto issued = operators_->issue("Ada", Role::operator_, clock_.now() + std::chrono::hours(1), {});
    ASSERT_TRUE(issued);
    clock_.advance(std::chrono::hours(1) - std::chrono::nanoseconds(1));
    EXPECT_TRUE(operators_->identify(issued->text.reveal(), clock_.now()));
    clock_.advance(std::chrono::nanoseconds(1));
    EXPECT_FALSE(operators_->identify(issued->text.reveal(), clock_.now()));
    EXPECT_FALSE(operators_->issue("Ada", Role::operator_, clock_.now(), {}));
    EXPECT_FALSE(operators_->issue("", Role::operator_, {}, {}));
    EXPECT_FALSE(operators_->issue("a\tb", Role::operator_, {}, {}));
}

TEST_F(OperatorsTest, a_team_lead_has_a_team_and_nobody_else_has_one) {
    const auto issued = operators_->issue({.name = "Lea", .role = Role::team_lead, .team = "research"}, {});
    ASSERT_TRUE(issued);
    open();
    EXPECT_EQ(operators_->identify(issued->text.reveal(), clock_.now())->team, "research");
    EXPECT_FALSE(operators_->issue({.name = "Lea", .role = Role::team_lead}, {})) << "a lead of nobody";
    EXPECT_FALSE(operators_->issue({.name = "Ada", .role = Role::operator_, .team = "research"}, {}));
}

TEST_F(OperatorsTest, a_provider_of_identities_has_a_source_and_nobody_else_has_one) {
    const auto issued = operators_->issue({.name = "Okta", .role = Role::scim, .source = "okta"}, {});
    ASSERT_TRUE(issued);
    open();
    const auto who = operators_->identify(issued->text.reveal(), clock_.now());
    ASSERT_TRUE(who);
    EXPECT_EQ(who->role, Role::scim);
    EXPECT_EQ(who->source, "okta");
    EXPECT_FALSE(operators_->issue({.name = "Okta", .role = Role::scim}, {})) << "of no source";
    EXPECT_FALSE(operators_->issue({.name = "Ada", .role = Role::operator_, .source = "okta"}, {}));
    EXPECT_FALSE(operators_->issue({.name = "Okta", .role = Role::scim, .team = "research", .source = "okta"}, {}));
}

TEST_F(OperatorsTest, a_key_for_calls_opens_nothing_here_and_strangers_learn_nothing) {
    const auto issued = operators_->issue("Ada", Role::operator_, {}, {});
    ASSERT_TRUE(issued);
    const auto unknown = operators_->identify(make_credential(token_prefix).text.reveal(), clock_.now());
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().fault, Fault::unauthenticated);
    const auto wrong =
        operators_->identify(make_credential_text(token_prefix, issued->facts.id).reveal(), clock_.now());
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().for_caller, unknown.error().for_caller);
    EXPECT_FALSE(operators_->identify(make_credential_text(key_prefix, issued->facts.id).reveal(), clock_.now()));
    EXPECT_FALSE(operators_->identify("", clock_.now()));
}

}  // namespace
}  // namespace bursar::auth
