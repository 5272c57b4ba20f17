#pragma once

#include "service/backup/archive.h"
#include "service/vault/vault.h"

#include <filesystem>

// From a backup to a state folder. Old or new, never neither: everything is laid out beside first, and only then, in
// steps that can be repeated, does it take the place of what is there.
namespace bursar::backup {

/// Names within a state folder.
inline constexpr const char* restoring_name = "restoring";

/// Lays out what `file` has in the new folder `into`: vault/, bursar.db, and etc/ with the configuration of that time.
/// A whole file, `key` fits, and every page of both databases is sound; else nothing is left. Blocking.
Result<Manifest> lay_out(const std::filesystem::path& file, const vault::MasterKey& key,
                         const std::filesystem::path& into);

/// STATE/restoring is whole: from here on it will take its place, now or at the next start.
Result<void> commit_restore(const std::filesystem::path& state);
/// Puts what commit_restore() was said of into its place, if there is any; what was there goes to
/// STATE/before-restore-N. A half-done one is finished; what was never committed is removed. wrong_configuration if the
/// database is open in another process. Blocking.
Result<void> finish_restore(const std::filesystem::path& state);

}  // namespace bursar::backup
