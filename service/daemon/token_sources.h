#pragma once

#include "policies/snapshot.h"
#include "service/base/clock.h"
#include "service/providers/tokens/keeper.h"
#include "service/vault/vault.h"

#include <string_view>
#include <vector>

// Which tokens the policy and the vault let be asked for.
namespace bursar::daemon {

/// Of every key of every provider that takes tokens, as far as the vault has it; none while it is sealed.
std::vector<providers::tokens::Wanted> tokens_wanted(const policies::Snapshot& rules, const vault::Vault& vault);

/// What a provider is asked with: the key itself, or its token, which is waited for. Blocking, some seconds; not on a
/// shard. As Vault::lend(), and provider_unavailable.
Result<vault::Lease> lend_for(const policies::Provider& provider, std::string_view secret, const vault::Vault& vault,
                              providers::tokens::Keeper& tokens);

/// The same without waiting: nothing where none is there.
vault::Lease lend_at_once(const policies::Provider& provider, std::string_view secret, const vault::Vault& vault,
                          const providers::tokens::Keeper& tokens);

/// From the system's generator.
double chance();

}  // namespace bursar::daemon
