#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <filesystem>

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::size_t export_bytes_max = 14 << 20;  // a request has at most 16 MiB, and quoting costs some

/// The columns of what the export tells: costs have no tokens, usage has no costs.
std::vector<Field> fields_for(const QJsonArray& rows) {
    const QJsonObject theirs = rows.first().toObject().value(QLatin1String("theirs")).toObject();
    std::vector<Field> fields = {{"day", {"DAY"}}, {"model", {"MODEL"}}};
    const auto add = [&](const char* name, std::vector<Field> columns) {
        if (theirs.contains(QLatin1String(name))) fields.insert(fields.end(), columns.begin(), columns.end());
    };
    add("calls", {{"ours.calls", {"OUR CALLS", Align::right}}, {"theirs.calls", {"THEIRS", Align::right}}});
    add("tokens", {{"ours.tokens", {"OUR TOKENS", Align::right}},
                   {"theirs.tokens", {"THEIRS", Align::right}},
                   {"difference.tokens", {"DIFFERENCE", Align::right}}});
    add("cost_usd", {{"ours.cost_usd", {"OUR USD", Align::right}},
                     {"theirs.cost_usd", {"THEIRS", Align::right}},
                     {"difference.cost_usd", {"DIFFERENCE", Align::right}}});
    for (const Field& field : {Field{"lost.cost_usd", {"OURS LOST", Align::right}},
                               Field{"estimated.cost_usd", {"OURS ESTIMATED", Align::right}}, Field{"note", {"NOTE"}}})
        fields.push_back(field);
    return fields;
}

Outcome<Exit> print_comparison(Context& context, const Reply& reply) {
    if (context.json()) {
        print(reply.body + "\n");
        return Exit::ok;
    }
    TRY(const QJsonObject answer, object_of(reply));
    const QJsonObject comparison = answer.value(QLatin1String("comparison")).toObject();
    const QJsonArray rows = comparison.value(QLatin1String("rows")).toArray();
    if (rows.isEmpty())
        print("Neither the export nor the books have a call on these days.\n");
    else
        print(rows_as_table(rows, fields_for(rows)));
    if (const auto unplaced = comparison.value(QLatin1String("unplaced_calls")).toInteger(); unplaced > 0)
        remark(fmt::format("{} lost or estimated calls of these days ({} USD) are of no provider that is known.",
                           unplaced, cell(comparison.value(QLatin1String("unplaced_cost_usd")))));
    const std::string number = cell(answer.value(QLatin1String("number")));
    const std::string count = cell(answer.value(QLatin1String("corrections_count")));
    const std::string applied = cell(answer.value(QLatin1String("applied_at")));
    if (count == "0")
        remark(fmt::format("Reconciliation {}: nothing is to be corrected.", number));
    else if (!applied.empty())
        remark(fmt::format("Reconciliation {}: {} corrections were entered at {}.", number, count, applied));
    else
        remark(
            fmt::format("Reconciliation {0}: {1} corrections of together {2} USD are proposed. Enter them: bursarctl "
                        "reconcile apply {0} --reason TEXT",
                        number, count, cell(answer.value(QLatin1String("corrections_cost_usd")))));
    return Exit::ok;
}

}  // namespace

Outcome<Exit> reconcile(Context& context) {
    const auto provider = context.arguments.one("--provider");
    if (!provider) return wrong_usage("Say whose export it is: --provider NAME. See: bursarctl providers");
    TRY(const std::string text, read_text(std::filesystem::path(context.word(0)), export_bytes_max));
    JsonWriter json;
    json.open().field("provider", *provider);
    if (const auto format = context.arguments.one("--format")) json.field("format", *format);
    json.field("text", text).close();
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/reconciliations", .body = std::move(json).text()}));
    return print_comparison(context, reply);
}

Outcome<Exit> reconcile_list(Context& context) {
    return print_list(context, "/api/v1/reconciliations", "reconciliations",
                      {{"number", {"NUMBER", Align::right}},
                       {"at", {"AT"}},
                       {"author", {"AUTHOR"}},
                       {"provider", {"PROVIDER"}},
                       {"format", {"FORMAT"}},
                       {"from", {"FROM"}},
                       {"until", {"UNTIL"}},
                       {"corrections_count", {"CORRECTIONS", Align::right}},
                       {"corrections_cost_usd", {"USD", Align::right}},
                       {"applied_at", {"APPLIED"}},
                       {"reason", {"REASON"}}},
                      "Nothing was reconciled yet. Begin with: bursarctl reconcile FILE --provider NAME");
}

Outcome<Exit> reconcile_show(Context& context) {
    TRY(const Reply reply, context.api.get("/api/v1/reconciliations/" + url_part(context.word(0))));
    return print_comparison(context, reply);
}

Outcome<Exit> reconcile_apply(Context& context) {
    const auto reason = context.arguments.one("--reason");
    if (!reason) return wrong_usage("Say why, for the books and the audit: --reason TEXT.");
    JsonWriter json;
    json.open().field("reason", *reason).close();
    TRY(const Reply reply, context.api.call({.method = "POST",
                                             .path = "/api/v1/reconciliations/" + url_part(context.word(0)) + "/apply",
                                             .body = std::move(json).text()}));
    return print_object(context, reply);
}

}  // namespace bursar::ctl
