#include "service/ctl/budget_cells.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <algorithm>
#include <charconv>

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

/// An end of the audit that was noted earlier.
struct Noted {
    std::int64_t number = 0;
    std::string hash;
};

Outcome<Noted> read_noted(const std::string& text) {
    const auto colon = std::min(text.find(':'), text.size());
    Noted noted{.hash = text.substr(std::min(colon + 1, text.size()))};
    const auto [end, error] = std::from_chars(text.data(), text.data() + colon, noted.number);
    if (error != std::errc{} || end != text.data() + colon || noted.number < 0 || noted.hash.size() != 64 ||
        noted.hash.find_first_not_of("0123456789abcdef") != std::string::npos)
        return wrong_usage("--expect needs NUMBER:HASH, as an earlier 'audit verify' printed it.");
    return noted;
}

/// A chain that fits in itself may be an older one, or another: it must go through what was noted.
Outcome<void> check_noted(Context& context, const Noted& noted) {
    if (noted.number == 0) return {};
    TRY(const Reply reply, context.api.get(fmt::format("/api/v1/audit?before={}&limit=1", noted.number + 1)));
    TRY(const QJsonObject answer, object_of(reply));
    const QJsonObject entry = answer.value(QLatin1String("entries")).toArray().first().toObject();
    if (cell(entry.value(QLatin1String("number"))) != std::to_string(noted.number))
        return failed(
            fmt::format("The audit ends before entry {}, which was noted: its tail was cut off, or an older "
                        "state of the database was put back.",
                        noted.number));
    if (cell(entry.value(QLatin1String("hash"))) != noted.hash)
        return failed(fmt::format("Entry {} of the audit is not the one that was noted: the trail was written anew.",
                                  noted.number));
    return {};
}

}  // namespace

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

Outcome<Exit> print_budgets(Context& context, const std::string& path, std::string_view empty) {
    TRY(const Reply reply, context.api.get(path));
    if (context.json()) {
        print(reply.body + "\n");
        return Exit::ok;
    }
    TRY(const QJsonObject all, object_of(reply));
    const QJsonArray rows = budget_cells(all.value(QLatin1String("budgets")).toArray());
    if (rows.isEmpty()) {
        remark(std::string(empty));
        return Exit::ok;
    }
    print(rows_as_table(rows, {{"account", {"ACCOUNT"}},
                               {"limit", {"LIMIT", Align::right}},
                               {"kind", {"KIND"}},
                               {"spent", {"SPENT", Align::right}},
                               {"held", {"HELD", Align::right}},
                               {"left", {"LEFT", Align::right}},
                               {"until", {"UNTIL"}}}));
    return Exit::ok;
}

Outcome<Exit> teams(Context& context) {
    return print_list(context, "/api/v1/teams", "teams",
                      {{"name", {"TEAM"}},
                       {"parent", {"PARENT"}},
                       {"cost_centre", {"COST CENTRE"}},
                       {"models", {"MODELS"}},
                       {"budgets", {"BUDGETS"}},
                       {"rate", {"RATE"}}},
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
    TRY(const Reply reply, context.api.get("/api/v1/providers"));
    TRY(const QJsonObject all, object_of(reply));
    if (context.json()) return print_object(context, reply);
    const QJsonValue channels = all.value(QLatin1String("channels"));
    if (channels.toArray().isEmpty()) {
        print("The policy has no channels.\n");
        return Exit::ok;
    }
    print(rows_as_table(channels, {{"channel", {"CHANNEL"}},
                                   {"state", {"STATE"}},
                                   {"calls", {"CALLS", Align::right}},
                                   {"failures", {"FAILED", Align::right}},
                                   {"under_way", {"NOW", Align::right}},
                                   {"first_token_ms", {"1ST TOKEN MS", Align::right}},
                                   {"tokens_per_second", {"TOKENS/S", Align::right}},
                                   {"since", {"SINCE"}},
                                   {"retry_at", {"TRIED AGAIN"}},
                                   {"why", {"LAST FAILURE"}}}));
    const QJsonValue keys = all.value(QLatin1String("keys"));
    if (keys.toArray().isEmpty()) return Exit::ok;
    print("\n" + rows_as_table(keys, {{"provider", {"PROVIDER"}},
                                      {"secret", {"KEY"}},
                                      {"state", {"STATE"}},
                                      {"calls", {"CALLS", Align::right}},
                                      {"since", {"SINCE"}},
                                      {"retry_at", {"TRIED AGAIN"}},
                                      {"why", {"WHY"}}}));
    return Exit::ok;
}

Outcome<Exit> audit_list(Context& context) {
    const std::string query = query_from(context.arguments, {{"--actor", "actor"},
                                                             {"--action", "action"},
                                                             {"--object", "object"},
                                                             {"--outcome", "outcome"},
                                                             {"--from", "from"},
                                                             {"--to", "to"},
                                                             {"--before", "before"},
                                                             {"--limit", "limit"}});
    return print_list(context, "/api/v1/audit" + query, "entries",
                      {{"number", {"NUMBER", Align::right}},
                       {"at", {"AT"}},
                       {"actor", {"ACTOR"}},
                       {"address", {"ADDRESS"}},
                       {"action", {"ACTION"}},
                       {"object", {"OBJECT"}},
                       {"outcome", {"OUTCOME"}},
                       {"detail", {"DETAIL"}}},
                      "The audit has no such entries.");
}

Outcome<Exit> audit_verify(Context& context) {
    std::optional<Noted> noted;
    if (const auto text = context.arguments.one("--expect")) {
        TRY(noted, read_noted(*text));
    }
    TRY(const Reply reply, context.api.call({.method = "POST", .path = "/api/v1/audit/verify", .body = "{}"}));
    TRY(const QJsonObject verdict, object_of(reply));
    if (!verdict.value(QLatin1String("intact")).toBool()) return failed("The audit's chain does not fit.");
    if (noted) {
        TRY_VOID(check_noted(context, *noted));
    }
    if (context.json()) return print_object(context, reply);
    const std::string number = cell(verdict.value(QLatin1String("entries")));
    print(fmt::format("{} entries, every one fits the one before it{}. The end, to compare with later:\n{}:{}\n",
                      number, noted ? ", and the noted one is among them" : "", number,
                      cell(verdict.value(QLatin1String("hash")))));
    return Exit::ok;
}

}  // namespace bursar::ctl
