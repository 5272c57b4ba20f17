// The shell around the index: the lock, the store's groups, and the thread that fetches.
#include "service/base/log.h"
#include "service/base/mutex.h"
#include "service/replays/rows.h"

#include <thread>
#include <utility>

namespace bursar::replays {
namespace {

/// Holds wait for the group that an answer is in, so a group takes few bytes of answers, but at least one answer.
constexpr std::size_t group_bytes_max = std::size_t{1} << 20;
constexpr std::size_t group_rows_max = 1'000;
constexpr std::size_t group_removals_max = 256;

Name name_of(const Ask& ask) {
    // The length keeps callers apart, whatever their keys are.
    std::string text = std::to_string(ask.caller.size());
    text.append(1, '\n').append(ask.caller).append(ask.key);
    return sha256(text);
}

}  // namespace

class StoredReplays final : public Replays {
  public:
    StoredReplays(store::Store& store, const Clock& clock, const Limits& limits, Index index)
        : store_(store), clock_(clock), limits_(limits), index_(std::move(index)), reader_([this] { serve(); }) {}
    ~StoredReplays() override;

    Found begin(const Ask& ask) override;
    void fetch(std::int64_t number, Fetched done) override;
    Size size() const override;

    Result<void> contribute(store::Transaction& transaction) override;
    void committed() override;
    void failed(const Error&) override;
    bool is_due() override;
    void closing() override;

  private:
    /// An entry that is not written yet; without an answer if it is spent.
    struct Waiting {
        std::shared_ptr<const Answer> answer;
        std::size_t bytes() const { return answer ? answer->bytes() : 0; }
    };
    struct Writing {
        Entry entry;
        std::shared_ptr<const Answer> answer;
    };

    void keep(const Name& name, const CallId& call, Answer answer, NanoUsd cost) override;
    void spend(const Name& name, const CallId& call, NanoUsd cost) override;
    void forget(const Name& name, const CallId& call) override;
    void take_what_waits();
    void take_removals() REQUIRES(mutex_);
    void serve();
    bool wait_for_fetch(std::int64_t& number, std::vector<Fetched>& all);
    Result<std::shared_ptr<const Answer>> read(std::int64_t number);

    store::Store& store_;
    const Clock& clock_;
    const Limits limits_;

    mutable Mutex mutex_;
    Index index_ GUARDED_BY(mutex_);
    std::map<std::int64_t, Waiting> waiting_ GUARDED_BY(mutex_);  ///< by number
    std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
    bool closing_ GUARDED_BY(mutex_) = false;

    // Of the writer thread: what is in the group that is being committed. Removals stay until a group took them.
    std::vector<Writing> writing_;
    std::vector<std::int64_t> removals_;
    std::size_t removing_ = 0;  ///< so many of them, from the front

