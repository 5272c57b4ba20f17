// Signing in from a program: RFC 8252 for people with a browser beside it, RFC 8628 for those without, RFC 6749 for its
// tokens, RFC 7009 for their end. Coding agents and bursarctl speak it; errors have OAuth's shape, whatever the rest of
// the control plane says.
#include "service/admin/cookies.h"
#include "service/admin/sign_in.h"
#include "service/admin/visit.h"
#include "service/base/ensure.h"
#include "service/base/json.h"
#include "service/base/log.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

constexpr std::size_t form_bytes_max = 16 * 1'024;
constexpr std::string_view device_grant = "urn:ietf:params:oauth:grant-type:device_code";

std::string error_body(std::string_view error, std::string_view description) {
    JsonWriter json;
    json.open().field("error", error).field("error_description", description).close();
    return std::move(json).text();
}

Answer oauth_error(int status, std::string_view error, std::string_view description) {
    return json_answer(error_body(error, description), status);
}

/// Our own trouble must not look like an end of the sign-in: the program keeps what it has and tries again.
Answer oauth_answer_to(const Error& error) {
    log::info("oauth_refused", {{"fault", facts(error.fault).name}, {"reason", error.operator_text()}});
    switch (error.fault) {
        case Fault::unauthenticated:
        case Fault::not_permitted:
        case Fault::not_found:
            return oauth_error(400, "invalid_grant", error.for_caller);
        case Fault::locked_out:
        case Fault::rate_limited:
            return oauth_error(429, "slow_down", error.for_caller);
        case Fault::invalid_request:
        case Fault::malformed:
        case Fault::too_large:
            return oauth_error(400, "invalid_request", error.for_caller);
        default:
            return oauth_error(503, "temporarily_unavailable", error.for_caller);
    }
}

Result<Query> form_of(const Visit& visit, std::initializer_list<std::string_view> known) {
    if (visit.request.body.size() > form_bytes_max) return fail(Fault::too_large, "The form has more than 16 KiB.");
    return Query::pick(visit.request.body, known);
}

Answer tokens_answer(const Visit& visit, const auth::TokenPair& pair) {
    JsonWriter json;
    json.open().field("access_token", pair.access.reveal()).field("token_type", "Bearer");
    json.field("expires_in", static_cast<std::int64_t>(pair.expires_in.count()));
    json.field("refresh_token", pair.refresh.reveal());
    const auto person = visit.parts->people.find(pair.session.person);
    if (person && !person->facts.email.empty()) json.field("email", person->facts.email);
    json.close();
    return json_answer(std::move(json).text());
}

auth::Also audited(Visit& visit, std::string object, std::string detail) {
    return [&visit, object = std::move(object), detail = std::move(detail)](store::Transaction& transaction) {
        return visit.parts->audit.append(transaction, visit.row(object, "ok", detail));
    };
}

/// What is said to a program that asks again whether somebody has decided.
std::optional<Answer> still_waiting(auth::DeviceGrants::Answer::State state) {
    using enum auth::DeviceGrants::Answer::State;
    switch (state) {
        case pending:
            return oauth_error(400, "authorization_pending", "Nobody has decided yet.");
        case slow_down:
            return oauth_error(400, "slow_down", "Ask less often.");
        case denied:
            return oauth_error(400, "access_denied", "It was refused in the browser.");
        case expired:
            return oauth_error(400, "expired_token", "The code has expired. Begin again.");
        case unknown:
            return oauth_error(400, "invalid_grant", "This code was never given out, or was used.");
        case approved:
            return std::nullopt;
    }
    return std::nullopt;
}

/// A session of whoever let the program in. Refused once they have been put out, or have signed out, since the click:
/// they have taken it back.
Result<auth::TokenPair> begin_approved(Visit& visit, const std::string& client, const auth::Approval& approval) {
    const auto live = visit.parts->sessions.of(approval.person);
    if (std::ranges::find(live, approval.session, &auth::Session::id) == live.end())
        return fail(Fault::not_permitted, "Who approved it has signed out since. Begin again.");
    visit.actor = "person:" + approval.person;
    const auth::NewSession session{
        .person = approval.person,
        .kind = client == auth::loopback_client ? auth::SessionKind::cli : auth::SessionKind::agent,
        .client = client,
        .address = visit.request.address,
        .way = approval.way,
        .provider_session = approval.provider_session,
        .provider_subject = approval.provider_subject};
    JsonWriter detail;
    detail.open().field("client", client).field("way", approval.way).close();
    return visit.parts->sessions.begin_tokens(session, audited(visit, visit.actor, std::move(detail).text()));
}

