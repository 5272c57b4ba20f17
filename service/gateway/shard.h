#pragma once

#include "policies/choose.h"
#include "service/base/caller.h"
#include "service/base/mutex.h"
#include "service/base/result.h"
#include "service/edge/async.h"
#include "service/gateway/norms.h"
#include "service/gateway/rates.h"
#include "service/ledger/ledger.h"
#include "service/providers/health.h"
#include "service/providers/upstream.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <unordered_map>
#include <vector>

namespace bursar::gateway {

struct Call;
enum class Ended : std::uint8_t;

/// What the writer thread has to say to the calls of one shard. A group commit answers many at once: they wake the
/// shard once.
class Inbox {
  public:
    class Waiting {
      public:
        virtual void land(Result<void> result) = 0;

      protected:
        ~Waiting() = default;
    };

    explicit Inbox(asio::io_context& context) : context_(context) {}
    /// `waiting` hears it on the shard, and must live until then. Any thread.
    void put(Waiting& waiting, Result<void> result) EXCLUDES(mutex_);

  private:
    struct Letter {
        Waiting* to;
        Result<void> result;
    };
    void deliver() EXCLUDES(mutex_);

    asio::io_context& context_;
    std::vector<Letter> delivering_;  ///< the shard's; kept for its memory
    Mutex mutex_;
    std::vector<Letter> letters_ GUARDED_BY(mutex_);
};

/// A model's channels as they are now, in the order of the policy.
struct ModelPlace {
    struct Way {
        std::shared_ptr<providers::ChannelHealth> channel;
        std::vector<std::shared_ptr<providers::KeyHealth>> keys;  ///< one without a name where the provider wants none
    };
    std::vector<Way> ways;
    std::shared_ptr<providers::RetryBudget> retries;
};

/// What one shard keeps for itself: no other thread touches it, but for the inbox.
class Shard {
  public:
    explicit Shard(asio::io_context& context);

    asio::io_context& context() { return context_; }
    Inbox& inbox() { return inbox_; }
    providers::Pool& pool() { return *pool_; }
    /// The ledger's view of who pays for this caller under these rules; prepared once per caller and revision.
    Result<std::shared_ptr<const ledger::Scopes>> scopes_of(ledger::Ledger& ledger, const policies::Snapshot& rules,
                                                            const std::shared_ptr<const Caller>& caller);
    /// What limits the speed of a caller for whom scopes_of() was asked last.
    const RateLevels& rate_levels_of(const std::shared_ptr<const Caller>& caller) const {
        return prepared_.at(caller.get()).rate_levels;
    }
    Norms& norms() { return norms_; }
    std::uint64_t draw() { return random_(); }
    /// How the channels of a model are, under these rules; looked up once per revision.
    std::shared_ptr<const ModelPlace> place_of(providers::Health& health, const policies::Snapshot& rules,
                                               const policies::Model& model);
    /// For whoever chooses; empty, and good until the next wait.
    std::vector<policies::Candidate>& candidates() {
        candidates_.clear();
        return candidates_;
    }

    /// Calls at a provider are known here, so that a stop can end them. Whoever comes after end_calls() is told at once
    /// (Call::stopping).
    void add(Call& call);
    void remove(Call& call);
    /// Tells every call at a provider that the service stops.
    void end_calls(Ended ended);
    /// Whoever comes from here on is not told so any more. After Ended::for_good nothing changes.
    void go_on();
    bool is_ending() const { return ending_.has_value(); }

  private:
    struct Prepared {
        std::shared_ptr<const Caller> caller;  ///< kept, so that its address stays its own
        std::shared_ptr<const ledger::Scopes> scopes;
        RateLevels rate_levels;
    };
    static constexpr std::size_t prepared_max = 20'000;

    asio::io_context& context_;
    Inbox inbox_;
    std::unique_ptr<providers::Pool> pool_;
    std::unordered_map<const Caller*, Prepared> prepared_;
    std::int64_t prepared_for_ = -1;  ///< the policy revision of `prepared_`
    std::unordered_map<const policies::Model*, std::shared_ptr<const ModelPlace>> places_;
    std::int64_t placed_for_ = -1;  ///< the policy revision of `places_`
    std::vector<policies::Candidate> candidates_;
    Norms norms_;
    std::mt19937_64 random_;
    std::vector<Call*> calls_;  ///< in no order; each knows its place
    std::optional<Ended> ending_;
};

}  // namespace bursar::gateway
