// How the house is put together: by hand, in order, on one page.
#include "service/backup/restore.h"
#include "service/base/json.h"
#include "service/base/log.h"
#include "service/daemon/inquiry.h"
#include "service/daemon/service.h"
#include "service/daemon/token_sources.h"
#include "service/providers/tokens/credential.h"

#include <csignal>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace bursar::daemon {
namespace {

/// Streams get this long before the edge closes what is left.
constexpr std::chrono::seconds honest_end{2};

Result<std::string> read_token(const std::filesystem::path& file) {
    if (file.empty()) return std::string{};
    std::ifstream in(file);
    std::string token;
    if (!in || !std::getline(in, token) || token.size() < 16)
        return fail(Fault::wrong_configuration,
                    fmt::format("{}: metrics.token_file needs one line of at least 16 characters.", file.string()));
    return token;
}

}  // namespace

Result<void> Service::start() {
    TRY(defaults_, policies::read_folder(configuration_.policy_defaults));
    TRY(std::string metrics_token, read_token(configuration_.metrics_token_file));
    TRY_VOID(backup::finish_restore(configuration_.state_folder));
    TRY_VOID(open_pair());
    const std::filesystem::path vault_folder = configuration_.state_folder / "vault";
    std::error_code made;
    std::filesystem::create_directories(vault_folder, made);
    std::filesystem::permissions(vault_folder, std::filesystem::perms::owner_all, made);
    TRY_VOID(open_vault(vault_folder));
    const bool serves = !pairing_ || pairing_->serves();

    const std::filesystem::path socket = configuration_.state_folder / "control.sock";
    relay_ = std::make_unique<ControlRelay>(socket);
    door_ = std::make_unique<FrontDoor>(*relay_, clock_, [this] { return checks(); });
    if (pairing_) door_->open_pair(*pair_door_, [this] { return pairing_->may_spend(); });
    std::vector<std::filesystem::path> certificate_files;
    if (!configuration_.listen.certificate.empty())
        certificate_files = {configuration_.listen.certificate, configuration_.listen.private_key};
    certificates_ = std::make_unique<CertificateWatch>(std::move(certificate_files),
                                                       [this] { return server_->reload_certificate(); });
    TRY(server_, edge::Server::create(configuration_.listen, configuration_.limits, configuration_.shards, *door_,
                                      &FrontDoor::is_control));
    if (serves && configuration_.key_source != KeySource::passphrase) {
        TRY(const vault::MasterKey key, key_of(configuration_));
        TRY_VOID(unseal(key));
    }
    admin::Options options{.socket = socket,
                           .policy_defaults = defaults_,
                           .metrics_token = std::move(metrics_token),
                           .new_vault_from_loopback = !configuration_.listen.certificate.empty(),
                           .public_url = configuration_.public_url,
                           .tls = !configuration_.listen.certificate.empty(),
                           .console = configuration_.console_folder,
                           .database = configuration_.state_folder / "bursar.db"};
    admin::Hooks hooks{
        .metrics = [this] { return metrics(); },
        .checks = [this] { return checks(); },
        .unseal = [this](const vault::MasterKey& key) { return unseal(key); },
        .providers = [this] { return providers_json(); },
        .parts = [this] { return open_.load(); },
        .test_provider = [this](const policies::Snapshot& rules, const std::string& provider,
                                const std::string& model) { return test_provider(rules, provider, model); },
        .hourly = [this](std::span<const AccountName> accounts, treasury::Hour from,
                         treasury::Hour to) { return hourly_charges(*books_.audit, accounts, from, to); },
        .correct = corrector(books_),
        .tidy_secret = providers::tokens::tidy};
    TRY(control_, admin::start_paired(std::move(options), *vault_, std::move(hooks), standby_hooks(), clock_));
    server_->start();
    if (pairing_) pairing_->start();
    pulse_ = std::make_unique<Pulse>(server_->shards(), [this](std::size_t shard, std::function<void()> trifle) {
        asio::post(server_->shard(shard), std::move(trifle));
    });
    return write_port();
}

