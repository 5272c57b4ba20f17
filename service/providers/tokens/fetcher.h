#pragma once

#include "service/providers/tokens/keeper.h"

#include <functional>
#include <memory>
#include <vector>

namespace bursar::providers::tokens {

/// Fetches what the keeper finds due, ahead of calls, each on its own, on a thread for all of them.
class Fetcher {
  public:
    /// `wanted` is asked on that thread, some times a second: what the policy and the vault have now. All outlive this.
    Fetcher(Keeper& keeper, std::function<std::vector<Wanted>()> wanted, const Clock& clock);
    /// Ends what is under way, and the keeper.
    ~Fetcher();
    Fetcher(const Fetcher&) = delete;
    Fetcher& operator=(const Fetcher&) = delete;

  private:
    class Work;
    std::unique_ptr<Work> work_;
};

}  // namespace bursar::providers::tokens
