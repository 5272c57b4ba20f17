#pragma once

#include "service/admin/body.h"
#include "service/admin/console_files.h"
#include "service/admin/control_plane.h"
#include "service/admin/message.h"
#include "service/admin/unseal_guard.h"
#include "service/base/mutex.h"

#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a handler is given, and the table of all handlers.
namespace bursar::admin {

/// What all requests share.
struct Plane {
    Options options;
    vault::Vault& vault;
    Hooks hooks;
    const Clock& clock;
    UnsealGuard guard;
    ConsoleFiles console;
    /// One test of a provider at a time: each takes one of the few threads, for a while.
    std::atomic<bool> testing_provider = false;
};

/// One request on its way through one handler.
struct Visit {
    Plane& plane;
    Request& request;
    const auth::Permission& permission;
    std::vector<std::string_view> parameters;  ///< what stands for each {…} of the route, in order
    Parts* parts = nullptr;                    ///< null until the first unseal, and only for handlers that go without
    std::string actor;                         ///< "operator:ada", "metrics", "anonymous"
    auth::Operator who = {};
    std::shared_ptr<const Caller> caller = nullptr;  ///< of a virtual key or a member's session; `who` is a member then
    /// Of somebody who has signed in; null for keys and tokens. The person is null for break-glass.
    std::shared_ptr<const auth::Session> session = nullptr;
    std::shared_ptr<const auth::Person> person = nullptr;
    std::shared_ptr<const Caller> calls_as =
        nullptr;  ///< whom calls of the session are charged to, whatever their role
    /// Of a request that had to wait for a second person, while it is done: its approval, and who gave it.
    std::string approval = {}, approved_by = {};