Result<void> Service::unseal(const vault::MasterKey& key) {
    if (pairing_ && !pairing_->serves())
        return fail(Fault::conflict, "This machine does not serve, so there is nothing to unseal. Ask the other one.");
    const MutexLock one_at_a_time(unsealing_);
    TRY_VOID(vault_->unseal(key));
    if (open_.load() != nullptr) return {};
    set_closed_because("The database is being opened; after a crash the ledger is read again, which may take a while.");
    auto opened = open_house();
    if (!opened) {
        log::error("not_opened", {{"reason", opened.error().operator_text()}});
        set_closed_because(fmt::format("The database could not be opened: {} Repair it, then unseal again or restart.",
                                       opened.error().for_caller));
    }
    return opened;
}

void Service::set_closed_because(std::string reason) {
    const MutexLock lock(closed_mutex_);
    closed_because_ = std::move(reason);
}

Result<void> Service::open_house() {
    TRY(books_, open_books(configuration_, defaults_, *vault_, clock_));
    // The ledger behind these: whatever outcome or answer the others take into a group, the ledger has its settlement
    // for the same group or an earlier one. A row without its settlement could not be told from a call that was lost.
    books_.store->attach(*books_.audit);
    books_.store->attach(*books_.replays);
    books_.store->attach(*books_.ledger);
    // Behind the rows of calls: whoever sees one finds the response that it made.
    books_.store->attach(*books_.stored);
    if (pairing_) books_.store->follow_with(pairing_->serving()->follower(standby::Part::service_database));
    books_.store->on_broken([this](const Error& error) {
        if (starts_anew()) return static_cast<void>(::kill(::getpid(), SIGUSR2));
        log::error("store_broken", {{"reason", error.operator_text()}});
        broken_.store(true);
        ::kill(::getpid(), SIGTERM);
    });
    books_.store->start();
    open_post_office();
    open_backups();
    parts_ = std::make_unique<admin::Parts>(
        admin::Parts{*books_.store, *books_.ledger, *books_.audit, *books_.keys, *books_.operators, *books_.people,
                     *books_.sessions, *books_.callers, *books_.staff, *books_.rules, *books_.treasury,
                     books_.allocations.get(), post_office_.get(), backups_.get(), books_.reports.get(), away_.get()});

    std::vector<asio::io_context*> shards;
    for (std::size_t i = 0; i < server_->shards(); ++i) shards.push_back(&server_->shard(i));
    health_ = std::make_unique<providers::Health>(clock_, [this](const providers::Change& change) { tell(change); });
    tokens_ = std::make_unique<providers::tokens::Keeper>(clock_, chance);
    const gateway::Parts rooms{*books_.rules,   *books_.callers, *books_.ledger, *vault_,       *books_.audit, *health_,
                               *books_.replays, *books_.stored,  *tokens_,       *books_.shelf, clock_};
    const gateway::Limits limits{.body_bytes_max = configuration_.body_bytes_max,
                                 .kept_talks_bytes_max = configuration_.limits.body_bytes_total_max / 4};
    gateway_ = std::make_unique<gateway::Gateway>(rooms, limits, shards);
    books_.audit->note({.actor = "service",
                        .address = "",
                        .action = "service.start",
                        .object = "version:" BURSAR_VERSION,
                        .outcome = "ok",
                        .detail = "{}"});
    TRY_VOID(tell_take_over());
    // Not before: where the house does not open, another unseal puts other books in the place of those that these
    // threads read.
    fetcher_ = std::make_unique<providers::tokens::Fetcher>(
        *tokens_, [this] { return tokens_wanted(*books_.rules->get(), *vault_); }, clock_);
    prober_ = std::make_unique<Prober>(*books_.rules, *vault_, *tokens_, *health_, clock_);
    batch_clerk_ = std::make_unique<BatchClerk>(BatchClerk::Parts{
        *books_.store, *books_.shelf, *books_.rules, *books_.treasury->corrections, *vault_, *tokens_, clock_});
    open_.store(parts_.get());
    door_->open(*gateway_);
    books_.staff->start();
    if (post_office_) post_office_->start();
    steward_ = std::make_unique<treasury::Steward>(
        clock_, duties_of(books_, *parts_,
                          {*health_, *vault_, *server_, *certificates_, configuration_.state_folder, backups_.get(),
                           away_.get(), pairing_.get()},
                          clock_));
    log::info("open",
              {{"revision", books_.rules->get()->revision}, {"lost_calls", books_.ledger->lost_at_start().size()}});
    return {};
}

