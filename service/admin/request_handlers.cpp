// Requests for more, and what members and leads see of their limits.
#include "policies/admit.h"
#include "service/admin/facts_json.h"
#include "service/admin/leads.h"
#include "service/admin/limited.h"
#include "service/admin/standing_json.h"
#include "service/admin/visit.h"
#include "service/treasury/accounts.h"
#include "service/treasury/treasury.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::admin {
namespace {

constexpr std::size_t text_bytes_max = 256;
constexpr std::int64_t rows_default = 100;
constexpr std::int64_t rows_max = 1'000;
constexpr std::int64_t number_max = std::numeric_limits<std::int64_t>::max();

bool is_lead(const Visit& visit) { return visit.who.role == auth::Role::team_lead; }

void write_request(JsonWriter& json, const treasury::Request& request) {
    const Measure measure = request.like.measure;
    json.open().field("number", request.number).field("account", request.account);
    json.field("limit", kind_words(request.like)).field("measure", name_of(measure));
    json.field("amount", request.amount.text(measure)).key("granted");
    if (request.state == treasury::RequestState::approved)
        json.value(request.granted.text(measure));
    else
        json.null();
    json.field("until", to_text(request.until)).field("reason", request.reason);
    json.field("state", name_of(request.state)).field("asked_by", request.asked_by).field("asker", request.asker);
    json.field("asked_at", to_text(request.asked_at)).field("decided_by", request.decided_by);
    write_instant(json, "decided_at", request.decided_at);
    json.field("answer", request.answer).close();
}

Answer one_request(const treasury::Request& request, int status) {
    JsonWriter json;
    write_request(json, request);
    return json_answer(std::move(json).text(), status);
}

/// The audit row of a step of a request, in its transaction.
treasury::Requests::Also recorded(Visit& visit) {
    return [&visit](store::Transaction& transaction, const treasury::Request& request) {
        JsonWriter detail;
        detail.open().field("account", request.account).field("limit", kind_words(request.like));
        detail.field("amount", request.amount.text(request.like.measure));
        detail.field("granted", request.granted.text(request.like.measure)).field("until", to_text(request.until));
        detail.field("reason", request.decided_at ? request.answer : request.reason).close();
        return visit.parts->audit.append(
            transaction, visit.row(fmt::format("request:{}", request.number), "ok", std::move(detail).text()));
    };
}

Result<std::int64_t> number_of(const Visit& visit) {
    const std::string_view text = visit.parameters[0];
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size() && number > 0) return number;
    return fail(Fault::not_found, "A request has a number such as 12. All of them: bursarctl budget requests.");
}

/// Members ask for what is theirs, leads for what is of their teams, the others for anything.
Result<void> may_ask_for(const Visit& visit, const AccountName& account, const std::vector<Caller>& keys) {
    if (visit.caller != nullptr) {
        const Caller& caller = *visit.caller;
        if (account == "key:" + caller.key_id || account == "team:" + caller.team ||
            (!caller.person.empty() && account == "person:" + caller.person))
            return {};
        if (visit.session != nullptr)
            return fail(Fault::not_permitted,
                        fmt::format("You can ask for person:{} and team:{}.", caller.person, caller.team));
        return fail(Fault::not_permitted,
                    fmt::format("With this key you can ask for key:{}{}{} and team:{}.", caller.key_id,
                                caller.person.empty() ? "" : ", person:", caller.person, caller.team));
    }
    if (!is_lead(visit) || is_of_leads(visit, account, keys)) return {};
    return fail(Fault::not_permitted,
                fmt::format("You lead {}: this is for those teams, those below them, their people and their keys.",
                            fmt::join(led_by(visit), ", ")));
}

struct Deciding {
    std::int64_t number;
    treasury::Requests::Decision decision;
};

/// Who decides, and about what; leads only about what is of their teams.
Result<Deciding> deciding(Visit& visit) {
    TRY(const std::int64_t number, number_of(visit));
    TRY(const treasury::Request request, visit.parts->treasury.requests->read(number));
    const auto keys = callers_now(*visit.parts);
    TRY_VOID(may_ask_for(visit, request.account, keys));
    Deciding out{.number = number,
                 .decision = {.by = visit.actor, .name = visit.who.name, .amount = {}, .answer = {}, .limits = {}}};
    auto limits = treasury::limits_of_account(*visit.parts->rules.get(), keys, request.account);
    if (limits) out.decision.limits = *std::move(limits);
    return out;
}

Result<std::vector<Budget>> limits_now(const Visit& visit, const AccountName& account) {
    return treasury::limits_of_account(*visit.parts->rules.get(), callers_now(*visit.parts), account);
}

