#include "auth/oidc/token_request.h"

#include "auth/oidc/url.h"
#include "auth/oidc/words.h"
#include "service/base/crypto.h"
#include "service/base/log.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bursar::oidc {
namespace {

Result<ClientAuthentication> authentication_of(const Exchange& exchange) {
    if (!exchange.client_secret) return ClientAuthentication::none;
    if (exchange.metadata.can_basic) return ClientAuthentication::basic;
    if (exchange.metadata.can_post) return ClientAuthentication::post;
    return not_available("token: the provider takes neither client_secret_basic nor client_secret_post");
}

/// RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
std::string basic_authorization(const std::string& client_id, const Secret& secret) {
    std::string encoded = form_encoded(secret.reveal());
    std::string joined = form_encoded(client_id) + ":" + encoded;
    std::string header = "Basic ";
    header.reserve(header.size() + joined.size() * 4 / 3 + 8);
    std::string base64 = to_base64(joined);
    header += base64;
    for (std::string* each : {&encoded, &joined, &base64}) wipe(each->data(), each->size());
    return header;
}

Result<HttpRequest> request_for(const Exchange& exchange, std::string_view code, const Pending& pending) {
    // Long enough from the start: a string that grows leaves what it held in freed memory.
    constexpr std::size_t form_bytes = 16 * 1024;
    HttpRequest request{.url = exchange.metadata.token_endpoint};
    request.form.reserve(form_bytes);
    append_field(request.form, "grant_type", "authorization_code");
    append_field(request.form, "code", code);
    append_field(request.form, "redirect_uri", pending.redirect_uri);
    append_field(request.form, "code_verifier", pending.verifier.reveal());
    TRY(const ClientAuthentication way, authentication_of(exchange));
    if (way != ClientAuthentication::basic) append_field(request.form, "client_id", exchange.options.client_id);
    if (way == ClientAuthentication::none) return request;
    TRY(const Secret secret, exchange.client_secret());
    if (way == ClientAuthentication::basic)
        request.authorization = basic_authorization(exchange.options.client_id, secret);
    else
        append_field(request.form, "client_secret", secret.reveal());
    return request;
}

/// RFC 6749 §5.2. Whose fault it is decides what the person reads: a code may be old, a client secret wrong.
std::unexpected<Error> refused(const HttpAnswer& answer) {
    const auto document = Json::parse(answer.body, http_answer_bytes_max);
    const std::string_view error = document ? document->text_at("error") : std::string_view{};
    std::string why =
        fmt::format("token: the provider answers {} with the error {}: {}", answer.status, in_quotes(error),
                    in_quotes(document ? document->text_at("error_description") : std::string_view{}));
    if (error == "invalid_grant") return not_signed_in(std::move(why));
    if (error == "invalid_client" || error == "unauthorized_client")
        why += "; look at client_id and at the client secret in the vault";
    return not_available(std::move(why));
}

bool is_bearer(std::string_view type) {
    constexpr std::string_view bearer = "bearer";
    if (type.size() != bearer.size()) return false;
    for (std::size_t i = 0; i < type.size(); ++i)
        if ((type[i] | 0x20) != bearer[i]) return false;
    return true;
}

}  // namespace

Result<Tokens> exchange_code(const Exchange& exchange, std::string_view code, const Pending& pending) {
    if (code.empty() || code.size() > code_bytes_max)
        return not_signed_in(fmt::format("the redirect's code has {} bytes", code.size()));
    TRY(HttpRequest request, request_for(exchange, code, pending));
    TRY(HttpAnswer answer, exchange.issuer.ask(std::move(request)));
    if (answer.status != 200) return refused(answer);
    auto document = Json::parse(answer.body, http_answer_bytes_max);
    wipe(answer.body.data(), answer.body.size());
    if (!document) return not_available("token: the answer is no JSON, or gives a name twice");
    Tokens tokens;
    tokens.id_token = document->text_at("id_token");
    if (tokens.id_token.empty())
        return not_available(
            "token: the answer has no id_token; the scope needs openid, and the client to be one of "
            "OpenID Connect");
    if (is_bearer(document->text_at("token_type")))
        tokens.access_token = Secret::copy_of(document->text_at("access_token"));
    return tokens;
}

Result<Json> ask_userinfo(Issuer& issuer, const std::string& endpoint, const Secret& access_token,
                          std::string_view subject) {
    const std::string_view token = access_token.reveal();
    const bool odd = std::ranges::any_of(token, [](char c) { return c <= 0x20 || c > 0x7e; });
    if (odd || token.size() > jwt_bytes_max) return not_available("token: the access token is no bearer token");
    HttpRequest request{.url = endpoint};
    request.authorization.reserve(token.size() + 8);
    request.authorization.append("Bearer ").append(token);
    TRY(const HttpAnswer answer, issuer.ask(std::move(request)));
    if (answer.status >= 400 && answer.status < 500) {
        log::warning("oidc_userinfo_refused", {{"issuer", issuer.name()}, {"status", answer.status}});
        return Json(Json::Object{});
    }
    if (answer.status != 200) return not_available(fmt::format("userinfo: {} answers {}", endpoint, answer.status));
    auto claims = Json::parse(answer.body, http_answer_bytes_max);
    if (!claims) return not_available("userinfo: the answer is no JSON, or gives a name twice");
    if (claims->text_at("sub") != subject)
        return not_signed_in("userinfo: its sub is not the ID token's, so it is of somebody else");
    return *std::move(claims);
}

}  // namespace bursar::oidc
