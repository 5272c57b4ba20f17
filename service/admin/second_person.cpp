#include "service/admin/second_person.h"

#include "auth/break_glass.h"
#include "policies/documents.h"
#include "service/admin/facts_json.h"
#include "service/base/log.h"
#include "service/staff/house.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::admin {
namespace {

/// Of each kind of a proposal's lines; whoever needs them all plans the documents themselves.
constexpr std::size_t lines_max = 100;
constexpr std::size_t line_bytes_max = 1'000;
constexpr std::size_t approvers_min = 2;
/// Of each text in an audit row: what is longer would push the names out of its 4 KiB.
constexpr std::size_t audited_text_bytes_max = 300;

/// Ada and ada are one person: whoever names tokens must not become two by it.
std::string folded(std::string_view name) {
    std::string out(name);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

bool is_break_glass(const Visit& visit) {
    return visit.session != nullptr && visit.session->way == auth::break_glass_way;
}

/// The words that `after` no longer has.
std::vector<std::string> words_taken(const policies::Identity& before, const policies::Identity& after) {
    std::vector<std::string> taken;
    for (const std::string& word : before.two_persons)
        if (!rule_has(after, word)) taken.push_back(word);
    return taken;
}

/// Whether nothing differs but that words are taken out of the rule.
bool only_lifts(const policies::Snapshot& before, const policies::Snapshot& after) {
    for (const std::string& word : after.identity.two_persons)
        if (!rule_has(before.identity, word)) return false;
    policies::Snapshot with_rule = after;
    with_rule.identity.two_persons = before.identity.two_persons;
    return with_rule.identity == before.identity && policies::compare(before, with_rule).empty();
}

std::vector<std::string> shortened(std::vector<std::string> lines) {
    const std::size_t all = lines.size();
    if (all > lines_max) {
        lines.resize(lines_max);
        lines.push_back(fmt::format("and {} more", all - lines_max));
    }
    for (std::string& line : lines)
        if (line.size() > line_bytes_max) line = line.substr(0, line_bytes_max) + "…";
    return lines;
}

/// Who could ask or approve under these rules, by name.
std::set<std::string> approvers(const Visit& visit, const std::shared_ptr<const policies::Snapshot>& rules) {
    const Timestamp now = visit.plane.clock.now();
    std::set<std::string> names;
    for (const auth::Operator& each : visit.parts->operators.list())
        if (each.role == auth::Role::operator_ && (!each.expires_at || *each.expires_at > now))
            names.insert(folded(each.name));
    const auto standing_of = staff::standing_by(rules);
    for (const auto& person : visit.parts->people.all())
        if (person->let_in() && standing_of(person->facts).role == auth::name_of(auth::Role::operator_))
            names.insert(folded(person->name));
    return names;
}

const Handler* handler_of(const Approval& approval) {
    const auto found = std::ranges::find_if(handlers(), [&](const Handler& each) {
        return each.method == approval.method && each.route == approval.route && each.propose != nullptr;
    });
    return found == handlers().end() ? nullptr : &*found;
}

/// Whoever asked, as they are now.
Result<auth::Operator> asker_now(const Visit& visit, const Approval& approval) {
    auth::Operator who{
        .id = approval.proof, .name = approval.asker, .role = auth::Role::member, .created_at = {}, .expires_at = {}};
    if (approval.asked_by.starts_with("person:")) {
        const auto person = visit.parts->people.find(approval.asker);
        if (person != nullptr && person->let_in())
            who.role = auth::role_of(person->standing.role).value_or(auth::Role::member);
    } else if (approval.asked_by.starts_with("operator:")) {
        const auto all = visit.parts->operators.list();
        const auto token = std::ranges::find(all, approval.proof, &auth::Operator::id);
        const Timestamp now = visit.plane.clock.now();
        if (token != all.end() && (!token->expires_at || *token->expires_at > now)) who = *token;
    } else {
        TRY(const auto made, visit.parts->staff.break_glass().state());
        if (made) who.role = auth::Role::operator_;
    }
    const auth::Permission* const permission = auth::find_permission(approval.method, approval.route);
    if (permission != nullptr && auth::may(who.role, *permission)) return who;
    return fail(Fault::not_permitted,
                fmt::format("{}, who asked for this, may no longer do it. Decline it; somebody who may can ask again.",
                            approval.asked_by));
}

Reply run(const Visit& visit, const Handler& handler, const Approval& approval, auth::Operator who,
          const Secret& body) {
    Request request{.method = approval.method,
                    .path = approval.path,
                    .query = {},
                    .authorization = {},
                    .if_match = approval.if_match,
                    .accept = {},
                    .address = approval.address,
                    .body = std::string(body.reveal())};
    Visit original{.plane = visit.plane,
                   .request = request,
                   .permission = *auth::find_permission(approval.method, approval.route),
                   .parameters = {},
                   .parts = visit.parts,
                   .actor = approval.asked_by,
                   .who = std::move(who),
                   .approval = approval.id,
                   .approved_by = visit.actor};
    // Routes with a second person have one parameter at most, and it is their end.
    if (const std::size_t open = approval.route.find('{'); open != std::string::npos)
        original.parameters.push_back(std::string_view(request.path).substr(open));
    return handler.handle(original);
}

Answer answer_of(const Approval& approval, const Answer& answer) {
    JsonWriter json;
    json.open().key("approval");
    write_approval(json, approval);
    json.field("status", answer.status).key("answer");
    if (answer.body.empty())
        json.null();
    else
        json.raw(answer.body);
    json.close();
    return json_answer(std::move(json).text());
}

/// What came of it is stored with the request; that it cannot be must not look as if the thing had not happened.
void finish(const Visit& visit, Approval& approval, const Reply& reply) {
    approval.state = reply ? ApprovalState::done : ApprovalState::failed;
    approval.outcome = reply ? "Done." : reply.error().error.for_caller;
    const std::string_view outcome = reply ? std::string_view("ok") : facts(reply.error().error.fault).name;
    auto finished =
        Approvals::finish(visit.parts->store, approval.id, approval.state, approval.outcome, visit.plane.clock.now(),
                          recorded(visit, "approval.decide", std::string(outcome)));
    if (!finished)
        log::error("approval_not_finished", {{"approval", approval.id}, {"text", finished.error().operator_text()}});
}

}  // namespace

bool has_rule(const Visit& visit) { return !visit.parts->rules.get()->identity.two_persons.empty(); }

bool rule_has(const policies::Identity& in_force, std::string_view word) {
    return std::ranges::find(in_force.two_persons, word) != in_force.two_persons.end();
}

bool covers(const Visit& visit, const policies::Snapshot& before, const policies::Snapshot& after) {
    const policies::Identity& in_force = before.identity;
    const bool lifts = !words_taken(in_force, after.identity).empty();
    // The house must not be locked out for good: this account is sealed, alarmed and shown to everybody.
    if (lifts && is_break_glass(visit) && only_lifts(before, after)) return false;
    return lifts || rule_has(in_force, "policy") || (rule_has(in_force, "roles") && in_force != after.identity);
}

Result<void> tell_of_rule(const Visit& visit, store::Transaction& transaction, const policies::Identity& after,
                          std::int64_t revision) {
    const auto taken = words_taken(visit.parts->rules.get()->identity, after);
    if (taken.empty()) return {};
    const std::string words = fmt::format("{}", fmt::join(taken, ", ")), object = fmt::format("revision:{}", revision);
    const std::string text =
        fmt::format("{} took {} out of the rule of two persons, by revision {}.", visit.actor, words, revision);
    log::warning("two_persons_lifted", {{"actor", visit.actor}, {"revision", revision}, {"words", words}});
    TRY_VOID(treasury::raise(transaction, {.at = visit.plane.clock.now(),
                                           .name = fmt::format("two_persons:{}", revision),
                                           .kind = "two_persons.lifted",
                                           .subject = object,
                                           .text = text,
                                           .detail = "{}"}));
    JsonWriter detail;
    detail.open().field("words", words).close();
    audit::Action row = visit.row(object, "ok", std::move(detail).text());
    row.action = "two_persons.lifted";
    return visit.parts->audit.append(transaction, row);
}

std::vector<std::string> rule_warnings(const Visit& visit, const std::shared_ptr<const policies::Snapshot>& after) {
    std::vector<std::string> warnings;
    const policies::Identity& identity = after->identity;
    if (identity.two_persons.empty()) return warnings;
    if (const auto names = approvers(visit, after); names.size() < approvers_min)
        warnings.push_back(fmt::format(
            "two_persons is set, but only {} could ask or approve. Make a second operator first; otherwise nothing of "
            "it can be changed any more, but for taking two_persons out again with the break-glass account.",
            names.empty() ? "nobody" : "\"" + *names.begin() + "\""));
    if (!rule_has(identity, "roles"))
        warnings.emplace_back(
            "two_persons has no \"roles\": an operator can make a token in another name alone, and approve with it.");
    return warnings;
}

Result<std::string> person_behind(const Visit& visit) {
    if (!is_break_glass(visit)) return folded(visit.who.name);
    TRY(const auto made, visit.parts->staff.break_glass().state());
    return folded(made ? made->name : auth::break_glass_way);
}

Reply ask_second_person(Visit& visit, Proposal proposal) {
    TRY(std::string asker, person_behind(visit));
    const Request& request = visit.request;
    Approval asked{.id = {},
                   .action = std::string(visit.permission.action),
                   .method = request.method,
                   .route = std::string(visit.permission.route),
                   .path = request.path,
                   .if_match = request.if_match,
                   .what = std::move(proposal.what),
                   .changes = shortened(std::move(proposal.changes)),
                   .warnings = shortened(std::move(proposal.warnings)),
                   .asked_by = visit.actor,
                   .asker = visit.person != nullptr ? visit.person->name : std::move(asker),
                   .proof = visit.who.id,
                   .address = request.address,
                   .asked_at = {},
                   .expires_at = {},
                   .decided_by = {},
                   .decided_at = {},
                   .reason = {},
                   .outcome = {}};
    const Secret body(std::move(visit.request.body));
    TRY(const Approval stored,
        Approvals::ask(
            visit.parts->store, std::move(asked), visit.plane.clock.now(),
            [&](const Approval& each) { return visit.plane.vault.lock_away(binding_of(each), body); },
            recorded(visit, "approval.ask", "ok")));
    JsonWriter json;
    json.open().key("approval").open().field("id", stored.id).field("what", stored.what);
    json.field("asked_by", stored.asked_by).field("expires_at", to_text(stored.expires_at)).close().close();
    Answer answer = json_answer(std::move(json).text(), 202);
    answer.headers.emplace_back("Location", "/api/v1/approvals/" + stored.id);
    return answer;
}

Result<void> check_second_person(const Visit& visit, const Approval& approval) {
    TRY(const std::string name, person_behind(visit));
    if (visit.actor == approval.asked_by || name == folded(approval.asker))
        return fail(Fault::not_permitted,
                    "You asked for this yourself, so somebody else has to decide. You can take it back: bursarctl "
                    "approvals withdraw " +
                        approval.id);
    const auth::Permission* const permission = auth::find_permission(approval.method, approval.route);
    if (permission != nullptr && auth::may(visit.who.role, *permission)) return {};
    return fail(Fault::not_permitted, "Your role may not do this itself, so it cannot approve it either.");
}

Reply approve(Visit& visit, const Approval& approval, const std::string& reason) {
    const Timestamp now = visit.plane.clock.now();
    const Handler* const handler = handler_of(approval);
    if (handler == nullptr) return fail(Fault::conflict, "This version no longer has what was asked for. Decline it.");
    TRY(auth::Operator who, asker_now(visit, approval));
    TRY(const std::string locked, Approvals::locked_body(visit.parts->store, approval.id, now));
    TRY(const Secret body, visit.plane.vault.take_back(binding_of(approval), locked));
    TRY(Approval running,
        Approvals::decide(visit.parts->store, approval.id,
                          {.state = ApprovalState::running, .by = visit.actor, .reason = reason, .outcome = {}}, now,
                          recorded(visit, "approval.decide", "begun")));
    // Beyond this line the request is spent, whatever becomes of it.
    Reply reply = run(visit, *handler, running, std::move(who), body);
    finish(visit, running, reply);
    if (reply) return answer_of(running, *reply);
    Problem problem = std::move(reply).error();
    problem.error.for_caller = fmt::format(
        "You approved it, but it was refused when it was done: {} It is closed; whoever still needs it asks again.",
        problem.error.for_caller);
    return std::unexpected(std::move(problem));
}

Approvals::Also recorded(const Visit& visit, std::string action, std::string outcome) {
    return [&visit, action = std::move(action), outcome = std::move(outcome)](store::Transaction& transaction,
                                                                              const Approval& approval) {
        JsonWriter detail;
        detail.open().field("for", approval.action).field("asked_by", approval.asked_by);
        detail.field("what", approval.what.substr(0, audited_text_bytes_max));
        if (!approval.decided_by.empty()) detail.field("state", name_of(approval.state));
        if (!approval.reason.empty()) detail.field("reason", approval.reason.substr(0, audited_text_bytes_max));
        detail.close();
        audit::Action row = visit.row("approval:" + approval.id, outcome, std::move(detail).text());
        row.action = action;
        return visit.parts->audit.append(transaction, row);
    };
}

void write_approval(JsonWriter& json, const Approval& approval) {
    json.open().field("id", approval.id).field("action", approval.action).field("what", approval.what);
    write_texts(json, "changes", approval.changes);
    write_texts(json, "warnings", approval.warnings);
    json.field("asked_by", approval.asked_by).field("asked_at", to_text(approval.asked_at));
    json.field("expires_at", to_text(approval.expires_at)).field("state", name_of(approval.state));
    json.field("decided_by", approval.decided_by);
    write_instant(json, "decided_at", approval.decided_at);
    json.field("reason", approval.reason).field("outcome", approval.outcome).close();
}

}  // namespace bursar::admin
