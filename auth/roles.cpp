#include "auth/operators.h"
#include "service/base/ensure.h"

#include <algorithm>
#include <array>

namespace bursar::auth {
namespace {

constexpr std::uint8_t bit(Role role) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(role)); }

constexpr std::uint8_t o = bit(Role::operator_);
constexpr std::uint8_t a = bit(Role::auditor);
constexpr std::uint8_t f = bit(Role::finance);
constexpr std::uint8_t t = bit(Role::team_lead);
constexpr std::uint8_t m = bit(Role::member);
constexpr std::uint8_t s = bit(Role::scim);
constexpr std::uint8_t everybody = o | a | f | t | m;

// An auditor reads everything and changes nothing; finance reads what concerns money, and decides what is decided about
// it beside the policy. A team lead decides about his team and those below it; a member, who shows a virtual key, sees
// and asks for what concerns himself. A provider of identities tells who is there, and sees nothing else.
constexpr std::array table{
    Permission{"openapi.read", "GET", "/api/v1/openapi.json", everybody},  // asked for without a token, too
    Permission{"self.read", "GET", "/api/v1/whoami", o | a | f | t},
    // Whoever has signed in, about themselves.
    Permission{"me.read", "GET", "/api/v1/me", everybody},
    Permission{"me.models", "GET", "/api/v1/me/models", everybody},
    Permission{"me.keys", "GET", "/api/v1/me/keys", everybody},
    Permission{"key.issue", "POST", "/api/v1/me/keys", everybody},
    Permission{"key.rotate", "POST", "/api/v1/me/keys/{id}/rotate", everybody},
    Permission{"key.revoke", "DELETE", "/api/v1/me/keys/{id}", everybody},
    Permission{"me.usage", "GET", "/api/v1/me/usage", everybody},
    Permission{"me.sessions", "GET", "/api/v1/me/sessions", everybody},
    Permission{"session.end", "DELETE", "/api/v1/me/sessions/{id}", everybody},
    Permission{"device.read", "GET", "/api/v1/device/{code}", everybody},
    Permission{"device.approve", "POST", "/api/v1/device/{code}/approve", everybody},
    Permission{"device.deny", "POST", "/api/v1/device/{code}/deny", everybody},
    Permission{"authorization.read", "GET", "/api/v1/authorization", everybody},
    Permission{"authorization.approve", "POST", "/api/v1/authorization/approve", everybody},
    Permission{"authorization.deny", "POST", "/api/v1/authorization/deny", everybody},
    Permission{"vault.status", "GET", "/api/v1/vault", o | a | f},
    Permission{"vault.seal", "POST", "/api/v1/vault/seal", o},
    Permission{"vault.unseal", "POST", "/api/v1/vault/unseal", o},
    Permission{"vault.rotate", "POST", "/api/v1/vault/rotate", o},
    Permission{"secret.list", "GET", "/api/v1/secrets", o | a},
    Permission{"secret.put", "PUT", "/api/v1/secrets/{name}", o},
    Permission{"secret.delete", "DELETE", "/api/v1/secrets/{name}", o},
    Permission{"backup.list", "GET", "/api/v1/backup", o | a},
    Permission{"backup.make", "POST", "/api/v1/backup", o},
    Permission{"standby.status", "GET", "/api/v1/standby", o | a},
    Permission{"standby.hand_over", "POST", "/api/v1/standby/hand-over", o},
    Permission{"standby.alone", "POST", "/api/v1/standby/alone", o},
    Permission{"upgrade.check", "POST", "/api/v1/upgrade/check", o | a},
    Permission{"key.list", "GET", "/api/v1/keys", o | a | f},
    Permission{"key.issue", "POST", "/api/v1/keys", o},
    Permission{"key.read", "GET", "/api/v1/keys/{id}", o | a | f},
    Permission{"key.expire", "POST", "/api/v1/keys/{id}/expire", o},
    Permission{"key.rotate", "POST", "/api/v1/keys/{id}/rotate", o},
    Permission{"key.revoke", "DELETE", "/api/v1/keys/{id}", o},
    Permission{"key.pause", "POST", "/api/v1/keys/{id}/pause", o},
    Permission{"key.resume", "POST", "/api/v1/keys/{id}/resume", o},
    Permission{"policy.read", "GET", "/api/v1/policy", o | a | f},
    Permission{"policy.plan", "POST", "/api/v1/policy/plan", o | a},
    Permission{"policy.apply", "PUT", "/api/v1/policy", o},
    Permission{"policy.history", "GET", "/api/v1/policy/revisions", o | a | f},
    Permission{"policy.history", "GET", "/api/v1/policy/revisions/{number}", o | a | f},
    Permission{"policy.rollback", "POST", "/api/v1/policy/rollback", o},
    Permission{"price.import", "POST", "/api/v1/prices/import", o},
    Permission{"team.list", "GET", "/api/v1/teams", o | a | f},
    Permission{"team.people", "GET", "/api/v1/teams/{name}/people", o | a | f | t},
    Permission{"people.list", "GET", "/api/v1/people", o | a},
    Permission{"people.read", "GET", "/api/v1/people/{name}", o | a},
    Permission{"person.suspend", "POST", "/api/v1/people/{name}/suspend", o},
    Permission{"person.restore", "POST", "/api/v1/people/{name}/restore", o},
    Permission{"person.put_out", "DELETE", "/api/v1/people/{name}/sessions", o},
    Permission{"directory.list", "GET", "/api/v1/directories", o | a},
    Permission{"directory.test", "POST", "/api/v1/directories/{name}/test", o},
    Permission{"directory.sync", "POST", "/api/v1/directories/{name}/sync", o},
    Permission{"directory.syncs", "GET", "/api/v1/directories/{name}/syncs", o | a},
    Permission{"directory.syncs", "GET", "/api/v1/directories/{name}/syncs/{number}", o | a},
    Permission{"budget.list", "GET", "/api/v1/budgets", o | a | f},
    Permission{"budget.mine", "GET", "/api/v1/budgets/mine", everybody},
    Permission{"request.list", "GET", "/api/v1/requests", everybody},
    Permission{"request.make", "POST", "/api/v1/requests", o | f | t | m},
    Permission{"request.approve", "POST", "/api/v1/requests/{number}/approve", o | f | t},
    Permission{"request.decline", "POST", "/api/v1/requests/{number}/decline", o | f | t},
    Permission{"request.withdraw", "POST", "/api/v1/requests/{number}/withdraw", o | f | t | m},
    Permission{"credit.list", "GET", "/api/v1/credits", o | a | f},
    Permission{"credit.enter", "POST", "/api/v1/credits", o | f},
    Permission{"correction.list", "GET", "/api/v1/corrections", o | a | f},
    Permission{"correction.enter", "POST", "/api/v1/corrections", o | f},
    Permission{"alert.list", "GET", "/api/v1/alerts", o | a | f},
    Permission{"alert.incidents", "GET", "/api/v1/alerts/incidents", o | a | f},
    Permission{"alert.deliveries", "GET", "/api/v1/alerts/deliveries", o | a | f},
    Permission{"alert.resend", "POST", "/api/v1/alerts/deliveries/{id}/resend", o},
    Permission{"silence.list", "GET", "/api/v1/alerts/silences", o | a | f},
    Permission{"silence.add", "POST", "/api/v1/alerts/silences", o},
    Permission{"silence.end", "DELETE", "/api/v1/alerts/silences/{number}", o},
    Permission{"alert.targets", "GET", "/api/v1/alerts/targets", o | a | f},
    Permission{"alert.test", "POST", "/api/v1/alerts/targets/{name}/test", o},
    Permission{"alert.preview", "GET", "/api/v1/alerts/preview/{kind}", o | a | f},
    Permission{"forecast.read", "GET", "/api/v1/forecast", o | a | f},
    Permission{"reconciliation.list", "GET", "/api/v1/reconciliations", o | a | f},
    Permission{"reconciliation.make", "POST", "/api/v1/reconciliations", o | f},
    Permission{"reconciliation.read", "GET", "/api/v1/reconciliations/{number}", o | a | f},
    Permission{"reconciliation.apply", "POST", "/api/v1/reconciliations/{number}/apply", o | f},
    Permission{"allocation.list", "GET", "/api/v1/allocations", o | a | f},
    Permission{"allocation.plan", "POST", "/api/v1/allocations/{name}/plan", o | a | f},
    Permission{"allocation.run", "POST", "/api/v1/allocations/{name}/run", o | f},
    Permission{"usage.read", "GET", "/api/v1/usage", o | a | f | t},
    Permission{"report.list", "GET", "/api/v1/reports", o | a | f | t},
    Permission{"report.preview", "GET", "/api/v1/reports/{name}/preview", o | a | f | t},
    Permission{"report.read", "GET", "/api/v1/reports/kept/{number}", o | a | f | t},
    Permission{"report.send", "POST", "/api/v1/reports/{name}/send", o | f},
    Permission{"call.list", "GET", "/api/v1/calls", o | a},
    Permission{"ledger.read", "GET", "/api/v1/ledger", o | a | f},
    Permission{"audit.read", "GET", "/api/v1/audit", o | a},
    Permission{"audit.verify", "POST", "/api/v1/audit/verify", o | a},
    Permission{"provider.list", "GET", "/api/v1/providers", o | a | f},
    Permission{"provider.catalogue", "GET", "/api/v1/catalogue", o | a | f},
    Permission{"provider.test", "POST", "/api/v1/providers/{name}/test", o},
    Permission{"operator.list", "GET", "/api/v1/operators", o | a},
    Permission{"operator.issue", "POST", "/api/v1/operators", o},
    Permission{"operator.revoke", "DELETE", "/api/v1/operators/{id}", o},
    Permission{"approval.list", "GET", "/api/v1/approvals", o | a},
    Permission{"approval.read", "GET", "/api/v1/approvals/{id}", o | a},
    Permission{"approval.decide", "POST", "/api/v1/approvals/{id}", o},
    Permission{"approval.withdraw", "DELETE", "/api/v1/approvals/{id}", o},
    Permission{"check.read", "GET", "/api/v1/checks", o | a},
    Permission{"metrics.read", "GET", "/metrics", o | a | f},
    // People and groups as a provider of identities tells of them. The audit has words of its own for what is changed.
    Permission{"scim.read", "GET", "/scim/v2/ServiceProviderConfig", s},
    Permission{"scim.read", "GET", "/scim/v2/ResourceTypes", s},
    Permission{"scim.read", "GET", "/scim/v2/ResourceTypes/{id}", s},
    Permission{"scim.read", "GET", "/scim/v2/Schemas", s},
    Permission{"scim.read", "GET", "/scim/v2/Schemas/{id}", s},
    Permission{"scim.read", "GET", "/scim/v2/Users", s},
    Permission{"scim.change", "POST", "/scim/v2/Users", s},
    Permission{"scim.read", "GET", "/scim/v2/Users/{id}", s},
    Permission{"scim.change", "PUT", "/scim/v2/Users/{id}", s},
    Permission{"scim.change", "PATCH", "/scim/v2/Users/{id}", s},
    Permission{"scim.change", "DELETE", "/scim/v2/Users/{id}", s},
    Permission{"scim.read", "GET", "/scim/v2/Groups", s},
    Permission{"scim.change", "POST", "/scim/v2/Groups", s},
    Permission{"scim.read", "GET", "/scim/v2/Groups/{id}", s},
    Permission{"scim.change", "PUT", "/scim/v2/Groups/{id}", s},
    Permission{"scim.change", "PATCH", "/scim/v2/Groups/{id}", s},
    Permission{"scim.change", "DELETE", "/scim/v2/Groups/{id}", s},
    // Signing in, and what programs ask while they do: whoever they are, nobody knows yet.
    Permission{"sign_in.ways", "GET", "/auth/ways", everybody},
    Permission{"sign_in", "POST", "/auth/ldap/{name}", everybody},
    Permission{"sign_in.begin", "GET", "/auth/oidc/{name}", everybody},
    Permission{"sign_in", "GET", "/auth/oidc/{name}/callback", everybody},
    Permission{"session.ended_by_provider", "POST", "/auth/oidc/{name}/logout", everybody},
    Permission{"sign_in", "POST", "/auth/break-glass", everybody},
    Permission{"session.step_up", "POST", "/auth/step-up", everybody},
    Permission{"session.end", "POST", "/auth/logout", everybody},
    Permission{"oauth.metadata", "GET", "/.well-known/oauth-authorization-server", everybody},
    Permission{"oauth.device", "POST", "/oauth/device_authorization", everybody},
    Permission{"oauth.token", "POST", "/oauth/token", everybody},
    Permission{"oauth.revoke", "POST", "/oauth/revoke", everybody},
    // Of a coding agent whose user has signed in.
    Permission{"agent.settings", "GET", "/managed/settings", everybody},
    Permission{"agent.usage", "GET", "/api/oauth/usage", everybody},
    Permission{"agent.telemetry", "POST", "/v1/metrics", everybody},
    Permission{"agent.telemetry", "POST", "/v1/logs", everybody},
    Permission{"agent.telemetry", "POST", "/v1/traces", everybody},
    // The console's files.
    Permission{"console.file", "GET", "/assets/{name}", everybody},
    Permission{"console.page", "GET", "/", everybody},
    Permission{"console.page", "GET", "/{page}", everybody},
    Permission{"console.page", "GET", "/directory/{part}", everybody},
    Permission{"console.page", "GET", "/directory/at/{name}", everybody},
};

