#pragma once

#include "service/store/connection.h"

#include <memory>
#include <span>

namespace bursar::store {

/// Opens the file of `options` for writing, or creates it. Before the first byte is written the key, every page and the
/// versions are checked on a read-only connection; whatever does not fit is wrong_configuration.
Result<std::unique_ptr<Connection>> open_checked(const Options& options);

/// Every page as the cipher sees it, and the trees as SQLite sees them. The error names the first finding.
Result<void> check_pages(Connection& connection, const std::filesystem::path& file);
Result<void> check_trees(Connection& connection, const std::filesystem::path& file);

}  // namespace bursar::store
