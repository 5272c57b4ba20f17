#include "service/admin/approvals.h"

#include "service/base/crypto.h"
#include "service/base/ensure.h"
#include "service/base/json.h"
#include "service/treasury/events.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bursar::admin {
namespace {

/// 40 bits, eight characters: names one among some dozens and gives no right.
constexpr std::size_t id_bytes = 5;

constexpr std::string_view steps[] = {
    "CREATE TABLE approval (id TEXT PRIMARY KEY, action TEXT NOT NULL, method TEXT NOT NULL, route TEXT NOT NULL, path "
    "TEXT NOT NULL, if_match TEXT NOT NULL, what TEXT NOT NULL, asked_by TEXT NOT NULL, asker TEXT NOT NULL, proof "
    "TEXT NOT NULL, address TEXT NOT NULL, asked_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, state TEXT NOT "
    "NULL, decided_by TEXT NOT NULL, decided_at INTEGER, reason TEXT NOT NULL, outcome TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE approval_line (approval TEXT NOT NULL REFERENCES approval, position INTEGER NOT NULL, kind TEXT NOT "
    "NULL, text TEXT NOT NULL, PRIMARY KEY (approval, position)) WITHOUT ROWID",
    // Encrypted by the vault before it comes here; gone with the decision.
    "CREATE TABLE approval_body (approval TEXT PRIMARY KEY REFERENCES approval, body BLOB NOT NULL)",
};

constexpr std::array states{ApprovalState::open,    ApprovalState::running,  ApprovalState::done,
                            ApprovalState::failed,  ApprovalState::declined, ApprovalState::withdrawn,
                            ApprovalState::expired, ApprovalState::unknown};

#define APPROVAL_COLUMNS                                                                                  \
    "SELECT id, action, method, route, path, if_match, what, asked_by, asker, proof, address, asked_at, " \
    "expires_at, state, decided_by, decided_at, reason, outcome FROM approval "

std::int64_t stored(Timestamp at) { return at.time_since_epoch().count(); }
Timestamp restored(std::int64_t at) { return Timestamp(std::chrono::nanoseconds(at)); }

Approval approval_of(const store::Row& row, Timestamp now) {
    Approval out;
    std::string* const texts[] = {&out.id,   &out.action,   &out.method, &out.route, &out.path,   &out.if_match,
                                  &out.what, &out.asked_by, &out.asker,  &out.proof, &out.address};
    int column = 0;
    for (std::string* const text : texts) *text = row.text(column++);
    out.asked_at = restored(row.integer(column++));
    out.expires_at = restored(row.integer(column++));
    out.state = approval_state_of(row.text(column++)).value_or(ApprovalState::unknown);
    if (out.state == ApprovalState::open && out.expires_at <= now) out.state = ApprovalState::expired;
    out.decided_by = row.text(column++);
    if (!row.is_null(column)) out.decided_at = restored(row.integer(column));
    out.reason = row.text(++column);
    out.outcome = row.text(++column);
    return out;
}

Result<void> read_lines(store::Transaction& transaction, Approval& approval) {
    return transaction.each("SELECT kind, text FROM approval_line WHERE approval = ? ORDER BY position",
                            {std::string_view(approval.id)}, [&](const store::Row& row) -> Result<void> {
                                auto& lines = row.text(0) == "change" ? approval.changes : approval.warnings;
                                lines.emplace_back(row.text(1));
                                return {};
                            });
}

Result<Approval> find(store::Transaction& transaction, std::string_view id, Timestamp now) {
    std::optional<Approval> found;
    TRY_VOID(transaction.each(APPROVAL_COLUMNS "WHERE id = ?", {id}, [&](const store::Row& row) -> Result<void> {
        found = approval_of(row, now);
        return {};
    }));
    if (!found)
        return fail(Fault::not_found, "Nothing of that id waits for a second person. See: bursarctl approvals list.");
    TRY_VOID(read_lines(transaction, *found));
    return *std::move(found);
}

Result<void> check_open(const Approval& approval) {
    if (approval.state == ApprovalState::open) return {};
    const std::string by = approval.decided_by.empty() ? "" : fmt::format(" (by {})", approval.decided_by);
    return fail(Fault::conflict, fmt::format("{} is {}{} and is decided no more. Whoever still needs it asks again.",
                                             approval.id, name_of(approval.state), by));
}

Result<void> check_room(store::Transaction& transaction, const Approval& asked, std::size_t bytes) {
    std::int64_t all = 0, own = 0, waiting = 0;
    TRY_VOID(transaction.each(
        "SELECT count(*), coalesce(sum(asker = ?), 0) FROM approval WHERE state = 'open' AND "
        "expires_at > ?",
        {std::string_view(asked.asker), stored(asked.asked_at)}, [&](const store::Row& row) -> Result<void> {
            all = row.integer(0);
            own = row.integer(1);
            return {};
        }));
    TRY_VOID(transaction.each("SELECT coalesce(sum(length(body)), 0) FROM approval_body", {},
                              [&](const store::Row& row) -> Result<void> {
                                  waiting = row.integer(0);
                                  return {};
                              }));
    if (own >= Approvals::open_per_person_max)
        return fail(Fault::rate_limited,
                    fmt::format("{} requests of yours wait for a second person, which is the most. Have them decided, "
                                "or take some back: bursarctl approvals withdraw ID.",
                                own));
    if (all < Approvals::open_max && waiting + static_cast<std::int64_t>(bytes) <= Approvals::waiting_bytes_max)
        return {};
    return fail(Fault::rate_limited,
                "Too much waits for a second person already. Have some of it decided first: bursarctl approvals list.",
                fmt::format("{} open approvals, {} bytes of bodies, {} more asked for", all, waiting, bytes));
}

Result<void> insert(store::Transaction& transaction, const Approval& approval, std::string_view body) {
    TRY_VOID(transaction.run(
        "INSERT INTO approval (id, action, method, route, path, if_match, what, asked_by, asker, proof, address, "
        "asked_at, expires_at, state, decided_by, decided_at, reason, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?, 'open', '', NULL, '', '')",
        {std::string_view(approval.id), std::string_view(approval.action), std::string_view(approval.method),
         std::string_view(approval.route), std::string_view(approval.path), std::string_view(approval.if_match),
         std::string_view(approval.what), std::string_view(approval.asked_by), std::string_view(approval.asker),
         std::string_view(approval.proof), std::string_view(approval.address), stored(approval.asked_at),
         stored(approval.expires_at)}));
    std::int64_t position = 0;
    const auto lines = [&](std::string_view kind, const std::vector<std::string>& texts) -> Result<void> {
        for (const std::string& text : texts)
            TRY_VOID(transaction.run("INSERT INTO approval_line (approval, position, kind, text) VALUES (?, ?, ?, ?)",
                                     {std::string_view(approval.id), position++, kind, std::string_view(text)}));
        return {};
    };
    TRY_VOID(lines("change", approval.changes));
    TRY_VOID(lines("warning", approval.warnings));
    return transaction.run("INSERT INTO approval_body (approval, body) VALUES (?, ?)",
                           {std::string_view(approval.id), store::Blob{body}});
}

/// Whatever state it goes to, its body is gone in the same transaction.
Result<void> update(store::Transaction& transaction, const Approval& approval) {
    TRY_VOID(transaction.run(
        "UPDATE approval SET state = ?, decided_by = ?, decided_at = ?, reason = ?, outcome = ? WHERE id = ?",
        {name_of(approval.state), std::string_view(approval.decided_by),
         stored(approval.decided_at.value_or(approval.asked_at)), std::string_view(approval.reason),
         std::string_view(approval.outcome), std::string_view(approval.id)}));
    return transaction.run("DELETE FROM approval_body WHERE approval = ?", {std::string_view(approval.id)});
}

/// People who could decide hear of it where they hear of everything else (bursarctl alerts).
Result<void> tell(store::Transaction& transaction, const Approval& approval, Timestamp at) {
    const bool asked = approval.state == ApprovalState::open;
    const std::string_view verb = asked ? "asked" : name_of(approval.state);
    std::string text = fmt::format("{} asks for a second person: {}", approval.asked_by, approval.what);
    if (!asked)
        text = fmt::format("What {} asked for is {}{}{}: {}", approval.asked_by, verb,
                           approval.decided_by.empty() ? "" : " by ", approval.decided_by, approval.what);
    std::optional<Severity> severity;
    if (approval.state == ApprovalState::failed) severity = Severity::warning;
    if (approval.state == ApprovalState::unknown) severity = Severity::critical;
    TRY_VOID(treasury::raise(transaction, {.at = at,
                                           .name = fmt::format("approval:{}|{}", approval.id, verb),
                                           .kind = fmt::format("approval.{}", verb),
                                           .subject = "approval:" + approval.id,
                                           .text = std::move(text),
                                           .detail = "{}",
                                           .incident = "approval:" + approval.id,
                                           .severity = severity}));
    return {};
}

/// By nobody: the time or the end of the service did it.
Result<void> close_by_itself(store::Transaction& transaction, audit::Audit& audit, Approval approval, Timestamp now) {
    const bool expired = approval.state == ApprovalState::expired;
    if (!expired) approval.state = ApprovalState::unknown;
    approval.outcome =
        expired
            ? "Nobody decided in time; nothing was done."
            : "The service ended while it was being done: look whether it was, in the audit and at the thing itself.";
    if (expired) approval.decided_at = now;
    TRY_VOID(update(transaction, approval));
    TRY_VOID(tell(transaction, approval, now));
    JsonWriter detail;
    detail.open().field("what", approval.what).field("asked_by", approval.asked_by);
    detail.field("approved_by", approval.decided_by).close();
    return audit.append(transaction, {.actor = "service",
                                      .address = "",
                                      .action = "approval.decide",
                                      .object = "approval:" + approval.id,
                                      .outcome = std::string(name_of(approval.state)),
                                      .detail = std::move(detail).text()});
}

Result<void> close_running(store::Transaction& transaction, audit::Audit& audit, Timestamp began_before,
                           Timestamp now) {
    std::vector<Approval> cut_off;
    TRY_VOID(transaction.each(APPROVAL_COLUMNS "WHERE state = 'running' AND decided_at <= ?", {stored(began_before)},
                              [&](const store::Row& row) -> Result<void> {
                                  cut_off.push_back(approval_of(row, now));
                                  return {};
                              }));
    for (Approval& each : cut_off) TRY_VOID(close_by_itself(transaction, audit, std::move(each), now));
    return {};
}

Result<void> close_overdue(store::Transaction& transaction, audit::Audit& audit, Timestamp now) {
    std::vector<Approval> overdue;
    TRY_VOID(transaction.each(APPROVAL_COLUMNS "WHERE state = 'open' AND expires_at <= ?", {stored(now)},
                              [&](const store::Row& row) -> Result<void> {
                                  overdue.push_back(approval_of(row, now));
                                  return {};
                              }));
    for (Approval& each : overdue) TRY_VOID(close_by_itself(transaction, audit, std::move(each), now));
    return {};
}

}  // namespace

