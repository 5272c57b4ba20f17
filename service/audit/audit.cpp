#include "service/audit/audit.h"

#include "service/audit/booked.h"
#include "service/audit/chain.h"
#include "service/audit/expire.h"
#include "service/audit/outcomes.h"
#include "service/base/crypto.h"
#include "service/base/json.h"
#include "service/base/log.h"
#include "service/base/mutex.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

namespace bursar::audit {
namespace {

constexpr std::uint64_t refusals_per_second_max = 200;
constexpr std::size_t notes_waiting_max = 10'000;
/// Outcomes wait for each other this long, or until there are so many: one batch is far cheaper than many rows.
constexpr auto outcomes_wait_max = std::chrono::milliseconds(500);
constexpr std::size_t outcomes_worth_a_group = 4096;
/// While nothing can be written, outcomes gather up to here. Beyond it those that cost nothing are only counted; those
/// that hold money are always kept: they are not more than the holds that the ledger took while it could write.
constexpr std::size_t outcomes_waiting_max = 100'000;

/// So many go into one group after one has failed: on a disk with little space left, settlements in the same group must
/// fit.
constexpr std::size_t outcomes_after_failure_max = 4096;
constexpr std::size_t notes_after_failure_max = 256;

/// Sums of so many combinations take the writer about ten milliseconds; calls wait for the group that it is in.
constexpr std::size_t combinations_per_group_max = 256;

/// A portion takes about ten milliseconds of the writer, so a call of expire() ends within a second or two.
constexpr int portions_per_call = 100;

/// While rows of an earlier version are summed up, the log says so after each million.
constexpr std::int64_t rows_per_progress = 1'000'000;

/// So many rows later the end is in the log again, beyond the reach of whoever can write the database.
constexpr std::size_t rows_per_logged_end = 1000;

void log_end(const Head& head) {
    const End end = head.end();
    log::info("audit_chain_end", {{"entries", end.number}, {"hash", end.hash}});
}

/// What was counted in the place of being listed.
struct Unlisted {
    std::uint64_t refusals = 0;
    std::uint64_t outcomes = 0;
    Timestamp from;
    Timestamp to;
    bool any() const { return refusals + outcomes > 0; }
};

Stamped summary(const Unlisted& unlisted, Timestamp now) {
    JsonWriter json;
    json.open().field("refusals", unlisted.refusals).field("outcomes", unlisted.outcomes);
    json.field("from", to_text(unlisted.from)).field("to", to_text(unlisted.to)).close();
    return {.at = now,
            .action = {.actor = "service",
                       .address = "",
                       .action = "audit.not_listed",
                       .object = "refusals",
                       .outcome = "ok",
                       .detail = std::move(json).text()}};
}

}  // namespace

class StoredAudit final : public Audit {
  public:
    StoredAudit(store::Store& store, Secret key, const Clock& clock)
        : store_(store), key_(std::move(key)), clock_(clock) {}

    Result<void> append(store::Transaction& transaction, const Action& action) override {
        const Stamped row{.at = clock_.now(), .action = clipped(action)};
        ++rows_since_logged_;
        return append_rows(transaction, key_, {&row, 1});
    }
    void note(Action action) override;
    void record(Outcome outcome) override;

    Result<void> contribute(store::Transaction& transaction) override;
    void committed() override;
    void failed(const Error&) override;
    bool is_due() override;
    void closing() override;

    Result<End> verify() override;
    Result<std::vector<Entry>> entries(const EntryFilter& filter) override;
    Result<std::vector<Outcome>> calls(const CallFilter& filter) override;
    Result<Booked> booked(std::string_view provider, Timestamp from, Timestamp to) override;
    Result<UsageAnswer> usage(const UsageQuery& query) override;
    Result<void> set_time_zone(const std::string& name) override;
    Result<bool> expire(Timestamp now, const Keep& keep) override;
    Result<void> write(store::Transaction& transaction, const Outcome& outcome) override {
        // What its group does not keep, a later one must not take for known.
        KnownCombinations combinations;
        return write_outcomes(transaction, std::span(&outcome, 1), combinations);
    }