/// Somebody will want to know when it began.
void Service::tell(const providers::Change& change) const {
    JsonWriter detail;
    detail.open().field("state", change.state).field("why", change.why).close();
    books_.audit->note({.actor = "service",
                        .address = "",
                        .action = change.what + "." + change.state,
                        .object = change.what + ":" + change.name,
                        .outcome = "ok",
                        .detail = std::move(detail).text()});
    if (change.state == "well")
        log::info("back", {{change.what, change.name}});
    else
        log::warning("out", {{change.what, change.name}, {"state", change.state}, {"reason", change.why}});
}

std::vector<admin::Finding> Service::test_provider(const policies::Snapshot& rules, const std::string& provider,
                                                   const std::string& model) const {
    const auto found = rules.providers.find(provider);
    if (found == rules.providers.end()) return {};
    return inquire({.rules = rules,
                    .provider = *found->second,
                    .model = model,
                    .lend = [this, &at = *found->second](
                                std::string_view secret) { return lend_for(at, secret, *vault_, *tokens_); },
                    .clock = clock_,
                    .stopping = [this] { return stopped_.load(); }});
}

Result<void> Service::write_port() const {
    log::info("listening", {{"address", configuration_.listen.address},
                            {"port", server_->port()},
                            {"tls", !configuration_.listen.certificate.empty()}});
    if (configuration_.port_file.empty()) return {};
    const std::filesystem::path temporary = configuration_.port_file.string() + ".new";
    std::ofstream out(temporary);
    out << server_->port() << '\n';
    out.close();
    std::error_code failed;
    if (out) std::filesystem::rename(temporary, configuration_.port_file, failed);
    if (!out || failed)
        return fail(Fault::wrong_configuration, fmt::format("{}: listen.port_file cannot be written; check its folder.",
                                                            configuration_.port_file.string()));
    return {};
}

void Service::stop() {
    if (stopped_.exchange(true) || !server_) return;
    if (door_) door_->set_stopping();
    if (pairing_) pairing_->begin_stop();
    Mutex mutex;
    Condition drained;
    bool done = false;
    std::thread ender;
    if (gateway_) {
        // Streams that outlast the drain are told so in-band before the edge closes them.
        const auto deadline =
            clock_.moment() + std::max<std::chrono::milliseconds>(configuration_.limits.drain - honest_end,
                                                                  configuration_.limits.drain / 2);
        ender = std::thread([&, deadline] {
            const MutexLock lock(mutex);
            while (!done && drained.wait_until(mutex, deadline)) {
            }
            if (done) return;
            gateway_->end_streams(gateway::Ended::for_good);
            tokens_->end();
        });
    }
    prober_.reset();
    server_->stop();
    // While a standby is waited for, nothing of what follows could end.
    if (pairing_) pairing_->stop();
    if (pair_door_) pair_door_->stop();
    {
        const MutexLock lock(mutex);
        done = true;
    }
    drained.notify_all();
    if (ender.joinable()) ender.join();
    // It may be waiting for the writer, and for a token.
    batch_clerk_.reset();
    // While those who wait for a token still have a shard to hear it on.
    fetcher_.reset();
    // Before the control plane, some of whose requests may be waiting for it.
    if (post_office_) post_office_->stop();
    if (control_) control_->stop();
    steward_.reset();
    if (away_) away_->stop();
    if (backups_) backups_->stop();
    if (books_.staff) books_.staff->stop();
    if (books_.store) {
        books_.audit->note({.actor = "service",
                            .address = "",
                            .action = "service.stop",
                            .object = "version:" BURSAR_VERSION,
                            .outcome = "ok",
                            .detail = "{}"});
        books_.store->stop();
    }
}

Service::~Service() {
    stop();
    control_.reset();
    gateway_.reset();
    server_.reset();
}

}  // namespace bursar::daemon