std::string_view name_of(ApprovalState state) {
    switch (state) {
        case ApprovalState::open:
            return "open";
        case ApprovalState::running:
            return "running";
        case ApprovalState::done:
            return "done";
        case ApprovalState::failed:
            return "failed";
        case ApprovalState::declined:
            return "declined";
        case ApprovalState::withdrawn:
            return "withdrawn";
        case ApprovalState::expired:
            return "expired";
        case ApprovalState::unknown:
            return "unknown";
    }
    ENSURE(false);
}

std::optional<ApprovalState> approval_state_of(std::string_view name) {
    const auto found = std::ranges::find(states, name, [](ApprovalState state) { return name_of(state); });
    return found == states.end() ? std::nullopt : std::optional(*found);
}

store::Schema Approvals::schema() { return {.part = "approvals", .steps = steps}; }

Result<Approval> Approvals::ask(store::Store& store, Approval approval, Timestamp now, const LockedBody& locked_body,
                                const Also& also) {
    approval.id = to_base32(random_bytes(id_bytes));
    approval.asked_at = now;
    approval.expires_at = now + open_for;
    approval.state = ApprovalState::open;
    TRY(const std::string body, locked_body(approval));
    TRY_VOID(store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(check_room(transaction, approval, body.size()));
        TRY_VOID(insert(transaction, approval, body));
        TRY_VOID(tell(transaction, approval, now));
        return also(transaction, approval);
    }));
    return approval;
}

