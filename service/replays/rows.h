#pragma once

#include "service/replays/index.h"

// The table of kept answers: written by the writer thread, read by the fetching one.
namespace bursar::replays {

/// `answer` is null where there is nothing to give again.
Result<void> write_row(store::Transaction& transaction, const Entry& entry, const Answer* answer);
Result<void> remove_row(store::Transaction& transaction, std::int64_t number);
/// Without the answers, oldest first.
Result<std::vector<Entry>> read_entries(store::Transaction& transaction);
/// Null if it is not there (any more).
Result<std::shared_ptr<const Answer>> read_answer(store::Transaction& transaction, std::int64_t number);

}  // namespace bursar::replays