  private:
    void count_unlisted(std::uint64_t Unlisted::* which, Timestamp now) REQUIRES(mutex_);
    bool outcomes_are_due() const REQUIRES(mutex_);
    bool take_what_waits();
    void flush();
    Result<void> sum_up_what_was_stored();

    store::Store& store_;
    const Secret key_;
    const Clock& clock_;

    mutable Mutex mutex_;
    std::vector<Stamped> notes_ GUARDED_BY(mutex_);
    std::vector<Outcome> outcomes_ GUARDED_BY(mutex_);
    Moment outcomes_since_ GUARDED_BY(mutex_);
    std::chrono::sys_seconds second_ GUARDED_BY(mutex_);
    std::uint64_t refusals_this_second_ GUARDED_BY(mutex_) = 0;
    Unlisted unlisted_ GUARDED_BY(mutex_);
    bool hurry_ GUARDED_BY(mutex_) = false;  ///< somebody waits, or the store stops: nothing is kept back
    // What the writer thread has taken and not written yet counts as waiting too.
    std::size_t outcomes_taken_ GUARDED_BY(mutex_) = 0;
    std::size_t notes_taken_ GUARDED_BY(mutex_) = 0;

    // Of the writer thread: what is in the group that is being committed, or is to be written again.
    std::vector<Stamped> notes_in_group_;
    std::vector<Outcome> outcomes_in_group_;
    std::size_t notes_writing_ = 0;  ///< so many of them, from the front, are in this group
    std::size_t writing_ = 0;
    bool careful_ = false;  ///< a group has failed
    KnownCombinations known_;
    std::size_t rows_since_logged_ = 0;
    std::optional<Head> end_to_log_;  ///< in this group

