#include "service/gateway/refusal.h"

#include "service/base/json.h"
#include "service/base/zone.h"

#include <algorithm>
#include <array>

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

/// `param`: the field that is to blame, if there is one.
std::string openai_body(const Error& error, std::string_view type, std::string_view code, std::string_view param,
                        const CallId& call) {
    JsonWriter json;
    json.open().key("error").open().field("message", error.for_caller).field("type", type).key("param");
    if (param.empty())
        json.null();
    else
        json.value(param);
    json.field("code", code).field("call_id", call.text()).close().close();
    return std::move(json).text();
}

bool goes_on(Endpoint endpoint) {
    return endpoint == Endpoint::responses || endpoint == Endpoint::response_compact ||
           endpoint == Endpoint::input_tokens;
}

/// What Codex and other clients of the Responses API understand as a used-up allowance.
std::string usage_limit_body(const Error& error, const FaultFacts& facts, const CallId& call,
                             std::optional<Timestamp> period_end) {
    JsonWriter json;
    json.open()
        .key("error")
        .open()
        .field("type", "usage_limit_reached")
        .field("message", error.for_caller)
        .key("param")
        .null()
        .field("code", facts.name);
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

/// google.rpc.Code of each status that faults have.
std::string_view google_status(int status) {
    struct Row {
        int status;
        std::string_view word;
    };
    static constexpr std::array rows = {
        Row{400, "INVALID_ARGUMENT"}, Row{401, "UNAUTHENTICATED"},   Row{403, "PERMISSION_DENIED"},
        Row{404, "NOT_FOUND"},        Row{408, "DEADLINE_EXCEEDED"}, Row{409, "ABORTED"},
        Row{413, "INVALID_ARGUMENT"}, Row{422, "INVALID_ARGUMENT"},  Row{429, "RESOURCE_EXHAUSTED"},
        Row{500, "INTERNAL"},         Row{501, "UNIMPLEMENTED"},     Row{502, "UNAVAILABLE"},
        Row{503, "UNAVAILABLE"},      Row{504, "DEADLINE_EXCEEDED"}};
    const auto* found = std::ranges::find(rows, status, &Row::status);
    return found == rows.end() ? std::string_view("FAILED_PRECONDITION") : found->word;
}

std::string gemini_body(const Error& error, int status, const CallId& call) {
    JsonWriter json;
    json.open().key("error").open().field("code", status).field("message", error.for_caller + " (" + call.text() + ")");
    json.field("status", google_status(status)).close().close();
    return std::move(json).text();
}

/// What stands behind "The budget of team x": " for November", " of the model gpt-4o in any 24 hours".
std::string period_in_words(const Budget& budget, const Asker& asker) {
    std::string text;
    if (const std::size_t colon = budget.of.find(':'); colon != std::string::npos)
        text = fmt::format(" for the {} \"{}\"", budget.of.substr(0, colon), budget.of.substr(colon + 1));
    if (budget.rolling) return text + " " + period_words(budget);
    switch (budget.per) {
        case Per::minute:
            return text + " for this minute";
        case Per::hour:
            return text + " for this hour";
        case Per::day:
            return text + " for today";
        case Per::week:
            return text + " for this week";
        case Per::month:
            return text + " for " + month_name(asker.at, asker.time_zone);
        case Per::quarter:
            return text + " for this quarter";
        case Per::year:
            return text + " for this year";
        case Per::dates:
            return text + " until " + for_people(budget.until, asker.time_zone);
        case Per::ever:
            return text;
    }
    return text;
}

std::string_view budget_in_words(Measure measure) {
    switch (measure) {
        case Measure::money:
        case Measure::cost:
            return "budget";
        case Measure::tokens:
            return "token budget";
        case Measure::calls:
            return "call budget";
    }
    return "budget";
}

}  // namespace

std::string account_in_words(const AccountName& account) {
    const std::size_t colon = account.find(':');
    if (colon == std::string::npos) return "your organisation";
    const std::string kind = account.substr(0, colon), name = account.substr(colon + 1);
    if (kind == "key") return "this key";
    return fmt::format("{} \"{}\"", kind, name);
}

Error error_of(const policies::InForce::Pause& pause, const Caller& caller, const std::string& time_zone) {
    const std::string until = pause.until == Timestamp::max()
                                  ? std::string("Whoever runs Bursar can let it go on.")
                                  : fmt::format("It goes on at {}.", for_people(pause.until, time_zone));
    return {Fault::paused, fmt::format("This key is paused. {} {}", pause.reason, until),
            fmt::format("key {} is paused: {}", caller.key_id, pause.reason)};
}

