#pragma once

#include "auth/authenticator.h"
#include "auth/authorization.h"
#include "auth/break_glass.h"
#include "auth/device.h"
#include "auth/directory.h"
#include "auth/lockout.h"
#include "auth/people.h"
#include "auth/sessions.h"
#include "auth/sync_history.h"
#include "policies/rules.h"
#include "service/audit/audit.h"
#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/store/store.h"
#include "service/vault/vault.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Signing people in: directories and providers of identities as the policy names them, and what both tell of people.
namespace bursar::staff {

struct Parts {
    store::Store& store;
    audit::Audit& audit;
    policies::Rules& rules;
    auth::People& people;
    auth::Sessions& sessions;
    vault::Vault& vault;
    const Clock& clock;
};

/// One way to sign in, as its page offers it.
struct Way {
    enum class Kind : std::uint8_t { password, redirect };
    Kind kind = Kind::password;
    std::string name;
    std::string title;
};

/// Where a request to sign in comes from.
struct Visitor {
    std::string address;
    std::string client;  ///< User-Agent
};

/// Somebody who has just shown who they are.
struct Proven {
    std::shared_ptr<const auth::Person> person;
    std::string way;               ///< "ldap:corp", "oidc:entra"
    std::string provider_session;  ///< `sid`
    std::string provider_subject;  ///< `sub`
    std::string id_token;          ///< for the provider's logout
};

/// The browser goes to `url` and keeps `browser` in a cookie: only that browser may come back with the answer.
struct Redirect {
    std::string url;
    Secret browser;
};
/// What a browser wants to do once it is back.
struct Purpose {
    std::string to;               ///< a path of ours
    std::string step_up_session;  ///< of whom the proof is asked again; empty: a new session
};
struct Returned {
    Proven proven;
    Purpose purpose;
};

/// How a source of people is, for lists.
struct SourceFacts {
    std::string name;
    std::string title;
    std::string kind;  ///< "ldap", "oidc", "scim"
    auth::DirectoryHealth health;
    std::int64_t people = 0;
    std::optional<auth::SyncRecord> last_sync;
};

/// What a policy makes of somebody's groups.
auth::People::StandingOf standing_by(std::shared_ptr<const policies::Snapshot> rules);

class Staff {
  public:
    static std::vector<store::Schema> schemas();
    /// Nothing is asked of the network yet. All that is given outlives it.
    static std::unique_ptr<Staff> open(Parts parts);
    virtual ~Staff() = default;

    /// A new policy is in force: directories, providers and everybody's standing follow it. Asks nothing of the
    /// network.
    virtual void follow_policy() = 0;
    /// What of a policy could not be connected, in words; asks nothing of the network.
    virtual std::vector<std::string> check(const policies::Identity& identity) const = 0;
    virtual std::vector<Way> ways() const = 0;

    /// Asks the directory. unauthenticated (one sentence), locked_out, directory_unavailable, overloaded, not_found (no
    /// such directory). Whatever comes of it is in the audit. Blocking, some seconds at most.
    virtual Result<Proven> by_password(std::string_view directory, std::string_view user, const Secret& password,
                                       const Visitor& visitor) = 0;
    virtual Result<Redirect> begin(std::string_view provider, std::string_view callback, Purpose purpose,
                                   const Visitor& visitor) = 0;
    struct Answered {
        std::string code, state, issuer, error;
    };
    virtual Result<Returned> finish(std::string_view provider, const Answered& answered, std::string_view browser,
                                    const Visitor& visitor) = 0;
    /// Back-channel logout: how many sessions ended.
    virtual Result<int> logout_notice(std::string_view provider, std::string_view token, const Visitor& visitor) = 0;
    /// Where the browser ends the provider's session too; empty: nowhere.
    virtual std::string logout_url(std::string_view way, std::string_view id_token, std::string_view back_to) = 0;

    /// The session that the break-glass account gets: an hour, as an operator, with an event. unauthenticated,
    /// locked_out.
    virtual Result<auth::NewSession> by_break_glass(const Secret& passphrase, const Visitor& visitor) = 0;

    /// Asks their directory whether somebody is still there, before a refresh: unauthenticated if they have left,
    /// directory_unavailable if nobody can say.
    virtual Result<void> still_there(std::string_view person) = 0;
    /// A program with a JWT of its platform. From memory; any thread.
    virtual Result<std::shared_ptr<const Caller>> workload(std::string_view compact, Timestamp now) const = 0;

    virtual Result<std::vector<auth::Step>> test(std::string_view source, std::string_view user,
                                                 const Secret& password) = 0;
    virtual Result<std::vector<SourceFacts>> sources() const = 0;
    /// The same without syncs: from memory.
    virtual std::vector<SourceFacts> health() const = 0;
    enum class SyncMode : std::uint8_t {
        dry,        ///< says what would be done
        careful,    ///< stops where too much would be taken away
        confirmed,  ///< an operator has seen it: the limit of removals does not hold, whole lists are still asked for
    };
    /// not_found if no directory has that name; a directory that does not answer is a run that failed, not an error.
    virtual Result<auth::SyncRecord> sync(std::string_view directory, SyncMode mode, std::string_view actor) = 0;
    virtual Result<std::vector<auth::SyncRecord>> syncs(std::string_view directory, int count_max) const = 0;
    virtual Result<auth::SyncRecord> read_sync(std::string_view directory, std::int64_t number) const = 0;

    virtual auth::DeviceGrants& devices() = 0;
    virtual auth::AuthorizationCodes& codes() = 0;
    virtual auth::BreakGlass& break_glass() = 0;
    virtual auth::Lockout& lockout() = 0;

    /// From now on a thread of its own does what is due: syncs, keys of workloads, sessions that have ended.
    virtual void start() = 0;
    virtual void stop() = 0;
};

}  // namespace bursar::staff