    std::atomic<bool> closing_ = false;
};

void StoredAudit::count_unlisted(std::uint64_t Unlisted::* which, Timestamp now) {
    if (!unlisted_.any()) unlisted_.from = now;
    unlisted_.to = now;
    ++(unlisted_.*which);
}

void StoredAudit::note(Action action) {
    const Timestamp now = clock_.now();
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    const MutexLock lock(mutex_);
    if (second != second_) {
        second_ = second;
        refusals_this_second_ = 0;
    }
    const bool is_refusal = action.outcome != "ok";
    const bool full = notes_.size() + notes_taken_ >= notes_waiting_max;
    if ((is_refusal && ++refusals_this_second_ > refusals_per_second_max) || full)
        return count_unlisted(&Unlisted::refusals, now);
    notes_.push_back({.at = now, .action = clipped(std::move(action))});
}

void StoredAudit::record(Outcome outcome) {
    bool worth_a_group = false;
    {
        const MutexLock lock(mutex_);
        const std::size_t waiting = outcomes_.size() + outcomes_taken_;
        if (waiting >= outcomes_waiting_max && outcome.attempt == AttemptId{})
            return count_unlisted(&Unlisted::outcomes, outcome.at);
        if (outcomes_.empty()) outcomes_since_ = clock_.moment();
        outcomes_.push_back(std::move(outcome));
        worth_a_group = outcomes_.size() % outcomes_worth_a_group == 0;
    }
    if (worth_a_group) store_.wake();
}

bool StoredAudit::outcomes_are_due() const {
    if (outcomes_.empty()) return false;
    return hurry_ || outcomes_.size() >= outcomes_worth_a_group ||
           clock_.moment() - outcomes_since_ >= outcomes_wait_max;
}

bool StoredAudit::is_due() {
    const MutexLock lock(mutex_);
    return !notes_.empty() || unlisted_.any() || outcomes_are_due();
}

void StoredAudit::closing() {
    closing_ = true;
    const MutexLock lock(mutex_);
    hurry_ = true;
}

/// Moves what is due into the group, behind what a former group left there. True if all of it has to be written now.
bool StoredAudit::take_what_waits() {
    const Timestamp now = clock_.now();
    const MutexLock lock(mutex_);
    std::ranges::move(notes_, std::back_inserter(notes_in_group_));
    notes_.clear();
    // One row a second says what was not listed in the second before.
    if (unlisted_.any() && (hurry_ || std::chrono::floor<std::chrono::seconds>(now) !=
                                          std::chrono::floor<std::chrono::seconds>(unlisted_.to))) {
        notes_in_group_.push_back(summary(unlisted_, now));
        unlisted_ = {};
    }
    if (outcomes_are_due()) {
        if (outcomes_in_group_.empty())
            outcomes_in_group_.swap(outcomes_);
        else
            std::ranges::move(outcomes_, std::back_inserter(outcomes_in_group_));
        outcomes_.clear();
    }
    outcomes_taken_ = outcomes_in_group_.size();
    notes_taken_ = notes_in_group_.size();
    return std::exchange(hurry_, false);
}

Result<void> StoredAudit::contribute(store::Transaction& transaction) {
    const bool all = take_what_waits();
    notes_writing_ = careful_ ? std::min(notes_in_group_.size(), notes_after_failure_max) : notes_in_group_.size();
    TRY_VOID(append_rows(transaction, key_, std::span(notes_in_group_).first(notes_writing_)));
    rows_since_logged_ += notes_writing_;
    if (closing_ || rows_since_logged_ >= rows_per_logged_end) {
        // As the group has it, since rows that were appended to an undone job are not in it.
        TRY(end_to_log_, read_head(transaction, key_));
    }
    auto writing = std::span<const Outcome>(outcomes_in_group_);
    if (careful_) writing = writing.first(std::min(writing.size(), outcomes_after_failure_max));
    if (!all) writing = writing.first(count_with(writing, combinations_per_group_max));
    writing_ = writing.size();
    return write_outcomes(transaction, writing, known_);
}

void StoredAudit::committed() {
    if (end_to_log_) {
        log_end(*std::exchange(end_to_log_, std::nullopt));
        rows_since_logged_ = 0;
    }
    if (notes_in_group_.empty() && outcomes_in_group_.empty()) return;
    notes_in_group_.erase(notes_in_group_.begin(),
                          notes_in_group_.begin() + static_cast<std::ptrdiff_t>(notes_writing_));
    outcomes_in_group_.erase(outcomes_in_group_.begin(),
                             outcomes_in_group_.begin() + static_cast<std::ptrdiff_t>(writing_));
    const bool more = !outcomes_in_group_.empty() || !notes_in_group_.empty();
    careful_ = careful_ && more;
    if (more) store_.wake();
    const MutexLock lock(mutex_);
    outcomes_taken_ = outcomes_in_group_.size();
    notes_taken_ = notes_in_group_.size();
}

void StoredAudit::failed(const Error&) {
    // What was in the group stays there and goes into the next ones.
    known_.clear();
    careful_ = true;
    end_to_log_.reset();
}

void StoredAudit::flush() {
    {
        const MutexLock lock(mutex_);
        const bool taken = notes_taken_ + outcomes_taken_ > 0;  // and perhaps not committed yet
        if (notes_.empty() && outcomes_.empty() && !unlisted_.any() && !taken) return;
        hurry_ = true;
    }
    // If nothing can be written now, what is stored can still be read.
    if (auto written = store_.write([](store::Transaction&) -> Result<void> { return {}; }); !written)
        log::warning("audit_flush_failed", {{"error", written.error().operator_text()}});
}

Result<End> StoredAudit::verify() {
    flush();
    End end;
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(end, verify_chain(transaction, key_));
        return {};
    }));
    return end;
}

Result<std::vector<Entry>> StoredAudit::entries(const EntryFilter& filter) {
    flush();
    std::vector<Entry> entries;
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(entries, read_entries(transaction, filter));
        return {};
    }));
    return entries;
}

