// Backups in the house: what goes into them, and how they stand.
#include "service/daemon/service.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;

/// The configuration and the certificate with its key: what a fresh machine needs besides the state.
std::vector<backup::Source> configuration_files(const Configuration& configuration) {
    std::vector<backup::Source> files{{"etc/bursard.ini", configuration.file}};
    if (!configuration.listen.certificate.empty()) {
        files.push_back({"etc/certificate.pem", configuration.listen.certificate});
        files.push_back({"etc/private_key.pem", configuration.listen.private_key});
    }
    return files;
}

}  // namespace

void Service::open_backups() {
    if (configuration_.backup_folder.empty()) return;
    backups_ = std::make_unique<backup::Backups>(
        backup::Backups::Parts{.vault = *vault_,
                               .clock = clock_,
                               .facts =
                                   [&rules = *books_.rules] {
                                       const auto now = rules.get();
                                       return backup::Backups::Facts{.organisation = now->organisation.name,
                                                                     .revision = now->revision};
                                   }},
        backup::Options{.folder = configuration_.backup_folder,
                        .every = configuration_.backup_every,
                        .keep = configuration_.backup_keep,
                        .database = configuration_.state_folder / "bursar.db",
                        .configuration = configuration_files(configuration_),
                        .version = BURSAR_VERSION});
    if (!configuration_.backup_target) return;
    const backup::TargetOptions& target = *configuration_.backup_target;
    away_ = std::make_unique<backup::Away>(
        backup::Away::Parts{
            .backups = *backups_, .vault = *vault_, .clock = clock_, .target = backup::make_target(target, clock_)},
        target);
}

admin::Check Service::backup_check() const {
    if (!backups_)
        return {"backup", true, false,
                "No backups are made. Name a folder for them in the configuration: [backup] folder = …"};
    const backup::State state = backups_->state();
    const auto bad = [](std::string text) { return admin::Check{"backup", false, false, std::move(text)}; };
    if (!state.failure.empty()) return bad(fmt::format("The last backup could not be made: {}", state.failure));
    if (away_ && !away_->state().failure.empty())
        return bad(fmt::format("The newest backup could not be sent to {}: {}", backup::describe(away_->options()),
                               away_->state().failure));
    if (!state.made_at) return {"backup", true, false, "There is no backup yet: bursarctl backup create"};
    const auto age = std::chrono::floor<std::chrono::hours>(clock_.now() - *state.made_at);
    std::string text = fmt::format("The newest backup is {} hours old.", std::max<std::int64_t>(0, age.count()));
    if (configuration_.backup_every > 0h && age > 2 * configuration_.backup_every)
        return bad(text + " Make one, and see what is wrong: bursarctl backup create");
    return {"backup", true, false, std::move(text)};
}

void Service::write_backup_metrics(std::string& out) const {
    if (!backups_) return;
    const backup::State state = backups_->state();
    gateway::write_family(out, "bursar_backup_failed", "gauge", "1 while the last backup could not be made.");
    out += fmt::format("bursar_backup_failed {}\n", state.failure.empty() ? 0 : 1);
    if (away_) {
        const backup::AwayState away = away_->state();
        gateway::write_family(out, "bursar_backup_away_failed", "gauge",
                              "1 while the newest backup could not be sent to its target.");
        out += fmt::format("bursar_backup_away_failed {}\n", away.failure.empty() ? 0 : 1);
    }
    if (!state.made_at) return;
    gateway::write_family(out, "bursar_backup_made_timestamp_seconds", "gauge", "When the newest backup was made.");
    out += fmt::format("bursar_backup_made_timestamp_seconds {}\n", unix_milliseconds(*state.made_at) / 1000);
}

}  // namespace bursar::daemon
