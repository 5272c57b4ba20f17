#include "service/treasury/pauses.h"

#include "service/treasury/events.h"

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE treasury_pause (key_id TEXT PRIMARY KEY, reason TEXT NOT NULL, until INTEGER NOT NULL, by TEXT NOT "
    "NULL, at INTEGER NOT NULL) WITHOUT ROWID;",
};

struct Told {
    std::string_view what;  ///< "paused", "resumed"
    std::string key_id;
    std::string text;
    Timestamp at;
    std::optional<Severity> severity = {};
};

Result<void> tell(store::Transaction& transaction, const Desk& desk, Told told) {
    const std::string subject = "key:" + told.key_id;
    TRY_VOID(raise(transaction, {.number = 0,
                                 .at = told.at,
                                 .name = fmt::format("key.{}:{}|{}", told.what, told.key_id, stored(told.at)),
                                 .kind = fmt::format("key.{}", told.what),
                                 .subject = subject,
                                 .text = std::move(told.text),
                                 .detail = "{}",
                                 .incident = "pause:" + told.key_id,
                                 .team = team_of(desk, subject),
                                 .severity = told.severity}));
    return {};
}

}  // namespace

store::Schema Pauses::schema() { return {.part = "treasury_pauses", .steps = steps}; }

Result<std::unique_ptr<Pauses>> Pauses::open(Desk& desk) {
    std::map<std::string, policies::InForce::Pause, std::less<>> paused;
    TRY_VOID(desk.store.read([&](store::Transaction& transaction) {
        return transaction.each("SELECT key_id, reason, until FROM treasury_pause WHERE until > ?",
                                {stored(desk.clock.now())}, [&](const store::Row& row) -> Result<void> {
                                    paused[std::string(row.text(0))] = {.reason = std::string(row.text(1)),
                                                                        .until = restored(row.integer(2))};
                                    return {};
                                });
    }));
    if (!paused.empty()) desk.rules.change([&](policies::InForce& in_force) { in_force.paused = paused; });
    return std::unique_ptr<Pauses>(new Pauses(desk));
}

Result<Pause> Pauses::pause(Pause pause, const Also& also) {
    pause.at = desk_.clock.now();
    TRY_VOID(check_reason(pause.reason, "reason"));
    if (pause.until <= pause.at)
        return fail(Fault::invalid_request, "\"until\" has passed. Give a time to come, or leave it out.");
    const std::string ends =
        pause.until == Timestamp::max() ? "until somebody resumes it" : "until " + to_text(pause.until);
    const MutexLock one_at_a_time(desk_.deciding);
    TRY_VOID(desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(transaction.run(
            "INSERT OR REPLACE INTO treasury_pause (key_id, reason, until, by, at) VALUES (?, ?, ?, ?, ?)",
            {std::string_view(pause.key_id), std::string_view(pause.reason), stored(pause.until),
             std::string_view(pause.by), stored(pause.at)}));
        // What somebody does himself is no alarm.
        TRY_VOID(tell(transaction, desk_,
                      {.what = "paused",
                       .key_id = pause.key_id,
                       .text = fmt::format("{} has paused key {} {}: {}", pause.by, pause.key_id, ends, pause.reason),
                       .at = pause.at,
                       .severity = pause.by == "service" ? std::nullopt : std::optional(Severity::info)}));
        return also ? also(transaction) : Result<void>{};
    }));
    desk_.rules.change([&](policies::InForce& in_force) {
        std::erase_if(in_force.paused, [&](const auto& each) { return each.second.until <= pause.at; });
        in_force.paused[pause.key_id] = {.reason = pause.reason, .until = pause.until};
    });
    return pause;
}

Result<void> Pauses::resume(const std::string& key_id, const std::string& by, const Also& also) {
    const Timestamp now = desk_.clock.now();
    const MutexLock one_at_a_time(desk_.deciding);
    const auto rules = desk_.rules.get();
    const auto paused = rules->in_force->paused.find(key_id);
    if (paused == rules->in_force->paused.end() || paused->second.until <= now)
        return fail(Fault::conflict, fmt::format("Key {} is not paused.", key_id));
    TRY_VOID(desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(transaction.run("DELETE FROM treasury_pause WHERE key_id = ?", {std::string_view(key_id)}));
        TRY_VOID(tell(transaction, desk_,
                      {.what = "resumed",
                       .key_id = key_id,
                       .text = fmt::format("{} has let key {} go on", by, key_id),
                       .at = now}));
        return also ? also(transaction) : Result<void>{};
    }));
    desk_.rules.change([&](policies::InForce& in_force) { in_force.paused.erase(key_id); });
    return {};
}

Result<void> Pauses::tell_ended(Timestamp now) {
    const MutexLock one_at_a_time(desk_.deciding);
    std::vector<std::string> over;
    TRY_VOID(desk_.store.read([&](store::Transaction& transaction) {
        return transaction.each("SELECT key_id FROM treasury_pause WHERE until <= ? LIMIT ?",
                                {stored(now), ended_at_once_max}, [&](const store::Row& row) -> Result<void> {
                                    over.emplace_back(row.text(0));
                                    return {};
                                });
    }));
    if (over.empty()) return {};
    return desk_.store.write([&](store::Transaction& transaction) -> Result<void> {
        for (const std::string& key_id : over) {
            TRY_VOID(transaction.run("DELETE FROM treasury_pause WHERE key_id = ? AND until <= ?",
                                     {std::string_view(key_id), stored(now)}));
            TRY_VOID(tell(transaction, desk_,
                          {.what = "resumed",
                           .key_id = key_id,
                           .text = fmt::format("The pause of key {} is over", key_id),
                           .at = now}));
        }
        return {};
    });
}

}  // namespace bursar::treasury
