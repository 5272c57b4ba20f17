// Signing in from the command line: by a browser on this machine (browser_sign_in.cpp), or by RFC 8628 where the
// browser is on another one.
#include "service/ctl/command.h"
#include "service/ctl/sign_in_ways.h"
#include "service/ctl/terminal.h"

#include <algorithm>

#include <QDateTime>
#include <QEventLoop>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";
constexpr std::int64_t interval_seconds_default = 5, interval_seconds_max = 60;
/// What "slow_down" adds (RFC 8628 §3.5).
constexpr std::int64_t slower_by_seconds = 5;

std::int64_t now_seconds() { return QDateTime::currentSecsSinceEpoch(); }

void wait_for(std::int64_t seconds) {
    QEventLoop loop;
    QTimer::singleShot(std::chrono::seconds(seconds), &loop, &QEventLoop::quit);
    loop.exec();
}

std::string text_of(const QJsonObject& object, const char* name) {
    return object.value(QLatin1String(name)).toString().toStdString();
}

/// The word of an OAuth error ("authorization_pending"); empty if it is none.
std::string error_of(const Reply& reply) {
    return text_of(QJsonDocument::fromJson(QByteArray::fromStdString(reply.body)).object(), "error");
}

struct Asked {
    Secret device_code;
    std::string user_code, page;
    std::int64_t interval = interval_seconds_default;
    std::int64_t expires_at = 0;
};

Outcome<Asked> ask(Api& api) {
    TRY(const Reply reply, api.call({.method = "POST",
                                     .path = "/oauth/device_authorization",
                                     .body = form({{"client_id", "bursarctl"}}),
                                     .is_form = true}));
    TRY(const QJsonObject answer, object_of(reply));
    Asked asked{.device_code = Secret(text_of(answer, "device_code")),
                .user_code = printable(text_of(answer, "user_code")),
                .page = printable(text_of(answer, "verification_uri_complete")),
                .interval = answer.value(QLatin1String("interval")).toInteger(interval_seconds_default),
                .expires_at = now_seconds() + answer.value(QLatin1String("expires_in")).toInteger()};
    asked.interval = std::clamp<std::int64_t>(asked.interval, 1, interval_seconds_max);
    if (asked.device_code.empty() || asked.user_code.empty() || asked.page.empty())
        return failed("The answer is not what bursard answers; is this the address of bursard's API?");
    if (const std::string notice = text_of(answer, "login_notice"); !notice.empty()) remark(printable(notice));
    return asked;
}

/// Until somebody has decided. A service that does not answer for a moment is asked again.
Outcome<SignIn> wait_for_decision(Api& api, Asked& asked) {
    for (;;) {
        wait_for(asked.interval);
        if (now_seconds() >= asked.expires_at)
            return failed("Nobody approved it in time. Begin again: bursarctl login");
        const auto reply =
            api.exchange({.method = "POST",
                          .path = "/oauth/token",
                          .body = form({{"grant_type", device_grant}, {"device_code", asked.device_code.reveal()}}),
                          .is_form = true});
        if (!reply || reply->status >= 500) continue;
        const Settings& settings = api.settings();
        if (reply->good()) return sign_in_of(reply->body, settings.origin, settings.ca_file, now_seconds());
        const std::string error = error_of(*reply);
        if (error == "slow_down") asked.interval = std::min(asked.interval + slower_by_seconds, interval_seconds_max);
        if (error == "slow_down" || error == "authorization_pending") continue;
        if (error == "access_denied") return failed("It was refused in the browser; nobody is signed in.");
        return failed(problem_text(*reply));
    }
}

/// The service ends a session by its refresh token. What it answers changes nothing here.
Outcome<Reply> end_session(Api& api, const SignIn& sign_in) {
    return api.exchange({.method = "POST",
                         .path = "/oauth/revoke",
                         .body = form({{"token", sign_in.refresh.reveal()}}),
                         .is_form = true});
}

Outcome<SignIn> sign_in_by_code(Api& api) {
    TRY(Asked asked, ask(api));
    remark(fmt::format("Open {} in a browser, sign in, and approve the code {} there. Waiting.", asked.page,
                       asked.user_code));
    return wait_for_decision(api, asked);
}

Outcome<SignIn> sign_in_one_way(Context& context) {
    const bool wants_browser = context.arguments.has("--browser");
    if (context.arguments.has("--device")) return sign_in_by_code(context.api);
    const Opening opening = has_browser(context.environment) ? Opening::by_itself : Opening::by_hand;
    if (opening == Opening::by_hand && !wants_browser) return sign_in_by_code(context.api);
    TRY(const auto page, authorization_page(context.api));
    if (page) return sign_in_by_browser(context.api, *page, opening);
    if (!wants_browser) return sign_in_by_code(context.api);
    return failed("This service has no page for a sign-in by a browser on this machine. Leave --browser out.");
}

