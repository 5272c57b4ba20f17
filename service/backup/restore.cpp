#include "service/backup/restore.h"

#include "service/base/log.h"
#include "service/store/copy.h"
#include "service/store/files.h"

#include <fstream>
#include <string>

#include <fmt/format.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;

constexpr const char* committed_name = "complete";

std::unexpected<Error> cannot(std::string_view doing, const fs::path& what, const std::error_code& error) {
    return fail(Fault::wrong_configuration, fmt::format("Cannot {} {}: {}.", doing, what.string(), error.message()));
}

Result<void> make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return cannot("create", folder, error);
    return {};
}

Result<void> fill(const fs::path& file, const Manifest& manifest, const vault::MasterKey& key, const fs::path& into) {
    TRY_VOID(make_folder(into));
    TRY_VOID(make_folder(into / "vault"));
    TRY_VOID(store::replace_file(into / "vault" / "keyring", manifest.keyring));
    if (!manifest.recovery.empty()) TRY_VOID(store::replace_file(into / "vault" / "recovery", manifest.recovery));
    TRY(const Secret archive_key, vault::key_from_keyring(into / "vault", key, key_info(manifest)));
    TRY_VOID(extract(file, archive_key, into));
    for (const char* needed : {"bursar.db", "vault/vault.db"}) {
        std::error_code error;
        if (!fs::is_regular_file(into / needed, error))
            return fail(Fault::wrong_configuration,
                        fmt::format("The backup {} has no {}; take another one.", file.string(), needed));
    }
    const SystemClock clock;
    TRY(const auto vault, vault::Vault::open(into / "vault", clock));
    TRY_VOID(vault->unseal(key));
    TRY(const Secret database_key, vault->database_key());
    return store::check_database(into / "bursar.db", database_key);
}

/// A free name for what has to make room.
fs::path aside(const fs::path& state) {
    std::error_code error;
    for (int i = 1;; ++i) {
        fs::path folder = state / fmt::format("before-restore-{}", i);
        if (!fs::exists(folder, error)) return folder;
    }
}

Result<void> move(const fs::path& from, const fs::path& to) {
    std::error_code error;
    if (!fs::exists(from, error)) return {};
    fs::rename(from, to, error);
    if (error) return cannot("move", from, error);
    return {};
}

/// The new one comes last, so that whatever was interrupted is seen and done again.
Result<void> swap_in(const fs::path& state, const fs::path& old, const char* name) {
    const fs::path fresh = state / restoring_name / name;
    std::error_code error;
    if (!fs::exists(fresh, error)) return {};
    // A database goes with its log; the log first, or the new file would be read through the old one's.
    const std::string plain(name);
    for (const std::string& each : {plain + "-wal", plain + "-shm", plain}) TRY_VOID(move(state / each, old / each));
    TRY_VOID(store::sync_folder(old));
    TRY_VOID(move(fresh, state / name));
    return store::sync_folder(state);
}

}  // namespace

Result<Manifest> lay_out(const fs::path& file, const vault::MasterKey& key, const fs::path& into) {
    TRY(Manifest manifest, read_manifest(file));
    TRY_VOID(check_whole(file));
    std::error_code error;
    if (fs::exists(into, error))
        return fail(Fault::conflict, fmt::format("{} is there already; remove it and try again.", into.string()));
    const auto filled = fill(file, manifest, key, into);
    if (filled) return manifest;
    fs::remove_all(into, error);
    return std::unexpected(filled.error());
}

Result<void> commit_restore(const fs::path& state) {
    const fs::path folder = state / restoring_name;
    TRY_VOID(store::sync_folder(folder / "vault"));
    TRY_VOID(store::sync_folder(folder));
    TRY_VOID(store::sync_folder(state));
    // It says where to, so that one that is interrupted goes on with the same folder.
    return store::replace_file(folder / committed_name, aside(state).filename().string());
}

Result<void> finish_restore(const fs::path& state) {
    const fs::path folder = state / restoring_name;
    std::error_code error;
    if (!fs::exists(folder, error)) return {};
    TRY(const auto lock, store::FileLock::take(state / "bursar.db"));
    if (fs::exists(folder / committed_name, error)) {
        std::string name;
        std::getline(std::ifstream(folder / committed_name), name);
        const fs::path old = state / fs::path(name).filename();
        TRY_VOID(make_folder(old));
        for (const char* each : {"vault", "bursar.db", "etc"}) TRY_VOID(swap_in(state, old, each));
        log::info("restored", {{"former_state", old.string()}});
        // Of a machine that had nothing.
        if (fs::is_empty(old, error)) fs::remove(old, error);
        fs::remove(folder / committed_name, error);
    }
    fs::remove_all(folder, error);
    if (error) return cannot("remove", folder, error);
    return store::sync_folder(state);
}

}  // namespace bursar::backup