RefusalText refusal_of(const Error& error, Shape shape, Endpoint endpoint, const CallId& call,
                       std::optional<Timestamp> period_end, Timestamp now) {
    const FaultFacts& known = facts(error.fault);
    if (period_end == Timestamp::max()) period_end.reset();
    RefusalText out;
    out.head.status = known.http_status;
    out.head.add("content-type", "application/json").add("x-bursar-call-id", call.text());
    out.head.add(shape == Shape::anthropic ? "request-id" : "x-request-id", call.text());
    const bool budget = error.fault == Fault::budget_exhausted || error.fault == Fault::paused;
    if (!known.retryable) {
        out.head.add("x-should-retry", "false");
    } else if (known.http_status == 503 || known.http_status == 429 || known.http_status == 409) {
        out.head.add("retry-after", "1");
    }
    if (error.fault == Fault::upgrade_refused) out.head.add("upgrade", "HTTP/1.1").add("sec-websocket-version", "13");
    if (error.fault == Fault::unauthenticated) out.head.add("www-authenticate", "Bearer");
    if (shape == Shape::gemini) {
        out.body = gemini_body(error, out.head.status, call);
    } else if (shape == Shape::anthropic) {
        if (budget) out.head.status = 429;
        out.body = anthropic_body(error, known, call);
    } else if (budget && (endpoint == Endpoint::responses || endpoint == Endpoint::response_compact)) {
        out.head.status = 429;
        out.head.add("x-codex-promo-message", ascii(error.for_caller));
        out.body = usage_limit_body(error, known, call, period_end);
    } else if (error.fault == Fault::not_found && goes_on(endpoint)) {
        out.head.status = 400;
        out.body = openai_body(error, known.openai_type, "previous_response_not_found", "previous_response_id", call);
    } else {
        out.body = openai_body(error, known.openai_type, known.name, {}, call);
    }
    // On other statuses a long retry-after makes clients sit and wait in silence.
    if (budget && out.head.status == 429 && period_end && *period_end > now)
        out.head.add("retry-after",
                     std::to_string(std::max<std::int64_t>(1, seconds_of(*period_end) - seconds_of(now))));
    return out;
}

namespace {

std::string again_in_words(const ledger::Refusal& refusal, const Asker& asker) {
    if (refusal.period_end == Timestamp::max()) return "It does not start again by itself.";
    const std::string when = for_people(refusal.period_end, asker.time_zone);
    if (refusal.budget.rolling) return fmt::format("The first of it comes free on {}.", when);
    if (refusal.budget.per == Per::dates) return fmt::format("It ends on {}.", when);
    return fmt::format("It starts again on {}.", when);
}

}  // namespace

Error error_of(const ledger::Refusal& refusal, const Asker& asker) {
    if (refusal.fault != Fault::budget_exhausted)
        return {refusal.fault,
                "Bursar cannot write its journal just now, so nothing is sent. Try again shortly; operators see the "
                "reason in /readyz.",
                fmt::format("hold refused: the journal cannot be written, call {}", asker.call.text())};
    const Budget& budget = refusal.budget;
    const Measure measure = budget.measure;
    const std::string which = fmt::format("The {} of {}{}", budget_in_words(measure), account_in_words(refusal.account),
                                          period_in_words(budget, asker));
    const Quantity left = std::max(Quantity{}, refusal.limit - refusal.spent - refusal.held);
    const std::string again = again_in_words(refusal, asker);
    const std::string whom = asker.contact.empty() ? "whoever runs Bursar" : asker.contact;
    std::string text;
    if (left == Quantity{} && refusal.spent >= refusal.limit) {
        text = fmt::format("{} is used up ({}). {} Ask {} for more.", which, refusal.limit.for_people(measure), again,
                           whom);
    } else if (left == Quantity{}) {
        text = fmt::format("{} ({}) is set aside for calls that are under way. Wait for them, or ask {} for more. {}",
                           which, refusal.limit.for_people(measure), whom, again);
    } else {
        text = fmt::format(
            "{} has {} left of {}, and this call may need up to {}. Ask for less output (max_tokens), or wait. {} Ask "
            "{} "
            "for more.",
            which, left.for_people(measure), refusal.limit.for_people(measure), refusal.asked.for_people(measure),
            again, whom);
    }
    return {Fault::budget_exhausted, std::move(text),
            fmt::format("hold refused: account {} {} spent {} held {} asked {} limit {} call {}", refusal.account,
                        kind_words(budget), refusal.spent.text(measure), refusal.held.text(measure),
                        refusal.asked.text(measure), refusal.limit.text(measure), asker.call.text())};
}

InBand in_band(Fault fault, Shape shape) {
    const FaultFacts& known = facts(fault);
    return {shape == Shape::anthropic ? known.anthropic_type : known.openai_type, known.name};
}

}  // namespace bursar::gateway