Outcome<void> sign_in_anew(Context& context) {
    Api& api = context.api;
    const std::filesystem::path file = api.settings().sign_in_file();
    // Asked again, because the one in the settings is only there where no token was given.
    const auto former = read_sign_in(file);
    api.forget();
    TRY(SignIn sign_in, sign_in_one_way(context));
    TRY_VOID(write_sign_in(file, sign_in));
    if (former && *former && (*former)->origin == sign_in.origin) static_cast<void>(end_session(api, **former));
    api.become(std::move(sign_in));
    return {};
}

Outcome<Exit> say_who(Context& context) {
    TRY(const Reply reply, context.api.get("/api/v1/me"));
    if (context.json()) return print_object(context, reply);
    TRY(const QJsonObject me, object_of(reply));
    const std::string teams = cell(me.value(QLatin1String("teams")));
    remark(fmt::format("Signed in as {} ({}){}{}, until {} at the latest.", printable(text_of(me, "person")),
                       printable(text_of(me, "role")), teams.empty() ? "" : ", ", printable(teams),
                       printable(cell(me.value(QLatin1String("session")).toObject().value(QLatin1String("ends_at"))))));
    return Exit::ok;
}

}  // namespace

Outcome<void> use_sign_in(Api& api) {
    const Settings& settings = api.settings();
    const std::int64_t now = now_seconds();
    const SignIn& kept = *settings.sign_in;
    if (!is_worn(kept, now)) {
        api.become_kept();
        return {};
    }
    TRY(const Reply reply,
        api.exchange({.method = "POST",
                      .path = "/oauth/token",
                      .body = form({{"grant_type", "refresh_token"}, {"refresh_token", kept.refresh.reveal()}}),
                      .is_form = true}));
    if (reply.good()) {
        TRY(SignIn next, sign_in_of(reply.body, settings.origin, settings.ca_file, now));
        TRY_VOID(write_sign_in(settings.sign_in_file(), next));
        api.become(std::move(next));
        return {};
    }
    const bool is_over = error_of(reply) == "invalid_grant";
    if (is_over) TRY_VOID(forget_sign_in(settings.sign_in_file()));
    return failed(problem_text(reply) + (is_over ? " Sign in again: bursarctl login" : " The sign-in is kept."));
}

Outcome<Exit> login(Context& context) {
    const auto agent = context.arguments.one("--configure");
    if (context.arguments.has("--browser") && context.arguments.has("--device"))
        return wrong_usage("--browser and --device are two ways to sign in. Give one of them, or neither.");
    if (!context.api.settings().token.empty())
        remark("A token is given (--token-file, BURSAR_TOKEN, …); it goes before the sign-in as long as it is.");
    bool is_in = false;
    if (agent && context.api.settings().sign_in) is_in = use_sign_in(context.api) && context.api.get("/api/v1/me");
    if (!is_in) TRY_VOID(sign_in_anew(context));
    TRY(const Exit exit, say_who(context));
    if (agent) TRY_VOID(configure_agent(context, *agent));
    return exit;
}

Outcome<Exit> logout(Context& context) {
    const std::filesystem::path file = context.api.settings().sign_in_file();
    TRY(const auto kept, read_sign_in(file));
    if (!kept) {
        remark("Nobody is signed in here.");
        return Exit::ok;
    }
    if (kept->origin != context.api.settings().origin)
        return failed(fmt::format("The sign-in here is for {}. Leave --url and BURSAR_URL out, or name that address.",
                                  kept->origin));
    context.api.forget();
    const auto reply = end_session(context.api, *kept);
    TRY_VOID(forget_sign_in(file));
    if (!reply) return failed("The tokens here are removed, but the session goes on: " + reply.error().text);
    if (!reply->good()) return failed("The tokens here are removed, but the session goes on: " + problem_text(*reply));
    remark("Signed out.");
    return Exit::ok;
}

Outcome<Exit> whoami(Context& context) {
    const bool is_person = context.api.settings().is_person;
    TRY(const Reply reply, context.api.get(is_person ? "/api/v1/me" : "/api/v1/whoami"));
    if (!is_person || context.json()) return print_object(context, reply);
    TRY(const QJsonObject me, object_of(reply));
    QJsonObject shown;
    for (const char* name : {"person", "user_name", "display_name", "email", "role", "teams", "leads", "way"})
        shown.insert(QLatin1String(name), me.value(QLatin1String(name)));
    shown.insert(QStringLiteral("session_ends_at"),
                 me.value(QLatin1String("session")).toObject().value(QLatin1String("ends_at")));
    print_fields(shown);
    return Exit::ok;
}

}  // namespace bursar::ctl