/// What limits whoever asks: the path of their calls, whatever their role is, and for a lead what is of their teams.
Result<std::vector<ledger::Level>> levels_of(const Visit& visit) {
    const auto rules = visit.parts->rules.get();
    std::vector<ledger::Level> levels;
    if (const auto& caller = visit.caller ? visit.caller : visit.calls_as; caller != nullptr) {
        TRY(auto charged, policies::accounts_of(*rules, *caller));
        for (policies::Charged& each : charged) levels.push_back({std::move(each.account), std::move(each.budgets)});
    }
    if (!is_lead(visit)) return levels;
    const auto callers = callers_now(*visit.parts);
    for (auto& [account, budgets] : treasury::limited_accounts(*rules, callers))
        if (is_of_leads(visit, account, callers) &&
            std::ranges::find(levels, account, &ledger::Level::account) == levels.end())
            levels.push_back({account, std::move(budgets)});
    return levels;
}

}  // namespace

Reply budget_mine(Visit& visit) {
    TRY(std::vector<ledger::Level> levels, levels_of(visit));
    const Timestamp now = visit.plane.clock.now();
    JsonWriter json;
    json.open().key("budgets").open_list();
    const auto standings = treasury::standings_of(visit.parts->ledger, visit.parts->rules);
    // One account at a time: a path is not needed here, and a lead may have many.
    for (ledger::Level& level : levels) {
        if (level.budgets.empty()) continue;
        TRY(const auto all, standings({std::move(level)}, now));
        for (const ledger::Standing& standing : all) write_standing(json, standing, now);
    }
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply request_list(Visit& visit) {
    TRY(const Query query, visit.query({"state", "account", "before", "limit"}));
    treasury::Requests::Filter filter;
    if (const std::string_view state = query.text("state"); !state.empty()) {
        filter.state = treasury::request_state_of(state);
        if (!filter.state)
            return fail(Fault::invalid_request,
                        "\"state\" in the query is open, approved, declined, expired or withdrawn.");
    }
    TRY(filter.before, query.integer("before", number_max, 1, number_max));
    TRY(const std::int64_t limit, query.integer("limit", rows_default, 1, rows_max));
    filter.count_max = static_cast<int>(limit);
    if (visit.caller != nullptr) filter.asked_by = visit.actor;
    const auto rules = visit.parts->rules.get();
    std::vector<Caller> keys;
    if (is_lead(visit)) keys = callers_now(*visit.parts);
    const std::string account(query.text("account"));
    filter.fits = [&](const treasury::Request& request) {
        return (account.empty() || request.account == account) &&
               (!is_lead(visit) || is_of_leads(visit, request.account, keys));
    };
    TRY(const auto requests, visit.parts->treasury.requests->list(filter));
    JsonWriter json;
    json.open().key("requests").open_list();
    for (const treasury::Request& request : requests) write_request(json, request);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply request_make(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"account", "limit", "amount", "until", "reason"}));
    treasury::Requests::Ask ask{.account = {},
                                .limit = {},
                                .amount = {},
                                .until = {},
                                .reason = {},
                                .by = visit.actor,
                                .asker = visit.caller ? visit.caller->person : visit.who.name};
    TRY(ask.account, fields.label("account", text_bytes_max));
    TRY(ask.limit, fields.label("limit", text_bytes_max));
    TRY(ask.amount, fields.label("amount", text_bytes_max));
    TRY(ask.until, fields.instant("until"));
    TRY(ask.reason, fields.label("reason", treasury::reason_bytes_max));
    TRY_VOID(may_ask_for(visit, ask.account, callers_now(*visit.parts)));
    TRY(const auto limits, limits_now(visit, ask.account));
    TRY(const treasury::Request request, visit.parts->treasury.requests->ask(ask, limits, recorded(visit)));
    return one_request(request, 201);
}

Reply request_approve(Visit& visit) {
    TRY(Deciding who, deciding(visit));
    if (!visit.request.body.empty()) {
        TRY(const Body body, visit.body());
        TRY_VOID(body.fields().only({"amount", "reason"}));
        if (body.fields().has("amount")) {
            TRY(who.decision.amount, body.fields().label("amount", text_bytes_max));
        }
        TRY(who.decision.answer, body.fields().text_or_empty("reason", treasury::reason_bytes_max));
    }
    TRY(const treasury::Request request,
        visit.parts->treasury.requests->approve(who.number, who.decision, recorded(visit)));
    return one_request(request, 200);
}

Reply request_decline(Visit& visit) {
    TRY(Deciding who, deciding(visit));
    TRY(const Body body, visit.body());
    TRY_VOID(body.fields().only({"reason"}));
    TRY(who.decision.answer, body.fields().label("reason", treasury::reason_bytes_max));
    TRY(const treasury::Request request,
        visit.parts->treasury.requests->decline(who.number, who.decision, recorded(visit)));
    return one_request(request, 200);
}

Reply request_withdraw(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY(const std::int64_t number, number_of(visit));
    TRY(const treasury::Request request,
        visit.parts->treasury.requests->withdraw(number, visit.actor, recorded(visit)));
    return one_request(request, 200);
}

}  // namespace bursar::admin
