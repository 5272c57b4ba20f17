#pragma once

#include "policies/rules.h"
#include "service/base/clock.h"
#include "service/providers/tokens/keeper.h"
#include "service/shelf/shelf.h"
#include "service/store/store.h"
#include "service/treasury/corrections.h"
#include "service/vault/vault.h"

#include <memory>

namespace bursar::daemon {

/// Looks after batches until they are settled, whether or not anybody asks for them: asks providers how they stand, and
/// once one has ended reads its results and corrects what was booked, once. On a thread of its own.
class BatchClerk {
  public:
    /// All of them outlive this.
    struct Parts {
        store::Store& store;
        shelf::Shelf& shelf;
        const policies::Rules& rules;
        treasury::Corrections& corrections;
        const vault::Vault& vault;
        providers::tokens::Keeper& tokens;
        const Clock& clock;
    };
    explicit BatchClerk(const Parts& parts);
    /// Ends what is under way; it is done again by the next one.
    ~BatchClerk();
    BatchClerk(const BatchClerk&) = delete;
    BatchClerk& operator=(const BatchClerk&) = delete;

  private:
    class Work;
    std::unique_ptr<Work> work_;
};

}  // namespace bursar::daemon
