// Signing in and out. What is said to somebody who could not sign in does not tell whether such a person exists.
#include "service/admin/cookies.h"
#include "service/admin/sign_in.h"
#include "service/admin/visit.h"
#include "service/base/json.h"

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t user_bytes_max = 256;
constexpr std::size_t password_bytes_max = 1'024;
constexpr std::size_t token_bytes_max = 16 * 1'024;
/// How long somebody may be away at their provider.
constexpr std::chrono::seconds away_max = std::chrono::minutes(10);
/// Browsers keep no larger cookie; without the hint the provider asks whom to sign out.
constexpr std::size_t hint_bytes_max = 3'000;

staff::Visitor visitor_of(const Visit& visit) {
    return {.address = visit.request.address, .client = client_of(visit.request)};
}

Answer see_other(std::string where) {
    return {.status = 303, .body = {}, .content_type = "text/plain; charset=utf-8", .headers = {{"Location", where}}};
}

/// Why it did not work, as the page knows to say it.
std::string_view word_for(Fault fault) {
    switch (fault) {
        case Fault::directory_unavailable:
        case Fault::overloaded:
            return "unavailable";
        case Fault::deadline_passed:
        case Fault::conflict:
            return "expired";
        case Fault::not_permitted:
            return "unknown";
        default:
            return "refused";
    }
}

/// A session for somebody who has proved who they are, with its audit row in the same transaction.
Result<Answer> signed_in(Visit& visit, const staff::Proven& proven, Answer answer) {
    visit.actor = "person:" + proven.person->name;
    const auth::NewSession session{.person = proven.person->name,
                                   .kind = auth::SessionKind::console,
                                   .client = client_of(visit.request),
                                   .address = visit.request.address,
                                   .way = proven.way,
                                   .provider_session = proven.provider_session,
                                   .provider_subject = proven.provider_subject};
    const audit::Action row =
        visit.row("person:" + proven.person->name, "ok", fmt::format(R"({{"way":"{}"}})", proven.way));
    TRY(const auth::ConsoleTicket ticket,
        visit.parts->sessions.begin_console(
            session, [&](store::Transaction& transaction) { return visit.parts->audit.append(transaction, row); }));
    const auto life =
        std::chrono::duration_cast<std::chrono::seconds>(ticket.session.ends_at - ticket.session.began_at);
    answer.headers.push_back(set_cookie(session_cookie, ticket.cookie.reveal(), life));
    const bool hinted = !proven.id_token.empty() && proven.id_token.size() <= hint_bytes_max;
    answer.headers.push_back(hinted ? set_cookie(hint_cookie, proven.id_token, life) : drop_cookie(hint_cookie));
    return answer;
}

Result<Answer> stepped_up(Visit& visit, std::string_view session, Answer answer) {
    const audit::Action row = visit.row("session:" + std::string(session));
    TRY(const auth::ConsoleTicket ticket, visit.parts->sessions.step_up(session, [&](store::Transaction& transaction) {
        return visit.parts->audit.append(transaction, row);
    }));
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(ticket.session.ends_at - visit.plane.clock.now());
    answer.headers.push_back(set_cookie(session_cookie, ticket.cookie.reveal(), left));
    return answer;
}

/// Who asks again must be who is signed in.
Result<void> check_same(const auth::Session& session, const staff::Proven& proven) {
    if (session.person == proven.person->name) return {};
    return fail(Fault::not_permitted, "That is somebody else than who is signed in here. Sign out first.");
}

/// The session of this browser, if it still has one.
Result<auth::SignedIn> session_of(const Visit& visit) {
    return visit.parts->sessions.identify(visit.request.cookie_named(session_cookie), visit.plane.clock.now());
}

struct PasswordBody {
    std::string user;
    Secret password;
};

