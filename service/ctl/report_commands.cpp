#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

std::string upper(std::string text) {
    for (char& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

}  // namespace

Outcome<Exit> usage(Context& context) {
    const std::string groups = context.arguments.one("--by").value_or("team");
    // The columns of the groups come from what was asked for, so their texts must outlive the table.
    std::vector<std::string> names;
    for (std::size_t start = 0; start <= groups.size();) {
        const auto end = std::min(groups.find(',', start), groups.size());
        names.push_back(groups.substr(start, end - start));
        start = end + 1;
    }
    std::vector<std::string> paths, titles;
    for (const std::string& name : names) {
        paths.push_back("group." + name);
        titles.push_back(upper(name));
    }
    std::vector<Field> fields;
    for (std::size_t i = 0; i < names.size(); ++i) fields.push_back({paths[i], {titles[i]}});
    for (const Field& field :
         {Field{"calls", {"CALLS", Align::right}}, Field{"refused", {"REFUSED", Align::right}},
          Field{"input_tokens", {"INPUT", Align::right}}, Field{"cache_read_tokens", {"CACHE READ", Align::right}},
          Field{"output_tokens", {"OUTPUT", Align::right}}, Field{"cost_usd", {"COST USD", Align::right}}})
        fields.push_back(field);
    std::string query = "?group_by=" + url_part(groups);
    for (const auto& [option, name] : {std::pair{"--from", "from"}, std::pair{"--to", "to"}})
        if (const auto value = context.arguments.one(option)) query += fmt::format("&{}={}", name, url_part(*value));
    return print_list(context, "/api/v1/usage" + query, "rows", fields, "No calls in that time.");
}

Outcome<Exit> calls(Context& context) {
    const std::string query = query_from(
        context.arguments,
        {{"--key", "key"}, {"--team", "team"}, {"--call", "call"}, {"--before", "before"}, {"--limit", "limit"}});
    return print_list(context, "/api/v1/calls" + query, "calls",
                      {{"at", {"AT"}},
                       {"call", {"CALL"}},
                       {"team", {"TEAM"}},
                       {"model", {"MODEL"}},
                       {"channel", {"CHANNEL"}},
                       {"status", {"STATUS", Align::right}},
                       {"fault", {"FAULT"}},
                       {"usage.input", {"INPUT", Align::right}},
                       {"usage.output", {"OUTPUT", Align::right}},
                       {"cost_usd", {"COST USD", Align::right}},
                       {"duration_ms", {"MS", Align::right}}},
                      "No calls.");
}

Outcome<Exit> budgets(Context& context) {
    return print_list(context, "/api/v1/budgets", "budgets",
                      {{"account", {"ACCOUNT"}},
                       {"limit_usd", {"LIMIT USD", Align::right}},
                       {"per", {"PER"}},
                       {"hard", {"HARD"}},
                       {"spent_usd", {"SPENT USD", Align::right}},
                       {"held_usd", {"HELD USD", Align::right}},
                       {"remaining_usd", {"LEFT USD", Align::right}},
                       {"period_end", {"UNTIL"}}},
                      "The policy has no budgets.");
}

Outcome<Exit> teams(Context& context) {
    return print_list(context, "/api/v1/teams", "teams",
                      {{"name", {"TEAM"}}, {"parent", {"PARENT"}}, {"models", {"MODELS"}}, {"budgets", {"BUDGETS"}}},
                      "The policy has no teams.");
}

Outcome<Exit> ledger(Context& context) {
    TRY(const Reply reply, context.api.get("/api/v1/ledger"));
    TRY(QJsonObject books, object_of(reply));
    if (context.json()) return print_object(context, reply);
    const QJsonValue spending = books.take(QLatin1String("spending"));
    const QJsonValue lost = books.take(QLatin1String("lost_calls"));
    print_fields(books);
    print("\n" + rows_as_table(spending, {{"account", {"ACCOUNT"}},
                                          {"spent_usd", {"SPENT USD", Align::right}},
                                          {"held_usd", {"HELD USD", Align::right}}}));
    if (lost.toArray().isEmpty()) return Exit::ok;
    print("\ncalls that were open when the service died last; compare with the provider's bill:\n" +
          rows_as_table(lost, {{"at", {"AT"}},
                               {"call", {"CALL"}},
                               {"amount_usd", {"BOOKED USD", Align::right}},
                               {"accounts", {"ACCOUNTS"}}}));
    return Exit::ok;
}

Outcome<Exit> providers(Context& context) {
    return print_list(context, "/api/v1/providers", "channels",
                      {{"channel", {"CHANNEL"}},
                       {"healthy", {"HEALTHY"}},
                       {"calls", {"CALLS", Align::right}},
                       {"failures", {"FAILURES", Align::right}},
                       {"failures_in_a_row", {"IN A ROW", Align::right}},
                       {"last_fault", {"LAST FAULT"}},
                       {"last_failure_at", {"LAST FAILURE"}},
                       {"last_success_at", {"LAST SUCCESS"}}},
                      "No provider was asked yet.");
}

Outcome<Exit> whoami(Context& context) {
    TRY(const Reply reply, context.api.get("/api/v1/whoami"));
    return print_object(context, reply);
}

Outcome<Exit> audit_list(Context& context) {
    return print_list(context,
                      "/api/v1/audit" + query_from(context.arguments, {{"--before", "before"}, {"--limit", "limit"}}),
                      "entries",
                      {{"number", {"NUMBER", Align::right}},
                       {"at", {"AT"}},
                       {"actor", {"ACTOR"}},
                       {"address", {"ADDRESS"}},
                       {"action", {"ACTION"}},
                       {"object", {"OBJECT"}},
                       {"outcome", {"OUTCOME"}},
                       {"detail", {"DETAIL"}}},
                      "The audit has no entries.");
}

Outcome<Exit> audit_verify(Context& context) {
    TRY(const Reply reply, context.api.call({.method = "POST", .path = "/api/v1/audit/verify", .body = "{}"}));
    if (context.json()) return print_object(context, reply);
    TRY(const QJsonObject verdict, object_of(reply));
    if (!verdict.value(QLatin1String("intact")).toBool()) return failed("The audit's chain does not fit.");
    print(
        fmt::format("{} entries, every one fits the one before it.\n", cell(verdict.value(QLatin1String("entries")))));
    return Exit::ok;
}

}  // namespace bursar::ctl
