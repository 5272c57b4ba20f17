#pragma once

#include "service/ctl/api.h"
#include "service/ctl/arguments.h"
#include "service/ctl/table.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

class QJsonObject;
class QJsonValue;

// What every command has in its hands, and the commands themselves; commands.cpp has them in one table.
namespace bursar::ctl {

struct Context {
    const Arguments& arguments;
    Api& api;
    std::span<const Command> commands;
    Environment environment;
    bool json() const { return arguments.has("--json"); }
    const std::string& word(std::size_t index) const { return arguments.words.at(index); }
};

std::span<const Command> all_commands();

/// The object in a good answer; fails when it is none, which means that somebody else answers at this address.
Outcome<QJsonObject> object_of(const Reply& reply);
/// One value as people read it: lists with commas, nothing for null, yes and no.
std::string cell(const QJsonValue& value);

/// A column of a listing: the field's path in each row ("group.team"), and its title.
struct Field {
    std::string_view path;
    Column column;
};
/// GETs `path` and prints the list called `list` in the answer as a table, or with --json the answer as it came.
/// `empty` is what to say when the list has nothing.
Outcome<Exit> print_list(Context& context, const std::string& path, std::string_view list,
                         const std::vector<Field>& fields, std::string_view empty);
/// GETs limits and how they stand, and prints them with their units.
Outcome<Exit> print_budgets(Context& context, const std::string& path, std::string_view empty);
/// The rows of a list as a table.
std::string rows_as_table(const QJsonValue& list, const std::vector<Field>& fields);
/// "name: value" lines of an object.
void print_fields(const QJsonObject& object);
/// With --json the body as it came, else "name: value" lines of the object.
Outcome<Exit> print_object(Context& context, const Reply& reply);
/// DELETEs what the first word names below `path`. The service has nothing to say to that, so with --json what was
/// ended is printed: {"id":"…","ended":true}, under the name `field`.
Outcome<Exit> end_one(Context& context, const std::string& path, std::string_view field, std::string_view done);
/// With --json the answer as it came; else the text in `field` on standard output, for the one time that it is shown,
/// and what it is beside.
Outcome<Exit> show_once(Context& context, const Reply& reply, const char* field, std::string_view what);
/// The tokens that bursarctl login left, renewed where they have little time left. Ends the sign-in here when the
/// service says that it is over.
Outcome<void> use_sign_in(Api& api);
/// Makes a coding agent call this service, with a key of its own. Needs somebody who has signed in.
Outcome<void> configure_agent(Context& context, const std::string& agent);
/// "?a=1&b=2" from the options that were given; each pair is an option and the query's word for it.
std::string query_from(const Arguments& arguments,
                       std::initializer_list<std::pair<std::string_view, std::string_view>> names);

Outcome<Exit> vault_status(Context& context);
Outcome<Exit> vault_seal(Context& context);
Outcome<Exit> vault_unseal(Context& context);
Outcome<Exit> vault_rotate(Context& context);
Outcome<Exit> backup_create(Context& context);
Outcome<Exit> backup_list(Context& context);
Outcome<Exit> backup_show(Context& context);
Outcome<Exit> backup_fetch(Context& context);
Outcome<Exit> restore(Context& context);
Outcome<Exit> upgrade_check(Context& context);
Outcome<Exit> support_bundle(Context& context);
Outcome<Exit> secret_put(Context& context);
Outcome<Exit> secret_list(Context& context);
Outcome<Exit> secret_delete(Context& context);
Outcome<Exit> key_issue(Context& context);
Outcome<Exit> key_list(Context& context);
Outcome<Exit> key_expire(Context& context);
Outcome<Exit> key_rotate(Context& context);
Outcome<Exit> key_revoke(Context& context);
Outcome<Exit> key_pause(Context& context);
Outcome<Exit> key_resume(Context& context);
Outcome<Exit> policy_plan(Context& context);
Outcome<Exit> policy_apply(Context& context);
Outcome<Exit> policy_show(Context& context);
Outcome<Exit> policy_history(Context& context);
Outcome<Exit> policy_rollback(Context& context);
Outcome<Exit> prices_import(Context& context);
Outcome<Exit> usage(Context& context);
Outcome<Exit> calls(Context& context);
Outcome<Exit> budget_list(Context& context);
Outcome<Exit> budget_mine(Context& context);
Outcome<Exit> budget_ask(Context& context);
Outcome<Exit> budget_requests(Context& context);
Outcome<Exit> budget_withdraw(Context& context);
Outcome<Exit> budget_credit(Context& context);
Outcome<Exit> budget_correct(Context& context);
Outcome<Exit> approve(Context& context);
Outcome<Exit> decline(Context& context);
Outcome<Exit> alerts(Context& context);
Outcome<Exit> budget_forecast(Context& context);
Outcome<Exit> reconcile(Context& context);
Outcome<Exit> reconcile_list(Context& context);
Outcome<Exit> reconcile_show(Context& context);
Outcome<Exit> reconcile_apply(Context& context);
Outcome<Exit> teams(Context& context);
Outcome<Exit> ledger(Context& context);
Outcome<Exit> providers(Context& context);
Outcome<Exit> provider_catalogue(Context& context);
Outcome<Exit> provider_test(Context& context);
Outcome<Exit> whoami(Context& context);
Outcome<Exit> audit_list(Context& context);
Outcome<Exit> audit_verify(Context& context);
Outcome<Exit> operator_list(Context& context);
Outcome<Exit> operator_issue(Context& context);
Outcome<Exit> operator_revoke(Context& context);
// schedule_commands.cpp
Outcome<Exit> report_list(Context& context);
Outcome<Exit> report_preview(Context& context);
Outcome<Exit> report_show(Context& context);
Outcome<Exit> report_send(Context& context);
// approval_commands.cpp
Outcome<Exit> approvals_list(Context& context);
Outcome<Exit> approvals_show(Context& context);
Outcome<Exit> approvals_approve(Context& context);
Outcome<Exit> approvals_decline(Context& context);
Outcome<Exit> approvals_withdraw(Context& context);
// alert_commands.cpp
Outcome<Exit> alerts_incidents(Context& context);
Outcome<Exit> alerts_deliveries(Context& context);
Outcome<Exit> alerts_resend(Context& context);
Outcome<Exit> alerts_silences(Context& context);
Outcome<Exit> alerts_silence(Context& context);
Outcome<Exit> alerts_unsilence(Context& context);
Outcome<Exit> alerts_targets(Context& context);
Outcome<Exit> alerts_test(Context& context);
Outcome<Exit> alerts_preview(Context& context);
Outcome<Exit> doctor(Context& context);
Outcome<Exit> completion(Context& context);
// sign_in_commands.cpp
Outcome<Exit> login(Context& context);
Outcome<Exit> logout(Context& context);
// my_commands.cpp
Outcome<Exit> my_keys(Context& context);
Outcome<Exit> my_key_create(Context& context);
Outcome<Exit> my_key_rotate(Context& context);
Outcome<Exit> my_key_revoke(Context& context);
Outcome<Exit> my_models(Context& context);
Outcome<Exit> my_sessions(Context& context);
Outcome<Exit> my_session_end(Context& context);
// people_commands.cpp
Outcome<Exit> people_list(Context& context);
Outcome<Exit> people_show(Context& context);
Outcome<Exit> people_suspend(Context& context);
Outcome<Exit> people_restore(Context& context);
Outcome<Exit> people_put_out(Context& context);
// directory_commands.cpp
Outcome<Exit> directory_list(Context& context);
Outcome<Exit> directory_test(Context& context);
Outcome<Exit> directory_sync(Context& context);
Outcome<Exit> directory_syncs(Context& context);
// allocation_commands.cpp
Outcome<Exit> allocate_list(Context& context);
Outcome<Exit> allocate_show(Context& context);
Outcome<Exit> allocate_plan(Context& context);
Outcome<Exit> allocate_run(Context& context);

}  // namespace bursar::ctl
