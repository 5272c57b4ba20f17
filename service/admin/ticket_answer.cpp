#include "service/admin/ticket_answer.h"

#include "service/admin/limited.h"
#include "service/base/json.h"
#include "service/treasury/accounts.h"
#include "service/treasury/treasury.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

using auth::Person;
using outbox::Moved;
using outbox::TicketApprovals;
using treasury::Request;

bool same_address(std::string_view one, std::string_view other) {
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return !one.empty() && std::ranges::equal(one, other, {}, small, small);
}

bool is_approval(const Moved& moved) { return moved.move.status == moved.approvals.approve; }
std::string_view action_of(const Moved& moved) { return is_approval(moved) ? "request.approve" : "request.decline"; }

bool counts(const TicketApprovals& approvals, const integrations::Move& move) {
    return std::ranges::any_of(approvals.by, [&](const std::string& each) {
        return each == policies::by_leads || (!move.account.empty() && each == move.account) ||
               same_address(each, move.email);
    });
}

/// As people know whoever moved it.
std::string who(const integrations::Move& move) {
    if (!move.name.empty()) return move.name;
    return move.account.empty() ? "whoever moved this issue" : move.account;
}

std::string detail_of(const Moved& moved, const Request& request, std::string_view refused) {
    const integrations::Move& move = moved.move;
    JsonWriter json;
    json.open().field("account", request.account).field("limit", kind_words(request.like));
    json.field("amount", request.amount.text(request.like.measure));
    json.field("granted", request.granted.text(request.like.measure)).field("until", to_text(request.until));
    json.field("target", moved.target).field("issue", move.key).field("status", move.status);
    json.field("jira_account", move.account).field("jira_name", move.name).field("jira_email", move.email);
    json.field("moved_at", to_text(move.at));
    if (!refused.empty()) json.field("refused", refused);
    json.close();
    return std::move(json).text();
}

audit::Action row_of(const Moved& moved, const Request& request, std::string actor, std::string_view outcome,
                     std::string_view refused = {}) {
    return {.actor = std::move(actor),
            .address = {},
            .action = std::string(action_of(moved)),
            .object = fmt::format("request:{}", request.number),
            .outcome = std::string(outcome),
            .detail = detail_of(moved, request, refused)};
}

/// By role, and of leads by team: as the API has it.
bool may_answer(const Parts& parts, const Moved& moved, const Request& request, const Person& person,
                const std::vector<Caller>& keys) {
    const std::string_view verb = is_approval(moved) ? "approve" : "decline";
    const auth::Permission* permission =
        auth::find_permission("POST", fmt::format("/api/v1/requests/{}/{}", request.number, verb));
    const auth::Role role = auth::role_of(person.standing.role).value_or(auth::Role::member);
    if (permission == nullptr || !auth::may(role, *permission)) return false;
    if (role != auth::Role::team_lead) return true;
    const auto rules = parts.rules.get();
    return std::ranges::any_of(person.standing.leads, [&](const std::string& team) {
        return treasury::is_of_team(*rules, keys, request.account, team);
    });
}

/// Whether the same can be asked again and has another end.
bool is_final(Fault fault) {
    return fault == Fault::not_permitted || fault == Fault::conflict || fault == Fault::invalid_request ||
           fault == Fault::not_found;
}

/// One sentence for the issue, and a row in the audit.
std::string refuse(const Parts& parts, const Moved& moved, const Request& request, const Person* person,
                   std::string_view fault, std::string sentence) {
    const std::string actor = person != nullptr ? "person:" + person->name : "anonymous";
    parts.audit.note(row_of(moved, request, actor, fault, sentence));
    return sentence;
}

Result<Request> decide(const Parts& parts, const Moved& moved, const Request& request, const Person& person,
                       const std::vector<Caller>& keys) {
    const std::string actor = "person:" + person.name;
    treasury::Requests::Decision decision{
        .by = actor,
        .name = person.name,
        .amount = {},
        .answer = fmt::format("By moving {} to \"{}\"", moved.move.key, moved.move.status),
        .limits = {}};
    if (auto limits = treasury::limits_of_account(*parts.rules.get(), keys, request.account))
        decision.limits = *std::move(limits);
    const treasury::Requests::Also recorded = [&](store::Transaction& transaction, const Request& answered) {
        return parts.audit.append(transaction, row_of(moved, answered, actor, "ok"));
    };
    if (is_approval(moved)) return parts.treasury.requests->approve(request.number, decision, recorded);
    return parts.treasury.requests->decline(request.number, decision, recorded);
}

}  // namespace

std::shared_ptr<const Person> mover_of(const auth::People& people, const TicketApprovals& approvals,
                                       const integrations::Move& move) {
    const auto let_in = [](std::shared_ptr<const Person> person) {
        return person != nullptr && person->let_in() ? person : nullptr;
    };
    for (const auto& [account, name] : approvals.people)
        if ((!move.account.empty() && account == move.account) || same_address(account, move.email))
            return let_in(people.find(name));
    std::shared_ptr<const Person> found;
    for (auto& person : people.all()) {
        if (!same_address(person->facts.email, move.email) || !person->let_in()) continue;
        // Two with one address: it says of neither who it was.
        if (found != nullptr) return nullptr;
        found = std::move(person);
    }
    return found;
}

Result<std::string> answer_by_ticket(const Parts& parts, const Moved& moved) {
    TRY(const Request request, parts.treasury.requests->read(moved.request));
    if (request.state != treasury::RequestState::open) return std::string();
    const TicketApprovals& approvals = moved.approvals;
    if (!counts(approvals, moved.move))
        return refuse(
            parts, moved, request, nullptr, facts(Fault::not_permitted).name,
            fmt::format("The policy does not let {} answer requests by moving issues, so nothing has changed; "
                        "whoever may answer moves it to \"{}\" again.",
                        who(moved.move), moved.move.status));
    const auto person = mover_of(parts.people, approvals, moved.move);
    if (person == nullptr)
        return refuse(
            parts, moved, request, nullptr, facts(Fault::unauthenticated).name,
            fmt::format("Bursar knows nobody by the Jira account of {}, so nothing has changed; answer in the "
                        "console or by bursarctl, or have the account named in the policy.",
                        who(moved.move)));
    const auto keys = callers_now(parts);
    if (!may_answer(parts, moved, request, *person, keys))
        return refuse(
            parts, moved, request, person.get(), facts(Fault::not_permitted).name,
            fmt::format("{} may not answer this request, so nothing has changed; a lead of the team or finance "
                        "may.",
                        who(moved.move)));
    const auto answered = decide(parts, moved, request, *person, keys);
    if (answered) return std::string();
    const Error& error = answered.error();
    if (!is_final(error.fault)) return std::unexpected(error);
    TRY(const Request now, parts.treasury.requests->read(moved.request));
    if (now.state != treasury::RequestState::open) return std::string();
    return refuse(parts, moved, request, person.get(), facts(error.fault).name, error.for_caller);
}

}  // namespace bursar::admin
