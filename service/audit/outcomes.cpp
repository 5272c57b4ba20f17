#include "service/audit/outcomes.h"

#include "service/audit/batch.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

namespace bursar::audit {
namespace {

constexpr std::size_t rows_per_batch_max = 4096;
constexpr int calls_max = 1000;
/// An id carries the time of its call's start in milliseconds; nothing about the call was written before it.
constexpr auto id_slack = std::chrono::seconds(2);

std::int64_t nanoseconds(Timestamp at) { return at.time_since_epoch().count(); }
Timestamp timestamp(std::int64_t nanoseconds) { return Timestamp(std::chrono::nanoseconds(nanoseconds)); }

Timestamp made_at(const CallId& call) {
    std::int64_t milliseconds = 0;
    for (std::size_t i = 0; i < 6; ++i) milliseconds = milliseconds << 8 | call.bytes()[i];
    return from_unix_milliseconds(milliseconds);
}

/// A batch by its columns at_min, names and version (the fourth), the rows not yet read: they lie on pages of their
/// own.
Result<BatchReader> open_batch(const store::Row& row) {
    return BatchReader::open(row.text(1), timestamp(row.integer(0)), row.integer(3));
}

/// Rows until `visit` wants no more of them (false).
Result<void> each_until(store::Transaction& transaction, std::string_view sql, std::int64_t bound,
                        const std::function<Result<bool>(const store::Row&)>& visit) {
    bool enough = false;
    auto scanned = transaction.each(sql, {bound}, [&](const store::Row& row) -> Result<void> {
        TRY(const bool more, visit(row));
        if (more) return {};
        enough = true;
        return fail(Fault::internal, "enough");
    });
    if (enough) return {};
    return scanned;
}

Result<std::vector<Outcome>> read_one_call(store::Transaction& transaction, const Audit::CallFilter& filter) {
    std::vector<Outcome> found;
    TRY(const auto id, CallId::parse(filter.call));
    TRY_VOID(each_until(transaction,
                        "SELECT at_min, names, rows, version FROM audit_outcome WHERE at_max >= ? ORDER BY at_max",
                        nanoseconds(made_at(id) - id_slack), [&](const store::Row& row) -> Result<bool> {
                            TRY(auto batch, open_batch(row));
                            batch.read(row.text(2));
                            Packed packed;
                            for (;;) {
                                TRY(const bool more, batch.next(packed));
                                if (!more) break;
                                if (packed.rest.call == id) found.push_back(batch.unpack(packed));
                            }
                            return std::ranges::all_of(found, &Outcome::superseded);
                        }));
    const auto wrong = [&](const Outcome& outcome) {
        return (!filter.key_id.empty() && outcome.key_id != filter.key_id) ||
               (!filter.team.empty() && outcome.team != filter.team) || outcome.at >= filter.before;
    };
    std::erase_if(found, wrong);
    // The call's own row, then those of the attempts that others followed, in the order in which they were written.
    const auto own = std::ranges::find(found, false, &Outcome::superseded);
    if (own != found.end()) std::rotate(found.begin(), own, own + 1);
    return found;
}

/// The newest rows that were seen, so many at most; the oldest of them on top.
class Newest {
  public:
    explicit Newest(std::size_t count_max) : count_max_(count_max) {}
    bool is_full() const { return rows_.size() >= count_max_; }
    bool wants(Timestamp at) const { return !is_full() || at > rows_.front().at; }
    void add(Outcome outcome) {
        if (is_full()) {
            std::ranges::pop_heap(rows_, std::ranges::greater{}, &Outcome::at);
            rows_.pop_back();
        }
        rows_.push_back(std::move(outcome));
        std::ranges::push_heap(rows_, std::ranges::greater{}, &Outcome::at);
    }
    std::vector<Outcome> take() {
        std::ranges::sort(rows_, std::ranges::greater{}, &Outcome::at);
        return std::move(rows_);
    }

