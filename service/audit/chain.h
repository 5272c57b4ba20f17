#pragma once

#include "service/audit/audit.h"

#include <span>

// The chain of actions: every row's hash covers the row and the hash before it, and the end of the chain is on record
// of its own, so that an edit, a removal, a new order or a cut tail shows. All of it is keyed (HMAC-SHA256): the key of
// the database alone is not enough to write another chain. An older state of the whole file fits in itself; it shows
// against an end that was noted elsewhere.
namespace bursar::audit {

struct Stamped {
    Timestamp at;
    Action action;
};

/// Cuts what is longer than the trail takes, so that no caller can fill the disk through it.
Action clipped(Action action);
/// Adds the rows in their order and moves the recorded end.
Result<void> append_rows(store::Transaction& transaction, const Secret& key, std::span<const Stamped> rows);
/// Reads all of it; its end, or the first row that does not fit (Fault::conflict).
Result<End> verify_chain(store::Transaction& transaction, const Secret& key);
Result<std::vector<Entry>> read_entries(store::Transaction& transaction, const Audit::EntryFilter& filter);

struct Head {
    std::int64_t number = 0;
    std::string hash;  ///< 32 bytes
    End end() const;
};
/// conflict if it is not what was written there.
Result<Head> read_head(store::Transaction& transaction, const Secret& key);

}  // namespace bursar::audit
