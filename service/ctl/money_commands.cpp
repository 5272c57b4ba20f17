// Budgets as members, leads and finance deal with them.
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

/// The value of an option that the command cannot do without.
Outcome<std::string> needed(const Context& context, std::string_view option, std::string_view what) {
    if (auto value = context.arguments.one(option)) return *std::move(value);
    return wrong_usage(fmt::format("'{}' needs {}: {}.", context.arguments.command->words, option, what));
}

/// "2026-12-24" is the beginning of that day in UTC.
std::string instant_of(std::string text) {
    constexpr std::size_t date_length = 10;
    if (text.size() == date_length && text[4] == '-' && text[7] == '-') text += "T00:00:00Z";
    return text;
}

/// POSTs and says in one sentence what came of it.
Outcome<Exit> post(Context& context, std::string path, JsonWriter json, std::string_view done) {
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = std::move(path), .body = std::move(json).text()}));
    if (context.json()) return print_object(context, reply);
    TRY(const QJsonObject object, object_of(reply));
    remark(fmt::format(fmt::runtime(done), printable(cell(object.value(QLatin1String("number"))))));
    return Exit::ok;
}

std::string request_path(const Context& context, std::string_view step) {
    return fmt::format("/api/v1/requests/{}/{}", url_part(context.word(0)), step);
}

}  // namespace

Outcome<Exit> budget_list(Context& context) {
    return print_budgets(context, "/api/v1/budgets", "There are no limits.");
}

Outcome<Exit> budget_mine(Context& context) {
    return print_budgets(context, "/api/v1/budgets/mine", "No limit concerns you.");
}

Outcome<Exit> budget_ask(Context& context) {
    TRY(const std::string account, needed(context, "--account", "whose limit, such as team:research"));
    TRY(const std::string limit, needed(context, "--limit", "which of its limits, as budget list names it"));
    TRY(const std::string amount, needed(context, "--amount", "how much more, such as \"50 USD\""));
    TRY(const std::string until, needed(context, "--until", "for how long, such as 2026-12-24"));
    TRY(const std::string why, needed(context, "--reason", "why; whoever decides reads it"));
    JsonWriter json;
    json.open().field("account", account).field("limit", limit).field("amount", amount);
    json.field("until", instant_of(until)).field("reason", why).close();
    return post(context, "/api/v1/requests", std::move(json), "Request {} is made. See: bursarctl budget requests");
}

Outcome<Exit> budget_requests(Context& context) {
    return print_list(
        context,
        "/api/v1/requests" +
            query_from(context.arguments,
                       {{"--state", "state"}, {"--account", "account"}, {"--before", "before"}, {"--limit", "limit"}}),
        "requests",
        {{"number", {"NUMBER", Align::right}},
         {"state", {"STATE"}},
         {"account", {"ACCOUNT"}},
         {"limit", {"LIMIT"}},
         {"amount", {"AMOUNT", Align::right}},
         {"granted", {"GRANTED", Align::right}},
         {"until", {"UNTIL"}},
         {"asked_by", {"ASKED BY"}},
         {"asker", {"WHO"}},
         {"reason", {"WHY"}},
         {"decided_by", {"DECIDED BY"}},
         {"answer", {"ANSWER"}}},
        "There are no requests.");
}

Outcome<Exit> budget_withdraw(Context& context) {
    JsonWriter json;
    json.open().close();
    return post(context, request_path(context, "withdraw"), std::move(json), "Request {} is withdrawn.");
}

Outcome<Exit> approve(Context& context) {
    JsonWriter json;
    json.open();
    if (const auto amount = context.arguments.one("--amount")) json.field("amount", *amount);
    if (const auto why = context.arguments.one("--reason")) json.field("reason", *why);
    json.close();
    return post(context, request_path(context, "approve"), std::move(json),
                "Request {} is approved: the limit is raised now, until its time is over.");
}

Outcome<Exit> decline(Context& context) {
    TRY(const std::string why, needed(context, "--reason", "why; whoever asked reads it"));
    JsonWriter json;
    json.open().field("reason", why).close();
    return post(context, request_path(context, "decline"), std::move(json), "Request {} is declined.");
}

Outcome<Exit> budget_credit(Context& context) {
    const auto amount = context.arguments.one("--amount");
    if (!amount)
        return print_list(context, "/api/v1/credits" + query_from(context.arguments, {{"--account", "account"}}),
                          "credits",
                          {{"number", {"NUMBER", Align::right}},
                           {"at", {"AT"}},
                           {"account", {"ACCOUNT"}},
                           {"amount_usd", {"AMOUNT USD", Align::right}},
                           {"by", {"BY"}},
                           {"reason", {"WHY"}}},
                          "There are no credits. Enter one: bursarctl budget credit --account A --amount \"500 USD\" "
                          "--reason WHY");
    TRY(const std::string account, needed(context, "--account", "whose balance, such as team:research"));
    TRY(const std::string why, needed(context, "--reason", "why, for the audit"));
    JsonWriter json;
    json.open().field("account", account).field("amount", *amount).field("reason", why).close();
    return post(context, "/api/v1/credits", std::move(json), "Credit {} is entered.");
}

Outcome<Exit> budget_correct(Context& context) {
    const auto& arguments = context.arguments;
    const auto amount = arguments.one("--amount");
    if (!amount)
        return print_list(context,
                          "/api/v1/corrections" + query_from(arguments, {{"--account", "account"}, {"--call", "call"}}),
                          "corrections",
                          {{"number", {"NUMBER", Align::right}},
                           {"at", {"AT"}},
                           {"account", {"ACCOUNT"}},
                           {"call", {"CALL"}},
                           {"amount_usd", {"AMOUNT USD", Align::right}},
                           {"cost_usd", {"COST USD", Align::right}},
                           {"tokens", {"TOKENS", Align::right}},
                           {"by", {"BY"}},
                           {"reason", {"WHY"}}},
                          "There are no corrections.");
    if (arguments.has("--call") == arguments.has("--account"))
        return wrong_usage("'budget correct' needs --call CALL or --account ACCOUNT: what is to be corrected.");
    TRY(const std::string why, needed(context, "--reason", "why, for the audit"));
    JsonWriter json;
    json.open();
    if (const auto call = arguments.one("--call")) json.field("call", *call);
    if (const auto account = arguments.one("--account")) json.field("account", *account);
    json.field("amount", *amount);
    if (const auto cost = arguments.one("--cost")) json.field("cost", *cost);
    if (const auto tokens = arguments.one("--tokens")) {
        if (tokens->empty() || tokens->find_first_not_of("-0123456789") != std::string::npos)
            return wrong_usage(fmt::format("'{}' is not a number of tokens; write it like -1200.", *tokens));
        json.key("tokens").raw(*tokens);
    }
    json.field("reason", why).close();
    return post(context, "/api/v1/corrections", std::move(json), "Correction {} is entered.");
}

Outcome<Exit> alerts(Context& context) {
    return print_list(context,
                      "/api/v1/alerts" + query_from(context.arguments,
                                                    {{"--kind", "kind"}, {"--before", "before"}, {"--limit", "limit"}}),
                      "alerts",
                      {{"number", {"NUMBER", Align::right}}, {"at", {"AT"}}, {"kind", {"KIND"}}, {"text", {"WHAT"}}},
                      "There are no alerts.");
}

}  // namespace bursar::ctl
