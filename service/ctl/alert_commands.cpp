// What is told to whom, and what is not.
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/key_words.h"
#include "service/ctl/terminal.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::int64_t silence_days_max = 90;

std::string text_of(const QJsonObject& object, const char* name) { return cell(object.value(QLatin1String(name))); }

}  // namespace

Outcome<Exit> alerts_incidents(Context& context) {
    const std::string query = query_from(context.arguments, {{"--state", "state"}, {"--limit", "limit"}});
    return print_list(context, "/api/v1/alerts/incidents" + query, "incidents",
                      {{"state", {"STATE"}},
                       {"severity", {"SEVERITY"}},
                       {"kind", {"KIND"}},
                       {"begun", {"BEGUN"}},
                       {"ended", {"ENDED"}},
                       {"name", {"NAME"}},
                       {"text", {"WHAT"}}},
                      "There are no incidents.");
}

Outcome<Exit> alerts_deliveries(Context& context) {
    const std::string query =
        query_from(context.arguments, {{"--state", "state"}, {"--before", "before"}, {"--limit", "limit"}});
    return print_list(context, "/api/v1/alerts/deliveries" + query, "deliveries",
                      {{"number", {"NUMBER", Align::right}},
                       {"id", {"ID"}},
                       {"target", {"TARGET"}},
                       {"state", {"STATE"}},
                       {"made", {"MADE"}},
                       {"tries", {"TRIES", Align::right}},
                       {"title", {"TITLE"}},
                       {"reason", {"WHY"}}},
                      "There are no such messages.");
}

Outcome<Exit> alerts_resend(Context& context) {
    TRY(const Reply reply,
        context.api.call(
            {.method = "POST", .path = "/api/v1/alerts/deliveries/" + url_part(context.word(0)) + "/resend"}));
    if (context.json()) return print_object(context, reply);
    remark("The message waits to be sent again. See: bursarctl alerts deliveries");
    return Exit::ok;
}

Outcome<Exit> alerts_silences(Context& context) {
    return print_list(context, "/api/v1/alerts/silences", "silences",
                      {{"number", {"NUMBER", Align::right}},
                       {"events", {"EVENTS"}},
                       {"team", {"TEAM"}},
                       {"incident", {"INCIDENT"}},
                       {"until", {"UNTIL"}},
                       {"author", {"BY"}},
                       {"reason", {"WHY"}}},
                      "There are no silences.");
}

Outcome<Exit> alerts_silence(Context& context) {
    const Arguments& arguments = context.arguments;
    const auto reason = arguments.one("--reason");
    const auto until = arguments.one("--until"), in = arguments.one("--in");
    if (!reason) return wrong_usage("'alerts silence' needs --reason TEXT: why, for those who wonder.");
    if (until.has_value() == in.has_value())
        return wrong_usage("'alerts silence' needs --in TIME or --until TIME: a silence has to end.");
    JsonWriter json;
    json.open();
    for (const std::string_view name : {"events", "team", "incident"})
        if (const auto value = arguments.one(fmt::format("--{}", name))) json.field(name, *value);
    if (until) json.field("until", *until);
    if (in) {
        TRY(const std::int64_t seconds, read_duration(*in, silence_days_max));
        json.field("in_seconds", seconds);
    }
    json.field("reason", *reason).close();
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/alerts/silences", .body = std::move(json).text()}));
    if (context.json()) return print_object(context, reply);
    TRY(const QJsonObject silence, object_of(reply));
    remark(fmt::format("Silence {} lasts until {}. End it sooner: bursarctl alerts unsilence {}",
                       printable(text_of(silence, "number")), printable(text_of(silence, "until")),
                       printable(text_of(silence, "number"))));
    return Exit::ok;
}

Outcome<Exit> alerts_unsilence(Context& context) {
    return end_one(context, "/api/v1/alerts/silences/", "number", "The silence is over.");
}

Outcome<Exit> alerts_targets(Context& context) {
    return print_list(context, "/api/v1/alerts/targets", "targets",
                      {{"name", {"TARGET"}},
                       {"kind", {"KIND"}},
                       {"state", {"STATE"}},
                       {"answered_at", {"LAST ANSWER"}},
                       {"retry_at", {"TRIED AGAIN"}},
                       {"reason", {"WHY"}},
                       {"answer", {"ITS WORDS"}}},
                      "The policy names no targets. See: docs/operate/alerts.md");
}

Outcome<Exit> alerts_test(Context& context) {
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/alerts/targets/" + url_part(context.word(0)) + "/test"}));
    TRY(const QJsonObject result, object_of(reply));
    const bool sent = text_of(result, "outcome") == "sent";
    if (context.json()) {
        print(reply.body + "\n");
        return sent ? Exit::ok : Exit::failed;
    }
    remark(sent ? "The test has arrived." : fmt::format("It has not: {}", printable(text_of(result, "reason"))));
    const std::string answer = text_of(result, "answer");
    if (!answer.empty()) print(fmt::format("the other side says: {}\n", printable(answer)));
    return sent ? Exit::ok : Exit::failed;
}

Outcome<Exit> alerts_preview(Context& context) {
    TRY(const Reply reply, context.api.get("/api/v1/alerts/preview/" + url_part(context.word(0))));
    TRY(const QJsonObject message, object_of(reply));
    if (context.json()) return print_object(context, reply);
    print(QJsonDocument(message).toJson(QJsonDocument::Indented).toStdString());
    return Exit::ok;
}

}  // namespace bursar::ctl
