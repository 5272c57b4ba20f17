#include "service/providers/health.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t history_max = 20;
constexpr std::size_t entries_max = 20'000;
constexpr std::size_t why_bytes_max = 300;
/// Of the newest sample in a moving average.
constexpr double newest = 0.2;
/// Pauses after 429 without retry-after begin here.
constexpr milliseconds limited_first{1'000};
constexpr milliseconds limited_last{60'000};

Moment::rep ticks(Moment at) { return at.time_since_epoch().count(); }
Moment moment_of(Moment::rep ticks) { return Moment(Moment::duration(ticks)); }

void blend(double& average, double sample) { average = average > 0 ? average + newest * (sample - average) : sample; }

void remember(std::deque<Change>& history, const Change& change) {
    history.push_front(change);
    if (history.size() > history_max) history.pop_back();
}

/// The other clock's time of a moment that is near.
Timestamp timestamp_of(Moment at, const Clock& clock) { return clock.now() + (at - clock.moment()); }

milliseconds doubled(milliseconds last, milliseconds first, milliseconds most) {
    return last == milliseconds::zero() ? std::min(first, most) : std::min(2 * last, most);
}

/// Forgets what only this map still knows, so that no number of policy revisions fills the memory.
template <typename Map>
void keep_bounded(Map& map) {
    if (map.size() >= entries_max) std::erase_if(map, [](const auto& entry) { return entry.second.use_count() == 1; });
}

}  // namespace

std::string_view name_of(ChannelState state) {
    switch (state) {
        case ChannelState::well:
            return "well";
        case ChannelState::out:
            return "out";
        case ChannelState::trying:
            return "trying";
    }
    return "";
}

std::string_view name_of(KeyState state) {
    switch (state) {
        case KeyState::well:
            return "well";
        case KeyState::limited:
            return "limited";
        case KeyState::refused:
            return "refused";
        case KeyState::used_up:
            return "used_up";
    }
    return "";
}

ChannelHealth::ChannelHealth(std::string name, const Clock& clock, const Listener& changed)
    : name_(std::move(name)), clock_(clock), changed_(changed) {}

void ChannelHealth::set(const Patience& patience) {
    const MutexLock lock(mutex_);
    patience_ = patience;
}

Way ChannelHealth::way(Moment now) const {
    switch (state_.load(std::memory_order_acquire)) {
        case ChannelState::well:
            return Way::open;
        case ChannelState::out:
            if (ticks(now) >= retry_at_.load(std::memory_order_relaxed)) return Way::due;
            return pause_asked_.load(std::memory_order_relaxed) ? Way::shut : Way::avoided;
        case ChannelState::trying:
            break;
    }
    return Way::avoided;
}

bool ChannelHealth::enter(Way by) {
    if (by == Way::due) {
        auto expected = ChannelState::out;
        if (!state_.compare_exchange_strong(expected, ChannelState::trying)) return false;
    }
    under_way_.fetch_add(1, std::memory_order_relaxed);
    return true;
}

ChannelHealth::Slice& ChannelHealth::slice(Moment now) {
    const auto width = std::max<nanoseconds>(patience_.window / slices_count, milliseconds(1));
    const std::int64_t number = ticks(now) / width.count();
    Slice& one = slices_[static_cast<std::size_t>(number % slices_count)];
    if (one.number != number) one = {.number = number};
    return one;
}

std::pair<std::int64_t, std::int64_t> ChannelHealth::sums(Moment now) const {
    const auto width = std::max<nanoseconds>(patience_.window / slices_count, milliseconds(1));
    const std::int64_t number = ticks(now) / width.count();
    std::pair<std::int64_t, std::int64_t> sum{};
    for (const Slice& each : slices_)
        if (each.number > number - slices_count) {
            sum.first += each.calls;
            sum.second += each.failures;
        }
    return sum;
}

bool ChannelHealth::is_failing(Moment now) const {
    if (failures_in_a_row_ >= patience_.failures_min) return true;
    const auto [calls, failures] = sums(now);
    return failures >= patience_.failures_min && failures * 100 >= calls * patience_.errors_percent;
}

std::optional<Change> ChannelHealth::to(ChannelState state) {
    const ChannelState before = state_.exchange(state, std::memory_order_acq_rel);
    // Out is out, whoever may have tried meanwhile.
    if (before == state || (before == ChannelState::trying && state == ChannelState::out)) return {};
    since_ = clock_.now();
    Change change{.at = since_,
                  .what = "channel",
                  .name = name_,
                  .state = std::string(name_of(state)),
                  .why = state == ChannelState::out ? why_ : std::string()};
    remember(history_, change);
    return change;
}

void ChannelHealth::tell(const std::optional<Change>& change) const {
    if (change && changed_) changed_(*change);
}

void ChannelHealth::shut(Moment now, milliseconds for_time) {
    pause_ = for_time;
    retry_at_.store(ticks(now + for_time), std::memory_order_relaxed);
}

void ChannelHealth::count_failure(Moment now, std::string_view why) {
    Slice& one = slice(now);
    ++one.calls;
    ++one.failures;
    ++failures_in_a_row_;
    why_ = why.substr(0, why_bytes_max);
}

void ChannelHealth::was_well(bool tried) {
    std::optional<Change> change;
    {
        const MutexLock lock(mutex_);
        ++slice(clock_.moment()).calls;
        failures_in_a_row_ = 0;
        if (tried) {
            // What failed before is over, and must not count against the first hiccup to come.
            slices_ = {};
            pause_ = milliseconds::zero();
            change = to(ChannelState::well);
        }
    }
    tell(change);
}

void ChannelHealth::has_failed(bool tried, std::string_view why, std::optional<milliseconds> retry_after) {
    std::optional<Change> change;
    {
        const MutexLock lock(mutex_);
        const Moment now = clock_.moment();
        count_failure(now, why);
        const bool open = state_.load(std::memory_order_relaxed) == ChannelState::well;
        // Whoever asks to be left alone is, at once; but not for longer than any other failure would cost.
        if (open && retry_after && *retry_after > milliseconds::zero()) {
            shut(now, std::min(*retry_after, patience_.last_retry));
            pause_asked_.store(true, std::memory_order_relaxed);
            change = to(ChannelState::out);
        } else if (tried || (open && is_failing(now))) {
            const milliseconds pause = doubled(pause_, patience_.first_retry, patience_.last_retry);
            shut(now, std::max(pause, std::min(retry_after.value_or(pause), patience_.last_retry)));
            pause_asked_.store(retry_after.value_or(milliseconds::zero()) > milliseconds::zero(),
                               std::memory_order_relaxed);
            change = to(ChannelState::out);
        }
    }
    tell(change);
}

void ChannelHealth::showed_nothing(bool tried) {
    // The next call tries again, unless another has shown meanwhile that it is back.
    auto expected = ChannelState::trying;
    if (tried) state_.compare_exchange_strong(expected, ChannelState::out);
}

void ChannelHealth::probed(bool answered, std::string_view why) {
    std::optional<Change> change;
    {
        const MutexLock lock(mutex_);
        const Moment now = clock_.moment();
        if (answered) {
            if (state_.load(std::memory_order_relaxed) == ChannelState::out) retry_at_.store(ticks(now));
            return;
        }
        count_failure(now, why);
        if (state_.load(std::memory_order_relaxed) == ChannelState::well && is_failing(now)) {
            shut(now, doubled(pause_, patience_.first_retry, patience_.last_retry));
            pause_asked_.store(false, std::memory_order_relaxed);
            change = to(ChannelState::out);
        }
    }
    tell(change);
}

void ChannelHealth::measure_stream(nanoseconds first_token, nanoseconds rest, std::int64_t tokens) {
    const MutexLock lock(mutex_);
    const Moment now = clock_.moment();
    if (now - paced_stream_ > pace_lasts) pace_.tokens_per_second = 0;
    const bool fresh = pace_.tokens_per_second <= 0;
    double waited = fresh ? 0 : static_cast<double>(pace_.first_token.count());
    blend(waited, static_cast<double>(std::max<std::int64_t>(first_token.count(), 1)));
    pace_.first_token = nanoseconds(static_cast<std::int64_t>(waited));
    const double seconds = std::max(std::chrono::duration<double>(rest).count(), 1e-3);
    blend(pace_.tokens_per_second, static_cast<double>(std::max<std::int64_t>(tokens, 1)) / seconds);
    paced_stream_ = now;
}

void ChannelHealth::measure_plain(nanoseconds whole, std::int64_t tokens) {
    const MutexLock lock(mutex_);
    const Moment now = clock_.moment();
    if (now - paced_plain_ > pace_lasts) pace_.plain_tokens_per_second = 0;
    const double seconds = std::max(std::chrono::duration<double>(whole).count(), 1e-4);
    blend(pace_.plain_tokens_per_second, static_cast<double>(std::max<std::int64_t>(tokens, 1)) / seconds);
    paced_plain_ = now;
}

Pace ChannelHealth::pace(Moment now) const {
    const MutexLock lock(mutex_);
    Pace pace = pace_;
    if (now - paced_stream_ > pace_lasts) pace.tokens_per_second = 0;
    if (now - paced_plain_ > pace_lasts) pace.plain_tokens_per_second = 0;
    return pace;
}

std::optional<nanoseconds> ChannelHealth::shut_for(Moment now) const {
    if (state_.load(std::memory_order_acquire) == ChannelState::well) return {};
    return std::max(moment_of(retry_at_.load(std::memory_order_relaxed)) - now, Moment::duration::zero());
}

ChannelFacts ChannelHealth::facts() const {
    const MutexLock lock(mutex_);
    const Moment now = clock_.moment();
    ChannelFacts out{.name = name_, .state = state_.load(), .why = why_, .under_way = under_way()};
    if (!history_.empty()) out.since = since_;
    if (out.state == ChannelState::out) out.retry_at = timestamp_of(moment_of(retry_at_.load()), clock_);
    std::tie(out.calls, out.failures) = sums(now);
    out.pace = pace_;
    if (now - paced_stream_ > pace_lasts) out.pace.tokens_per_second = 0;
    if (now - paced_plain_ > pace_lasts) out.pace.plain_tokens_per_second = 0;
    out.history.assign(history_.begin(), history_.end());
    return out;
}

KeyHealth::KeyHealth(std::string provider, std::string secret, const Clock& clock, const Listener& changed)
    : provider_(std::move(provider)), secret_(std::move(secret)), clock_(clock), changed_(changed) {}

void KeyHealth::set(const Patience& patience) {
    const MutexLock lock(mutex_);
    patience_ = patience;
}

Way KeyHealth::way(Moment now) const {
    if (state_.load(std::memory_order_acquire) == KeyState::well) return Way::open;
    const bool due = ticks(now) >= retry_at_.load(std::memory_order_relaxed);
    if (due && !tried_.load(std::memory_order_relaxed)) return Way::due;
    // A pause that was asked for ends when it is over, however long the call takes that tries.
    return !due && state_.load(std::memory_order_relaxed) == KeyState::limited ? Way::shut : Way::avoided;
}

bool KeyHealth::enter(Way by) {
    if (by == Way::due && tried_.exchange(true)) return false;
    calls_.fetch_add(1, std::memory_order_relaxed);
    return true;
}

void KeyHealth::was_well(bool tried) {
    // Calls that were under way when it was refused say nothing about it now.
    if (!tried) return;
    std::optional<Change> change;
    {
        const MutexLock lock(mutex_);
        pause_ = milliseconds::zero();
        change = to(KeyState::well, "");
        tried_.store(false);
    }
    tell(change);
}

void KeyHealth::was_bad(bool tried, KeyState state, std::string_view why, std::optional<milliseconds> retry_after) {
    std::optional<Change> change;
    {
        const MutexLock lock(mutex_);
        // Of many calls that are refused together only the first counts.
        if (!tried && state_.load(std::memory_order_relaxed) != KeyState::well) return;
        // A pause of another kind says nothing about how long this one has to be.
        if (state_.load(std::memory_order_relaxed) != state) pause_ = milliseconds::zero();
        if (state == KeyState::limited)
            pause_ = retry_after.value_or(doubled(pause_, limited_first, limited_last));
        else
            pause_ = doubled(pause_, patience_.key_first_retry, patience_.key_last_retry);
        retry_at_.store(ticks(clock_.moment() + pause_), std::memory_order_relaxed);
        change = to(state, why);
        if (tried) tried_.store(false);
    }
    tell(change);
}

void KeyHealth::showed_nothing(bool tried) {
    if (tried) tried_.store(false);
}

std::optional<Change> KeyHealth::to(KeyState state, std::string_view why) {
    why_ = why.substr(0, why_bytes_max);
    if (state_.exchange(state, std::memory_order_acq_rel) == state) return {};
    since_ = clock_.now();
    Change change{.at = since_,
                  .what = "key",
                  .name = fmt::format("{}#{}", provider_, secret_),
                  .state = std::string(name_of(state)),
                  .why = why_};
    remember(history_, change);
    return change;
}

void KeyHealth::tell(const std::optional<Change>& change) const {
    if (change && changed_) changed_(*change);
}

std::optional<nanoseconds> KeyHealth::shut_for(Moment now) const {
    if (state_.load(std::memory_order_acquire) == KeyState::well) return {};
    return std::max(moment_of(retry_at_.load(std::memory_order_relaxed)) - now, Moment::duration::zero());
}

KeyFacts KeyHealth::facts() const {
    const MutexLock lock(mutex_);
    KeyFacts out{.provider = provider_, .secret = secret_, .state = state_.load(), .why = why_, .calls = calls_.load()};
    if (!history_.empty()) out.since = since_;
    if (out.state != KeyState::well) out.retry_at = timestamp_of(moment_of(retry_at_.load()), clock_);
    out.history.assign(history_.begin(), history_.end());
    return out;
}

Passage::Passage(std::shared_ptr<ChannelHealth> channel, Way channel_by, std::shared_ptr<KeyHealth> key, Way key_by)
    : channel_(std::move(channel)), key_(std::move(key)), channel_by_(channel_by), key_by_(key_by) {}

Passage::~Passage() {
    if (!channel_) return;
    channel_->showed_nothing(channel_by_ == Way::due);
    if (key_) key_->showed_nothing(key_by_ == Way::due);
    channel_->leave();
}

void Passage::swap(Passage& other) noexcept {
    std::swap(channel_, other.channel_);
    std::swap(key_, other.key_);
    std::swap(channel_by_, other.channel_by_);
    std::swap(key_by_, other.key_by_);
}

void Passage::well() {
    if (!channel_) return;
    // Who was let through although it failed, and was served, has seen that it is back, too.
    channel_->was_well(std::exchange(channel_by_, Way::open) != Way::open);
    if (key_) key_->was_well(std::exchange(key_by_, Way::open) != Way::open);
}

void Passage::failed(std::string_view why, std::optional<milliseconds> retry_after) {
    if (channel_) channel_->has_failed(std::exchange(channel_by_, Way::open) == Way::due, why, retry_after);
}

void Passage::answered() {
    if (channel_ && channel_by_ != Way::open) channel_->was_well(true);
    channel_by_ = Way::open;
}

void Passage::key_bad(KeyState state, std::string_view why, std::optional<milliseconds> retry_after) {
    if (!channel_) return;
    answered();
    if (key_) key_->was_bad(std::exchange(key_by_, Way::open) == Way::due, state, why, retry_after);
}

bool RetryBudget::retry() {
    std::int64_t left = left_.load(std::memory_order_relaxed);
    while (left >= per_retry)
        if (left_.compare_exchange_weak(left, left - per_retry, std::memory_order_relaxed)) return true;
    return false;
}

std::shared_ptr<ChannelHealth> Health::channel(const std::string& name, const Patience& patience) {
    const MutexLock lock(mutex_);
    keep_bounded(channels_);
    auto& one = channels_[name];
    if (!one) one = std::make_shared<ChannelHealth>(name, clock_, changed_);
    one->set(patience);
    return one;
}

std::shared_ptr<KeyHealth> Health::key(const std::string& provider, const std::string& secret,
                                       const Patience& patience) {
    const MutexLock lock(mutex_);
    keep_bounded(keys_);
    auto& one = keys_[{provider, secret}];
    if (!one) one = std::make_shared<KeyHealth>(provider, secret, clock_, changed_);
    one->set(patience);
    return one;
}

std::shared_ptr<RetryBudget> Health::retries(const std::string& model) {
    const MutexLock lock(mutex_);
    keep_bounded(retries_);
    auto& one = retries_[model];
    if (!one) one = std::make_shared<RetryBudget>();
    return one;
}

std::vector<ChannelFacts> Health::channels() const {
    const MutexLock lock(mutex_);
    std::vector<ChannelFacts> out;
    for (const auto& [name, one] : channels_) out.push_back(one->facts());
    return out;
}

std::vector<KeyFacts> Health::keys() const {
    const MutexLock lock(mutex_);
    std::vector<KeyFacts> out;
    for (const auto& [name, one] : keys_) out.push_back(one->facts());
    return out;
}

}  // namespace bursar::providers