Result<std::vector<Outcome>> StoredAudit::calls(const CallFilter& filter) {
    flush();
    std::vector<Outcome> calls;
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(calls, read_calls(transaction, filter));
        return {};
    }));
    return calls;
}

Result<UsageAnswer> StoredAudit::usage(const UsageQuery& query) {
    flush();
    UsageAnswer answer;
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(answer, read_usage(transaction, query));
        return {};
    }));
    return answer;
}

Result<void> StoredAudit::set_time_zone(const std::string& name) {
    TRY(const TimeZone zone, TimeZone::load(name));
    std::string before;
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(const TimeZone in_force, read_time_zone(transaction));
        before = in_force.name();
        return {};
    }));
    if (before != name)
        TRY_VOID(store_.write([&](store::Transaction& transaction) { return write_time_zone(transaction, zone); }));
    return sum_up_what_was_stored();
}

/// Each portion in a transaction of its own: what is summed up stays so if the service is stopped meanwhile.
Result<void> StoredAudit::sum_up_what_was_stored() {
    std::int64_t left = -1, told = 0;
    while (left != 0) {
        const std::int64_t before = left;
        TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
            KnownCombinations known;
            TRY(left, sum_up_earlier(transaction, known));
            return {};
        }));
        if (left > 0 && (before < 0 || told - left >= rows_per_progress)) {
            log::info("usage_is_summed_up", {{"calls_left", left}});
            told = left;
        }
        if (left == 0 && before > 0) log::info("usage_is_summed_up", {{"calls_left", left}});
    }
    return {};
}

Result<bool> StoredAudit::expire(Timestamp now, const Keep& keep) {
    for (int portion = 0; portion < portions_per_call; ++portion) {
        bool more = false;
        TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
            TRY(const Expired expired, expire_some(transaction, now, keep));
            // On the writer thread, whose they are.
            if (expired == Expired::combinations) known_.clear();
            more = expired != Expired::nothing;
            return {};
        }));
        if (!more) return true;
    }
    return false;
}

Result<Booked> StoredAudit::booked(std::string_view provider, Timestamp from, Timestamp to) {
    flush();
    Booked booked;
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(booked, read_booked(transaction, provider, from, to));
        return {};
    }));
    return booked;
}

Result<std::vector<Outcome>> Audit::complete(store::Transaction& transaction, std::vector<Outcome> outcomes) {
    if (outcomes.empty()) return outcomes;
    const Timestamp oldest = std::ranges::min(outcomes, {}, &Outcome::at).at;
    TRY(Recorded known, read_recorded(transaction, oldest));
    TRY(const Timestamp expired, read_expired(transaction));
    std::erase_if(outcomes, [&](const Outcome& outcome) {
        // The journal may remember a settlement for longer than its row is kept. What was lost never had one.
        const bool had_row = outcome.usage_source != UsageSource::lost && outcome.at < expired;
        return had_row || std::ranges::binary_search(known.attempts, outcome.attempt);
    });
    if (outcomes.empty()) return outcomes;
    std::ranges::sort(known.calls);
    // One row is the call's: that which is there, or that of the last attempt.
    std::unordered_map<CallId, AttemptId, IdHash<CallKind>> last;
    for (const Outcome& outcome : outcomes) last[outcome.call] = std::max(last[outcome.call], outcome.attempt);
    for (Outcome& outcome : outcomes)
        outcome.superseded =
            std::ranges::binary_search(known.calls, outcome.call) || last[outcome.call] != outcome.attempt;
    KnownCombinations combinations;
    TRY_VOID(write_outcomes(transaction, outcomes, combinations));
    return outcomes;
}

Result<std::unique_ptr<Audit>> Audit::open(store::Store& store, const Secret& pepper, const Clock& clock) {
    Secret key = derive_key(pepper, "bursar audit chain 1");
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(const Head head, read_head(transaction, key));
        log_end(head);
        return {};
    }));
    return std::make_unique<StoredAudit>(store, std::move(key), clock);
}

}  // namespace bursar::audit
