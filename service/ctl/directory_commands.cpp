// Where people come from: how each source is, a test of every step, and syncs.
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <algorithm>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

const std::vector<Field>& run_fields() {
    static const std::vector<Field> fields = {{"number", {"NUMBER", Align::right}},
                                              {"at", {"AT"}},
                                              {"state", {"STATE"}},
                                              {"arrivals", {"NEW", Align::right}},
                                              {"changes", {"CHANGED", Align::right}},
                                              {"returns", {"BACK", Align::right}},
                                              {"missing", {"MISSING", Align::right}},
                                              {"leavers", {"LEFT", Align::right}},
                                              {"why", {"WHY"}}};
    return fields;
}

std::string path_of(Context& context, std::string_view what) {
    return fmt::format("/api/v1/directories/{}/{}", url_part(context.word(0)), what);
}

/// Whom a run concerns: lists of objects, whose fields stand in one line each.
void print_details(const QJsonObject& run) {
    const QJsonObject details = run.value(QLatin1String("details")).toObject();
    for (auto list = details.begin(); list != details.end(); ++list) {
        const QJsonArray rows = list.value().toArray();
        if (rows.isEmpty()) continue;
        print(fmt::format("\n{}:\n", printable(list.key().toStdString())));
        for (const QJsonValue& row : rows) print(fmt::format("  {}\n", printable(cell(row))));
    }
}

}  // namespace

Outcome<Exit> directory_list(Context& context) {
    return print_list(context, "/api/v1/directories", "directories",
                      {{"name", {"NAME"}},
                       {"kind", {"KIND"}},
                       {"title", {"TITLE"}},
                       {"good", {"GOOD"}},
                       {"text", {"SAYS"}},
                       {"people", {"PEOPLE", Align::right}},
                       {"last_sync.at", {"LAST SYNC"}},
                       {"last_sync.state", {"STATE"}}},
                      "The policy has no directory and no provider of identities (identity in the policy).");
}

Outcome<Exit> directory_test(Context& context) {
    JsonWriter json;
    json.open();
    if (const auto user = context.arguments.one("--user")) {
        json.field("user", *user);
        if (const auto file = context.arguments.one("--password-file")) {
            TRY(const Secret password, read_secret(*file));
            json.field("password", password.reveal());
        }
    }
    json.close();
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = path_of(context, "test"), .body = std::move(json).text()}));
    TRY(const QJsonObject answer, object_of(reply));
    const QJsonArray steps = answer.value(QLatin1String("steps")).toArray();
    if (context.json())
        print(reply.body + "\n");
    else
        print(rows_as_table(steps, {{"state", {"STATE"}}, {"name", {"STEP"}}, {"text", {"SAYS"}}}));
    const bool bad = std::ranges::any_of(steps, [](const QJsonValue& step) {
        return step.toObject().value(QLatin1String("state")).toString() == QLatin1String("bad");
    });
    return bad ? Exit::failed : Exit::ok;
}

Outcome<Exit> directory_sync(Context& context) {
    const bool dry = context.arguments.has("--dry-run"), confirmed = context.arguments.has("--confirmed");
    if (dry && confirmed)
        return wrong_usage("--dry-run changes nothing, so there is nothing to confirm. Leave one out.");
    JsonWriter json;
    json.open().field("dry_run", dry).field("confirmed", confirmed).close();
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = path_of(context, "sync"), .body = std::move(json).text()}));
    TRY(const QJsonObject run, object_of(reply));
    const QString state = run.value(QLatin1String("state")).toString();
    if (context.json()) {
        print(reply.body + "\n");
    } else {
        print(rows_as_table(QJsonArray{run}, run_fields()));
        print_details(run);
        if (state == QLatin1String("stopped"))
            remark(fmt::format("Nothing was changed. If that is right: bursarctl directory sync {} --confirmed",
                               printable(context.word(0))));
    }
    return state == QLatin1String("stopped") || state == QLatin1String("failed") ? Exit::failed : Exit::ok;
}

Outcome<Exit> directory_syncs(Context& context) {
    return print_list(context, path_of(context, "syncs") + query_from(context.arguments, {{"--limit", "limit"}}),
                      "syncs", run_fields(), "There was no sync yet.");
}

}  // namespace bursar::ctl
