#include "service/ctl/command.h"
#include "service/ctl/standby_commands.h"

#include <array>

namespace bursar::ctl {
namespace {

constexpr Option yes = {"--yes", "", "do not ask"};
constexpr Option reason = {"--reason", "TEXT", "why, for the history and the audit"};
constexpr Option expires = {"--expires", "TIME", "when it ends by itself (RFC 3339: 2027-01-31T00:00:00Z)"};
constexpr Option before = {"--before", "POINT", "only what is older: a time for calls, else a number of the list"};
constexpr Option limit = {"--limit", "N", "at most so many"};

constexpr std::array unseal_options = {
    Option{"--passphrase-file", "FILE", "the passphrase (default: ask for it)"},
    Option{"--key-file", "FILE", "a master key file: 64 hexadecimal digits"},
};
constexpr std::array rotate_vault_options = {
    Option{"--current-passphrase-file", "FILE", "the passphrase in use (default: ask for it)"},
    Option{"--current-key-file", "FILE", "the master key file in use"},
    Option{"--next-passphrase-file", "FILE", "the passphrase from now on (default: ask for it)"},
    Option{"--next-key-file", "FILE", "the master key file from now on"},
};
constexpr std::array backup_create_options = {Option{"--no-wait", "", "come back at once"}};
constexpr std::array restore_options = {
    Option{"--config", "FILE", "bursard's configuration (default: /etc/bursar/bursard.ini)"},
    Option{"--check", "", "only say whether it could be restored"},
    Option{"--recovery-key", "", "open it by the recovery key, because its master key is lost"},
};
constexpr Option configuration = {"--config", "FILE", "bursard's configuration (default: /etc/bursar/bursard.ini)"};
constexpr std::array standby_pair_options = {configuration};
constexpr std::array standby_take_over_options = {
    Option{"--here", "", "ask the service of this machine, by its folder: for a machine that does not serve"},
    Option{"--primary-is-off", "", "with --here: take over unasked; you answer for the primary's being off"},
    configuration,
};
constexpr std::array standby_alone_options = {
    yes, Option{"--here", "", "ask the service of this machine, by its folder: where its API does not answer"},
    configuration};
constexpr std::array upgrade_options = {
    Option{"--package", "FILE", "the package to upgrade to (default: its version is not looked at)"},
};
constexpr std::array backup_fetch_options = {
    Option{"--config", "FILE", "bursard's configuration (default: /etc/bursar/bursard.ini)"},
    Option{"--to", "FILE", "where to; a new file (default: NAME, here)"},
};
constexpr std::array support_options = {
    Option{"--output", "FILE", "where to (default: bursar-support.json)"},
    Option{"--log", "FILE", "with the end of this log: journalctl -u bursar > FILE"},
};
constexpr std::array secret_put_options = {
    Option{"--file", "FILE", "read the value from here (default: standard input)"}};
constexpr std::array key_issue_options = {
    Option{"--team", "TEAM", "who pays (needed)"},
    Option{"--person", "NAME", "whose key it is (default: nobody's, a service)"},
    Option{"--model", "MODEL", "a model or tier:NAME it may use (default: all of the team)", true},
    Option{"--network", "CIDR", "a network it may come from (default: any)", true},
    Option{"--budget", "BUDGET",
           "\"10 USD per month\", \"5M tokens/day rolling\", \"20 USD/week of tier:frontier soft\"", true},
    expires,
};
constexpr std::array key_expire_options = {
    Option{"--at", "TIME", "when it ends, e.g. 2027-06-30T00:00:00Z"},
    Option{"--in", "TIME", "in how long it ends: 30m, 24h, 7d, at most 366d"},
};
constexpr std::array key_rotate_options = {
    Option{"--grace", "TIME", "how long the former text still works: 30m, 24h, 7d, at most 90d (default: 0)"}};
constexpr std::array apply_options = {yes, reason};
constexpr std::array show_options = {
    Option{"--revision", "N", "a former one"},
    Option{"--to", "DIR", "write the documents there as files"},
};
constexpr std::array import_options = {
    Option{"--source", "NAME", "what the document says it came from (default: the file's name)"}, yes};
constexpr std::array allocate_run_options = {reason};
constexpr std::array usage_options = {
    Option{"--by", "GROUPS",
           "team, person, key, model, tier, provider, channel, tag, cost_centre, day, hour, month, with commas between "
           "(default: team)"},
    Option{"--from", "DATE|TIME", "from that day or time on (default: 30 days)"},
    Option{"--to", "DATE|TIME", "until the end of that day, or until that time (default: today)"},
    Option{"--as-model", "MODEL", "also what the same tokens would cost on this model"},
    Option{"--csv", "", "print CSV, for spreadsheets"},
    Option{"--team", "TEAM", "only of this team"},
    Option{"--person", "PERSON", "only of this person"},
    Option{"--key", "ID", "only of this key"},
    Option{"--model", "MODEL", "only of this model"},
    Option{"--tier", "TIER", "only of this tier"},
    Option{"--provider", "PROVIDER", "only at this provider"},
    Option{"--channel", "CHANNEL", "only on this channel, such as openai/gpt-4o"},
    Option{"--tag", "TAG", "only with this tag"},
    Option{"--cost-centre", "NAME", "only of this cost centre"},
    limit,
};
constexpr std::array forecast_options = {Option{"--account", "ACCOUNT", "only of this one: team:research, key:7f3a"},
                                         limit};
constexpr std::array reconcile_options = {
    Option{"--provider", "NAME", "whose export it is, as the policy names it (needed)"},
    Option{"--format", "FORMAT", "which kind of export it is (default: recognised)"},
};
constexpr std::array reconcile_apply_options = {
    Option{"--reason", "TEXT", "why, for the books and the audit (needed)"}};
constexpr std::array calls_options = {
    Option{"--key", "ID", "only of this key"},
    Option{"--team", "TEAM", "only of this team"},
    Option{"--call", "ID", "only this call"},
    before,
    limit,
};
constexpr std::array provider_test_options = {
    Option{"--model", "MODEL", "also two calls of up to 16 tokens, which the provider may bill"}};
constexpr std::array audit_options = {
    Option{"--actor", "WHO", "only what these did: person:alice, \"operator:*\""},
    Option{"--action", "ACTION", "only this: policy.apply, \"key.*\""},
    Option{"--object", "OBJECT", "only what was done to this: key:7f3a"},
    Option{"--outcome", "OUTCOME",
           "only what ended so: ok, a fault's name, or not_ok for whatever was refused or failed"},
    Option{"--from", "TIME", "only from then on, RFC 3339: 2026-12-01T00:00:00Z"},
    Option{"--to", "TIME", "only before then"},
    before,
    limit,
};
constexpr std::array verify_options = {
    Option{"--expect", "NUMBER:HASH", "an end that was noted earlier, which the chain must still go through"}};
constexpr std::array operator_issue_options = {
    Option{"--role", "ROLE", "operator, auditor, finance, team_lead or scim (default: operator)"},
    Option{"--team", "TEAM", "of a team lead: whose budgets he decides about"},
    Option{"--source", "NAME", "of the role scim: whose people it tells of (identity.scim in the policy)"}, expires};
constexpr Option account = {"--account", "ACCOUNT", "org, team:NAME, person:NAME or key:ID"};
constexpr std::array ask_options = {
    Option{"--account", "ACCOUNT", "whose limit: team:NAME, person:NAME, key:ID or org (needed)"},
    Option{"--limit", "KIND", "which limit, as budget list names it: \"per month\" (needed)"},
    Option{"--amount", "AMOUNT", "how much more: \"50 USD\" or, of a limit of tokens, \"2M tokens\" (needed)"},
    Option{"--until", "TIME", "when the increase ends: 2026-12-24 (0:00 UTC), or RFC 3339 (needed)"},
    Option{"--reason", "TEXT", "why; whoever decides reads it (needed)"},
};
constexpr std::array login_options = {
    Option{"--browser", "", "by a browser on this machine, also where none can be opened from here"},
    Option{"--device", "", "by a code, which any browser takes (default where no browser can be opened)"},
    Option{"--configure", "AGENT", "then make this agent call Bursar: codex, claude, opencode"},
    Option{"--team", "TEAM", "who pays for that agent's calls (default: your first team)"},
};
constexpr std::array my_key_options = {
    Option{"--team", "TEAM", "who pays (default: your first team)"},
    Option{"--model", "MODEL", "a model or tier:NAME it may use (default: all of the team)", true},
    expires,
};
constexpr std::array people_options = {
    Option{"--text", "TEXT", "only whose name or address has this in it"},
    Option{"--state", "STATE", "active, missing, suspended or gone"},
    limit,
};
constexpr std::array suspend_options = {
    Option{"--reason", "TEXT", "why; it stands beside the name and in the audit (needed)"}};
constexpr std::array directory_test_options = {
    Option{"--user", "NAME", "also look for this person"},
    Option{"--password-file", "FILE", "and sign in with the password in this file"},
};
constexpr std::array sync_options = {
    Option{"--dry-run", "", "say what would change"},
    Option{"--confirmed", "", "also when more people have gone than the policy lets go by itself"},
};
constexpr std::array syncs_options = {limit};
constexpr std::array requests_options = {Option{"--state", "STATE", "open, approved, declined, expired or withdrawn"},
                                         account, before, limit};
constexpr std::array approve_options = {
    Option{"--amount", "AMOUNT", "less than what was asked for (default: all of it)"},
    Option{"--reason", "TEXT", "why; whoever asked reads it"},
};
constexpr std::array decline_options = {Option{"--reason", "TEXT", "why; whoever asked reads it (needed)"}};
constexpr std::array approvals_options = {
    Option{"--state", "STATE", "open, running, done, failed, declined, withdrawn, expired or unknown"}};
constexpr std::array approvals_approve_options = {Option{"--reason", "TEXT", "why; whoever asked reads it"}};
constexpr std::array credit_options = {
    account, Option{"--amount", "AMOUNT", "\"500 USD\"; \"-20 USD\" takes back (default: list the credits)"}, reason};
constexpr std::array correct_options = {
    account,
    Option{"--call", "CALL", "or the call that is corrected"},
    Option{"--amount", "AMOUNT", "what is charged more, or less: \"-1.50 USD\" (default: list the corrections)"},
    Option{"--cost", "AMOUNT", "what the provider is paid more, or less (default: the same)"},
    Option{"--tokens", "N", "tokens more, or less"},
    reason,
};
constexpr std::array alerts_options = {
    Option{"--kind", "KIND", "budget.threshold, key.paused, …, or request for all of request.*"}, before, limit};
constexpr std::array incidents_options = {Option{"--state", "STATE", "firing, or all (default: all)"}, limit};
constexpr std::array deliveries_options = {Option{"--state", "STATE", "waiting, sent or dead (default: waiting)"},
                                           before, limit};
constexpr std::array silence_options = {
    Option{"--events", "KIND", "what is not told: channel.down, …, or channel for all of channel.*"},
    Option{"--team", "TEAM", "of this team and those below it"},
    Option{"--incident", "NAME", "of this incident, as alerts incidents names it"},
    Option{"--in", "TIME", "in how long it ends: 30m, 24h, 7d, at most 90d"},
    Option{"--until", "TIME", "or when it ends, e.g. 2027-06-30T00:00:00Z"},
    Option{"--reason", "TEXT", "why (needed)"},
};
constexpr Option report_of = {"--of", "TEAM", "a team, or organisation (default: the first that it is about)"};
constexpr Option report_period = {"--period", "PERIOD",
                                  "2026-11, 2026-W48 or 2026-11-29 as it is made, or current (default: the last one)"};
constexpr Option report_format = {"--format", "FORMAT", "html, pdf, csv, png or json (default: a few tables)"};
constexpr Option report_output = {"--output", "FILE", "where to (default: standard output)"};
constexpr std::array report_list_options = {before, limit};
constexpr std::array report_preview_options = {report_of, report_period, report_format, report_output};
constexpr std::array report_show_options = {report_format, report_output};
constexpr std::array report_send_options = {report_of, report_period,
                                            Option{"--to", "TARGET", "a target (default: those of the report)", true}};
constexpr std::array pause_options = {
    Option{"--reason", "TEXT", "why; the caller reads it (needed)"},
    Option{"--until", "TIME", "when it ends by itself (default: when somebody resumes the key)"},
};

constexpr std::size_t many = 1'000;

constexpr std::array table_of_commands = {
    Command{"vault status", "", "say whether the vault is sealed", {}, 0, 0, vault_status},
    Command{"vault unseal", "", "open the vault, with its passphrase or key file", unseal_options, 0, 0, vault_unseal},
    Command{"vault seal", "", "forget every provider key until the next unseal", {}, 0, 0, vault_seal},
    Command{"vault rotate", "", "change the master key", rotate_vault_options, 0, 0, vault_rotate},
    Command{"backup create", "", "make a backup now, and wait until it is whole", backup_create_options, 0, 0,
            backup_create},
    Command{"backup list", "", "list the backups that are there", {}, 0, 0, backup_list},
    Command{"backup show", "FILE", "what a backup says of itself", {}, 1, 1, backup_show, true},
    Command{"backup fetch", "NAME", "get a backup back from where it was sent; asks for the secret of the account",
            backup_fetch_options, 1, 1, backup_fetch, true},
    Command{"restore", "FILE", "put a backup in the place of the state, while bursard does not run", restore_options, 1,
            1, restore, true},
    Command{"standby status",
            "",
            "what this machine is in its pair, and how it stands with the other one",
            {},
            0,
            0,
            standby_status},
    Command{"standby drill",
            "",
            "say whether the standby could take over now, and what would be lost",
            {},
            0,
            0,
            standby_drill},
    Command{"standby pair", "", "make the pairing secret, or give it to the standby, while bursard does not run",
            standby_pair_options, 0, 0, standby_pair},
    Command{"standby take-over", "", "let the standby take over", standby_take_over_options, 0, 0, standby_take_over},
    Command{"standby alone", "", "go on without the standby, which is off", standby_alone_options, 0, 0, standby_alone},
    Command{"upgrade check", "", "say whether an upgrade would go well, and what to do before", upgrade_options, 0, 0,
            upgrade_check},
    Command{"secret put", "NAME", "store a provider key, read from standard input or a file", secret_put_options, 1, 1,
            secret_put},
    Command{"secret list", "", "list the names of secrets, never their values", {}, 0, 0, secret_list},
    Command{"secret delete", "NAME", "delete a secret", {}, 1, 1, secret_delete},
    Command{"key issue", "NAME", "make a virtual key and show it once", key_issue_options, 1, 1, key_issue},
    Command{"key list", "", "list the virtual keys", {}, 0, 0, key_list},
    Command{"key expire", "NAME|ID", "move the end of a virtual key", key_expire_options, 1, 1, key_expire},
    Command{"key rotate", "ID", "give a virtual key a new text", key_rotate_options, 1, 1, key_rotate},
    Command{"key revoke", "ID", "end a virtual key now", {}, 1, 1, key_revoke},
    Command{"key pause", "NAME|ID", "refuse the calls of a key for a while", pause_options, 1, 1, key_pause},
    Command{"key resume", "NAME|ID", "let a paused key go on", {}, 1, 1, key_resume},
    Command{"policy plan", "DIR…", "say what these documents would change", {}, 1, many, policy_plan},
    Command{"policy apply", "DIR…", "put these documents in force", apply_options, 1, many, policy_apply},
    Command{"policy show", "", "print the documents in force", show_options, 0, 0, policy_show},
    Command{"policy history", "", "list the revisions", {}, 0, 0, policy_history},
    Command{"policy rollback", "REVISION", "put a former revision in force again", apply_options, 1, 1,
            policy_rollback},
    Command{"prices import", "FILE", "take prices from LiteLLM's price JSON", import_options, 1, 1, prices_import},
    Command{"usage", "", "what was used, and what it cost", usage_options, 0, 0, usage},
    Command{"calls", "", "list calls, newest first", calls_options, 0, 0, calls},
    Command{"budgets", "", "the same as budget list", {}, 0, 0, budget_list},
    Command{"budget list", "", "every limit: how much, spent, held, left, until when", {}, 0, 0, budget_list},
    Command{"budget mine", "", "the limits that concern your key, or your team", {}, 0, 0, budget_mine},
    Command{"budget forecast", "", "where limits will stand at the end of their period", forecast_options, 0, 0,
            budget_forecast},
    Command{"budget ask", "", "ask for more of one limit, for a time", ask_options, 0, 0, budget_ask},
    Command{"budget requests", "", "list the requests for more, which approve and decline answer", requests_options, 0,
            0, budget_requests},
    Command{"budget withdraw", "NUMBER", "take back a request of your own", {}, 1, 1, budget_withdraw},
    Command{"approve", "NUMBER", "grant a request for more, or a part of it", approve_options, 1, 1, approve},
    Command{"decline", "NUMBER", "decline a request for more", decline_options, 1, 1, decline},
    Command{"budget credit", "", "top up a prepaid balance, or list the credits", credit_options, 0, 0, budget_credit},
    Command{"budget correct", "", "correct the books by a further entry, or list those", correct_options, 0, 0,
            budget_correct},
    Command{"alerts", "", "what happened to budgets and keys, newest first", alerts_options, 0, 0, alerts},
    Command{"alerts incidents", "", "what lasts and what has ended, and who was told", incidents_options, 0, 0,
            alerts_incidents},
    Command{"alerts deliveries", "", "the messages: those that wait, were sent or were given up", deliveries_options, 0,
            0, alerts_deliveries},
    Command{"alerts resend", "ID", "send a message again that was given up", {}, 1, 1, alerts_resend},
    Command{"alerts silences", "", "what is not told for a while, and why", {}, 0, 0, alerts_silences},
    Command{"alerts silence", "", "tell nothing of something for a while", silence_options, 0, 0, alerts_silence},
    Command{"alerts unsilence", "NUMBER", "end a silence now", {}, 1, 1, alerts_unsilence},
    Command{"alerts targets", "", "where messages go, and how each of these is", {}, 0, 0, alerts_targets},
    Command{"alerts test", "TARGET", "send a marked test; exit 1 if it does not arrive", {}, 1, 1, alerts_test},
    Command{"alerts preview", "KIND", "show the message of a made-up event", {}, 1, 1, alerts_preview},
    Command{"report list", "", "usage reports: what is scheduled, and what was made", report_list_options, 0, 0,
            report_list},
    Command{"report preview", "NAME", "make a report, for your eyes only", report_preview_options, 1, 1,
            report_preview},
    Command{"report show", "NUMBER", "a report that was made", report_show_options, 1, 1, report_show},
    Command{"report send", "NAME", "make a report now and send it", report_send_options, 1, 1, report_send},
    Command{"reconcile", "FILE", "compare a provider's export with the books", reconcile_options, 1, 1, reconcile},
    Command{"reconcile list", "", "list the comparisons that were made", {}, 0, 0, reconcile_list},
    Command{"reconcile show", "NUMBER", "show a comparison again", {}, 1, 1, reconcile_show},
    Command{"reconcile apply", "NUMBER", "enter the corrections that a comparison proposes", reconcile_apply_options, 1,
            1, reconcile_apply},
    Command{
        "allocate list", "", "how budgets are shared out: the pools and their newest runs", {}, 0, 0, allocate_list},
    Command{"allocate show", "NAME", "who got what of a pool, and why", {}, 1, 1, allocate_show},
    Command{"allocate plan", "NAME", "who would get what now; nothing changes", {}, 1, 1, allocate_plan},
    Command{"allocate run", "NAME", "share a pool out now, besides the runs that the service makes",
            allocate_run_options, 1, 1, allocate_run},
    Command{"teams", "", "the policy's teams", {}, 0, 0, teams},
    Command{"ledger", "", "the books: open holds, lost calls, variance", {}, 0, 0, ledger},
    Command{
        "providers", "", "how channels and keys are, and when those that are out are tried again", {}, 0, 0, providers},
    Command{"provider catalogue",
            "",
            "list the providers that are known, which a policy need only complete",
            {},
            0,
            0,
            provider_catalogue},
    Command{"provider test", "NAME", "ask a provider what works; exit 1 if something does not", provider_test_options,
            1, 1, provider_test},
    Command{"audit list", "", "who did what, newest first", audit_options, 0, 0, audit_list},
    Command{"audit verify", "", "check the audit's hash chain", verify_options, 0, 0, audit_verify},
    Command{"operator list", "", "list the operator tokens", {}, 0, 0, operator_list},
    Command{"operator issue", "NAME", "make an operator token and show it once", operator_issue_options, 1, 1,
            operator_issue},
    Command{"operator revoke", "ID", "end an operator token now", {}, 1, 1, operator_revoke},
    Command{"approvals", "", "the same as approvals list", approvals_options, 0, 0, approvals_list},
    Command{"approvals list", "", "what waits for a second person, and what was decided lately", approvals_options, 0,
            0, approvals_list},
    Command{"approvals show", "ID", "one of them, with what would change", {}, 1, 1, approvals_show},
    Command{"approvals approve", "ID", "do what somebody else asked for", approvals_approve_options, 1, 1,
            approvals_approve},
    Command{"approvals decline", "ID", "refuse what somebody else asked for", decline_options, 1, 1, approvals_decline},
    Command{"approvals withdraw", "ID", "take back what you asked for", {}, 1, 1, approvals_withdraw},
    Command{"login", "", "sign in with your company's account, in a browser", login_options, 0, 0, login, false, true},
    Command{"logout", "", "end that sign-in", {}, 0, 0, logout, false, true},
    Command{"my keys", "", "list your own keys", {}, 0, 0, my_keys},
    Command{"my key create", "NAME", "make a key of your own and show it once", my_key_options, 1, 1, my_key_create},
    Command{"my key rotate", "ID", "give a key of your own a new text", key_rotate_options, 1, 1, my_key_rotate},
    Command{"my key revoke", "ID", "end a key of your own now", {}, 1, 1, my_key_revoke},
    Command{"my models", "", "the models that you may use", {}, 0, 0, my_models},
    Command{"my sessions", "", "where you are signed in", {}, 0, 0, my_sessions},
    Command{"my session end", "ID", "sign out there", {}, 1, 1, my_session_end},
    Command{"people", "", "the same as people list", people_options, 0, 0, people_list},
    Command{"people list", "", "everybody that a directory has told of", people_options, 0, 0, people_list},
    Command{"people show", "NAME", "one person, with groups", {}, 1, 1, people_show},
    Command{"people suspend", "NAME", "refuse somebody's sessions and keys", suspend_options, 1, 1, people_suspend},
    Command{"people restore", "NAME", "let somebody go on", {}, 1, 1, people_restore},
    Command{"people put-out", "NAME", "end all sessions of somebody", {}, 1, 1, people_put_out},
    Command{"directory", "", "the same as directory list", {}, 0, 0, directory_list},
    Command{"directory list", "", "where people come from, and how each of these is", {}, 0, 0, directory_list},
    Command{"directory test", "NAME", "look at every step; exit 1 if one is bad", directory_test_options, 1, 1,
            directory_test},
    Command{"directory sync", "NAME", "take over who is there, and who no longer", sync_options, 1, 1, directory_sync},
    Command{"directory syncs", "NAME", "what the syncs did, newest first", syncs_options, 1, 1, directory_syncs},
    Command{"whoami", "", "who you are here", {}, 0, 0, whoami},
    Command{"doctor",
            "",
            "look at connection, certificate, clock and health; exit 1 if something is bad",
            {},
            0,
            0,
            doctor,
            false,
            true},
    Command{"support-bundle", "", "write what somebody needs who helps from afar, without secrets", support_options, 0,
            0, support_bundle},
    Command{"completion", "bash", "print a completion script", {}, 1, 1, completion, true},
};

}  // namespace

std::span<const Command> all_commands() { return table_of_commands; }

}  // namespace bursar::ctl