  private:
    std::size_t count_max_;
    std::vector<Outcome> rows_;
};

Result<void> collect(const store::Row& batch_row, const Audit::CallFilter& filter, Newest& newest) {
    TRY(auto batch, open_batch(batch_row));
    const std::int64_t key = filter.key_id.empty() ? -1 : batch.find(filter.key_id);
    const std::int64_t team = filter.team.empty() ? -1 : batch.find(filter.team);
    if ((key < 0 && !filter.key_id.empty()) || (team < 0 && !filter.team.empty())) return {};
    batch.read(batch_row.text(2));
    Packed row;
    for (;;) {
        TRY(const bool more, batch.next(row));
        if (!more) return {};
        if (row.rest.superseded || row.rest.at >= filter.before || !newest.wants(row.rest.at)) continue;
        if (key >= 0 && row.name(Name::key) != static_cast<std::uint64_t>(key)) continue;
        if (team >= 0 && row.name(Name::team) != static_cast<std::uint64_t>(team)) continue;
        newest.add(batch.unpack(row));
    }
}

}  // namespace

Result<void> write_outcomes(store::Transaction& transaction, std::span<const Outcome> outcomes,
                            KnownCombinations& known) {
    TRY_VOID(add_to_sums(transaction, outcomes, known));
    while (!outcomes.empty()) {
        const auto some = outcomes.first(std::min(outcomes.size(), rows_per_batch_max));
        outcomes = outcomes.subspan(some.size());
        const Batch batch = pack(some);
        TRY_VOID(transaction.run(
            "INSERT INTO audit_outcome (at_min, at_max, rows_count, names, rows, version) VALUES (?, ?, ?, ?, ?, ?)",
            {nanoseconds(batch.at_min), nanoseconds(batch.at_max), static_cast<std::int64_t>(batch.rows_count),
             store::Blob{batch.names}, store::Blob{batch.rows}, batch_version}));
    }
    return {};
}

Result<Recorded> read_recorded(store::Transaction& transaction, Timestamp since) {
    Recorded recorded;
    TRY_VOID(transaction.each("SELECT at_min, names, rows, version FROM audit_outcome WHERE at_max >= ?",
                              {nanoseconds(since)}, [&](const store::Row& row) -> Result<void> {
                                  TRY(auto batch, open_batch(row));
                                  batch.read(row.text(2));
                                  Packed packed;
                                  for (;;) {
                                      TRY(const bool more, batch.next(packed));
                                      if (!more) return {};
                                      recorded.attempts.push_back(packed.rest.attempt);
                                      if (!packed.rest.superseded) recorded.calls.push_back(packed.rest.call);
                                  }
                              }));
    std::ranges::sort(recorded.attempts);
    return recorded;
}

Result<std::vector<Outcome>> read_calls(store::Transaction& transaction, const Audit::CallFilter& filter) {
    if (!filter.call.empty()) return read_one_call(transaction, filter);
    Newest newest(static_cast<std::size_t>(std::clamp(filter.count_max, 1, calls_max)));
    TRY_VOID(each_until(
        transaction,
        "SELECT at_min, names, rows, version, at_max FROM audit_outcome WHERE at_min < ? ORDER BY at_max DESC",
        nanoseconds(filter.before), [&](const store::Row& row) -> Result<bool> {
            // Every batch from here on is older than the oldest row that is kept.
            if (!newest.wants(timestamp(row.integer(4)))) return false;
            TRY_VOID(collect(row, filter, newest));
            return true;
        }));
    return newest.take();
}

Result<void> each_outcome(const store::Row& row, const std::function<void(Outcome)>& visit) {
    TRY(auto batch, open_batch(row));
    batch.read(row.text(2));
    Packed packed;
    for (;;) {
        TRY(const bool more, batch.next(packed));
        if (!more) return {};
        visit(batch.unpack(packed));
    }
}

}  // namespace bursar::audit
