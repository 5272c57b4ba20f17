#include "service/gateway/refusal.h"

#include "service/base/json.h"
#include "service/base/zone.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

std::int64_t seconds_of(Timestamp at) {
    return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

/// Header values are printable ASCII (RFC 9110 §5.5).
std::string ascii(std::string_view text) {
    std::string out(text);
    std::ranges::replace_if(out, [](char c) { return c < ' ' || c > '~'; }, '?');
    return out;
}

std::string openai_body(const Error& error, const FaultFacts& facts, const CallId& call) {
    JsonWriter json;
    json.open()
        .key("error")
        .open()
        .field("message", error.for_caller)
        .field("type", facts.openai_type)
        .key("param")
        .null();
    json.field("code", facts.name).field("call_id", call.text()).close().close();
    return std::move(json).text();
}

/// What Codex and other clients of the Responses API understand as a used-up allowance.
std::string usage_limit_body(const Error& error, const CallId& call, std::optional<Timestamp> period_end) {
    JsonWriter json;
    json.open()
        .key("error")
        .open()
        .field("type", "usage_limit_reached")
        .field("message", error.for_caller)
        .field("code", "budget_exhausted");
    if (period_end) json.field("resets_at", seconds_of(*period_end));
    json.field("call_id", call.text()).close().close();
    return std::move(json).text();
}

std::string anthropic_body(const Error& error, const FaultFacts& facts, const CallId& call) {
    JsonWriter json;
    json.open()
        .field("type", "error")
        .key("error")
        .open()
        .field("type", facts.anthropic_type)
        .field("message", error.for_caller)
        .close();
    json.field("request_id", call.text()).close();
    return std::move(json).text();
}

std::string gemini_body(const Error& error, int status, const CallId& call) {
    JsonWriter json;
    json.open().key("error").open().field("code", status).field("message", error.for_caller + " (" + call.text() + ")");
    json.field("status", status == 401   ? "UNAUTHENTICATED"
                         : status == 403 ? "PERMISSION_DENIED"
                         : status == 404 ? "NOT_FOUND"
                                         : "FAILED_PRECONDITION");
    json.close().close();
    return std::move(json).text();
}

std::string period_in_words(Per per, Timestamp at, const std::string& time_zone) {
    switch (per) {
        case Per::hour:
            return " for this hour";
        case Per::day:
            return " for today";
        case Per::week:
            return " for this week";
        case Per::month:
            return " for " + month_name(at, time_zone);
        case Per::quarter:
            return " for this quarter";
        case Per::year:
            return " for this year";
        case Per::minute:
            return " for this minute";
        case Per::ever:
        case Per::dates:
            return "";
    }
    return "";
}

/// "team:research" -> team "research"
std::string account_in_words(const AccountName& account) {
    const std::size_t colon = account.find(':');
    if (colon == std::string::npos) return "your organisation";
    const std::string kind = account.substr(0, colon), name = account.substr(colon + 1);
    if (kind == "key") return "this key";
    return fmt::format("{} \"{}\"", kind, name);
}

}  // namespace

RefusalText refusal_of(const Error& error, Shape shape, Endpoint endpoint, const CallId& call,
                       std::optional<Timestamp> period_end, Timestamp now) {
    const FaultFacts& known = facts(error.fault);
    if (period_end == Timestamp::max()) period_end.reset();
    RefusalText out;
    out.head.status = known.http_status;
    out.head.add("content-type", "application/json").add("x-bursar-call-id", call.text());
    out.head.add(shape == Shape::anthropic ? "request-id" : "x-request-id", call.text());
    const bool budget = error.fault == Fault::budget_exhausted;
    if (!known.retryable) {
        out.head.add("x-should-retry", "false");
    } else if (known.http_status == 503 || known.http_status == 429 || known.http_status == 409) {
        out.head.add("retry-after", "1");
    }
    if (error.fault == Fault::upgrade_refused) out.head.add("upgrade", "HTTP/1.1");
    if (error.fault == Fault::unauthenticated) out.head.add("www-authenticate", "Bearer");
    if (shape == Shape::gemini) {
        out.body = gemini_body(error, out.head.status, call);
    } else if (shape == Shape::anthropic) {
        if (budget) out.head.status = 429;
        out.body = anthropic_body(error, known, call);
    } else if (budget && endpoint == Endpoint::responses) {
        out.head.status = 429;
        out.head.add("x-codex-promo-message", ascii(error.for_caller));
        out.body = usage_limit_body(error, call, period_end);
    } else {
        out.body = openai_body(error, known, call);
    }
    // On other statuses a long retry-after makes clients sit and wait in silence.
    if (budget && out.head.status == 429 && period_end && *period_end > now)
        out.head.add("retry-after",
                     std::to_string(std::max<std::int64_t>(1, seconds_of(*period_end) - seconds_of(now))));
    return out;
}

Error error_of(const ledger::Refusal& refusal, const CallId& call, const std::string& time_zone, Timestamp at) {
    if (refusal.fault != Fault::budget_exhausted)
        return {refusal.fault,
                "Bursar cannot write its journal just now, so nothing is sent. Try again shortly; operators see the "
                "reason in /readyz.",
                fmt::format("hold refused: the journal cannot be written, call {}", call.text())};
    const Budget& budget = refusal.budget;
    const std::string period = period_in_words(budget.per, at, time_zone);
    const NanoUsd left = std::max(NanoUsd{}, budget.limit.usd() - refusal.spent - refusal.held);
    const std::string again = refusal.period_end == Timestamp::max()
                                  ? std::string("It does not start again by itself.")
                                  : fmt::format("It starts again on {}.", for_people(refusal.period_end, time_zone));
    std::string text;
    if (refusal.spent >= budget.limit.usd() || left == NanoUsd{}) {
        text = fmt::format("The budget of {}{} is used up ({}). {} Whoever runs Bursar can raise it.",
                           account_in_words(refusal.account), period, budget.limit.for_people(budget.measure), again);
    } else {
        text = fmt::format(
            "The budget of {}{} has {} left of {}, and this call may cost up to {}. Ask for less output (max_tokens), "
            "or wait. {}",
            account_in_words(refusal.account), period, left.for_people(), budget.limit.for_people(budget.measure),
            refusal.asked.for_people(), again);
    }
    return {Fault::budget_exhausted, std::move(text),
            fmt::format("hold refused: account {} spent {} held {} asked {} limit {} per {} call {}", refusal.account,
                        refusal.spent.text(), refusal.held.text(), refusal.asked.text(),
                        budget.limit.text(budget.measure), name_of(budget.per), call.text())};
}

InBand in_band(Fault fault, Shape shape) {
    const FaultFacts& known = facts(fault);
    return {shape == Shape::anthropic ? known.anthropic_type : known.openai_type, known.name};
}

}  // namespace bursar::gateway