    /// The audit row of this request; `outcome` is "ok", "begun" or a fault's name, `detail` a JSON object.
    audit::Action row(std::string object, std::string_view outcome = "ok", std::string detail = "{}") const;
    /// For lists that people read: who did it, and who approved it.
    std::string author() const;
    /// Parses the body of the request, which is gone afterwards.
    Result<Body> body() { return Body::parse(std::move(request.body)); }
    /// The same without taking it away from who comes after.
    Result<Body> copy_of_body() const { return Body::parse(std::string(request.body)); }
    /// Refuses a body where none is asked for; "{}" is none.
    Result<void> no_body() const;
    /// step_up_needed if it is too long ago that somebody who has signed in proved who they are. For what only some
    /// bodies of a route ask for; a whole route says Proof::recent.
    Result<void> check_proof() const;
    Result<Query> query(std::initializer_list<std::string_view> known) const {
        return Query::parse(request.query, known);
    }
};

/// Who writes the audit row of a handler that succeeded. One that failed is written by the router, unless it `reads`.
enum class Records : unsigned char {
    reads,   ///< changes nothing: only a refusal for want of a right is written
    itself,  ///< the handler, together with what it does
    router,  ///< the router, afterwards
};

/// Who is let through to a handler.
enum class Access : unsigned char {
    operators,   ///< a token whose role may; nobody before the first unseal, when no token can be checked
    until_open,  ///< anybody before the first unseal, afterwards as above
    scrapers,    ///< as `operators`, or the metrics token
    members,     ///< as `operators`, or a virtual key, whose role is member
    people,      ///< whoever has signed in, and nobody else
    strangers,   ///< anybody, from the first unseal on
    anybody,
};

/// Whether it is asked again who somebody is before they do this. Tokens prove it with every request.
enum class Proof : unsigned char {
    session,  ///< that they have signed in is enough
    recent,   ///< within the policy's time (identity.sessions.step_up)
};

/// What a request would do, found out without doing any of it.
struct Proposal {
    bool covered = false;                                  ///< by the rule of two persons that is in force
    std::string what;                                      ///< one sentence for the second person; never a secret
    std::vector<std::string> changes = {}, warnings = {};  ///< of a policy
};
using Proposed = std::expected<Proposal, Problem>;

struct Handler {
    std::string_view method;
    std::string_view route;
    Reply (*handle)(Visit&);
    Records records = Records::reads;
    Access access = Access::operators;
    Proof proof = Proof::session;
    /// Of what may need a second person (identity.two_persons); null: never does.
    Proposed (*propose)(Visit&) = nullptr;
};

std::span<const Handler> handlers();

/// Does something that is not in bursar.db and cannot share its transaction: a row "begun" is durable before `act`
/// runs, and a row "ok" after it. Nothing is done that cannot be written. For handlers whose record is `itself`.
Result<void> do_audited(const Visit& visit, const std::string& object, const std::function<Result<void>()>& act);

/// The row "ok" of something that is done: that it cannot be written must not look as if the thing had not happened.
void write_done(const Visit& visit, const std::string& object);

// vault_handlers.cpp
Reply vault_status(Visit& visit);
Reply vault_seal(Visit& visit);
Reply vault_unseal(Visit& visit);
Reply vault_rotate(Visit& visit);
Reply backup_list(Visit& visit);
Reply backup_make(Visit& visit);
Reply upgrade_check(Visit& visit);
Reply secret_list(Visit& visit);
Reply secret_put(Visit& visit);
Reply secret_delete(Visit& visit);
Proposed propose_vault_rotate(Visit& visit);
Proposed propose_secret_put(Visit& visit);
Proposed propose_secret_delete(Visit& visit);
// key_handlers.cpp
Reply key_list(Visit& visit);
Reply key_issue(Visit& visit);
Reply key_read(Visit& visit);
Reply key_expire(Visit& visit);
Reply key_rotate(Visit& visit);
Reply key_revoke(Visit& visit);
Reply key_pause(Visit& visit);
Reply key_resume(Visit& visit);
// policy_handlers.cpp
Reply policy_read(Visit& visit);
Reply policy_plan(Visit& visit);
Reply policy_apply(Visit& visit);
Reply policy_history(Visit& visit);
Reply policy_revision(Visit& visit);
Reply policy_rollback(Visit& visit);
Proposed propose_policy_apply(Visit& visit);
Proposed propose_policy_rollback(Visit& visit);
Reply price_import(Visit& visit);
// report_handlers.cpp
Reply team_list(Visit& visit);
Reply budget_list(Visit& visit);
Reply call_list(Visit& visit);
Reply ledger_read(Visit& visit);
// request_handlers.cpp
Reply budget_mine(Visit& visit);
Reply request_list(Visit& visit);
Reply request_make(Visit& visit);
Reply request_approve(Visit& visit);
Reply request_decline(Visit& visit);
Reply request_withdraw(Visit& visit);
// treasury_handlers.cpp
Reply credit_list(Visit& visit);
Reply credit_enter(Visit& visit);
Reply correction_list(Visit& visit);
Reply correction_enter(Visit& visit);
Reply alert_list(Visit& visit);
// alert_handlers.cpp
Reply incident_list(Visit& visit);
Reply delivery_list(Visit& visit);
Reply delivery_resend(Visit& visit);
Reply silence_list(Visit& visit);
Reply silence_add(Visit& visit);
Reply silence_end(Visit& visit);
Reply target_list(Visit& visit);
Reply target_test(Visit& visit);
Reply alert_preview(Visit& visit);
// forecast_handlers.cpp
Reply forecast_list(Visit& visit);
// reconciliation_handlers.cpp
Reply reconciliation_make(Visit& visit);
Reply reconciliation_list(Visit& visit);
Reply reconciliation_read(Visit& visit);
Reply reconciliation_apply(Visit& visit);
// usage_handlers.cpp
Reply usage_read(Visit& visit);
// schedule_handlers.cpp
Reply report_list(Visit& visit);
Reply report_preview(Visit& visit);
Reply report_kept(Visit& visit);
Reply report_send(Visit& visit);
// allocation_handlers.cpp
Reply allocation_list(Visit& visit);
Reply allocation_plan(Visit& visit);
Reply allocation_run(Visit& visit);
// operator_handlers.cpp
Reply whoami(Visit& visit);
Reply operator_list(Visit& visit);
Reply operator_issue(Visit& visit);
Reply operator_revoke(Visit& visit);
Proposed propose_operator_issue(Visit& visit);
Proposed propose_operator_revoke(Visit& visit);
Reply audit_read(Visit& visit);
Reply audit_verify(Visit& visit);
// approval_handlers.cpp
Reply approval_list(Visit& visit);
Reply approval_read(Visit& visit);
Reply approval_decide(Visit& visit);
Reply approval_withdraw(Visit& visit);
// provider_handlers.cpp
Reply provider_list(Visit& visit);
Reply provider_catalogue(Visit& visit);
Reply provider_test(Visit& visit);
// service_handlers.cpp
Reply openapi_read(Visit& visit);
Reply check_list(Visit& visit);
Reply metrics_read(Visit& visit);

// me_handlers.cpp
Reply me_read(Visit& visit);
Reply me_models(Visit& visit);
Reply me_keys(Visit& visit);
Reply me_key_issue(Visit& visit);
Reply me_key_rotate(Visit& visit);
Reply me_key_revoke(Visit& visit);
Reply me_usage(Visit& visit);
Reply me_sessions(Visit& visit);
Reply me_session_end(Visit& visit);
// people_handlers.cpp
Reply people_list(Visit& visit);
Reply people_read(Visit& visit);
Reply people_suspend(Visit& visit);
Reply people_restore(Visit& visit);
Reply people_put_out(Visit& visit);
Reply team_people(Visit& visit);
// directory_handlers.cpp
Reply directory_list(Visit& visit);
Reply directory_test(Visit& visit);
Reply directory_sync(Visit& visit);
Reply directory_syncs(Visit& visit);
Reply directory_sync_read(Visit& visit);
// scim_handlers.cpp
Reply scim_serve(Visit& visit);
// sign_in_handlers.cpp
Reply sign_in_ways(Visit& visit);
Reply sign_in_password(Visit& visit);
Reply sign_in_begin(Visit& visit);
Reply sign_in_back(Visit& visit);
Reply logout_notice(Visit& visit);
Reply sign_in_break_glass(Visit& visit);
Reply step_up(Visit& visit);
Reply sign_out(Visit& visit);
// oauth_handlers.cpp
Reply oauth_metadata(Visit& visit);
Reply oauth_device(Visit& visit);
Reply oauth_token(Visit& visit);
Reply oauth_revoke(Visit& visit);
Reply device_read(Visit& visit);
Reply device_approve(Visit& visit);
Reply device_deny(Visit& visit);
// authorization_handlers.cpp
Reply authorization_read(Visit& visit);
Reply authorization_approve(Visit& visit);
Reply authorization_deny(Visit& visit);
// agent_handlers.cpp
Reply managed_settings(Visit& visit);
Reply agent_usage(Visit& visit);
Reply telemetry_sink(Visit& visit);
// console_handlers.cpp
Reply console_page(Visit& visit);
Reply console_asset(Visit& visit);

}  // namespace bursar::admin
