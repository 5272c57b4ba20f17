// People, for those who look after them.
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/terminal.h"

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

Outcome<Exit> change(Context& context, std::string_view what, std::string body, const std::string& done) {
    TRY(const Reply reply,
        context.api.call({.method = "POST",
                          .path = fmt::format("/api/v1/people/{}/{}", url_part(context.word(0)), what),
                          .body = std::move(body)}));
    if (context.json()) return print_object(context, reply);
    remark(done);
    return Exit::ok;
}

}  // namespace

Outcome<Exit> people_list(Context& context) {
    return print_list(context,
                      "/api/v1/people" + query_from(context.arguments,
                                                    {{"--text", "text"}, {"--state", "state"}, {"--limit", "limit"}}),
                      "people",
                      {{"person", {"PERSON"}},
                       {"user_name", {"USER NAME"}},
                       {"display_name", {"NAME"}},
                       {"state", {"STATE"}},
                       {"role", {"ROLE"}},
                       {"teams", {"TEAMS"}},
                       {"source", {"SOURCE"}},
                       {"keys", {"KEYS", Align::right}},
                       {"sessions", {"SESSIONS", Align::right}},
                       {"signed_in_at", {"SIGNED IN"}}},
                      "There is nobody. People come by signing in, by a directory's sync, or by SCIM.");
}

Outcome<Exit> people_show(Context& context) {
    TRY(const Reply reply, context.api.get("/api/v1/people/" + url_part(context.word(0))));
    if (context.json()) return print_object(context, reply);
    TRY(QJsonObject person, object_of(reply));
    const QJsonValue groups = person.take(QLatin1String("groups"));
    print_fields(person);
    if (groups.toArray().isEmpty()) return Exit::ok;
    print("\ngroups:\n" + rows_as_table(groups, {{"name", {"NAME"}}, {"id", {"ID"}}}));
    return Exit::ok;
}

Outcome<Exit> people_suspend(Context& context) {
    const auto reason = context.arguments.one("--reason");
    if (!reason) return wrong_usage("'people suspend' needs --reason TEXT: it is in the audit and beside the name.");
    JsonWriter json;
    json.open().field("reason", *reason).close();
    return change(context, "suspend", std::move(json).text(),
                  fmt::format("{0} is suspended: sessions have ended and keys are refused, until: bursarctl people "
                              "restore {0}",
                              printable(context.word(0))));
}

Outcome<Exit> people_restore(Context& context) {
    return change(context, "restore", "{}", fmt::format("{} may go on.", printable(context.word(0))));
}

Outcome<Exit> people_put_out(Context& context) {
    TRY_VOID(context.api.call(
        {.method = "DELETE", .path = fmt::format("/api/v1/people/{}/sessions", url_part(context.word(0)))}));
    if (context.json()) {
        JsonWriter json;
        json.open().field("person", context.word(0)).field("ended", true).close();
        print(std::move(json).text() + "\n");
    }
    remark(fmt::format("All sessions of {} have ended.", printable(context.word(0))));
    return Exit::ok;
}

}  // namespace bursar::ctl
