// From a backup to a state folder that serves, and into a vault whose master key is lost.
#include "service/backup/restore.h"

#include "service/base/log.h"
#include "service/base/zone.h"
#include "service/daemon/offline.h"
#include "service/daemon/passphrase.h"
#include "service/daemon/service.h"
#include "service/store/copy.h"
#include "service/store/files.h"

#include <cstdio>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

namespace fs = std::filesystem;

/// A terminal that cannot be written to has nobody who could be told so.
void say(const std::string& text) { static_cast<void>(std::fputs((text + "\n").c_str(), stdout)); }

Result<vault::MasterKey> configured_key(const Configuration& configuration, bool is_new) {
    if (configuration.key_source == KeySource::passphrase) return read_passphrase(is_new);
    return key_of(configuration);
}

/// Opens what was laid out as the service will: migrations, the ledger's recovery, the policy, the audit chain.
Result<void> try_out(Configuration configuration, const fs::path& folder, const vault::MasterKey& key,
                     const backup::Manifest& manifest, const Clock& clock) {
    configuration.state_folder = folder;
    TRY(const auto defaults, policies::read_folder(configuration.policy_defaults));
    TRY(const auto vault, vault::Vault::open(folder / "vault", clock));
    TRY_VOID(vault->unseal(key));
    {
        TRY(const Books books, open_books(configuration, defaults, *vault, clock));
        TRY_VOID(books.audit->verify());
        TRY_VOID(books.store->write([&](store::Transaction& transaction) {
            return books.audit->append(
                transaction, {"local", "", "backup.restore", "backup:" + to_text(manifest.made_at), "ok", "{}"});
        }));
    }
    TRY(const Secret database_key, vault->database_key());
    return store::fold_log(folder / "bursar.db", database_key);
}

/// The master key of the configuration opens it from now on.
Result<void> give_master_key(const fs::path& folder, const vault::MasterKey& recovery, const vault::MasterKey& next,
                             const Clock& clock) {
    TRY(const auto vault, vault::Vault::open(folder / "vault", clock));
    return vault->rotate(recovery, next);
}

void tell_of(const backup::Manifest& manifest) {
    say(fmt::format("Backup of {} on {}, made {} by Bursar {}, policy revision {}.", manifest.organisation,
                    manifest.host, to_text(manifest.made_at), manifest.version, manifest.revision));
}

}  // namespace

Result<void> restore(const Configuration& configuration, const Restore& what, const Clock& clock) {
    TRY(const backup::Manifest manifest, backup::read_manifest(what.file));
    tell_of(manifest);
    const fs::path& state = configuration.state_folder;
    TRY(const auto only_one, store::FileLock::take(state / "restore"));
    TRY_VOID(what.only_check ? Result<void>() : backup::finish_restore(state));
    // Whatever is laid out replaces the books as they are then, so that nobody may write them meanwhile.
    std::optional<store::FileLock> not_running;
    if (!what.only_check) {
        TRY(not_running, store::FileLock::take(state / "bursar.db"));
    }

    const fs::path folder = state / (what.only_check ? "restore-check" : backup::restoring_name);
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    std::optional<vault::MasterKey> recovery;
    if (what.by_recovery_key) {
        TRY(recovery, read_recovery_key());
    }
    const bool needs_own = !recovery || !what.only_check;
    std::optional<vault::MasterKey> own;
    if (needs_own) {
        TRY(own, configured_key(configuration, recovery.has_value()));
    }

    const auto done = [&]() -> Result<void> {
        TRY_VOID(backup::lay_out(what.file, recovery ? *recovery : *own, folder));
        TRY_VOID(try_out(configuration, folder, recovery ? *recovery : *own, manifest, clock));
        if (recovery && !what.only_check) TRY_VOID(give_master_key(folder, *recovery, *own, clock));
        return {};
    }();
    if (!done || what.only_check) {
        fs::remove_all(folder, ignored);
        if (done) say("The backup is whole, and it opens: it could be restored.");
        return done;
    }
    TRY_VOID(backup::commit_restore(state));
    not_running.reset();
    TRY_VOID(backup::finish_restore(state));
    say(fmt::format(
        "Restored to {}. What was there lies in its folder before-restore-1 (or a higher number); delete it "
        "when nobody misses anything.",
        state.string()));
    say(
        fmt::format("Calls after {} are not in these books: enter them by a provider's export (bursarctl reconcile). "
                    "Calls that were open then are booked at the amounts that were held for them.",
                    to_text(manifest.made_at)));
    return {};
}

Result<void> make_recovery_key(const Configuration& configuration, const Clock& clock) {
    TRY_VOID(backup::finish_restore(configuration.state_folder));
    const fs::path folder = configuration.state_folder / "vault";
    std::error_code made;
    fs::create_directories(folder, made);
    fs::permissions(folder, fs::perms::owner_all, made);
    TRY(const auto not_running, store::FileLock::take(configuration.state_folder / "bursar.db"));
    TRY(const auto vault, vault::Vault::open(folder, clock));
    TRY(const vault::MasterKey key, configured_key(configuration, vault->is_new()));
    TRY_VOID(vault->unseal(key));
    TRY(const Secret text, vault->make_recovery_key());
    if (std::fputs(fmt::format("{}\n", text.reveal()).c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return {};
    return fail(Fault::internal,
                "The recovery key was made, but standard output cannot be written, so nobody knows it. Make another.");
}

Result<void> use_recovery_key(const Configuration& configuration, const Clock& clock) {
    TRY_VOID(backup::finish_restore(configuration.state_folder));
    TRY(const auto not_running, store::FileLock::take(configuration.state_folder / "bursar.db"));
    TRY(const vault::MasterKey recovery, read_recovery_key());
    TRY(const vault::MasterKey next, configured_key(configuration, true));
    TRY_VOID(give_master_key(configuration.state_folder, recovery, next, clock));
    say("The vault opens with the master key of the configuration from now on. Make a new recovery key: this one has "
        "been seen.");
    return {};
}

}  // namespace bursar::daemon
