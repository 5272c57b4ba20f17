#pragma once

#include "auth/directory.h"
#include "auth/oidc/http.h"
#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// OpenID Connect as a relying party (OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0, Back-Channel
// Logout 1.0; RFC 6749, 7636, 9207), and JWTs of workloads (RFC 7519, 7523).
namespace bursar::oidc {

/// What the policy says of a provider of identities (policies::OidcPolicy).
struct Options {
    std::string name;
    std::string issuer;
    std::string client_id;
    std::vector<std::string> scopes;
    std::vector<std::string> algorithms;
    std::string groups_claim;
    std::optional<int> groups_cut_at;
    std::string user_name_claim, email_claim, name_claim;
    std::string source;  ///< of the origin: "oidc:NAME", "ldap:corp", "scim:okta"
    std::string subject_claim;
    std::vector<std::pair<std::string, std::string>> require;
    std::string ca;
};

/// Kept by us between the two halves of a sign-in, and never shown to the browser.
struct Pending {
    std::string provider;
    std::string nonce;
    Secret verifier;  ///< PKCE
    std::string redirect_uri;
    Timestamp began_at;
    bool must_be_fresh = false;
};
struct Begun {
    std::string url;    ///< where the browser goes
    std::string state;  ///< names the Pending
    Pending pending;
};

struct Identity {
    auth::PersonFacts facts;  ///< groups_known is false where the provider cut or left out the list
    std::string subject;      ///< `sub`, also where the origin is another claim
    std::string session;      ///< `sid`, may be empty
    std::string id_token;     ///< for the logout's id_token_hint
};

struct LogoutNotice {
    std::string subject;  ///< may be empty, then `session` is not
    std::string session;
};

/// What a provider sent back to us: the query of the redirect.
struct Redirected {
    std::string code, state, issuer, error, error_description;
};

/// Whether a session that the provider has already is proof enough.
enum class Login : unsigned char {
    any,
    fresh,  ///< the person proves it there again (OpenID Connect Core §3.1.2.1: prompt, max_age), which finish() checks
};

class Client {
  public:
    /// wrong_configuration names the option. Nothing is asked of the network yet.
    static Result<std::unique_ptr<Client>> make(Options options, std::function<Result<Secret>()> client_secret,
                                                Http http, const Clock& clock);
    virtual ~Client() = default;
    virtual const Options& options() const = 0;

    /// directory_unavailable if discovery fails. Blocking; `redirect_uri` is our callback, `login_hint` may be empty.
    virtual Result<Begun> begin(std::string_view redirect_uri, std::string_view login_hint,
                                Login login = Login::any) = 0;
    /// Exchanges the code and verifies the ID token, all of it. unauthenticated (one sentence; the operator's says
    /// which check), directory_unavailable. Blocking.
    virtual Result<Identity> finish(const Pending& pending, const Redirected& redirected) = 0;
    /// A logout token, once: a repeated `jti` is refused. May fetch keys.
    virtual Result<LogoutNotice> read_logout(std::string_view logout_token) = 0;
    /// Where the browser goes to end the provider's session too; empty if it has no such place.
    virtual std::string logout_url(std::string_view id_token, std::string_view back_to) = 0;
    /// Every step in words: resolve, TLS, discovery, keys, clock, what it can do.
    virtual std::vector<auth::Step> test() = 0;
    virtual auth::DirectoryHealth health() const = 0;
};

/// What a verified JWT of a workload says.
struct WorkloadClaims {
    std::string subject;
    Timestamp expires_at;
    std::string json;  ///< the whole payload
};
struct WorkloadOptions {
    std::string name;
    std::string issuer;
    std::string audience;
    std::string jwks_uri;  ///< empty: by discovery
    std::string ca;
    std::vector<std::string> algorithms;
    std::vector<std::string> subjects;  ///< exact, or with one '*' at the end
    std::vector<std::pair<std::string, std::string>> require;
};
/// JWTs of one issuer. Keys are fetched by refresh(), on a thread that may wait; verify() never waits.
class Workload {
  public:
    static Result<std::unique_ptr<Workload>> make(WorkloadOptions options, Http http, const Clock& clock);
    virtual ~Workload() = default;
    virtual const WorkloadOptions& options() const = 0;
    /// Fetches the keys if they are old or somebody showed an unknown `kid`. Blocking.
    virtual Result<void> refresh() = 0;
    virtual Result<WorkloadClaims> verify(std::string_view compact, Timestamp now) const = 0;
};
/// The `iss` of a JWT that nobody has verified, to choose who verifies it; empty if it is none.
std::string issuer_of(std::string_view compact);

}  // namespace bursar::oidc