constexpr std::array roles{Role::operator_, Role::auditor, Role::finance, Role::team_lead, Role::member, Role::scim};

bool fits(std::string_view route, std::string_view path) {
    for (;;) {
        const std::string_view wanted = route.substr(0, route.find('/')), given = path.substr(0, path.find('/'));
        if (wanted.starts_with('{') ? given.empty() : wanted != given) return false;
        if (wanted.size() == route.size() || given.size() == path.size())
            return wanted.size() == route.size() && given.size() == path.size();
        route.remove_prefix(wanted.size() + 1);
        path.remove_prefix(given.size() + 1);
    }
}

}  // namespace

std::string_view name_of(Role role) {
    switch (role) {
        case Role::operator_:
            return "operator";
        case Role::auditor:
            return "auditor";
        case Role::finance:
            return "finance";
        case Role::team_lead:
            return "team_lead";
        case Role::member:
            return "member";
        case Role::scim:
            return "scim";
    }
    ENSURE(false);
}

std::span<const Role> all_roles() { return roles; }

std::optional<Role> role_of(std::string_view name) {
    const auto found = std::ranges::find(roles, name, [](Role role) { return name_of(role); });
    return found == roles.end() ? std::nullopt : std::optional(*found);
}

std::span<const Permission> role_table() { return table; }

bool may(Role role, const Permission& permission) { return (permission.roles & bit(role)) != 0; }

const Permission* find_permission(std::string_view method, std::string_view path) {
    const auto found = std::ranges::find_if(
        table, [&](const Permission& each) { return each.method == method && fits(each.route, path); });
    return found == table.end() ? nullptr : &*found;
}

}  // namespace bursar::auth
