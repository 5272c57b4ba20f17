// What waits for a second person.
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

std::string path_of(const Context& context) { return "/api/v1/approvals/" + url_part(context.word(0)); }

std::string decision_json(const Context& context, std::string_view decision) {
    JsonWriter json;
    json.open().field("decision", decision);
    if (const auto why = context.arguments.one("--reason")) json.field("reason", *why);
    json.close();
    return std::move(json).text();
}

void print_lines(const QJsonObject& approval, const char* name) {
    const QJsonArray lines = approval.value(QLatin1String(name)).toArray();
    if (lines.isEmpty()) return;
    print(fmt::format("{}:\n", name));
    for (const QJsonValue& line : lines) print(fmt::format("  {}\n", printable(cell(line))));
}

/// What the request itself would have answered: a token, shown this once, or what it changed.
void print_answer(const QJsonObject& answer) {
    const std::string token = cell(answer.value(QLatin1String("token")));
    if (token.empty()) {
        print_fields(answer);
        return;
    }
    remark(fmt::format("Token of {} ({}), shown this once:", printable(cell(answer.value(QLatin1String("name")))),
                       printable(cell(answer.value(QLatin1String("id"))))));
    print(token + "\n");
}

}  // namespace

Outcome<Exit> approvals_list(Context& context) {
    return print_list(context, "/api/v1/approvals" + query_from(context.arguments, {{"--state", "state"}}), "approvals",
                      {{"id", {"ID"}},
                       {"state", {"STATE"}},
                       {"what", {"WHAT"}},
                       {"asked_by", {"ASKED BY"}},
                       {"expires_at", {"UNTIL"}},
                       {"decided_by", {"DECIDED BY"}},
                       {"outcome", {"OUTCOME"}}},
                      "Nothing waits for a second person.");
}

Outcome<Exit> approvals_show(Context& context) {
    TRY(const Reply reply, context.api.get(path_of(context)));
    if (context.json()) {
        print(reply.body + "\n");
        return Exit::ok;
    }
    TRY(QJsonObject approval, object_of(reply));
    const QJsonObject whole = approval;
    approval.remove(QLatin1String("changes"));
    approval.remove(QLatin1String("warnings"));
    print_fields(approval);
    print_lines(whole, "changes");
    print_lines(whole, "warnings");
    return Exit::ok;
}

Outcome<Exit> approvals_approve(Context& context) {
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = path_of(context), .body = decision_json(context, "approve")}));
    if (context.json()) {
        print(reply.body + "\n");
        return Exit::ok;
    }
    TRY(const QJsonObject done, object_of(reply));
    const QJsonObject approval = done.value(QLatin1String("approval")).toObject();
    remark(fmt::format("Approved and done: {}", printable(cell(approval.value(QLatin1String("what"))))));
    print_answer(done.value(QLatin1String("answer")).toObject());
    return Exit::ok;
}

Outcome<Exit> approvals_decline(Context& context) {
    if (!context.arguments.has("--reason")) return wrong_usage("Say why with --reason TEXT; whoever asked reads it.");
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = path_of(context), .body = decision_json(context, "decline")}));
    if (context.json()) print(reply.body + "\n");
    remark(fmt::format("{} is declined; nothing was done.", printable(context.word(0))));
    return Exit::ok;
}

Outcome<Exit> approvals_withdraw(Context& context) {
    TRY(const Reply reply, context.api.call({.method = "DELETE", .path = path_of(context)}));
    if (context.json()) print(reply.body + "\n");
    remark(fmt::format("{} is taken back; nothing was done.", printable(context.word(0))));
    return Exit::ok;
}

}  // namespace bursar::ctl
