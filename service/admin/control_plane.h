#pragma once

#include "auth/authenticator.h"
#include "auth/keys.h"
#include "auth/operators.h"
#include "policies/documents.h"
#include "policies/rules.h"
#include "service/audit/audit.h"
#include "service/base/snapshot.h"
#include "service/ledger/ledger.h"
#include "service/staff/staff.h"
#include "service/store/store.h"
#include "service/treasury/reconcile/reconciliations.h"
#include "service/treasury/treasury.h"
#include "service/treasury/watch.h"
#include "service/vault/vault.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bursar::treasury {
class Runs;
}  // namespace bursar::treasury
namespace bursar::outbox {
class PostOffice;
}  // namespace bursar::outbox
namespace bursar::backup {
class Away;
class Backups;
}  // namespace bursar::backup
namespace bursar::reports {
class Schedules;
}  // namespace bursar::reports

// The control plane: POCO's HTTP server on a Unix-domain socket, behind the edge.
namespace bursar::admin {

/// What stands once the vault was unsealed for the first time.
struct Parts {
    store::Store& store;
    ledger::Ledger& ledger;
    audit::Audit& audit;
    auth::Keys& keys;
    auth::Operators& operators;
    auth::People& people;
    auth::Sessions& sessions;
    const auth::Authenticator& callers;
    staff::Staff& staff;
    policies::Rules& rules;
    treasury::Treasury& treasury;
    treasury::Runs* allocations = nullptr;      ///< null: none are run
    outbox::PostOffice* post_office = nullptr;  ///< null: nothing is told to anybody
    backup::Backups* backups = nullptr;         ///< null: the configuration names no folder for them
    reports::Schedules* reports = nullptr;      ///< null: none are made
    backup::Away* away = nullptr;               ///< null: backups stay on the machine
};

/// Health of one thing, for /readyz and `bursarctl doctor`.
struct Check {
    std::string name;
    bool good = true;
    bool blocks = false;  ///< not ready while it is bad
    std::string text;     ///< what is, and what to do about it
};

/// One thing that a test of a provider looked at, in the order in which a call would come to it.
struct Finding {
    enum class State : unsigned char { good, bad, unknown };
    std::string name;  ///< "TLS", "key openai-a"
    State state = State::good;
    std::string text;  ///< what is, and what to do about it; never a key
};

/// What the daemon lends to the control plane.
struct Hooks {
    std::function<std::string()> metrics;  ///< Prometheus text
    std::function<std::vector<Check>()> checks;
    /// Unseals; at the first time opens the database and returns once the service serves.
    std::function<Result<void>(const vault::MasterKey&)> unseal;
    std::function<std::string()> providers;  ///< JSON object: how channels and keys are
    std::function<Parts*()> parts;           ///< null until the first unseal
    /// Asks a provider of these rules what works. With a model: two small calls, which may be billed. Blocking, for
    /// less than a minute.
    std::function<std::vector<Finding>(const policies::Snapshot& rules, const std::string& provider,
                                       const std::string& model)>
        test_provider;
    /// What accounts were charged per hour, as treasury::Sources has it; none: forecasts know no past.
    std::function<Result<std::vector<treasury::HourlySpend>>(std::span<const AccountName> accounts, treasury::Hour from,
                                                             treasury::Hour to)>
        hourly;
    treasury::reconcile::Correct correct;  ///< enters a correction into the books
    /// What a value is to lie in the vault as; refuses one that is meant as a credential and is none. None: as it came.
    std::function<Result<Secret>(Secret)> tidy_secret;
};

/// Numbered revisions of the policy, in bursar.db.
struct Revision {
    std::int64_t number = 0;
    Timestamp at;
    std::string author;
    std::string reason;
    std::vector<policies::Document> documents;  ///< empty in lists
};
class Revisions {
  public:
    static store::Schema schema();
    /// The newest revision, or number 0 and nothing. Blocking.
    static Result<Revision> newest(store::Store& store);
    static Result<std::vector<Revision>> list(store::Store& store, int count_max);
    static Result<Revision> read(store::Store& store, std::int64_t number);
    /// Appends within the caller's transaction; conflict if `number` is not newest + 1.
    static Result<void> append(store::Transaction& transaction, const Revision& revision);
};

struct Options {
    std::filesystem::path socket;                       ///< made with mode 0600
    std::vector<policies::Document> policy_defaults;    ///< what ships in the box
    std::string metrics_token;                          ///< empty: /metrics needs an operator or auditor token
    std::chrono::milliseconds unseal_delay_first{500};  ///< what a first wrong master key costs; doubles up to 5 min
    /// Whether who asks from this machine may make a new vault. Not behind a proxy, where everybody seems to.
    bool new_vault_from_loopback = true;
    /// "https://bursar.corp.example": where people reach this service. Empty: as the request's Host says.
    std::string public_url = {};
    bool tls = true;                      ///< of the edge: what a Host alone does not tell
    std::filesystem::path console = {};   ///< the built console; empty: none is served
    std::filesystem::path database = {};  ///< bursar.db, for what is said of the room beside it
};

class ControlPlane {
  public:
    static Result<std::unique_ptr<ControlPlane>> start(Options options, vault::Vault& vault, Hooks hooks,
                                                       const Clock& clock);
    virtual ~ControlPlane() = default;
    virtual void stop() = 0;
};

}  // namespace bursar::admin
