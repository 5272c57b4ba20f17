#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/key_words.h"
#include "service/ctl/terminal.h"

#include <QJsonArray>
#include <QJsonObject>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bursar::ctl {
namespace {

constexpr std::int64_t grace_days_max = 90, end_days_max = 366;

/// The id of the key of that id or, if there is none, of that name. A name that several keys have is no answer: revoked
/// ones do not count.
Outcome<std::string> key_called(Context& context, const std::string& word) {
    TRY(const Reply reply, context.api.get("/api/v1/keys"));
    TRY(const QJsonObject all, object_of(reply));
    std::vector<std::string> found;
    for (const QJsonValue& item : all.value(QLatin1String("keys")).toArray()) {
        const QJsonObject key = item.toObject();
        const std::string id = key.value(QLatin1String("id")).toString().toStdString();
        if (id == word) return id;
        if (key.value(QLatin1String("name")).toString().toStdString() == word &&
            key.value(QLatin1String("revoked_at")).isNull())
            found.push_back(id);
    }
    if (found.empty()) return failed(fmt::format("There is no key '{}'. See: bursarctl key list", printable(word)));
    if (found.size() > 1)
        return failed(fmt::format("{} keys are called '{}': give the id, one of {}.", found.size(), printable(word),
                                  fmt::join(found, ", ")));
    return found.front();
}

void list_field(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    json.key(name).open_list();
    for (const std::string& value : values) json.value(value);
    json.close_list();
}

}  // namespace

Outcome<Exit> key_issue(Context& context) {
    const auto& arguments = context.arguments;
    const auto team = arguments.one("--team");
    if (!team) return wrong_usage("'key issue' needs --team TEAM: who pays for the key's calls. See: bursarctl teams");
    JsonWriter json;
    json.open().field("name", context.word(0)).field("team", *team);
    if (const auto person = arguments.one("--person")) json.field("person", *person);
    list_field(json, "models", arguments.all("--model"));
    list_field(json, "networks", arguments.all("--network"));
    if (const auto given = arguments.all("--budget"); !given.empty()) {
        json.key("budgets").open_list();
        for (const std::string& text : given) {
            TRY(const BudgetWords budget, read_budget(text));
            write_budget(json, budget);
        }
        json.close_list();
    }
    if (const auto expires = arguments.one("--expires")) json.field("expires_at", *expires);
    json.close();
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/keys", .body = std::move(json).text()}));
    return show_once(context, reply, "key", "Key");
}

Outcome<Exit> key_list(Context& context) {
    return print_list(context, "/api/v1/keys", "keys",
                      {{"id", {"ID"}},
                       {"name", {"NAME"}},
                       {"team", {"TEAM"}},
                       {"person", {"PERSON"}},
                       {"models", {"MODELS"}},
                       {"networks", {"NETWORKS"}},
                       {"budgets", {"BUDGETS"}},
                       {"expires_at", {"EXPIRES"}},
                       {"revoked_at", {"REVOKED"}},
                       {"paused", {"PAUSED"}},
                       {"last_used_at", {"LAST USED"}}},
                      "There are no keys. Issue one: bursarctl key issue NAME --team TEAM");
}

Outcome<Exit> key_expire(Context& context) {
    const auto at = context.arguments.one("--at");
    const auto in = context.arguments.one("--in");
    if (at.has_value() == in.has_value())
        return wrong_usage("'key expire' needs --at TIME or --in TIME. To end a key now: bursarctl key revoke ID");
    JsonWriter json;
    json.open();
    if (at) json.field("expires_at", *at);
    if (in) {
        TRY(const std::int64_t seconds, read_duration(*in, end_days_max));
        json.field("in_seconds", seconds);
    }
    json.close();
    TRY(const std::string id, key_called(context, context.word(0)));
    TRY(const Reply reply,
        context.api.call(
            {.method = "POST", .path = "/api/v1/keys/" + url_part(id) + "/expire", .body = std::move(json).text()}));
    if (context.json()) return print_object(context, reply);
    TRY(const QJsonObject key, object_of(reply));
    remark(fmt::format("Key {} ends at {}.", printable(id), printable(cell(key.value(QLatin1String("expires_at"))))));
    return Exit::ok;
}

Outcome<Exit> key_rotate(Context& context) {
    TRY(const std::int64_t grace, read_duration(context.arguments.one("--grace").value_or("0"), grace_days_max));
    JsonWriter json;
    json.open().field("grace_seconds", grace).close();
    TRY(const Reply reply, context.api.call({.method = "POST",
                                             .path = "/api/v1/keys/" + url_part(context.word(0)) + "/rotate",
                                             .body = std::move(json).text()}));
    return show_once(context, reply, "key", "The next text of key");
}

Outcome<Exit> key_revoke(Context& context) {
    return end_one(context, "/api/v1/keys/", "id",
                   fmt::format("Key {} is revoked: its next call is refused.", printable(context.word(0))));
}

Outcome<Exit> key_pause(Context& context) {
    const auto reason = context.arguments.one("--reason");
    if (!reason) return wrong_usage("'key pause' needs --reason TEXT: the caller reads it.");
    JsonWriter json;
    json.open().field("reason", *reason);
    if (const auto until = context.arguments.one("--until")) json.field("until", *until);
    json.close();
    TRY(const std::string id, key_called(context, context.word(0)));
    TRY(const Reply reply,
        context.api.call(
            {.method = "POST", .path = "/api/v1/keys/" + url_part(id) + "/pause", .body = std::move(json).text()}));
    if (context.json()) return print_object(context, reply);
    remark(fmt::format("Key {} is paused: its next call is refused. bursarctl key resume {} ends that.", printable(id),
                       printable(id)));
    return Exit::ok;
}

Outcome<Exit> key_resume(Context& context) {
    TRY(const std::string id, key_called(context, context.word(0)));
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/keys/" + url_part(id) + "/resume", .body = "{}"}));
    if (context.json()) return print_object(context, reply);
    remark(fmt::format("Key {} goes on.", printable(id)));
    return Exit::ok;
}

Outcome<Exit> operator_list(Context& context) {
    return print_list(context, "/api/v1/operators", "operators",
                      {{"id", {"ID"}},
                       {"name", {"NAME"}},
                       {"role", {"ROLE"}},
                       {"team", {"TEAM"}},
                       {"source", {"SOURCE"}},
                       {"created_at", {"CREATED"}},
                       {"expires_at", {"EXPIRES"}}},
                      "There are no operator tokens.");
}

Outcome<Exit> operator_issue(Context& context) {
    JsonWriter json;
    json.open().field("name", context.word(0)).field("role", context.arguments.one("--role").value_or("operator"));
    if (const auto team = context.arguments.one("--team")) json.field("team", *team);
    if (const auto source = context.arguments.one("--source")) json.field("source", *source);
    if (const auto expires = context.arguments.one("--expires")) json.field("expires_at", *expires);
    json.close();
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/operators", .body = std::move(json).text()}));
    return show_once(context, reply, "token", "Token of");
}

Outcome<Exit> operator_revoke(Context& context) {
    return end_one(context, "/api/v1/operators/", "id",
                   fmt::format("Operator token {} is revoked.", printable(context.word(0))));
}

}  // namespace bursar::ctl
