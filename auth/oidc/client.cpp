#include "auth/oidc/client.h"

#include "auth/oidc/base64url.h"
#include "auth/oidc/claims.h"
#include "auth/oidc/issuer.h"
#include "auth/oidc/logout.h"
#include "auth/oidc/person_claims.h"
#include "auth/oidc/test_steps.h"
#include "auth/oidc/token_request.h"
#include "auth/oidc/url.h"
#include "auth/oidc/words.h"
#include "service/base/crypto.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bursar::oidc {
namespace {

constexpr std::chrono::seconds pending_max = std::chrono::minutes(10);
constexpr std::size_t random_bytes_of_a_value = 32;
constexpr std::size_t login_hint_bytes_max = 255;

std::string random_value() { return to_base64url(random_bytes(random_bytes_of_a_value)); }

class RelyingParty final : public Client {
  public:
    RelyingParty(Options options, std::vector<Algorithm> algorithms, std::function<Result<Secret>()> client_secret,
                 Http http, const Clock& clock)
        : options_(std::move(options)),
          algorithms_(std::move(algorithms)),
          client_secret_(std::move(client_secret)),
          issuer_({.issuer = options_.issuer, .jwks_uri = {}, .ca = options_.ca}, std::move(http), clock),
          clock_(clock) {}

    const Options& options() const override { return options_; }
    Result<Begun> begin(std::string_view redirect_uri, std::string_view login_hint, Login login) override;
    Result<Identity> finish(const Pending& pending, const Redirected& redirected) override;
    Result<LogoutNotice> read_logout(std::string_view logout_token) override;
    std::string logout_url(std::string_view id_token, std::string_view back_to) override;
    std::vector<auth::Step> test() override { return look_at(issuer_, algorithms_); }
    auth::DirectoryHealth health() const override { return issuer_.health(); }

  private:
    Result<void> check_redirect(const Metadata& metadata, const Pending& pending, const Redirected& redirected) const;
    Result<Jwt> verified_id_token(const Tokens& tokens, const Pending& pending);

