#pragma once

#include "auth/sync.h"
#include "service/store/store.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::auth {

/// One look at a whole directory, and what came of it.
struct SyncRecord {
    std::int64_t number = 0;  ///< given by append()
    std::string source;
    Timestamp at;
    std::string state;  ///< "applied", "stopped", "unchanged", "failed"
    std::string stop;   ///< a name of SyncStop
    std::int64_t arrivals = 0, changes = 0, returns = 0, missing = 0, leavers = 0;
    std::string why;      ///< of a stop or failure
    std::string details;  ///< JSON; empty in lists
};
SyncRecord record_of(const Proposal& proposal, Timestamp at);

/// The newest thousand of each source.
class SyncHistory {
  public:
    static store::Schema schema();
    /// The number of the new record.
    static Result<std::int64_t> append(store::Transaction& transaction, const SyncRecord& record);
    /// The newest first; of every source if `source` is empty. Without details. Blocking.
    static Result<std::vector<SyncRecord>> list(store::Store& store, std::string_view source, std::int64_t most);
    /// not_found. Blocking.
    static Result<SyncRecord> read(store::Store& store, std::int64_t number);
};

}  // namespace bursar::auth
