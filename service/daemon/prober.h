#pragma once

#include "policies/rules.h"
#include "service/base/clock.h"
#include "service/base/snapshot.h"
#include "service/providers/health.h"
#include "service/providers/tokens/keeper.h"
#include "service/vault/vault.h"

#include <memory>

namespace bursar::daemon {

/// Asks providers whose policy says so (`probe_every`) whether they are there: a GET of their list of models, which
/// costs nothing. An answer, whatever its status below 500, lets a channel that is out be tried at once; silence counts
/// as one failure of each of its channels. On a thread of its own.
class Prober {
  public:
    /// All of them outlive this.
    Prober(const policies::Rules& rules, const vault::Vault& vault, const providers::tokens::Keeper& tokens,
           providers::Health& health, const Clock& clock);
    /// Ends what is under way.
    ~Prober();
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

  private:
    class Work;
    std::unique_ptr<Work> work_;
};

}  // namespace bursar::daemon
