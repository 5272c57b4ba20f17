// What people can be told of, in the order of the documents.
#include "policies/event_kinds.h"

#include <algorithm>
#include <array>

namespace bursar::policies {
namespace {

using enum EventKind::Course;

constexpr std::array kinds{
    EventKind{"budget.threshold", Severity::warning, begins, "A limit has reached a mark",
              "What is spent of a limit has reached one of its marks (warn). What is only held does not count. Ask for "
              "more in time, or spend less.",
              "budget.recovered, budget.period_closed"},
    EventKind{
        "budget.exhausted", Severity::critical, begins, "A limit is used up",
        "A hard limit that has marks is used up, so calls are refused. Of a person or a key it is a warning. Raise "
        "the limit, approve a request for more, or wait for the next period.",
        "budget.recovered, budget.period_closed"},
    EventKind{
        "budget.recovered", Severity::info, ends, "A limit has room again",
        "A raised limit, a credit or a correction has taken what is spent below the lowest mark again, or a limit "
        "that was used up has room again. Marks that are passed after that are told anew.",
        ""},
    EventKind{
        "budget.period_closed", Severity::info, ends, "The period of a limit has ended",
        "What was spent of a limit until its period ended; raised for limits of a week or more of the organisation "
        "and of teams, and wherever something had begun that the end ends. Nobody is told of the end by itself.",
        ""},
    EventKind{"budget.forecast", Severity::warning, news, "A limit will not last",
              "At its present pace a limit of a day or more is used up well before its period ends. Spend less, or ask "
              "for more in time.",
              ""},
    EventKind{
        "spend.unusual", Severity::warning, news, "Unusual spending",
        "An account spent far more in an hour than in the same hour of its past weeks (watch.unusual). Look which "
        "key or model it was: bursarctl usage.",
        ""},
    EventKind{"key.runaway", Severity::warning, news, "A key runs away",
              "A key spends within minutes what it spends in hours else (watch.runaway). Ask its owner, or pause it.",
              ""},
    EventKind{"key.paused", Severity::warning, begins, "A key is paused",
              "Somebody, or the service by watch.runaway.pause, has paused a key: its calls are refused.",
              "key.resumed"},
    EventKind{"key.resumed", Severity::info, ends, "A key goes on",
              "Somebody has let a paused key go on, or its pause is over.", ""},
    EventKind{"request.made", Severity::warning, begins, "Somebody asks for more",
              "Somebody asks for a higher limit for a time. Approve or decline it.",
              "request.approved, request.declined, request.withdrawn, request.expired"},
    EventKind{"request.approved", Severity::info, ends, "A request was approved",
              "A request for more was approved, in whole or in part, and is in force.", ""},
    EventKind{"request.declined", Severity::info, ends, "A request was declined", "A request for more was declined.",
              ""},
    EventKind{"request.withdrawn", Severity::info, ends, "A request was withdrawn",
              "Whoever made a request for more has taken it back.", ""},
    EventKind{"request.expired", Severity::info, ends, "A request was not answered",
              "The time that a request for more was for has passed, and nobody has answered it.", ""},
    EventKind{"request.expiring", Severity::warning, news, "A raise ends soon",
              "A raise that was granted for longer than two days ends within a day. Who still needs it asks again.",
              ""},
    EventKind{"request.ended", Severity::info, news, "A raise has ended",
              "A raise that was granted has ended; the limit is what it was before.", ""},
    EventKind{"allocation.run", Severity::info, news, "A budget was shared out",
              "An allocation has shared its pool out to its members.", ""},
    EventKind{"allocation.lent", Severity::info, news, "A member has borrowed",
              "A member of an allocation was running out and has borrowed from others.", ""},
    EventKind{"credit.entered", Severity::info, news, "A credit was entered",
              "Somebody has added to a prepaid balance, or taken from it.", ""},
    EventKind{"correction.entered", Severity::info, news, "The books were corrected",
              "Somebody, or a reconciliation, has corrected what was booked.", ""},
    EventKind{
        "channel.down", Severity::warning, begins, "A channel is out",
        "Calls to a channel go on failing, so it is left out and tried again by itself. If no channel of a model is "
        "left, its calls are refused. See: bursarctl providers.",
        "channel.back"},
    EventKind{"channel.back", Severity::info, ends, "A channel is back",
              "A channel that was out serves calls again, or the policy has it no more.", ""},
    EventKind{
        "provider_key.down", Severity::warning, begins, "A provider does not take a key",
        "A provider refuses a key or says that it is used up. Pay the bill, or put a new key into the vault: bursarctl "
        "secret put.",
        "provider_key.back"},
    EventKind{"provider_key.back", Severity::info, ends, "A provider takes a key again",
              "A provider takes a key again, or the policy has it no more.", ""},
    EventKind{"price.missing", Severity::warning, begins, "A price is missing",
              "The price of a channel is not known now, so calls to it are refused. Add it under prices in the policy.",
              "price.found"},
    EventKind{"price.found", Severity::info, ends, "A price is known again",
              "The price of a channel is known again, or the policy has it no more.", ""},
    EventKind{"directory.down", Severity::warning, begins, "A directory does not answer",
              "A directory does not answer. Nobody loses access by it; nobody can sign in by it until it does.",
              "directory.back"},
    EventKind{"directory.back", Severity::info, ends, "A directory answers again", "A directory answers again.", ""},
    EventKind{
        "sync.stopped", Severity::warning, news, "A sync has stopped",
        "A sync of a directory would have removed too many, so it has removed nobody. Look at it, and confirm it or "
        "mend the directory: bursarctl directory sync.",
        ""},
    EventKind{
        "break_glass.used", Severity::critical, news, "The break-glass account was used",
        "Somebody has signed in by the break-glass account. If nobody of yours did, seal the vault and change its "
        "passphrase.",
        ""},
    EventKind{"two_persons.lifted", Severity::critical, news, "The rule of two persons was lifted",
              "A policy has taken a word out of identity.two_persons. Ask whose policy it is, and why.", ""},
    EventKind{
        "approval.asked", Severity::warning, begins, "Something waits for a second person",
        "Somebody has asked for what the rule of two persons covers. Another operator looks at it and decides: "
        "bursarctl approvals show ID.",
        "approval.done, approval.failed, approval.declined, approval.withdrawn, approval.expired, approval.unknown"},
    EventKind{"approval.done", Severity::info, ends, "What waited for a second person is done",
              "A second person has approved it, and it was done.", ""},
    EventKind{"approval.failed", Severity::info, ends, "What a second person approved was refused",
              "It could not be done any more; the answer says why. Whoever still needs it asks again.", ""},
    EventKind{"approval.declined", Severity::info, ends, "A second person declined",
              "Nothing was done. The reason is with the request.", ""},
    EventKind{"approval.withdrawn", Severity::info, ends, "Whoever asked for a second person has withdrawn it",
              "Nothing was done.", ""},
    EventKind{"approval.expired", Severity::info, ends, "No second person decided in time",
              "Nothing was done. Whoever still needs it asks again.", ""},
    EventKind{"approval.unknown", Severity::info, ends, "Nobody knows whether something approved was done",
              "The service ended while it was being done. Look whether it was, in the audit and at the thing itself.",
              ""},
    EventKind{"vault.sealed", Severity::critical, begins, "The vault is sealed",
              "Somebody has sealed the vault while the service ran: no provider key can be used. Messages whose target "
              "needs a secret wait until it is unsealed: bursarctl vault unseal.",
              "vault.unsealed"},
    EventKind{"vault.unsealed", Severity::info, ends, "The vault is open again",
              "The vault was unsealed after it had been sealed.", ""},
    EventKind{
        "certificate.expiring", Severity::warning, begins, "A certificate ends soon",
        "The certificate that the service shows its callers ends within 21 days, or, if it lasts for less "
        "than 84, in its last quarter; within 7 days, or in its last twelfth, it is critical. Put a new one in its "
        "place and reload the service.",
        "certificate.renewed"},
    EventKind{"certificate.renewed", Severity::info, ends, "A certificate was renewed",
              "The service shows its callers a certificate that lasts.", ""},
    EventKind{
        "certificate.refused", Severity::warning, begins, "A new certificate cannot be used",
        "Somebody has put a certificate or a private key in place that cannot be used; the service goes on with the "
        "former one. The event says what is wrong. Mend the files, and they are taken by themselves.",
        "certificate.accepted"},
    EventKind{"certificate.accepted", Severity::info, ends, "A new certificate is in use",
              "The certificate that lies in its place is the one that callers see.", ""},
    EventKind{
        "account.expiring", Severity::warning, news, "A token ends soon",
        "The token of an operator or a program ends within 7 days. Issue a new one in time: bursarctl operator issue.",
        ""},
    EventKind{"disk.low", Severity::critical, begins, "The disk is nearly full",
              "Less than 512 MiB are free where the state is. Make room before calls are refused.", "disk.ok"},
    EventKind{"disk.ok", Severity::info, ends, "The disk has room again", "There is room again where the state is.",
              ""},
    EventKind{"backup.failed", Severity::warning, begins, "A backup failed",
              "The last backup could not be made. The event says why; it is tried again every hour.", "backup.made"},
    EventKind{"backup.made", Severity::info, ends, "A backup was made again", "Backups are made again.", ""},
    EventKind{
        "standby.lost", Severity::critical, begins, "The standby is lost",
        "The other machine of the pair does not ask any more. In synchronous mode no call is served until it does, "
        "or until you say that it is off: bursarctl standby alone.",
        "standby.back"},
    EventKind{"standby.back", Severity::info, ends, "The standby is back", "The standby asks again.", ""},
    EventKind{"standby.behind", Severity::warning, begins, "The standby is behind",
              "The standby lacks what was written lately. Look at the network between the two, and at its disk.",
              "standby.caught_up"},
    EventKind{"standby.caught_up", Severity::info, ends, "The standby has caught up",
              "The standby has everything again.", ""},
    EventKind{"standby.took_over", Severity::critical, news, "The standby has taken over",
              "The machine that was the standby serves now. There is no standby until one is paired with it.", ""},
    EventKind{
        "store.failing", Severity::critical, news, "Nothing could be written",
        "For a time nothing could be written, so calls were refused. It is told once writing works again, for before "
        "it cannot be kept. Look at the disk and at the log.",
        ""},
    EventKind{
        "audit.broken", Severity::critical, news, "The audit chain is broken",
        "The chain of audit rows does not fit together: somebody or something has changed the database. Keep it as it "
        "is, and compare it with a backup.",
        ""},
    EventKind{"update.available", Severity::info, news, "A newer version is installed",
              "The program on this machine is another one than the one that runs. Restart the service to use it.", ""},
    EventKind{"report.due", Severity::info, news, "A report is due", "A usage report is ready, as the policy wants it.",
              ""},
    EventKind{"target.closed", Severity::warning, begins, "A target takes nothing any more",
              "An integration refuses every message: its webhook is gone, or its token is refused. Messages for it "
              "wait. Make "
              "it new, and put its secret into the vault.",
              "target.back"},
    EventKind{"target.back", Severity::info, ends, "A target takes messages again",
              "An integration that took nothing takes messages again.", ""},
    EventKind{"delivery.lost", Severity::warning, news, "A message was not delivered",
              "A message was refused for good, or could not be delivered for days. It is kept, and can be sent again.",
              ""},
};

}  // namespace

std::span<const EventKind> event_kinds() { return kinds; }

const EventKind* event_kind(std::string_view name) {
    const auto* const found = std::ranges::find(kinds, name, &EventKind::name);
    return found == kinds.end() ? nullptr : found;
}

}  // namespace bursar::policies
