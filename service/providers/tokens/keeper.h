#pragma once

#include "service/base/clock.h"
#include "service/base/mutex.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/providers/tokens/exchange.h"
#include "service/providers/upstream.h"

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bursar::providers::tokens {

/// A key of a provider: both by their names in the policy.
struct Name {
    std::string provider;
    std::string secret;
    auto operator<=>(const Name&) const = default;
};

using Lease = std::shared_ptr<const Secret>;

/// What tokens are wanted for, and how they are asked for. A credential is known by its address: another value in the
/// vault lies elsewhere, while this one is kept.
struct Wanted {
    Name name;
    Kind kind = Kind::google;
    Target target;
    std::string base_path;
    Place place;
    Lease credential;
};

/// One fetch that is to be made.
struct Job {
    Wanted wanted;
    std::int64_t turn = 0;
};

/// Why a call gets no token now.
struct NoToken {
    bool coming = false;  ///< one is on its way: wait() for it
    Failure failure;
    std::chrono::milliseconds retry_in{};
};

/// Tokens while they are good, when the next is due, and who waits for one. No I/O; the time and chance are arguments.
/// They are in memory only, each until it ends or its credential changes. Any thread; a short mutex.
class Keeper {
  public:
    /// `chance`: from 0 up to 1, anew each time; called under the mutex.
    Keeper(const Clock& clock, std::function<double()> chance) : clock_(clock), chance_(std::move(chance)) {}

    /// For calls: the token that this credential has.
    std::expected<Lease, NoToken> lend(const Name& name, const Lease& credential) const;
    /// Answers once, on any thread: when a fetch has ended, whatever came of it, or at once where none is to be waited
    /// for. shutting_down.
    void wait(const Name& name, const Lease& credential, std::move_only_function<void(Result<void>)> answer);
    /// The provider has refused a token of ours. True: another is there or on its way, and worth one more try. False:
    /// it was fetched because of such a refusal a moment ago, or none is to be had now. Whoever comes meanwhile waits
    /// for the new one; where that does not come the old one serves on, which may be good for other calls.
    bool refused(const Name& name, const Lease& token);

    /// For whoever fetches: what is wanted from now on. Gives what is due; each is to be answered by ended(), and none
    /// comes twice before that. Whoever waits for what nobody wants any more is answered.
    std::vector<Job> follow(std::vector<Wanted> wanted);
    /// True: it was of use; false: meanwhile something else is wanted, or nothing.
    bool ended(const Job& job, std::expected<Token, Failure> got);
    /// Something may be due before the next look. Called under the mutex, on any thread.
    void on_due(std::function<void()> wake);
    /// Everybody who waits is answered, and whoever comes later at once.
    void end();

    static constexpr std::chrono::milliseconds first_pause{1'000}, last_pause{60'000};
    /// A token that was fetched because of a refusal is not fetched again for the next one before this.
    static constexpr std::chrono::seconds renewal_gap{60};

  private:
    struct Entry {
        Wanted wanted;
        bool followed = false;  ///< false: somebody waits for what was not wanted yet
        bool under_way = false;
        std::int64_t turn = 0;  ///< of the newest fetch
        Lease token;
        bool doubted = false;  ///< refused, and another one is on its way
        Moment good_until;
        Moment refresh_at;
        int failures = 0;  ///< in a row
        Failure failure;
        Moment retry_at;
        bool renewed = false;
        Moment renewed_at;
        std::vector<std::move_only_function<void(Result<void>)>> waiting;
    };
    using Answers = std::vector<std::move_only_function<void(Result<void>)>>;
    static bool has_good(const Entry& entry, const Lease& credential, Moment now);
    static bool rests(const Entry& entry, const Lease& credential, Moment now);
    static void forget(Entry& entry);
    void keep(Entry& entry, Token token) REQUIRES(mutex_);
    void note(Entry& entry, Failure failure) REQUIRES(mutex_);

    const Clock& clock_;
    mutable Mutex mutex_;
    const std::function<double()> chance_ GUARDED_BY(mutex_);
    std::map<Name, Entry> entries_ GUARDED_BY(mutex_);
    std::function<void()> wake_ GUARDED_BY(mutex_);
    std::int64_t turns_ GUARDED_BY(mutex_) = 0;
    bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace bursar::providers::tokens
