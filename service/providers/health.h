#pragma once

#include "service/base/clock.h"
#include "service/base/mutex.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How channels and keys are: learned from the calls that go to them, forgotten by themselves. No call waits for it.
namespace bursar::providers {

/// When something counts as failing, and when it is tried again.
struct Patience {
    int errors_percent = 50;  ///< of the calls of the window, once there are `failures_min` failures in it
    int failures_min = 5;     ///< in the window; so many in a row, with no success between, are enough as well
    std::chrono::milliseconds window{10'000};
    std::chrono::milliseconds first_retry{1'000};  ///< doubles with every retry that fails
    std::chrono::milliseconds last_retry{30'000};
    std::chrono::milliseconds key_first_retry{60'000};
    std::chrono::milliseconds key_last_retry{900'000};
};

/// well: calls go there. out: none do. trying: one call sees whether it is back.
enum class ChannelState : std::uint8_t { well, out, trying };
/// limited: the provider asked for a pause. refused, used_up: it does not take the key now.
enum class KeyState : std::uint8_t { well, limited, refused, used_up };

std::string_view name_of(ChannelState state);
std::string_view name_of(KeyState state);

/// A change for the worse or the better, told to whoever wants to know.
struct Change {
    Timestamp at;
    std::string what;   ///< "channel" or "key"
    std::string name;   ///< "openai/gpt-4o"; of a key "openai#openai-a"
    std::string state;  ///< name_of() its new state
    std::string why;
};

/// Moving averages over the last calls.
struct Pace {
    std::chrono::nanoseconds first_token{};  ///< streams: from the request to the first content
    double tokens_per_second = 0;            ///< streams: from then on; 0: unmeasured
    double plain_tokens_per_second = 0;      ///< other answers, from the request to their end; 0: unmeasured
};

struct ChannelFacts {
    std::string name;
    ChannelState state = ChannelState::well;
    std::string why;  ///< of the last failure; empty if there was none
    std::optional<Timestamp> since;
    std::optional<Timestamp> retry_at;
    int under_way = 0;
    std::int64_t calls = 0;  ///< of the window
    std::int64_t failures = 0;
    Pace pace;
    std::vector<Change> history;  ///< newest first
};

struct KeyFacts {
    std::string provider;
    std::string secret;
    KeyState state = KeyState::well;
    std::string why;
    std::optional<Timestamp> since;
    std::optional<Timestamp> retry_at;
    std::int64_t calls = 0;  ///< since the start
    std::vector<Change> history;
};

/// open: calls may go there. due: one call may see whether it is back. avoided: it fails, and is better than nothing.
/// shut: it has asked for a pause, or does not take the key.
enum class Way : std::uint8_t { open, due, avoided, shut };

using Listener = std::function<void(const Change&)>;

/// One channel. Any thread; a healthy channel costs its calls two atomics on the way in and a short lock on the way
/// out.
class ChannelHealth {
  public:
    ChannelHealth(std::string name, const Clock& clock, const Listener& changed);

    Way way(Moment now) const;
    /// One more call under way. Of a channel that is due only one call is let in: the others hear false.
    bool enter(Way by);
    /// What a call that was let in has shown. `tried`: it came by Way::due, and owes one of these.
    void was_well(bool tried);
    void has_failed(bool tried, std::string_view why, std::optional<std::chrono::milliseconds> retry_after);
    /// Nothing was learned: the caller left, or the fault was not the channel's.
    void showed_nothing(bool tried);
    /// Every call that was let in leaves once.
    void leave() { under_way_.fetch_sub(1, std::memory_order_relaxed); }

    void measure_stream(std::chrono::nanoseconds first_token, std::chrono::nanoseconds rest, std::int64_t tokens);
    void measure_plain(std::chrono::nanoseconds whole, std::int64_t tokens);
    /// Measures older than this say nothing about now.
    static constexpr auto pace_lasts = std::chrono::minutes(10);
    Pace pace(Moment now) const;

    /// From a probe that is no call: an answer makes the next retry due at once, silence is one more failure.
    void probed(bool answered, std::string_view why);

    void set(const Patience& patience);
    int under_way() const { return under_way_.load(std::memory_order_relaxed); }
    const std::string& name() const { return name_; }
    /// When the next call may come; nothing while it is open.
    std::optional<std::chrono::nanoseconds> shut_for(Moment now) const;
    ChannelFacts facts() const;

  private:
    struct Slice {
        std::int64_t number = -1;
        std::int64_t calls = 0;
        std::int64_t failures = 0;
    };
    static constexpr std::int64_t slices_count = 10;

    Slice& slice(Moment now) REQUIRES(mutex_);
    std::pair<std::int64_t, std::int64_t> sums(Moment now) const REQUIRES(mutex_);  ///< calls, failures
    bool is_failing(Moment now) const REQUIRES(mutex_);
    void count_failure(Moment now, std::string_view why) REQUIRES(mutex_);
    void shut(Moment now, std::chrono::milliseconds for_time) REQUIRES(mutex_);
    std::optional<Change> to(ChannelState state) REQUIRES(mutex_);
    void tell(const std::optional<Change>& change) const;

    const std::string name_;
    const Clock& clock_;
    const Listener& changed_;
    std::atomic<ChannelState> state_ = ChannelState::well;
    std::atomic<Moment::rep> retry_at_ = 0;
    std::atomic<bool> pause_asked_ = false;  ///< by the provider itself
    std::atomic<int> under_way_ = 0;

    mutable Mutex mutex_;
    Patience patience_ GUARDED_BY(mutex_);
    std::array<Slice, slices_count> slices_ GUARDED_BY(mutex_);
    int failures_in_a_row_ GUARDED_BY(mutex_) = 0;
    std::chrono::milliseconds pause_ GUARDED_BY(mutex_){};  ///< the last one; 0: it was well since
    std::string why_ GUARDED_BY(mutex_);
    Timestamp since_ GUARDED_BY(mutex_);
    std::deque<Change> history_ GUARDED_BY(mutex_);
    Pace pace_ GUARDED_BY(mutex_);
    Moment paced_stream_ GUARDED_BY(mutex_){};
    Moment paced_plain_ GUARDED_BY(mutex_){};
};

/// One key of a provider's pool. Any thread.
class KeyHealth {
  public:
    KeyHealth(std::string provider, std::string secret, const Clock& clock, const Listener& changed);

    /// Of a key that was refused one call at a time finds out whether it still is.
    Way way(Moment now) const;
    bool enter(Way by);
    void was_well(bool tried);
    void was_bad(bool tried, KeyState state, std::string_view why,
                 std::optional<std::chrono::milliseconds> retry_after);
    void showed_nothing(bool tried);

    void set(const Patience& patience);
    std::optional<std::chrono::nanoseconds> shut_for(Moment now) const;
    KeyFacts facts() const;

  private:
    void tell(const std::optional<Change>& change) const;
    std::optional<Change> to(KeyState state, std::string_view why) REQUIRES(mutex_);

    const std::string provider_;
    const std::string secret_;
    const Clock& clock_;
    const Listener& changed_;
    std::atomic<KeyState> state_ = KeyState::well;
    std::atomic<Moment::rep> retry_at_ = 0;
    std::atomic<bool> tried_ = false;
    std::atomic<std::int64_t> calls_ = 0;

    mutable Mutex mutex_;
    Patience patience_ GUARDED_BY(mutex_);
    std::chrono::milliseconds pause_ GUARDED_BY(mutex_){};
    std::string why_ GUARDED_BY(mutex_);
    Timestamp since_ GUARDED_BY(mutex_);
    std::deque<Change> history_ GUARDED_BY(mutex_);
};

/// One attempt's way through a channel, with a key: says once how they were, and leaves when it ends. Saying nothing is
/// allowed; then nothing was learned.
class Passage {
  public:
    Passage() = default;
    /// Both have let the attempt in.
    Passage(std::shared_ptr<ChannelHealth> channel, Way channel_by, std::shared_ptr<KeyHealth> key, Way key_by);
    Passage(Passage&& other) noexcept { swap(other); }
    Passage& operator=(Passage&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Passage();

    void well();
    /// Also after well(): what broke off in the middle of an answer.
    void failed(std::string_view why, std::optional<std::chrono::milliseconds> retry_after);
    /// The channel has answered, and nothing was learned of the key.
    void answered();
    /// The channel has answered, and does not take the key.
    void key_bad(KeyState state, std::string_view why, std::optional<std::chrono::milliseconds> retry_after);
    ChannelHealth* channel() const { return channel_.get(); }

  private:
    void swap(Passage& other) noexcept;
    std::shared_ptr<ChannelHealth> channel_;
    std::shared_ptr<KeyHealth> key_;
    Way channel_by_ = Way::open;
    Way key_by_ = Way::open;
};

/// How many retries a model's calls may make: a fifth of its calls, besides a reserve for sudden trouble. A storm of
/// retries helps nobody. Any thread.
class RetryBudget {
  public:
    static constexpr std::int64_t per_call = 1;
    static constexpr std::int64_t per_retry = 5;
    static constexpr std::int64_t reserve = 500 * per_retry;
    void call() {
        if (left_.load(std::memory_order_relaxed) < reserve) left_.fetch_add(per_call, std::memory_order_relaxed);
    }
    bool retry();

  private:
    std::atomic<std::int64_t> left_ = reserve;
};

/// All of them, by name. They outlive the policies that name them: a new revision forgets nothing.
class Health {
  public:
    Health(const Clock& clock, Listener changed) : clock_(clock), changed_(std::move(changed)) {}
    std::shared_ptr<ChannelHealth> channel(const std::string& name, const Patience& patience);
    std::shared_ptr<KeyHealth> key(const std::string& provider, const std::string& secret, const Patience& patience);
    std::shared_ptr<RetryBudget> retries(const std::string& model);
    /// By name.
    std::vector<ChannelFacts> channels() const;
    std::vector<KeyFacts> keys() const;

  private:
    const Clock& clock_;
    const Listener changed_;
    mutable Mutex mutex_;
    std::map<std::string, std::shared_ptr<ChannelHealth>> channels_ GUARDED_BY(mutex_);
    std::map<std::pair<std::string, std::string>, std::shared_ptr<KeyHealth>> keys_ GUARDED_BY(mutex_);
    std::map<std::string, std::shared_ptr<RetryBudget>> retries_ GUARDED_BY(mutex_);
};

}  // namespace bursar::providers