Answer by_device(Visit& visit, std::string_view device_code) {
    const auth::DeviceGrants::Answer poll = visit.parts->staff.devices().poll(device_code);
    if (auto answer = still_waiting(poll.state)) return *std::move(answer);
    ENSURE(poll.approval.has_value());
    const auto pair = begin_approved(visit, poll.client, *poll.approval);
    if (!pair && pair.error().fault == Fault::not_permitted)
        return oauth_error(400, "access_denied", pair.error().for_caller);
    return pair ? tokens_answer(visit, *pair) : oauth_answer_to(pair.error());
}

/// RFC 6749 §4.1.2: a code that comes twice has been seen by somebody else, so what came of it ends as well.
Answer end_what_came_of_it(Visit& visit, const std::string& session) {
    constexpr std::string_view why = "This code was used before. Begin again.";
    if (session.empty()) return oauth_error(400, "invalid_grant", why);
    const auto twice = [&](store::Transaction& transaction) {
        return visit.parts->audit.append(transaction,
                                         visit.row("session:" + session, facts(Fault::unauthenticated).name,
                                                   R"({"why":"an authorization code was used twice"})"));
    };
    const auto ended = visit.parts->sessions.end(session, twice);
    // It may have ended before.
    if (!ended && ended.error().fault != Fault::not_found) return oauth_answer_to(ended.error());
    return oauth_error(400, "invalid_grant", why);
}

Answer by_code(Visit& visit, const Query& form) {
    auth::AuthorizationCodes& codes = visit.parts->staff.codes();
    const std::string_view code = form.text("code");
    const auto taken = codes.take({.code = code,
                                   .client_id = form.text("client_id"),
                                   .redirect_uri = form.text("redirect_uri"),
                                   .code_verifier = form.text("code_verifier")});
    switch (taken.state) {
        case auth::AuthorizationCodes::Answer::State::refused:
            return oauth_error(400, "invalid_grant", "This code is not valid here, or its time is over. Begin again.");
        case auth::AuthorizationCodes::Answer::State::used:
            return end_what_came_of_it(visit, taken.session);
        case auth::AuthorizationCodes::Answer::State::good:
            break;
    }
    ENSURE(taken.approval.has_value());
    const auto pair = begin_approved(visit, std::string(form.text("client_id")), *taken.approval);
    if (!pair) return oauth_answer_to(pair.error());
    if (!codes.began(code, pair->session.id)) return end_what_came_of_it(visit, pair->session.id);
    return tokens_answer(visit, *pair);
}

Answer by_refresh(Visit& visit, std::string_view token) {
    const auto owner = visit.parts->sessions.owner_of_refresh(token);
    if (!owner) return oauth_answer_to(owner.error());
    visit.actor = "person:" + owner->person;
    // Whoever has left is refused here, by the directory's own word; a directory that is down takes nothing away.
    const std::string object = "session:" + owner->id;
    const auto refused = [&](const Error& error) {
        visit.parts->audit.note(visit.row(object, facts(error.fault).name));
        return oauth_answer_to(error);
    };
    if (const auto there = visit.parts->staff.still_there(owner->person); !there) return refused(there.error());
    // What is written with it is that the sign-in has ended: its token was used twice, by two who do not know each
    // other.
    const auto twice = [&](store::Transaction& transaction) {
        return visit.parts->audit.append(transaction, visit.row(object, facts(Fault::unauthenticated).name,
                                                                R"({"why":"a refresh token was used twice"})"));
    };
    auto pair = visit.parts->sessions.refresh(token, twice);
    return pair ? tokens_answer(visit, *pair) : refused(pair.error());
}

}  // namespace

