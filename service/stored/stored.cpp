// The shell around the index: the lock, and the store's groups.
#include "service/stored/stored.h"

#include "service/base/log.h"
#include "service/base/mutex.h"
#include "service/stored/rows.h"

#include <algorithm>
#include <utility>

namespace bursar::stored {
namespace {

constexpr std::size_t id_bytes_max = 1'024;
constexpr std::size_t group_rows_max = 1'000;
constexpr std::size_t group_removals_max = 256;

}  // namespace

Owner owner_of(const Caller& caller) {
    return {.team = caller.team, .person = caller.person, .key = caller.person.empty() ? caller.key_id : std::string()};
}

bool is_id(std::string_view id) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
               c == '.' || c == ':' || c == '=';
    };
    // It becomes a part of a path.
    const bool dots = id.find_first_not_of('.') == std::string_view::npos;
    return !dots && id.size() <= id_bytes_max && std::ranges::all_of(id, fits);
}

class StoredResponses final : public Stored {
  public:
    StoredResponses(store::Store& store, const Clock& clock, Index index)
        : store_(store), clock_(clock), index_(std::move(index)) {}

    void remember(std::string_view id, const Origin& origin, std::optional<Tokens> context) override;
    void update(std::string_view id, const Origin& origin, Tokens context) override;
    std::optional<Response> find(std::string_view id, const Owner& owner) const override;
    void forget(std::string_view id) override;
    std::size_t size() const override;

    Result<void> contribute(store::Transaction& transaction) override;
    void committed() override;
    void failed(const Error&) override;
    bool is_due() override;
    void closing() override;

  private:
    struct Writing {
        Entry entry;
        Origin origin;
    };

    void take_what_waits();

    store::Store& store_;
    const Clock& clock_;

    mutable Mutex mutex_;
    Index index_ GUARDED_BY(mutex_);
    std::set<std::int64_t> waiting_ GUARDED_BY(mutex_);  ///< numbers of those that are to be written
    bool closing_ GUARDED_BY(mutex_) = false;
    bool taken_told_ GUARDED_BY(mutex_) = false;  ///< that an id was somebody else's

    // Of the writer thread: what is in the group that is being committed. Removals stay until a group took them.
    std::vector<Writing> writing_;
    std::vector<std::int64_t> removals_;
    std::size_t removing_ = 0;  ///< so many of them, from the front
};

void StoredResponses::remember(std::string_view id, const Origin& origin, std::optional<Tokens> context) {
    if (!is_id(id)) return;
    const Name name = sha256(id);
    const Timestamp now = clock_.now();
    std::optional<std::int64_t> number;
    bool tell = false;
    {
        const MutexLock lock(mutex_);
        number = index_.remember(name, origin, context, now);
        if (number) waiting_.insert(*number);
        tell = !number && !std::exchange(taken_told_, true);
    }
    if (number) store_.wake_soon();
    if (tell)
        log::warning("stored_response_id_taken",
                     {{"provider", origin.provider},
                      {"reason",
                       "the provider gave an id of a response that is known already, of somebody else or of another "
                       "place; the new one is not remembered (told once)"}});
}

void StoredResponses::update(std::string_view id, const Origin& origin, Tokens context) {
    if (!is_id(id)) return;
    const Name name = sha256(id);
    const Timestamp now = clock_.now();
    {
        const MutexLock lock(mutex_);
        const auto number = index_.update(name, origin, context, now);
        if (!number) return;
        waiting_.insert(*number);
    }
    store_.wake_soon();
}

std::optional<Response> StoredResponses::find(std::string_view id, const Owner& owner) const {
    if (!is_id(id)) return std::nullopt;
    const Name name = sha256(id);
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    const Entry* entry = index_.find(name, now);
    if (entry == nullptr || entry->origin->owner != owner) return std::nullopt;
    return Response{.origin = *entry->origin, .context = entry->context};
}

void StoredResponses::forget(std::string_view id) {
    const Name name = sha256(id);
    {
        const MutexLock lock(mutex_);
        index_.forget(name);
    }
    store_.wake_soon();
}

std::size_t StoredResponses::size() const {
    const MutexLock lock(mutex_);
    return index_.size();
}

bool StoredResponses::is_due() {
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    return !waiting_.empty() || index_.any_removed() || index_.has_expired(now);
}

void StoredResponses::closing() {
    const MutexLock lock(mutex_);
    closing_ = true;
}

/// What is gone before it was written is never written. The last group takes all: nobody asks for another one.
void StoredResponses::take_what_waits() {
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    index_.expire(now, group_removals_max);
    for (const std::int64_t number : index_.take_removed()) {
        waiting_.erase(number);
        removals_.push_back(number);
    }
    removing_ = closing_ ? removals_.size() : std::min(removals_.size(), group_removals_max);
    writing_.clear();
    while (!waiting_.empty() && (closing_ || writing_.size() < group_rows_max)) {
        const std::int64_t number = waiting_.extract(waiting_.begin()).value();
        if (const Entry* entry = index_.at(number)) writing_.push_back({.entry = *entry, .origin = *entry->origin});
    }
}

Result<void> StoredResponses::contribute(store::Transaction& transaction) {
    take_what_waits();
    for (std::size_t i = 0; i < removing_; ++i) TRY_VOID(remove_row(transaction, removals_[i]));
    for (const Writing& one : writing_) TRY_VOID(write_row(transaction, one.entry, one.origin));
    return {};
}

void StoredResponses::committed() {
    if (writing_.empty() && removals_.empty()) return;
    removals_.erase(removals_.begin(), removals_.begin() + static_cast<std::ptrdiff_t>(removing_));
    bool more = !removals_.empty();
    {
        const MutexLock lock(mutex_);
        more = more || !waiting_.empty();
    }
    writing_.clear();
    if (more) store_.wake_soon();
}

/// Rows are few bytes: they are tried again.
void StoredResponses::failed(const Error&) {
    const MutexLock lock(mutex_);
    for (const Writing& one : writing_) waiting_.insert(one.entry.number);
    writing_.clear();
}

Result<std::unique_ptr<Stored>> Stored::open(store::Store& store, const Clock& clock, Limits limits) {
    Index index(limits);
    TRY_VOID(store.read([&](store::Transaction& transaction) {
        return read_rows(transaction, [&](const Entry& entry, const Origin& origin) { index.restore(entry, origin); });
    }));
    return std::make_unique<StoredResponses>(store, clock, std::move(index));
}

}  // namespace bursar::stored
