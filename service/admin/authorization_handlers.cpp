// The page on which somebody lets in a program of their own machine (RFC 8252): what it asks for, their yes and their
// no. The program comes for its tokens by itself (oauth_handlers.cpp).
#include "auth/printable.h"
#include "service/admin/visit.h"
#include "service/base/json.h"

#include <functional>

namespace bursar::admin {
namespace {

constexpr std::size_t word_bytes_max = 256;
constexpr std::size_t host_characters_max = 64;

struct Asked {
    auth::LoopbackAsk ask;
    std::string host;  ///< as the program says: nobody has checked it
};

Result<Asked> asked_in(const std::function<Result<std::string_view>(std::string_view name)>& word) {
    TRY(const std::string_view response_type, word("response_type"));
    TRY(const std::string_view client_id, word("client_id"));
    TRY(const std::string_view redirect_uri, word("redirect_uri"));
    TRY(const std::string_view code_challenge, word("code_challenge"));
    TRY(const std::string_view method, word("code_challenge_method"));
    TRY(const std::string_view state, word("state"));
    TRY(const std::string_view host, word("host"));
    TRY(auth::LoopbackAsk ask, auth::LoopbackAsk::check({.response_type = response_type,
                                                         .client_id = client_id,
                                                         .redirect_uri = redirect_uri,
                                                         .code_challenge = code_challenge,
                                                         .code_challenge_method = method,
                                                         .state = state}));
    return Asked{.ask = std::move(ask), .host = auth::printable(host, host_characters_max)};
}

Result<Asked> asked_in_body(Visit& visit) {
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only(
        {"response_type", "client_id", "redirect_uri", "code_challenge", "code_challenge_method", "state", "host"}));
    return asked_in([&fields](std::string_view name) { return fields.text_or_empty(name, word_bytes_max); });
}

std::string detail_of(const Asked& asked) {
    JsonWriter json;
    json.open().field("client", asked.ask.client()).field("host", asked.host);
    json.field("redirect", asked.ask.redirect()).close();
    return std::move(json).text();
}

Answer leads_to(std::string_view address) {
    JsonWriter json;
    json.open().field("to", address).close();
    return json_answer(std::move(json).text());
}

}  // namespace

Reply authorization_read(Visit& visit) {
    // The page hands on what stands in its address, where others may have added something.
    TRY(const Query query,
        Query::pick(visit.request.query, {"response_type", "client_id", "redirect_uri", "code_challenge",
                                          "code_challenge_method", "state", "host"}));
    TRY(const Asked asked,
        asked_in([&query](std::string_view name) -> Result<std::string_view> { return query.text(name); }));
    JsonWriter json;
    json.open().field("client", asked.ask.client()).field("host", asked.host);
    json.field("login_notice", visit.parts->rules.get()->identity.agents.login_notice).close();
    return json_answer(std::move(json).text());
}

Reply authorization_approve(Visit& visit) {
    TRY(const Asked asked, asked_in_body(visit));
    if (visit.person == nullptr)
        return fail(Fault::not_permitted, "The break-glass account cannot sign a program in. Use the console.");
    TRY(const Secret code,
        visit.parts->staff.codes().give(asked.ask, {.person = visit.person->name,
                                                    .way = visit.session->way,
                                                    .provider_session = visit.session->provider_session,
                                                    .provider_subject = visit.session->provider_subject,
                                                    .session = visit.session->id}));
    visit.parts->audit.note(visit.row("authorization", "ok", detail_of(asked)));
    return leads_to(asked.ask.back_with(code).reveal());
}

Reply authorization_deny(Visit& visit) {
    TRY(const Asked asked, asked_in_body(visit));
    visit.parts->audit.note(visit.row("authorization", "ok", detail_of(asked)));
    return leads_to(asked.ask.back_denied());
}

}  // namespace bursar::admin