Result<Approval> Approvals::read(store::Store& store, std::string_view id, Timestamp now) {
    Approval approval;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(approval, find(transaction, id, now));
        return {};
    }));
    return approval;
}

Result<std::string> Approvals::locked_body(store::Store& store, std::string_view id, Timestamp now) {
    std::string body;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(const Approval approval, find(transaction, id, now));
        TRY_VOID(check_open(approval));
        return transaction.each("SELECT body FROM approval_body WHERE approval = ?", {id},
                                [&](const store::Row& row) -> Result<void> {
                                    body = row.text(0);
                                    return {};
                                });
    }));
    return body;
}

Result<std::vector<Approval>> Approvals::list(store::Store& store, std::optional<ApprovalState> state, Timestamp now) {
    std::vector<Approval> all;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(
            transaction.each(APPROVAL_COLUMNS "ORDER BY asked_at DESC", {}, [&](const store::Row& row) -> Result<void> {
                Approval each = approval_of(row, now);
                const bool fits = !state || each.state == *state;
                if (fits && all.size() < static_cast<std::size_t>(listed_max)) all.push_back(std::move(each));
                return {};
            }));
        for (Approval& each : all) TRY_VOID(read_lines(transaction, each));
        return {};
    }));
    return all;
}

Result<Approval> Approvals::decide(store::Store& store, std::string_view id, const Decision& decision, Timestamp now,
                                   const Also& also) {
    Approval approval;
    TRY_VOID(store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(approval, find(transaction, id, now));
        TRY_VOID(check_open(approval));
        approval.state = decision.state;
        approval.decided_by = decision.by;
        approval.decided_at = now;
        approval.reason = decision.reason;
        approval.outcome = decision.outcome;
        TRY_VOID(update(transaction, approval));
        // Of what is being done people hear when it is done.
        if (approval.state != ApprovalState::running) TRY_VOID(tell(transaction, approval, now));
        return also(transaction, approval);
    }));
    return approval;
}

