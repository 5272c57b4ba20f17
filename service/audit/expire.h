#pragma once

#include "service/audit/audit.h"

// What is older than may be kept goes, a little at a time.
namespace bursar::audit {

/// What a portion deleted.
enum class Expired : std::uint8_t { nothing, calls, hours, days, combinations, pages };

/// Deletes one portion of the first kind that has something to delete; once there is nothing, gives a portion of the
/// free pages back to the file system.
/// Rows of calls that began before it may have been deleted.
Result<Timestamp> read_expired(store::Transaction& transaction);
Result<Expired> expire_some(store::Transaction& transaction, Timestamp now, const Keep& keep);

}  // namespace bursar::audit
