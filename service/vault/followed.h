#pragma once

#include "service/store/follower.h"
#include "service/vault/vault.h"

#include <functional>
#include <memory>

namespace bursar::vault {

/// A vault whose secrets somebody else has to have, too.
struct Followed {
    std::unique_ptr<Vault> vault;
    /// Writes a group, if the vault is open: for a follower that begins anew. Any thread, while the vault lives.
    std::function<void()> wake;
};

/// As Vault::open(). Once unsealed, no secret counts as stored before `follower` has it; it outlives the vault.
Result<Followed> open_followed(const std::filesystem::path& folder, const Clock& clock, store::Follower& follower);

}  // namespace bursar::vault