Result<PasswordBody> password_body(Visit& visit, bool with_user) {
    TRY(const Body body, visit.body());
    PasswordBody out;
    if (with_user) {
        TRY_VOID(body.fields().only({"user", "password"}));
        TRY(out.user, body.fields().text("user", user_bytes_max));
    } else {
        TRY_VOID(body.fields().only({"password"}));
    }
    TRY(const std::string_view password, body.fields().text("password", password_bytes_max));
    out.password = Secret::copy_of(password);
    return out;
}

}  // namespace

std::string client_of(const Request& request) {
    constexpr std::size_t client_bytes_max = 120;
    std::string client = request.user_agent.substr(0, client_bytes_max);
    std::erase_if(client,
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e; });
    return client;
}

Result<void> check_page(const Visit& visit) {
    const Request& request = visit.request;
    const bool elsewhere = !request.fetch_site.empty() && request.fetch_site != "same-origin";
    if (!elsewhere && (request.origin.empty() || request.origin == origin_of(visit.plane.options, request))) return {};
    return fail(Fault::not_permitted, "This did not come from Bursar's own page. Open the sign-in page and try again.",
                "origin " + request.origin.substr(0, 200));
}

Reply sign_in_ways(Visit& visit) {
    staff::Staff& staff = visit.parts->staff;
    TRY(const auto broken_glass, staff.break_glass().state());
    JsonWriter json;
    json.open().field("organisation", visit.parts->rules.get()->organisation.name).key("ways").open_list();
    for (const staff::Way& way : staff.ways())
        json.open()
            .field("kind", way.kind == staff::Way::Kind::password ? "password" : "redirect")
            .field("name", way.name)
            .field("title", way.title)
            .close();
    json.close_list().field("break_glass", broken_glass.has_value()).close();
    return json_answer(std::move(json).text());
}

Reply sign_in_password(Visit& visit) {
    TRY_VOID(check_page(visit));
    TRY(const PasswordBody given, password_body(visit, true));
    TRY(const staff::Proven proven,
        visit.parts->staff.by_password(visit.parameters[0], given.user, given.password, visitor_of(visit)));
    TRY(Answer answer, signed_in(visit, proven, json_answer("{}")));
    return answer;
}

Reply sign_in_begin(Visit& visit) {
    TRY(const Query query, visit.query({"to", "step_up"}));
    staff::Purpose purpose{.to = safe_path(query.text("to")), .step_up_session = {}};
    if (query.text("step_up") == "1") {
        TRY(const auth::SignedIn now, session_of(visit));
        purpose.step_up_session = now.session->id;
    }
    const std::string callback =
        fmt::format("{}/auth/oidc/{}/callback", origin_of(visit.plane.options, visit.request), visit.parameters[0]);
    auto redirect = visit.parts->staff.begin(visit.parameters[0], callback, std::move(purpose), visitor_of(visit));
    if (!redirect) {
        if (redirect.error().fault == Fault::not_found) return std::unexpected(std::move(redirect).error());
        return see_other(fmt::format("/sign-in?failed={}", word_for(redirect.error().fault)));
    }
    Answer answer = see_other(redirect->url);
    answer.headers.push_back(set_cookie(pending_cookie, redirect->browser.reveal(), away_max));
    return answer;
}

Reply sign_in_back(Visit& visit) {
    TRY(const Query query, Query::pick(visit.request.query, {"code", "state", "iss", "error"}));
    const staff::Staff::Answered answered{.code = std::string(query.text("code")),
                                          .state = std::string(query.text("state")),
                                          .issuer = std::string(query.text("iss")),
                                          .error = std::string(query.text("error"))};
    const auto failed = [](Fault fault) {
        Answer answer = see_other(fmt::format("/sign-in?failed={}", word_for(fault)));
        answer.headers.push_back(drop_cookie(pending_cookie));
        return answer;
    };
    auto returned = visit.parts->staff.finish(visit.parameters[0], answered, visit.request.cookie_named(pending_cookie),
                                              visitor_of(visit));
    if (!returned) return failed(returned.error().fault);
    Answer answer = see_other(returned->purpose.to);
    answer.headers.push_back(drop_cookie(pending_cookie));
    if (returned->purpose.step_up_session.empty()) {
        TRY(answer, signed_in(visit, returned->proven, std::move(answer)));
        return answer;
    }
    const auto now = session_of(visit);
    if (!now || now->session->id != returned->purpose.step_up_session) return failed(Fault::conflict);
    if (!check_same(*now->session, returned->proven)) return failed(Fault::not_permitted);
    visit.actor = "person:" + now->session->person;
    TRY(answer, stepped_up(visit, now->session->id, std::move(answer)));
    return answer;
}

