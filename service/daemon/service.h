#pragma once

#include "auth/authenticator.h"
#include "auth/keys.h"
#include "auth/operators.h"
#include "auth/people.h"
#include "auth/sessions.h"
#include "policies/documents.h"
#include "policies/rules.h"
#include "service/admin/control_plane.h"
#include "service/admin/standby.h"
#include "service/audit/audit.h"
#include "service/backup/away.h"
#include "service/backup/backups.h"
#include "service/base/guarded_clock.h"
#include "service/base/mutex.h"
#include "service/base/snapshot.h"
#include "service/daemon/batch_clerk.h"
#include "service/daemon/certificate_watch.h"
#include "service/daemon/configuration.h"
#include "service/daemon/front_door.h"
#include "service/daemon/pair_door.h"
#include "service/daemon/pairing.h"
#include "service/daemon/prober.h"
#include "service/daemon/supervisor.h"
#include "service/gateway/gateway.h"
#include "service/ledger/ledger.h"
#include "service/outbox/post_office.h"
#include "service/providers/health.h"
#include "service/providers/tokens/fetcher.h"
#include "service/providers/tokens/keeper.h"
#include "service/replays/replays.h"
#include "service/reports/schedules.h"
#include "service/shelf/shelf.h"
#include "service/staff/staff.h"
#include "service/store/store.h"
#include "service/stored/stored.h"
#include "service/treasury/allocations.h"
#include "service/treasury/steward.h"
#include "service/treasury/treasury.h"
#include "service/vault/vault.h"

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace bursar::daemon {

/// What is behind the master key: it exists from the first unseal until the service ends.
struct Books {
    std::unique_ptr<store::Store> store;
    std::unique_ptr<ledger::Ledger> ledger;
    std::unique_ptr<audit::Audit> audit;
    std::unique_ptr<replays::Replays> replays;
    std::unique_ptr<stored::Stored> stored;
    std::unique_ptr<shelf::Shelf> shelf;
    std::unique_ptr<auth::Keys> keys;
    std::unique_ptr<auth::Operators> operators;
    std::unique_ptr<auth::People> people;
    std::unique_ptr<auth::Sessions> sessions;
    std::unique_ptr<policies::Rules> rules;
    std::unique_ptr<staff::Staff> staff;
    std::unique_ptr<auth::Authenticator> callers;
    std::unique_ptr<treasury::Treasury> treasury;
    std::unique_ptr<treasury::Runs> allocations;
    std::unique_ptr<reports::Schedules> reports;
};

/// Opens the database with the vault's key, recovers the ledger and reads the policy; the writer thread does not run
/// yet. A folder without any revision gets `initial` as its first. wrong_configuration if something in it is wrong.
/// Blocking.
Result<Books> open_books(const Configuration& configuration, const std::vector<policies::Document>& defaults,
                         vault::Vault& vault, const Clock& clock);

/// What the steward looks at besides the books.
struct Surroundings {
    const providers::Health& health;
    const vault::Vault& vault;
    const edge::Server& server;
    CertificateWatch& certificates;
    std::filesystem::path state_folder;
    backup::Backups* backups = nullptr;  ///< null: none are made
    backup::Away* away = nullptr;        ///< null: they stay here
    const Pairing* pairing = nullptr;    ///< null: this machine is alone
};
/// What the steward does, and how often: see stewardship.cpp.
std::vector<treasury::Duty> duties_of(const Books& books, const admin::Parts& parts, const Surroundings& around,
                                      const Clock& clock);
/// What people are told of the service itself: see told.cpp.
std::vector<treasury::Duty> telling_duties(const Books& books, const Surroundings& around, const Clock& clock);
/// What accounts were charged by the hour, as treasury::Sources has it. Blocking.
Result<std::vector<treasury::HourlySpend>> hourly_charges(audit::Audit& audit, std::span<const AccountName> accounts,
                                                          treasury::Hour from, treasury::Hour to);
/// Enters what a reconciliation corrects. `books` must outlive it.
treasury::reconcile::Correct corrector(const Books& books);

/// The master key of a configuration that needs nobody to type it.
Result<vault::MasterKey> key_of(const Configuration& configuration);

/// Everything that runs, built by hand and in order: see wiring.cpp.
class Service {
  public:
    Service(Configuration configuration, const GuardedClock& clock)
        : configuration_(std::move(configuration)), clock_(clock) {}
    ~Service();

    /// Ready to serve, or sealed and waiting for a passphrase. wrong_configuration stops the start.
    Result<void> start();
    /// Drains streams up to the limit, ends the rest honestly, writes what has gathered. Blocking.
    void stop();
    /// Of the configuration's files as they are now; the old one stays if they are wrong.
    Result<void> reload_certificate() { return certificates_->reload(); }
    /// Whether every shard has turned since the last time this was asked. One thread; after start().
    bool beats() { return pulse_->beat(); }
    std::uint16_t port() const { return server_->port(); }
    /// Whether the store broke in a way after which nothing may be served.
    bool broken() const { return broken_.load(); }
    /// Whether this process goes on as something else: it has taken over, or the other machine has. SIGUSR2 tells of
    /// it.
    bool starts_anew() const;

  private:
    Result<void> unseal(const vault::MasterKey& key);
    Result<void> open_house();
    Result<void> open_pair();
    Result<void> open_vault(const std::filesystem::path& folder);
    admin::StandbyHooks standby_hooks();
    Result<void> tell_take_over();
    void set_closed_because(std::string reason);
    std::vector<admin::Check> checks() const;
    std::string metrics() const;
    std::string providers_json() const;
    admin::Check providers_check() const;
    admin::Check alerts_check(const policies::Snapshot& rules) const;
    void write_alert_metrics(std::string& out) const;
    void open_post_office();
    void open_backups();
    admin::Check backup_check() const;
    void write_backup_metrics(std::string& out) const;
    void write_provider_metrics(std::string& out) const;
    void tell(const providers::Change& change) const;
    std::vector<admin::Finding> test_provider(const policies::Snapshot& rules, const std::string& provider,
                                              const std::string& model) const;
    Result<void> write_port() const;

    Configuration configuration_;
    const GuardedClock& clock_;
    std::vector<policies::Document> defaults_;
    std::atomic<bool> restart_{false};
    std::unique_ptr<Pairing> pairing_;  ///< null: this machine is alone. Outlives both stores, which it follows
    std::unique_ptr<PairDoor> pair_door_;
    std::unique_ptr<vault::Vault> vault_;
    std::function<void()> wake_vault_;
    std::unique_ptr<ControlRelay> relay_;
    std::unique_ptr<FrontDoor> door_;
    std::unique_ptr<edge::Server> server_;
    std::unique_ptr<CertificateWatch> certificates_;
    std::unique_ptr<Pulse> pulse_;
    Mutex unsealing_;  ///< one unseal at a time
    Books books_;
    std::unique_ptr<backup::Backups> backups_;         ///< null: the configuration names no folder for them
    std::unique_ptr<backup::Away> away_;               ///< null: it names no target either
    std::unique_ptr<outbox::PostOffice> post_office_;  ///< null: its socket could not be made
    std::unique_ptr<admin::Parts> parts_;
    std::unique_ptr<providers::Health> health_;
    std::unique_ptr<providers::tokens::Keeper> tokens_;
    std::unique_ptr<gateway::Gateway> gateway_;
    std::unique_ptr<providers::tokens::Fetcher> fetcher_;
    std::unique_ptr<Prober> prober_;
    std::unique_ptr<BatchClerk> batch_clerk_;
    std::unique_ptr<treasury::Steward> steward_;
    std::unique_ptr<admin::ControlPlane> control_;
    /// Why there is no house yet although the vault is open; the readiness check says it.
    mutable Mutex closed_mutex_;
    std::string closed_because_ GUARDED_BY(closed_mutex_);
    std::atomic<admin::Parts*> open_{nullptr};  ///< set last of all: readers of other threads see a whole house
    std::atomic<bool> broken_{false};
    std::atomic<bool> stopped_{false};
};

}  // namespace bursar::daemon