    Mutex fetches_mutex_;
    Condition fetch_;
    /// By number, so that a crowd that asks for one answer has it read once.
    std::map<std::int64_t, std::vector<Fetched>> fetches_ GUARDED_BY(fetches_mutex_);
    std::size_t fetches_waiting_ GUARDED_BY(fetches_mutex_) = 0;
    bool stopping_ GUARDED_BY(fetches_mutex_) = false;
    std::thread reader_;
};

StoredReplays::~StoredReplays() {
    {
        const MutexLock lock(fetches_mutex_);
        stopping_ = true;
    }
    fetch_.notify_one();
    reader_.join();
}

Found StoredReplays::begin(const Ask& ask) {
    const Name name = name_of(ask);
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    Found found = index_.begin(name, ask, now);
    if (found.state == State::fresh) found.claim = Claim(*this, name, ask.call);
    return found;
}

void StoredReplays::keep(const Name& name, const CallId& call, Answer answer, NanoUsd cost) {
    const std::size_t bytes = answer.bytes();
    auto kept = std::make_shared<const Answer>(std::move(answer));
    {
        const MutexLock lock(mutex_);
        // While nothing can be written, memory holds what it may and no more.
        const bool fits = bytes <= limits_.answer_bytes_max && waiting_bytes_ + bytes <= limits_.waiting_bytes_max;
        const State state = fits ? State::kept : State::spent;
        const Entry* entry = index_.end(name, call, state, cost, fits ? bytes : 0, clock_.now());
        if (entry == nullptr) return;
        if (!fits) kept.reset();
        waiting_bytes_ += fits ? bytes : 0;
        waiting_.emplace(entry->number, Waiting{std::move(kept)});
    }
    store_.wake_soon();
}

void StoredReplays::spend(const Name& name, const CallId& call, NanoUsd cost) {
    {
        const MutexLock lock(mutex_);
        const Entry* entry = index_.end(name, call, State::spent, cost, 0, clock_.now());
        if (entry == nullptr) return;
        waiting_.emplace(entry->number, Waiting{});
    }
    store_.wake_soon();
}

void StoredReplays::forget(const Name& name, const CallId& call) {
    const MutexLock lock(mutex_);
    index_.forget(name, call);
}

Replays::Size StoredReplays::size() const {
    const MutexLock lock(mutex_);
    return index_.size();
}

bool StoredReplays::is_due() {
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    return !waiting_.empty() || index_.any_removed() || index_.has_expired(now);
}

void StoredReplays::closing() {
    const MutexLock lock(mutex_);
    closing_ = true;
}

/// What is gone before it was written is never written.
void StoredReplays::take_removals() {
    index_.expire(clock_.now(), group_removals_max);
    for (const std::int64_t number : index_.take_removed()) {
        if (const auto found = waiting_.find(number); found != waiting_.end()) {
            waiting_bytes_ -= found->second.bytes();
            waiting_.erase(found);
        }
        removals_.push_back(number);
    }
}

void StoredReplays::take_what_waits() {
    const MutexLock lock(mutex_);
    take_removals();
    writing_.clear();
    std::size_t bytes = 0;
    for (const auto& [number, waiting] : waiting_) {
        const bool full = bytes + waiting.bytes() > group_bytes_max || writing_.size() >= group_rows_max;
        if (full && !writing_.empty() && !closing_) break;
        const Entry* entry = index_.find(number);
        if (entry == nullptr) continue;
        bytes += waiting.bytes();
        writing_.push_back({.entry = *entry, .answer = waiting.answer});
    }
}

Result<void> StoredReplays::contribute(store::Transaction& transaction) {
    take_what_waits();
    removing_ = std::min(removals_.size(), group_removals_max);
    for (std::size_t i = 0; i < removing_; ++i) TRY_VOID(remove_row(transaction, removals_[i]));
    for (const Writing& one : writing_) TRY_VOID(write_row(transaction, one.entry, one.answer.get()));
    return {};
}

void StoredReplays::committed() {
    if (writing_.empty() && removals_.empty()) return;
    removals_.erase(removals_.begin(), removals_.begin() + static_cast<std::ptrdiff_t>(removing_));
    bool more = !removals_.empty();
    {
        const MutexLock lock(mutex_);
        for (const Writing& one : writing_) {
            const auto found = waiting_.find(one.entry.number);
            if (found == waiting_.end()) continue;
            waiting_bytes_ -= found->second.bytes();
            waiting_.erase(found);
        }
        more = more || !waiting_.empty();
    }
    writing_.clear();
    if (more) store_.wake_soon();
}

/// An answer must not stand in the way of settlements on a disk that has little space left: it is given up, and only
/// the small row that says so is tried again.
void StoredReplays::failed(const Error&) {
    const MutexLock lock(mutex_);
    for (const Writing& one : writing_) {
        const auto found = waiting_.find(one.entry.number);
        if (found == waiting_.end() || !found->second.answer) continue;
        waiting_bytes_ -= found->second.bytes();
        found->second.answer.reset();
        index_.lose_answer(one.entry.number);
    }
    writing_.clear();
}

void StoredReplays::fetch(std::int64_t number, Fetched done) {
    std::shared_ptr<const Answer> in_memory;
    {
        const MutexLock lock(mutex_);
        if (const auto found = waiting_.find(number); found != waiting_.end()) in_memory = found->second.answer;
    }
    if (in_memory) return done(std::move(in_memory));
    {
        const MutexLock lock(fetches_mutex_);
        if (fetches_waiting_ < limits_.fetches_waiting_max) {
            ++fetches_waiting_;
            fetches_[number].push_back(std::exchange(done, nullptr));
        }
    }
    if (done)
        done(fail(Fault::overloaded, "Too many repeated requests wait for their kept answers. Try again shortly."));
    else
        fetch_.notify_one();
}

void StoredReplays::serve() {
    std::int64_t number = 0;
    std::vector<Fetched> all;
    while (wait_for_fetch(number, all)) {
        const Result<std::shared_ptr<const Answer>> answer = read(number);
        for (Fetched& done : all) done(answer);
        all.clear();
    }
}

/// False when nothing waits any more and the owner ends.
bool StoredReplays::wait_for_fetch(std::int64_t& number, std::vector<Fetched>& all) {
    const MutexLock lock(fetches_mutex_);
    while (fetches_.empty() && !stopping_) fetch_.wait(fetches_mutex_);
    if (fetches_.empty()) return false;
    auto first = fetches_.extract(fetches_.begin());
    number = first.key();
    all = std::move(first.mapped());
    fetches_waiting_ -= all.size();
    return true;
}

Result<std::shared_ptr<const Answer>> StoredReplays::read(std::int64_t number) {
    Result<std::shared_ptr<const Answer>> answer;
    const Result<void> done = store_.read([&](store::Transaction& transaction) -> Result<void> {
        answer = read_answer(transaction, number);
        return {};
    });
    if (!done) answer = std::unexpected(done.error());
    if (!answer) {
        log::warning("replay_not_read", {{"number", number}, {"reason", answer.error().operator_text()}});
        return fail(Fault::storage_unavailable, "Bursar cannot read the kept answer just now. Try again shortly.",
                    std::string(answer.error().operator_text()));
    }
    if (!*answer)
        return fail(Fault::not_found, "The kept answer has just made room for others.", "the row of a replay is gone");
    return answer;
}

Claim::Claim(Claim&& other) noexcept
    : replays_(std::exchange(other.replays_, nullptr)), name_(other.name_), call_(other.call_) {}

Claim& Claim::operator=(Claim&& other) noexcept {
    if (this == &other) return *this;
    forget();
    replays_ = std::exchange(other.replays_, nullptr);
    name_ = other.name_;
    call_ = other.call_;
    return *this;
}

void Claim::keep(Answer answer, NanoUsd cost) {
    answer.call = call_;
    if (replays_ != nullptr) std::exchange(replays_, nullptr)->keep(name_, call_, std::move(answer), cost);
}

void Claim::spend(NanoUsd cost) {
    if (replays_ != nullptr) std::exchange(replays_, nullptr)->spend(name_, call_, cost);
}

void Claim::forget() {
    if (replays_ != nullptr) std::exchange(replays_, nullptr)->forget(name_, call_);
}

Result<std::unique_ptr<Replays>> Replays::open(store::Store& store, const Clock& clock, Limits limits) {
    Index index(limits);
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(auto entries, read_entries(transaction));
        for (Entry& entry : entries) index.restore(std::move(entry));
        return {};
    }));
    return std::make_unique<StoredReplays>(store, clock, limits, std::move(index));
}

}  // namespace bursar::replays