Reply step_up(Visit& visit) {
    TRY(const PasswordBody given, password_body(visit, false));
    constexpr std::string_view directory_prefix = "ldap:";
    const std::string& way = visit.session->way;
    if (visit.person == nullptr || !way.starts_with(directory_prefix))
        return fail(Fault::invalid_request, "You have signed in elsewhere than by a password: prove it there again.");
    TRY(const staff::Proven proven,
        visit.parts->staff.by_password(std::string_view(way).substr(directory_prefix.size()),
                                       visit.person->facts.user_name, given.password, visitor_of(visit)));
    TRY_VOID(check_same(*visit.session, proven));
    TRY(Answer answer, stepped_up(visit, visit.session->id, json_answer("{}")));
    return answer;
}

Reply sign_out(Visit& visit) {
    const std::string cookie(visit.request.cookie_named(session_cookie));
    const auto now = session_of(visit);
    std::string to;
    if (now) {
        TRY_VOID(check_page(visit));
        visit.actor = now->session->person.empty() ? "break-glass" : "person:" + now->session->person;
        const audit::Action row = visit.row("session:" + now->session->id);
        TRY_VOID(visit.parts->sessions.end(now->session->id, [&](store::Transaction& transaction) {
            return visit.parts->audit.append(transaction, row);
        }));
        to = visit.parts->staff.logout_url(now->session->way, visit.request.cookie_named(hint_cookie),
                                           origin_of(visit.plane.options, visit.request) + "/sign-in");
    }
    JsonWriter json;
    json.open().field("to", to).close();
    Answer answer = json_answer(std::move(json).text());
    answer.headers.push_back(drop_cookie(session_cookie));
    answer.headers.push_back(drop_cookie(hint_cookie));
    return answer;
}

Reply logout_notice(Visit& visit) {
    if (visit.request.body.size() > token_bytes_max)
        return fail(Fault::too_large, "A logout token has at most 16 KiB.");
    TRY(const Query form, Query::pick(visit.request.body, {"logout_token"}));
    TRY_VOID(visit.parts->staff.logout_notice(visit.parameters[0], form.text("logout_token"), visitor_of(visit)));
    return Answer{.status = 200, .body = {}, .content_type = "text/plain; charset=utf-8"};
}

Reply sign_in_break_glass(Visit& visit) {
    TRY_VOID(check_page(visit));
    TRY(const Body body, visit.body());
    TRY_VOID(body.fields().only({"passphrase"}));
    TRY(const std::string_view passphrase, body.fields().text("passphrase", password_bytes_max));
    TRY(const auth::NewSession session,
        visit.parts->staff.by_break_glass(Secret::copy_of(passphrase), visitor_of(visit)));
    visit.actor = "break-glass";
    const audit::Action row = visit.row("break-glass");
    TRY(const auth::ConsoleTicket ticket,
        visit.parts->sessions.begin_console(
            session, [&](store::Transaction& transaction) { return visit.parts->audit.append(transaction, row); }));
    Answer answer = json_answer("{}");
    const auto life =
        std::chrono::duration_cast<std::chrono::seconds>(ticket.session.ends_at - ticket.session.began_at);
    answer.headers.push_back(set_cookie(session_cookie, ticket.cookie.reveal(), life));
    return answer;
}

}  // namespace bursar::admin
