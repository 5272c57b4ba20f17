#include "service/replays/rows.h"

#include <algorithm>

namespace bursar::replays {
namespace {

constexpr std::string_view steps[] = {
    // Keys are only here as digests. `until` in nanoseconds since 1970, cost in nano-dollars; status 0: no answer. The
    // long columns come last, so that reading the others touches none of their pages.
    "CREATE TABLE replay (number INTEGER PRIMARY KEY, name BLOB NOT NULL, caller TEXT NOT NULL, request BLOB NOT NULL, "
    "call BLOB NOT NULL, until INTEGER NOT NULL, cost INTEGER NOT NULL, status INTEGER NOT NULL, bytes INTEGER NOT "
    "NULL, head BLOB NOT NULL, body BLOB NOT NULL);"};

template <std::size_t Size>
bool copy(std::string_view from, std::array<unsigned char, Size>& to) {
    if (from.size() != Size) return false;
    std::ranges::copy(from, to.begin());
    return true;
}

Result<CallId> call_of(std::string_view bytes) {
    CallId::Bytes id{};
    if (!copy(bytes, id)) return fail(Fault::wrong_configuration, "A kept answer has no call. Restore a backup.");
    return CallId(id);
}

std::string_view bytes_of(const CallId& call) {
    return {reinterpret_cast<const char*>(call.bytes().data()), call.bytes().size()};
}

}  // namespace

Result<void> write_row(store::Transaction& transaction, const Entry& entry, const Answer* answer) {
    return transaction.run(
        "INSERT INTO replay (number, name, caller, request, call, until, cost, status, bytes, head, body) VALUES (?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {entry.number, store::Blob{as_text(entry.name)}, std::string_view(entry.caller),
         store::Blob{as_text(entry.request)}, store::Blob{bytes_of(entry.call)}, entry.until.time_since_epoch().count(),
         entry.cost.nanos(), static_cast<std::int64_t>(answer == nullptr ? 0 : answer->status),
         static_cast<std::int64_t>(entry.bytes), store::Blob{answer == nullptr ? std::string_view{} : answer->head},
         store::Blob{answer == nullptr ? std::string_view{} : answer->body}});
}

Result<void> remove_row(store::Transaction& transaction, std::int64_t number) {
    return transaction.run("DELETE FROM replay WHERE number = ?", {number});
}

Result<std::vector<Entry>> read_entries(store::Transaction& transaction) {
    std::vector<Entry> entries;
    TRY_VOID(transaction.each(
        "SELECT number, name, caller, request, call, until, cost, status, bytes FROM replay ORDER BY number", {},
        [&](const store::Row& row) -> Result<void> {
            Entry entry;
            entry.number = row.integer(0);
            if (!copy(row.text(1), entry.name) || !copy(row.text(3), entry.request))
                return fail(Fault::wrong_configuration, "A kept answer has no name. Restore a backup.");
            entry.caller = row.text(2);
            TRY(entry.call, call_of(row.text(4)));
            entry.until = Timestamp(std::chrono::nanoseconds(row.integer(5)));
            entry.cost = NanoUsd(row.integer(6));
            entry.state = row.integer(7) == 0 ? State::spent : State::kept;
            entry.bytes = static_cast<std::size_t>(row.integer(8));
            entries.push_back(std::move(entry));
            return {};
        }));
    return entries;
}

Result<std::shared_ptr<const Answer>> read_answer(store::Transaction& transaction, std::int64_t number) {
    std::shared_ptr<Answer> answer;
    TRY_VOID(transaction.each("SELECT call, status, head, body FROM replay WHERE number = ? AND status <> 0", {number},
                              [&](const store::Row& row) -> Result<void> {
                                  answer = std::make_shared<Answer>();
                                  TRY(answer->call, call_of(row.text(0)));
                                  answer->status = static_cast<int>(row.integer(1));
                                  answer->head = row.text(2);
                                  answer->body = row.text(3);
                                  return {};
                              }));
    return answer;
}

store::Schema Replays::schema() { return {.part = "replays", .steps = steps}; }

}  // namespace bursar::replays