Reply oauth_metadata(Visit& visit) {
    const std::string origin = origin_of(visit.plane.options, visit.request);
    JsonWriter json;
    json.open().field("issuer", origin).field("device_authorization_endpoint", origin + "/oauth/device_authorization");
    json.field("token_endpoint", origin + "/oauth/token").field("revocation_endpoint", origin + "/oauth/revoke");
    json.field("authorization_endpoint", origin + "/authorize");
    json.key("response_types_supported").open_list().value("code").close_list();
    json.key("code_challenge_methods_supported").open_list().value("S256").close_list();
    json.key("grant_types_supported").open_list().value("authorization_code").value(device_grant);
    json.value("refresh_token").close_list();
    json.key("token_endpoint_auth_methods_supported").open_list().value("none").close_list().close();
    return json_answer(std::move(json).text());
}

Reply oauth_device(Visit& visit) {
    const auto form = form_of(visit, {"surface", "client_id"});
    if (!form) return oauth_answer_to(form.error());
    std::string client(form->text("surface").empty() ? form->text("client_id") : form->text("surface"));
    if (client.empty()) client = client_of(visit.request);
    auto grant = visit.parts->staff.devices().begin(client, visit.request.address);
    if (!grant) return oauth_answer_to(grant.error());
    const std::string page = origin_of(visit.plane.options, visit.request) + "/device";
    JsonWriter json;
    json.open().field("device_code", grant->device_code.reveal()).field("user_code", grant->user_code);
    json.field("verification_uri", page).field("verification_uri_complete", page + "?user_code=" + grant->user_code);
    json.field("expires_in", static_cast<std::int64_t>(grant->expires_in.count()));
    json.field("interval", static_cast<std::int64_t>(grant->interval.count()));
    if (const auto& words = visit.parts->rules.get()->identity.agents.login_notice; !words.empty())
        json.field("login_notice", words);
    json.close();
    return json_answer(std::move(json).text());
}

Reply oauth_token(Visit& visit) {
    const auto form = form_of(
        visit, {"grant_type", "device_code", "refresh_token", "code", "client_id", "redirect_uri", "code_verifier"});
    if (!form) return oauth_answer_to(form.error());
    const std::string_view grant = form->text("grant_type");
    if (grant == device_grant) return by_device(visit, form->text("device_code"));
    if (grant == "refresh_token") return by_refresh(visit, form->text("refresh_token"));
    if (grant == "authorization_code") return by_code(visit, *form);
    return oauth_error(400, "unsupported_grant_type",
                       "Known: the device code grant, authorization_code and refresh_token.");
}

Reply oauth_revoke(Visit& visit) {
    const auto form = form_of(visit, {"token", "token_type_hint"});
    if (!form) return oauth_answer_to(form.error());
    const auto ended = visit.parts->sessions.end_by_token(form->text("token"), audited(visit, "token", "{}"));
    // RFC 7009, 2.2: also for a token that nobody knows.
    if (!ended) return oauth_answer_to(ended.error());
    return Answer{.status = 200, .body = {}, .content_type = "text/plain; charset=utf-8"};
}

Reply device_read(Visit& visit) {
    TRY(const auth::DeviceGrants::Shown ask,
        visit.parts->staff.devices().look(visit.parameters[0], visit.request.address));
    JsonWriter json;
    json.open().field("user_code", ask.user_code).field("client", ask.client).field("address", ask.address);
    json.field("asked_at", to_text(ask.began_at)).close();
    return json_answer(std::move(json).text());
}

Reply device_approve(Visit& visit) {
    TRY_VOID(visit.no_body());
    if (visit.person == nullptr)
        return fail(Fault::not_permitted, "The break-glass account cannot sign in on another device.");
    auth::DeviceGrants& devices = visit.parts->staff.devices();
    TRY(const auth::DeviceGrants::Shown ask, devices.look(visit.parameters[0], visit.request.address));
    TRY_VOID(devices.approve(visit.parameters[0], visit.request.address,
                             {.person = visit.person->name,
                              .way = visit.session->way,
                              .provider_session = visit.session->provider_session,
                              .provider_subject = visit.session->provider_subject,
                              .session = visit.session->id}));
    JsonWriter detail;
    detail.open().field("client", ask.client).field("address", ask.address).close();
    visit.parts->audit.note(visit.row("device", "ok", std::move(detail).text()));
    return json_answer("{}");
}

Reply device_deny(Visit& visit) {
    TRY_VOID(visit.no_body());
    TRY_VOID(visit.parts->staff.devices().deny(visit.parameters[0], visit.request.address));
    visit.parts->audit.note(visit.row("device"));
    return json_answer("{}");
}

}  // namespace bursar::admin