Result<void> Approvals::finish(store::Store& store, std::string_view id, ApprovalState state, std::string_view outcome,
                               Timestamp now, const Also& also) {
    return store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(Approval approval, find(transaction, id, now));
        approval.state = state;
        approval.outcome = outcome;
        TRY_VOID(update(transaction, approval));
        TRY_VOID(tell(transaction, approval, now));
        return also(transaction, approval);
    });
}

Result<void> Approvals::sweep(store::Store& store, audit::Audit& audit, Timestamp now) {
    return store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(close_overdue(transaction, audit, now));
        TRY_VOID(close_running(transaction, audit, now - running_max, now));
        const std::int64_t before = stored(now - kept_for);
        TRY_VOID(
            transaction.run("DELETE FROM approval_line WHERE approval IN (SELECT id FROM approval WHERE "
                            "decided_at < ? AND state <> 'running')",
                            {before}));
        return transaction.run("DELETE FROM approval WHERE decided_at < ? AND state <> 'running'", {before});
    });
}

Result<void> Approvals::close_cut_off(store::Store& store, audit::Audit& audit, Timestamp now) {
    return store.write(
        [&](store::Transaction& transaction) { return close_running(transaction, audit, Timestamp::max(), now); });
}

std::string binding_of(const Approval& approval) {
    return fmt::format("approval\n{}\n{}\n{}\n{}\n{}\n{}", approval.id, approval.method, approval.path,
                       approval.if_match, approval.asked_by, approval.proof);
}

}  // namespace bursar::admin
