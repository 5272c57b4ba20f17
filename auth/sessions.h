#pragma once

#include "auth/credential.h"
#include "auth/people.h"
#include "service/base/caller.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::auth {

/// What a session is for; each kind has a prefix of its own, so that none passes for another.
enum class SessionKind : std::uint8_t {
    console,  ///< a browser: the cookie "bsc_…"
    cli,      ///< bursarctl: access tokens "bsa_…" and refresh tokens "bsf_…"
    agent,    ///< a coding agent: the same tokens; its calls go to the data plane
};
std::string_view name_of(SessionKind kind);

struct Session {
    std::string id;      ///< 12 characters, public
    std::string person;  ///< name of the account
    SessionKind kind = SessionKind::console;
    std::string client;            ///< "claude_code", a User-Agent: shown to its owner
    std::string address;           ///< where it began
    std::string way;               ///< "ldap:corp", "oidc:entra", "break-glass"
    std::string provider_session;  ///< `sid` of the provider, for back-channel logout; may be empty
    std::string provider_subject;  ///< its `sub`, for the same, whichever claim says who somebody is; may be empty
    Timestamp began_at;
    Timestamp ends_at;                   ///< the absolute end
    Timestamp last_used_at;              ///< to the minute
    std::optional<Timestamp> proved_at;  ///< when a password or the provider was asked last: step-up counts from here
};

struct SessionLimits {
    std::chrono::seconds idle = std::chrono::minutes(60);    ///< console only
    std::chrono::seconds absolute = std::chrono::hours(12);  ///< console
    std::chrono::seconds access = std::chrono::hours(1);     ///< life of an access token
    std::chrono::seconds refresh = std::chrono::hours(24);   ///< absolute life of a family of refresh tokens
};

struct NewSession {
    std::string person;
    SessionKind kind = SessionKind::console;
    std::string client, address, way, provider_session;
    std::string provider_subject = {};
};

/// Tokens are shown once and stored as HMAC under the pepper.
struct ConsoleTicket {
    Session session;
    Secret cookie;  ///< "bsc_<id>_<secret><checksum>"
};
struct TokenPair {
    Session session;
    Secret access;   ///< "bsa_…"
    Secret refresh;  ///< "bsf_…"
    std::chrono::seconds expires_in{};
};

/// A caller of the control plane or data plane who has signed in.
struct SignedIn {
    std::shared_ptr<const Session> session;
    std::shared_ptr<const Person> person;  ///< null for break-glass
    std::shared_ptr<const Caller> caller;  ///< null if no team of theirs may call: key_id is the session's id
};

/// Sessions, in memory and in bursar.db. Valid only while their person is let in and was not put out since.
class Sessions {
  public:
    static store::Schema schema();
    static Result<std::unique_ptr<Sessions>> open(store::Store& store, Secret pepper, const People& people,
                                                  const Clock& clock);
    virtual ~Sessions() = default;
    virtual void set_limits(const SessionLimits& limits) = 0;

    /// A console's cookie, or an access token. unauthenticated with a sentence that says to sign in again. From memory;
    /// constant time in the secret; any thread.
    virtual Result<SignedIn> identify(std::string_view presented, Timestamp now) const = 0;

    virtual Result<ConsoleTicket> begin_console(const NewSession& session, const Also& also) = 0;
    virtual Result<TokenPair> begin_tokens(const NewSession& session, const Also& also) = 0;
    /// A new pair for a refresh token. Within 60 s of its use the same token gets the very same successor (several
    /// processes share one); used later it is a thief's or an accident's: the family ends. Durable before it returns.
    /// `also` runs only where the family ends: a rotation is no event. unauthenticated; storage_unavailable.
    virtual Result<TokenPair> refresh(std::string_view presented, const Also& also) = 0;
    /// Who a refresh token is of, without using it: so that the directory can be asked first.
    virtual Result<Session> owner_of_refresh(std::string_view presented) const = 0;
    /// A password or provider was asked again: a new cookie for the same session; the old one is dead. conflict for a
    /// session that has no cookie.
    virtual Result<ConsoleTicket> step_up(std::string_view id, const Also& also) = 0;

    virtual Result<void> end(std::string_view id, const Also& also) = 0;
    /// By either token; true if there was one.
    virtual Result<bool> end_by_token(std::string_view presented, const Also& also) = 0;
    /// Whose session by `way` has this `sub` of the provider; empty if nobody's.
    virtual std::string person_by_provider(std::string_view way, std::string_view provider_subject) const = 0;
    /// Back-channel logout: of that person, or of that provider's session only. How many ended.
    virtual Result<int> end_by_provider(std::string_view way, std::string_view person,
                                        std::string_view provider_session, const Also& also) = 0;
    virtual std::vector<Session> of(std::string_view person) const = 0;
    virtual std::vector<Session> all() const = 0;
    /// Forgets what has ended. Blocking.
    virtual Result<void> tidy(Timestamp now) = 0;
};

/// Session::way of the local operator, behind whom there is no person.
inline constexpr std::string_view break_glass_way = "break-glass";

}  // namespace bursar::auth
