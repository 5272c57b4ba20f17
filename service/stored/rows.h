#pragma once

#include "service/stored/index.h"

#include <functional>

// The table of known responses: written by the writer thread, read once at the start.
namespace bursar::stored {

/// Replaces an earlier row of the same number.
Result<void> write_row(store::Transaction& transaction, const Entry& entry, const Origin& origin);
Result<void> remove_row(store::Transaction& transaction, std::int64_t number);
/// Each with its origin, oldest first.
Result<void> read_rows(store::Transaction& transaction, const std::function<void(const Entry&, const Origin&)>& each);

}  // namespace bursar::stored
