#include "service/audit/chain.h"

#include "service/base/crypto.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace bursar::audit {
namespace {

constexpr std::size_t word_bytes_max = 512;
constexpr std::size_t detail_bytes_max = 4096;
constexpr int entries_max = 1000;
/// A row has the time at which it was gathered; the numbers around it are of this much earlier or later at most.
constexpr std::chrono::minutes written_within{5};

void append_number(std::string& out, std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

void append_text(std::string& out, std::string_view text) {
    append_number(out, text.size());
    out += text;
}

/// Lengths before the texts, so that no two rows have the same bytes; a letter before all, so that no row is an end.
Digest hash_of(const Secret& key, std::string_view previous, std::int64_t number, std::int64_t at_nanoseconds,
               const Action& action) {
    std::string bytes = "E";
    bytes += previous;
    append_number(bytes, static_cast<std::uint64_t>(number));
    append_number(bytes, static_cast<std::uint64_t>(at_nanoseconds));
    for (const std::string* text :
         {&action.actor, &action.address, &action.action, &action.object, &action.outcome, &action.detail})
        append_text(bytes, *text);
    return hmac_sha256(key.reveal(), bytes);
}

/// What keeps the record of the end from being moved back along the chain.
Digest seal_of(const Secret& key, const Head& head) {
    std::string bytes = "H";
    append_number(bytes, static_cast<std::uint64_t>(head.number));
    bytes += head.hash;
    return hmac_sha256(key.reveal(), bytes);
}

Action action_in(const store::Row& row, int first) {
    return {.actor = std::string(row.text(first)),
            .address = std::string(row.text(first + 1)),
            .action = std::string(row.text(first + 2)),
            .object = std::string(row.text(first + 3)),
            .outcome = std::string(row.text(first + 4)),
            .detail = std::string(row.text(first + 5))};
}

std::int64_t nanoseconds(Timestamp at) { return at.time_since_epoch().count(); }

/// A word of a filter as bounds of an index: the word itself, or all that begin like it.
struct Words {
    explicit Words(std::string_view word) : begins(word.ends_with('*')), first(word) {
        if (begins) first.remove_suffix(1);
        behind = std::string(first) + "\U0010ffff";  // the last character that there is
    }
    std::string_view condition(std::string_view same, std::string_view alike) const {
        if (begins) return first.empty() ? std::string_view() : alike;
        return first.empty() ? std::string_view() : same;
    }

    bool begins;
    std::string_view first;
    std::string behind;
};

std::unexpected<Error> does_not_fit(std::string sentence) {
    return fail(Fault::conflict, "The audit trail was altered outside of Bursar. " + std::move(sentence));
}

}  // namespace

Action clipped(Action action) {
    for (std::string* text : {&action.actor, &action.address, &action.action, &action.object, &action.outcome})
        if (text->size() > word_bytes_max) text->resize(word_bytes_max);
    // Half of a JSON object would be none.
    if (action.detail.size() > detail_bytes_max)
        action.detail = fmt::format(R"({{"left_out_bytes":{}}})", action.detail.size());
    return action;
}

End Head::end() const { return {.number = number, .hash = to_hex(hash)}; }

Result<Head> read_head(store::Transaction& transaction, const Secret& key) {
    std::optional<Head> head;
    std::string seal;
    TRY_VOID(
        transaction.each("SELECT number, hash, seal FROM audit_head", {}, [&](const store::Row& row) -> Result<void> {
            head = {.number = row.integer(0), .hash = std::string(row.text(1))};
            seal = row.text(2);
            return {};
        }));
    if (!head) return does_not_fit("The record of its end is missing.");
    // A trail that was never written to has no seal yet.
    const bool fresh = head->number == 0 && seal.empty();
    if (!fresh && !equal_in_constant_time(seal, as_text(seal_of(key, *head))))
        return does_not_fit(
            fmt::format("The record of its end (entry {}) is not what was written there.", head->number));
    return *std::move(head);
}

Result<void> append_rows(store::Transaction& transaction, const Secret& key, std::span<const Stamped> rows) {
    if (rows.empty()) return {};
    // Read anew each time: a job that was undone must not leave its hash in our memory.
    TRY(Head head, read_head(transaction, key));
    for (const Stamped& row : rows) {
        const Action& action = row.action;
        const std::int64_t at = row.at.time_since_epoch().count();
        const Digest hash = hash_of(key, head.hash, head.number + 1, at, action);
        TRY_VOID(transaction.run(
            "INSERT INTO audit_entry (number, at, actor, address, action, object, outcome, detail, hash) VALUES (?, ?, "
            "?, ?, ?, ?, ?, ?, ?)",
            {head.number + 1, at, std::string_view(action.actor), std::string_view(action.address),
             std::string_view(action.action), std::string_view(action.object), std::string_view(action.outcome),
             std::string_view(action.detail), store::Blob{as_text(hash)}}));
        ++head.number;
        head.hash = as_text(hash);
    }
    const Digest seal = seal_of(key, head);
    return transaction.run("UPDATE audit_head SET number = ?, hash = ?, seal = ?",
                           {head.number, store::Blob{head.hash}, store::Blob{as_text(seal)}});
}

Result<End> verify_chain(store::Transaction& transaction, const Secret& key) {
    std::string previous(32, '\0');
    std::int64_t count = 0;
    TRY(const Head head, read_head(transaction, key));
    TRY_VOID(transaction.each(
        "SELECT number, at, actor, address, action, object, outcome, detail, hash FROM audit_entry ORDER BY number", {},
        [&](const store::Row& row) -> Result<void> {
            const std::int64_t number = row.integer(0);
            if (number != count + 1) return does_not_fit(fmt::format("Entry {} is missing.", count + 1));
            if (number > head.number) return does_not_fit(fmt::format("Entry {} was added behind the end.", number));
            const Digest hash = hash_of(key, previous, number, row.integer(1), action_in(row, 2));
            if (as_text(hash) != row.text(8))
                return does_not_fit(fmt::format("Entry {} is not what was written there.", number));
            previous = as_text(hash);
            count = number;
            return {};
        }));
    if (count != head.number)
        return does_not_fit(fmt::format("Entry {} is missing; the trail had {}.", count + 1, head.number));
    if (previous != head.hash)
        return does_not_fit(fmt::format("Entry {}, the last one, is not what was written there.", count));
    return head.end();
}

Result<std::vector<Entry>> read_entries(store::Transaction& transaction, const Audit::EntryFilter& filter) {
    const Words actor(filter.actor), action(filter.action), object(filter.object);
    const bool has_from = filter.from != Timestamp::min(), has_to = filter.to != Timestamp::max();
    std::string sql =
        "SELECT number, at, actor, address, action, object, outcome, detail, hash FROM audit_entry WHERE number < ?1";
    sql += actor.condition(" AND actor = ?2", " AND actor >= ?2 AND actor < ?3");
    sql += action.condition(" AND action = ?4", " AND action >= ?4 AND action < ?5");
    sql += object.condition(" AND object = ?6", " AND object >= ?6 AND object < ?7");
    if (filter.outcome == not_ok)
        sql += " AND outcome NOT IN ('ok', 'begun')";
    else if (!filter.outcome.empty())
        sql += " AND outcome = ?8";
    // Where to look follows from the times; the plus keeps the order that of the numbers, without sorting.
    if (has_from)
        sql += " AND +at >= ?9 AND number >= (SELECT number FROM audit_entry WHERE at >= ?9 - ?11 ORDER BY at LIMIT 1)";
    if (has_to)
        sql +=
            " AND +at < ?10 AND number <= (SELECT number FROM audit_entry WHERE at < ?10 + ?11 ORDER BY at DESC "
            "LIMIT 1)";
    sql += " ORDER BY number DESC LIMIT ?12";
    const std::int64_t below = filter.before > 0 ? filter.before : INT64_MAX;
    const std::int64_t limit = std::clamp(filter.count_max, 1, entries_max);
    const auto text = [](const std::string& word) { return std::string_view(word); };
    std::vector<Entry> entries;
    TRY_VOID(
        transaction.each(sql,
                         {below, actor.first, text(actor.behind), action.first, text(action.behind), object.first,
                          text(object.behind), text(filter.outcome), has_from ? nanoseconds(filter.from) : 0,
                          has_to ? nanoseconds(filter.to) : 0, std::chrono::nanoseconds(written_within).count(), limit},
                         [&](const store::Row& row) -> Result<void> {
                             entries.push_back({.number = row.integer(0),
                                                .at = Timestamp(std::chrono::nanoseconds(row.integer(1))),
                                                .action = action_in(row, 2),
                                                .hash = to_hex(row.text(8))});
                             return {};
                         }));
    return entries;
}

}  // namespace bursar::audit
