#pragma once

#include "service/base/result.h"
#include "service/base/secret.h"

#include <cstdint>
#include <filesystem>
#include <functional>

// Whole files of a store, beside the service that uses them.
namespace bursar::store {

/// Asked between two pieces, with pages that are done and of how many: false ends the copy.
using GoesOn = std::function<bool(std::uint64_t done, std::uint64_t all)>;

/// Writes what `from` says at this instant to the new file `to` (mode 0600), encrypted under the same key, and puts it
/// on stable storage. `from` may be in use: commits go on meanwhile, and its log is kept until the copy is whole. On an
/// error no file is left; shutting_down if `goes_on` ended it. Blocking.
Result<void> copy_database(const std::filesystem::path& from, const Secret& key, const std::filesystem::path& to,
                           const GoesOn& goes_on);

/// Every page and every tree of a file that nobody has open. wrong_configuration names the first finding, or says that
/// the key does not fit. Blocking.
Result<void> check_database(const std::filesystem::path& file, const Secret& key);

/// Moves the log of a file that nobody has open into it, so that the file alone is everything. Blocking.
Result<void> fold_log(const std::filesystem::path& file, const Secret& key);

}  // namespace bursar::store
