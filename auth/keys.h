#pragma once

#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/store/store.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::auth {

/// What is known of a virtual key; its secret is known to nobody after it was shown once.
struct KeyFacts {
    std::string id;
    std::string name;
    std::string team;
    std::string person;
    std::vector<std::string> models;
    std::vector<std::string> networks;  ///< CIDR; empty: from anywhere
    std::vector<Budget> budgets;
    Timestamp created_at;
    std::optional<Timestamp> expires_at;
    std::optional<Timestamp> revoked_at;
    std::optional<Timestamp> old_secret_until;  ///< after a rotation: how long the former secret still works
    std::optional<Timestamp> last_used_at;      ///< to the minute
};

struct NewKey {
    std::string name;
    std::string team;
    std::string person;
    std::vector<std::string> models;
    std::vector<std::string> networks;
    std::vector<Budget> budgets;
    std::optional<Timestamp> expires_at;
};

struct Issued {
    KeyFacts facts;
    Secret text;  ///< "bsr_<id>_<secret><checksum>", shown once
};

/// How long a former secret may work beside the new one.
constexpr std::chrono::seconds rotation_grace_max = std::chrono::days(90);

/// Runs in the transaction of a change: the audit row belongs there.
using Also = std::function<Result<void>(store::Transaction&)>;

/// Virtual keys. All of them are in memory; a change is durable first and then in force for the next call on any
/// connection.
class Keys {
  public:
    static store::Schema schema();
    /// `pepper` keys the HMAC-SHA256 under which secrets are stored.
    static Result<std::unique_ptr<Keys>> open(store::Store& store, Secret pepper, const Clock& clock);
    virtual ~Keys() = default;

    /// Who presents this text from this address. unauthenticated (malformed, unknown, wrong, expired, revoked: one
    /// sentence that does not tell which of unknown and wrong), not_permitted (network). Constant time in the secret;
    /// from memory; any thread.
    virtual Result<std::shared_ptr<const Caller>> identify(std::string_view presented, std::string_view address,
                                                           Timestamp now) const = 0;

    /// Blocking, never from a shard.
    virtual Result<Issued> issue(const NewKey& key,
                                 const std::function<Result<void>(store::Transaction&, const KeyFacts&)>& also) = 0;
    /// Moves the end of a key, also of one that has expired; conflict if it is revoked. `at` is yet to come.
    virtual Result<KeyFacts> expire(std::string_view id, Timestamp at, const Also& also) = 0;
    virtual Result<Issued> rotate(std::string_view id, std::chrono::seconds grace, const Also& also) = 0;
    virtual Result<void> revoke(std::string_view id, const Also& also) = 0;
    virtual std::vector<KeyFacts> list() const = 0;
};

/// Who may call with these keys: of each that is not revoked.
std::vector<Caller> callers_of(const std::vector<KeyFacts>& keys);

/// Finds the credential where clients put it: Authorization: Bearer, x-api-key, api-key, x-goog-api-key, Gemini's
/// ?key=. The first that looks like ours (begins with "bsr_" or "bsa_") wins, else the first at all; empty if there is
/// none. Authorization counts without its scheme too if it is ours or looks like a JWT.
struct Presented {
    std::string_view authorization, x_api_key, api_key, x_goog_api_key;
    std::string_view key_parameter = {};
};
std::string_view credential_of(const Presented& presented);

}  // namespace bursar::auth
