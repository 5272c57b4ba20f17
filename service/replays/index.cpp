#include "service/replays/index.h"

#include "service/base/ensure.h"

namespace bursar::replays {
namespace {

/// An entry without an answer is not free either: its row, and the memory that knows it.
constexpr std::size_t entry_bytes = 1024;

}  // namespace

Found Index::begin(const Name& name, const Ask& ask, Timestamp now) {
    auto found = entries_.find(name);
    if (found != entries_.end() && found->second.state != State::running && found->second.until <= now) {
        remove(found->second.number);
        found = entries_.end();
    }
    if (found == entries_.end()) {
        Entry& entry = entries_[name];
        entry.name = name;
        entry.caller = ask.caller;
        entry.request = ask.request;
        entry.call = ask.call;
        return {.state = State::fresh, .first = ask.call, .cost = {}, .number = 0, .claim = {}};
    }
    const Entry& entry = found->second;
    const State state = entry.request == ask.request ? entry.state : State::other_request;
    return {.state = state, .first = entry.call, .cost = entry.cost, .number = entry.number, .claim = {}};
}

const Entry* Index::end(const Name& name, const CallId& call, State state, NanoUsd cost, std::size_t answer_bytes,
                        Timestamp now) {
    ENSURE(state == State::kept || state == State::spent);
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.state != State::running || found->second.call != call) return nullptr;
    Entry& entry = found->second;
    entry.state = state;
    entry.number = ++last_number_;
    entry.until = now + limits_.kept_for;
    entry.cost = cost;
    entry.bytes = entry_bytes + answer_bytes;
    count_in(entry);
    make_room(entry.caller);
    return find(last_number_);
}

void Index::forget(const Name& name, const CallId& call) {
    const auto found = entries_.find(name);
    if (found != entries_.end() && found->second.state == State::running && found->second.call == call)
        entries_.erase(found);
}

void Index::restore(Entry entry) {
    // Of two rows of one key the later one counts; the removal of the older one did not reach the disk.
    if (const auto older = entries_.find(entry.name); older != entries_.end()) remove(older->second.number);
    last_number_ = std::max(last_number_, entry.number);
    Entry& kept = entries_[entry.name];
    kept = std::move(entry);
    count_in(kept);
    make_room(kept.caller);
}

void Index::lose_answer(std::int64_t number) {
    const auto found = ended_.find(number);
    if (found == ended_.end()) return;
    Entry& entry = *found->second;
    const std::size_t freed = entry.bytes - entry_bytes;
    entry.state = State::spent;
    entry.bytes = entry_bytes;
    shares_[entry.caller].bytes -= freed;
    bytes_ -= freed;
}

const Entry* Index::find(std::int64_t number) const {
    const auto found = ended_.find(number);
    return found == ended_.end() ? nullptr : found->second;
}

void Index::expire(Timestamp now, std::size_t count_max) {
    for (; count_max > 0 && has_expired(now); --count_max) remove(ended_.begin()->first);
}

bool Index::has_expired(Timestamp now) const { return !ended_.empty() && ended_.begin()->second->until <= now; }

Replays::Size Index::size() const {
    return {.entries = ended_.size(), .bytes = bytes_, .running = entries_.size() - ended_.size()};
}

void Index::count_in(const Entry& entry) {
    Share& share = shares_[entry.caller];
    share.numbers.insert(entry.number);
    share.bytes += entry.bytes;
    bytes_ += entry.bytes;
    ended_.emplace(entry.number, &entries_.at(entry.name));
}

/// First what the caller has too much of, so that nobody drives out others' answers; then the oldest of all. The newest
/// entry itself stays: the limits are far above one answer. So `caller` may be its own.
void Index::make_room(const std::string& caller) {
    const Share& share = shares_[caller];
    while (share.numbers.size() > 1 &&
           (share.numbers.size() > limits_.caller_entries_max || share.bytes > limits_.caller_bytes_max))
        remove(*share.numbers.begin());
    while (ended_.size() > 1 && bytes_ > limits_.bytes_max) remove(ended_.begin()->first);
}

void Index::remove(std::int64_t number) {
    const auto found = ended_.find(number);
    ENSURE(found != ended_.end());
    const Entry& entry = *found->second;
    const auto share = shares_.find(entry.caller);
    share->second.numbers.erase(number);
    share->second.bytes -= entry.bytes;
    if (share->second.numbers.empty()) shares_.erase(share);
    bytes_ -= entry.bytes;
    removed_.push_back(number);
    ended_.erase(found);
    entries_.erase(Name(entry.name));
}

}  // namespace bursar::replays
