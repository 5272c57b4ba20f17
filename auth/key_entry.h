#pragma once

#include "auth/keys.h"
#include "auth/network.h"
#include "service/base/crypto.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// One virtual key: how it is checked, stored and kept in memory.
namespace bursar::auth {

/// Minutes since 1970 of the last use; 0: never. Shared by all versions of a key.
struct LastUse {
    std::atomic<std::int64_t> minute = 0;
};

struct KeyEntry {
    KeyFacts facts;  ///< `last_used_at` is in `used`
    Digest digest{};
    std::optional<Digest> old_digest;
    std::int64_t version = 1;
    std::vector<Network> networks;
    std::shared_ptr<const Caller> caller;
    std::shared_ptr<LastUse> used;

    const std::string& id() const { return facts.id; }
};

/// Limits of what a key may say; invalid_request names the field.
Result<void> check_new_key(const NewKey& key, Timestamp now);

/// Fills in what follows from the facts. Fails only on stored networks that cannot be read.
Result<void> complete(KeyEntry& entry);

Result<void> insert_key(store::Transaction& transaction, const KeyEntry& entry);
Result<void> update_key(store::Transaction& transaction, const KeyEntry& entry);
/// not_found if there is none.
Result<KeyEntry> load_key(store::Transaction& transaction, std::string_view id);
Result<std::vector<KeyEntry>> load_keys(store::Transaction& transaction);

}  // namespace bursar::auth