    const Options options_;
    const std::vector<Algorithm> algorithms_;
    const std::function<Result<Secret>()> client_secret_;
    Issuer issuer_;
    Seen seen_;
    const Clock& clock_;
};

Result<Begun> RelyingParty::begin(std::string_view redirect_uri, std::string_view login_hint, Login login) {
    TRY(const Issuer::Document document, issuer_.document());
    TRY_VOID(document->what.is_whole_for_sign_in());
    std::string verifier = random_value();
    Begun begun{.url = document->what.authorization_endpoint,
                .state = random_value(),
                .pending = {.provider = options_.name,
                            .nonce = random_value(),
                            .verifier = {},
                            .redirect_uri = std::string(redirect_uri),
                            .began_at = clock_.now(),
                            .must_be_fresh = login == Login::fresh}};
    const std::string challenge = to_base64url(as_text(sha256(verifier)));  // RFC 7636 §4.2
    begun.pending.verifier = Secret(std::move(verifier));
    append_query(begun.url, "response_type", "code");
    append_query(begun.url, "client_id", options_.client_id);
    append_query(begun.url, "redirect_uri", redirect_uri);
    append_query(begun.url, "scope", fmt::format("{}", fmt::join(options_.scopes, " ")));
    append_query(begun.url, "state", begun.state);
    append_query(begun.url, "nonce", begun.pending.nonce);
    append_query(begun.url, "code_challenge", challenge);
    append_query(begun.url, "code_challenge_method", "S256");
    if (!login_hint.empty() && login_hint.size() <= login_hint_bytes_max)
        append_query(begun.url, "login_hint", login_hint);
    if (login == Login::fresh) {
        append_query(begun.url, "prompt", "login");
        append_query(begun.url, "max_age", "0");
    }
    return begun;
}

Result<void> RelyingParty::check_redirect(const Metadata& metadata, const Pending& pending,
                                          const Redirected& redirected) const {
    if (pending.provider != options_.name)
        return not_signed_in(
            fmt::format("the sign-in was begun with {}, not with {}", in_quotes(pending.provider), options_.name));
    if (clock_.now() > pending.began_at + pending_max)
        return not_signed_in(fmt::format("the sign-in took more than {} s", pending_max.count()));
    // RFC 9207 §2.4, before anything of the answer is used, errors too: it may be of another provider.
    if (redirected.issuer.empty() && metadata.names_itself)
        return not_signed_in("the redirect has no iss, although the provider says that it always has one");
    if (!redirected.issuer.empty() && redirected.issuer != metadata.issuer)
        return not_signed_in(
            fmt::format("the redirect is of {}, not of {}", in_quotes(redirected.issuer), metadata.issuer));
    if (!redirected.error.empty())
        return not_signed_in(fmt::format("the provider sent the person back with the error {}: {}",
                                         in_quotes(redirected.error), in_quotes(redirected.error_description)));
    return {};
}

/// Its errors are the token's; whoever signs in reads the same sentence as for everything else.
Result<Jwt> RelyingParty::verified_id_token(const Tokens& tokens, const Pending& pending) {
    const auto check = [&]() -> Result<Jwt> {
        TRY(Jwt jwt, issuer_.read(tokens.id_token, algorithms_));
        const auto algorithm = algorithm_of(jwt.algorithm());
        const IdTokenExpected expected{
            .issuer = options_.issuer,
            .client_id = options_.client_id,
            .nonce = pending.nonce,
            .access_token = tokens.access_token.reveal(),
            .login_since = pending.must_be_fresh ? std::optional(pending.began_at) : std::nullopt,
            .type = jwt.type(),
            .hash_bits = algorithm ? hash_bits(*algorithm) : 256};
        TRY_VOID(check_id_token(jwt.claims(), expected, clock_.now()));
        return jwt;
    };
    auto jwt = check();
    if (!jwt && jwt.error().fault == Fault::unauthenticated)
        return not_signed_in("ID token: " + std::string(jwt.error().operator_text()));
    return jwt;
}

Result<Identity> RelyingParty::finish(const Pending& pending, const Redirected& redirected) {
    TRY(const Issuer::Document document, issuer_.document());
    const Metadata& metadata = document->what;
    TRY_VOID(metadata.is_whole_for_sign_in());
    TRY_VOID(check_redirect(metadata, pending, redirected));
    const Exchange exchange{
        .issuer = issuer_, .metadata = metadata, .options = options_, .client_secret = client_secret_};
    TRY(Tokens tokens, exchange_code(exchange, redirected.code, pending));
    TRY(const Jwt jwt, verified_id_token(tokens, pending));
    // Beyond this line the ID token is this provider's, for us, of this sign-in, and of now.

    std::string subject(jwt.claims().text_at("sub"));
    Json userinfo;
    PersonClaims claims{.id_token = jwt.claims()};
    if (!metadata.userinfo_endpoint.empty() && !tokens.access_token.empty() &&
        lacks_something(jwt.claims(), options_)) {
        TRY(userinfo, ask_userinfo(issuer_, metadata.userinfo_endpoint, tokens.access_token, subject));
        claims.userinfo = &userinfo;
    }
    auto person = person_of(claims, options_);
    if (!person) return not_signed_in(std::string(person.error().operator_text()));
    Identity identity{.facts = *std::move(person), .subject = std::move(subject), .session = {}, .id_token = {}};
    const std::string_view session = jwt.claims().text_at("sid");
    if (session.size() <= identity_bytes_max) identity.session = session;
    identity.id_token = std::move(tokens.id_token);
    return identity;
}

Result<LogoutNotice> RelyingParty::read_logout(std::string_view logout_token) {
    TRY(const Jwt jwt, issuer_.read(logout_token, algorithms_));
    const Timestamp now = clock_.now();
    TRY(LogoutClaims claims, check_logout(jwt, options_.issuer, options_.client_id, now));
    TRY_VOID(seen_.take(claims.id, claims.issued_at, now));
    return std::move(claims.notice);
}

std::string RelyingParty::logout_url(std::string_view id_token, std::string_view back_to) {
    const auto document = issuer_.document();
    if (!document || (*document)->what.end_session_endpoint.empty()) return {};
    std::string url = (*document)->what.end_session_endpoint;
    if (!id_token.empty()) append_query(url, "id_token_hint", id_token);
    append_query(url, "client_id", options_.client_id);
    if (!back_to.empty()) append_query(url, "post_logout_redirect_uri", back_to);
    return url;
}

std::unexpected<Error> wrong(const Options& options, std::string_view option, std::string_view what) {
    return fail(Fault::wrong_configuration, fmt::format("identity.oidc.{}.{} {}", options.name, option, what));
}

}  // namespace

Result<std::unique_ptr<Client>> Client::make(Options options, std::function<Result<Secret>()> client_secret, Http http,
                                             const Clock& clock) {
    if (!is_askable(options.issuer) || options.issuer.contains('?'))
        return wrong(options, "issuer", "must be an https address without a query, as in the provider's own document.");
    if (options.client_id.empty())
        return wrong(options, "client_id", "is empty. The provider shows it with the client.");
    if (std::ranges::find(options.scopes, "openid") == options.scopes.end())
        return wrong(options, "scopes", "must have openid, or the provider gives no ID token.");
    if (options.source.empty()) options.source = "oidc:" + options.name;
    if (options.subject_claim.empty())
        return wrong(options, "subject_claim", "is empty. Write sub, or the claim that has the directory's id.");
    if (options.groups_cut_at && *options.groups_cut_at < 1)
        return wrong(options, "groups_cut_at", "must be at least 1.");
    TRY(std::vector<Algorithm> algorithms, algorithms_of(options.algorithms, "identity.oidc." + options.name));
    return std::make_unique<RelyingParty>(std::move(options), std::move(algorithms), std::move(client_secret),
                                          std::move(http), clock);
}

}  // namespace bursar::oidc
