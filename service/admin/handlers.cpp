#include "service/admin/visit.h"

#include <array>

namespace bursar::admin {
namespace {

using enum Records;
using enum Access;

constexpr std::array table = {
    Handler{"GET", "/api/v1/openapi.json", openapi_read, reads, anybody},
    Handler{"GET", "/api/v1/whoami", whoami},
    Handler{"GET", "/api/v1/vault", vault_status, reads, until_open},
    Handler{"POST", "/api/v1/vault/seal", vault_seal, itself},
    Handler{"POST", "/api/v1/vault/unseal", vault_unseal, itself, until_open},
    Handler{"POST", "/api/v1/vault/rotate", vault_rotate, itself},
    Handler{"GET", "/api/v1/secrets", secret_list},
    Handler{"PUT", "/api/v1/secrets/{name}", secret_put, itself},
    Handler{"DELETE", "/api/v1/secrets/{name}", secret_delete, itself},
    Handler{"GET", "/api/v1/keys", key_list},
    Handler{"POST", "/api/v1/keys", key_issue, itself},
    Handler{"GET", "/api/v1/keys/{id}", key_read},
    Handler{"POST", "/api/v1/keys/{id}/expire", key_expire, itself},
    Handler{"POST", "/api/v1/keys/{id}/rotate", key_rotate, itself},
    Handler{"DELETE", "/api/v1/keys/{id}", key_revoke, itself},
    Handler{"POST", "/api/v1/keys/{id}/pause", key_pause, itself},
    Handler{"POST", "/api/v1/keys/{id}/resume", key_resume, itself},
    Handler{"GET", "/api/v1/policy", policy_read},
    Handler{"POST", "/api/v1/policy/plan", policy_plan, router},
    Handler{"PUT", "/api/v1/policy", policy_apply, itself},
    Handler{"GET", "/api/v1/policy/revisions", policy_history},
    Handler{"GET", "/api/v1/policy/revisions/{number}", policy_revision},
    Handler{"POST", "/api/v1/policy/rollback", policy_rollback, itself},
    Handler{"POST", "/api/v1/prices/import", price_import, router},
    Handler{"GET", "/api/v1/teams", team_list},
    Handler{"GET", "/api/v1/budgets", budget_list},
    Handler{"GET", "/api/v1/budgets/mine", budget_mine, reads, members},
    Handler{"GET", "/api/v1/requests", request_list, reads, members},
    Handler{"POST", "/api/v1/requests", request_make, itself, members},
    Handler{"POST", "/api/v1/requests/{number}/approve", request_approve, itself},
    Handler{"POST", "/api/v1/requests/{number}/decline", request_decline, itself},
    Handler{"POST", "/api/v1/requests/{number}/withdraw", request_withdraw, itself, members},
    Handler{"GET", "/api/v1/credits", credit_list},
    Handler{"POST", "/api/v1/credits", credit_enter, itself},
    Handler{"GET", "/api/v1/corrections", correction_list},
    Handler{"POST", "/api/v1/corrections", correction_enter, itself},
    Handler{"GET", "/api/v1/alerts", alert_list},
    Handler{"GET", "/api/v1/forecast", forecast_list},
    Handler{"GET", "/api/v1/reconciliations", reconciliation_list},
    Handler{"POST", "/api/v1/reconciliations", reconciliation_make, itself},
    Handler{"GET", "/api/v1/reconciliations/{number}", reconciliation_read},
    Handler{"POST", "/api/v1/reconciliations/{number}/apply", reconciliation_apply, itself},
    Handler{"GET", "/api/v1/allocations", allocation_list},
    Handler{"POST", "/api/v1/allocations/{name}/plan", allocation_plan, router},
    Handler{"POST", "/api/v1/allocations/{name}/run", allocation_run, itself},
    Handler{"GET", "/api/v1/usage", usage_read},
    Handler{"GET", "/api/v1/calls", call_list},
    Handler{"GET", "/api/v1/ledger", ledger_read},
    Handler{"GET", "/api/v1/audit", audit_read},
    Handler{"POST", "/api/v1/audit/verify", audit_verify, router},
    Handler{"GET", "/api/v1/providers", provider_list},
    Handler{"GET", "/api/v1/catalogue", provider_catalogue},
    Handler{"POST", "/api/v1/providers/{name}/test", provider_test, itself},
    Handler{"GET", "/api/v1/operators", operator_list},
    Handler{"POST", "/api/v1/operators", operator_issue, itself},
    Handler{"DELETE", "/api/v1/operators/{id}", operator_revoke, itself},
    Handler{"GET", "/api/v1/checks", check_list},
    Handler{"GET", "/metrics", metrics_read, reads, scrapers},
};

}  // namespace

std::span<const Handler> handlers() { return table; }

}  // namespace bursar::admin
