// What somebody who has signed in does about themselves.
#include "service/base/json.h"
#include "service/ctl/command.h"
#include "service/ctl/key_words.h"
#include "service/ctl/terminal.h"

#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::int64_t grace_days_max = 90;

}  // namespace

Outcome<Exit> my_keys(Context& context) {
    return print_list(context, "/api/v1/me/keys", "keys",
                      {{"id", {"ID"}},
                       {"name", {"NAME"}},
                       {"team", {"TEAM"}},
                       {"models", {"MODELS"}},
                       {"created_at", {"CREATED"}},
                       {"expires_at", {"EXPIRES"}},
                       {"revoked_at", {"REVOKED"}},
                       {"last_used_at", {"LAST USED"}}},
                      "You have no keys. Make one: bursarctl my key create NAME");
}

Outcome<Exit> my_key_create(Context& context) {
    const auto& arguments = context.arguments;
    JsonWriter json;
    json.open().field("name", context.word(0));
    if (const auto team = arguments.one("--team")) json.field("team", *team);
    if (const auto models = arguments.all("--model"); !models.empty()) {
        json.key("models").open_list();
        for (const std::string& model : models) json.value(model);
        json.close_list();
    }
    if (const auto expires = arguments.one("--expires")) json.field("expires_at", *expires);
    json.close();
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = "/api/v1/me/keys", .body = std::move(json).text()}));
    return show_once(context, reply, "key", "Key");
}

Outcome<Exit> my_key_rotate(Context& context) {
    TRY(const std::int64_t grace, read_duration(context.arguments.one("--grace").value_or("0"), grace_days_max));
    JsonWriter json;
    json.open().field("grace_seconds", grace).close();
    TRY(const Reply reply, context.api.call({.method = "POST",
                                             .path = "/api/v1/me/keys/" + url_part(context.word(0)) + "/rotate",
                                             .body = std::move(json).text()}));
    return show_once(context, reply, "key", "The next text of key");
}

Outcome<Exit> my_key_revoke(Context& context) {
    return end_one(context, "/api/v1/me/keys/", "id",
                   fmt::format("Key {} is revoked: its next call is refused.", printable(context.word(0))));
}

Outcome<Exit> my_models(Context& context) {
    return print_list(context, "/api/v1/me/models", "models", {{"name", {"MODEL"}}, {"tier", {"TIER"}}},
                      "There are no models for you: none of your groups is of a team.");
}

Outcome<Exit> my_sessions(Context& context) {
    return print_list(context, "/api/v1/me/sessions", "sessions",
                      {{"id", {"ID"}},
                       {"kind", {"KIND"}},
                       {"client", {"CLIENT"}},
                       {"address", {"ADDRESS"}},
                       {"way", {"WAY"}},
                       {"began_at", {"BEGAN"}},
                       {"ends_at", {"ENDS"}},
                       {"current", {"THIS ONE"}}},
                      "You have no sessions.");
}

Outcome<Exit> my_session_end(Context& context) {
    return end_one(context, "/api/v1/me/sessions/", "id",
                   fmt::format("Session {} has ended.", printable(context.word(0))));
}

}  // namespace bursar::ctl
