#include "auth/session_entry.h"

#include "auth/columns.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::string_view steps[] = {
    "CREATE TABLE auth_sessions (id TEXT PRIMARY KEY, version INTEGER NOT NULL, person TEXT NOT NULL, kind TEXT NOT "
    "NULL, client TEXT NOT NULL, address TEXT NOT NULL, way TEXT NOT NULL, provider_session TEXT NOT NULL, began_at "
    "INTEGER NOT NULL, ends_at INTEGER NOT NULL, last_used_at INTEGER NOT NULL, proved_at INTEGER, cookie BLOB) "
    "WITHOUT ROWID;"
    "CREATE INDEX auth_sessions_by_person ON auth_sessions (person, began_at);"
    // `kind` is access or refresh; `at` when an access token expires, or when a refresh token was used.
    "CREATE TABLE auth_session_tokens (session TEXT NOT NULL, digest BLOB NOT NULL, kind TEXT NOT NULL, at INTEGER, "
    "PRIMARY KEY (session, digest)) WITHOUT ROWID;",
    "ALTER TABLE auth_sessions ADD COLUMN provider_subject TEXT NOT NULL DEFAULT '';",
};

constexpr std::string_view columns =
    "id, version, person, kind, client, address, way, provider_session, began_at, ends_at, last_used_at, proved_at, "
    "cookie, provider_subject";
constexpr std::string_view access_kind = "access", refresh_kind = "refresh";
constexpr std::array kinds{SessionKind::console, SessionKind::cli, SessionKind::agent};

Result<SessionEntry> entry_of(const store::Row& row) {
    SessionEntry entry;
    Session& session = entry.session;
    session.id = row.text(0);
    entry.version = row.integer(1);
    session.person = row.text(2);
    const auto kind = std::ranges::find(kinds, row.text(3), [](SessionKind each) { return name_of(each); });
    if (kind == kinds.end())
        return fail(Fault::wrong_configuration,
                    fmt::format("What is stored of the session {} cannot be read. Restore a backup.", session.id));
    session.kind = *kind;
    session.client = row.text(4);
    session.address = row.text(5);
    session.way = row.text(6);
    session.provider_session = row.text(7);
    session.began_at = time_in(row, 8).value_or(Timestamp{});
    session.ends_at = time_in(row, 9).value_or(Timestamp{});
    session.last_used_at = time_in(row, 10).value_or(session.began_at);
    session.proved_at = time_in(row, 11);
    entry.cookie = digest_in(row, 12).value_or(no_digest);
    session.provider_subject = row.text(13);
    entry.seen = std::make_shared<LastSeen>();
    entry.seen->second = std::chrono::floor<std::chrono::seconds>(session.last_used_at).time_since_epoch().count();
    entry.caller = std::make_shared<CallerCell>();
    return entry;
}

void add_token(SessionEntry& entry, const store::Row& row) {
    const auto digest = digest_in(row, 1);
    if (!digest) return;
    const auto at = time_in(row, 3);
    if (row.text(2) == access_kind)
        entry.access.push_back({.digest = *digest, .expires_at = at.value_or(Timestamp{})});
    else
        entry.refresh.push_back({.digest = *digest, .used_at = at});
}

Result<void> store_token(store::Transaction& transaction, std::string_view id, const AccessToken& token) {
    return transaction.run("INSERT INTO auth_session_tokens (session, digest, kind, at) VALUES (?, ?, ?, ?)",
                           {id, store::Blob{as_text(token.digest)}, access_kind, time_value(token.expires_at)});
}

Result<void> store_token(store::Transaction& transaction, std::string_view id, const RefreshToken& token) {
    return transaction.run("INSERT INTO auth_session_tokens (session, digest, kind, at) VALUES (?, ?, ?, ?)",
                           {id, store::Blob{as_text(token.digest)}, refresh_kind, time_value(token.used_at)});
}

Result<void> drop_token(store::Transaction& transaction, std::string_view id, const Digest& digest) {
    return transaction.run("DELETE FROM auth_session_tokens WHERE session = ? AND digest = ?",
                           {id, store::Blob{as_text(digest)}});
}

/// What has expired, and what is over the limits.
Result<void> drop_old_tokens(store::Transaction& transaction, SessionEntry& entry, Timestamp now) {
    std::ranges::sort(entry.access, {}, &AccessToken::expires_at);
    while (!entry.access.empty() &&
           (entry.access.front().expires_at <= now || entry.access.size() > access_tokens_max)) {
        TRY_VOID(drop_token(transaction, entry.id(), entry.access.front().digest));
        entry.access.erase(entry.access.begin());
    }
    std::ranges::sort(entry.refresh, {},
                      [](const RefreshToken& token) { return token.used_at.value_or(Timestamp::max()); });
    while (entry.refresh.size() > used_refresh_tokens_max + 1) {
        TRY_VOID(drop_token(transaction, entry.id(), entry.refresh.front().digest));
        entry.refresh.erase(entry.refresh.begin());
    }
    return {};
}

template <typename Token>
const Token* find_among(const std::vector<Token>& tokens, const Digest& digest) {
    const Token* found = nullptr;
    for (const Token& token : tokens)
        if (equal_in_constant_time(as_text(token.digest), as_text(digest))) found = &token;
    return found;
}

}  // namespace

SessionEntry SessionEntry::tombstone(std::string_view id) {
    SessionEntry entry;
    entry.session.id = id;
    entry.version = std::numeric_limits<std::int64_t>::max();
    entry.ended = true;
    return entry;
}

const AccessToken* find_token(const std::vector<AccessToken>& tokens, const Digest& digest) {
    return find_among(tokens, digest);
}
const RefreshToken* find_token(const std::vector<RefreshToken>& tokens, const Digest& digest) {
    return find_among(tokens, digest);
}

std::shared_ptr<const Caller> caller_of(const SessionEntry& entry, const std::shared_ptr<const Person>& person) {
    if (person == nullptr || person->standing.teams.empty()) return nullptr;
    if (const auto made = entry.caller->get(); made->person == person) return made->caller;
    // Two threads may make it at once; either is as good.
    auto caller = std::make_shared<const Caller>(Caller{.key_id = entry.id(),
                                                        .name = entry.session.client,
                                                        .team = person->standing.teams.front(),
                                                        .person = person->name,
                                                        .models = {},
                                                        .budgets = {}});
    entry.caller->set(std::make_shared<const MadeCaller>(MadeCaller{person, caller}));
    return caller;
}

std::optional<std::string> why_over(const SessionEntry& entry, const Person* person, const SessionLimits& limits,
                                    Timestamp now) {
    const Session& session = entry.session;
    if (entry.ended) return "it was ended";
    const bool is_console = session.kind == SessionKind::console;
    // Shorter limits count for sessions that have begun, longer ones do not.
    const Timestamp end = std::min(session.ends_at, session.began_at + (is_console ? limits.absolute : limits.refresh));
    if (now >= end) return "its time is over";
    const Timestamp used_at(std::chrono::seconds(entry.seen->second.load(std::memory_order_relaxed)));
    if (is_console && now >= used_at + limits.idle) return "nobody used it for too long";
    if (session.way == break_glass_way) return {};
    if (person == nullptr) return fmt::format("there is nobody of the name {}", session.person);
    if (person->put_out_at && session.began_at < *person->put_out_at)
        return fmt::format("{} was put out at {}", person->name, to_text(*person->put_out_at));
    return {};
}

store::Schema sessions_schema() { return {.part = "auth_sessions", .steps = steps}; }

Result<void> insert_session(store::Transaction& transaction, const SessionEntry& entry) {
    const Session& session = entry.session;
    const store::Value cookie =
        session.kind == SessionKind::console ? store::Value(store::Blob{as_text(entry.cookie)}) : store::Value(nullptr);
    TRY_VOID(transaction.run(
        fmt::format("INSERT INTO auth_sessions ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", columns),
        {session.id, entry.version, session.person, name_of(session.kind), session.client, session.address, session.way,
         session.provider_session, time_value(session.began_at), time_value(session.ends_at),
         time_value(session.last_used_at), time_value(session.proved_at), cookie, session.provider_subject}));
    for (const AccessToken& token : entry.access) TRY_VOID(store_token(transaction, session.id, token));
    for (const RefreshToken& token : entry.refresh) TRY_VOID(store_token(transaction, session.id, token));
    return {};
}

Result<void> update_session(store::Transaction& transaction, const SessionEntry& entry) {
    return transaction.run(
        "UPDATE auth_sessions SET version = ?, cookie = ?, proved_at = ? WHERE id = ?",
        {entry.version, store::Blob{as_text(entry.cookie)}, time_value(entry.session.proved_at), entry.id()});
}

Result<void> store_rotation(store::Transaction& transaction, SessionEntry& entry, const Digest& used, Timestamp now) {
    TRY_VOID(transaction.run("UPDATE auth_session_tokens SET at = ? WHERE session = ? AND digest = ?",
                             {time_value(now), entry.id(), store::Blob{as_text(used)}}));
    TRY_VOID(store_token(transaction, entry.id(), entry.access.back()));
    TRY_VOID(store_token(transaction, entry.id(), entry.refresh.back()));
    TRY_VOID(drop_old_tokens(transaction, entry, now));
    return transaction.run("UPDATE auth_sessions SET version = ? WHERE id = ?", {entry.version, entry.id()});
}

Result<void> erase_session(store::Transaction& transaction, std::string_view id) {
    TRY_VOID(transaction.run("DELETE FROM auth_session_tokens WHERE session = ?", {id}));
    return transaction.run("DELETE FROM auth_sessions WHERE id = ?", {id});
}

Result<std::optional<SessionEntry>> load_session(store::Transaction& transaction, std::string_view id) {
    std::optional<SessionEntry> found;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM auth_sessions WHERE id = ?", columns), {id},
                              [&](const store::Row& row) -> Result<void> {
                                  TRY(found, entry_of(row));
                                  return {};
                              }));
    if (!found) return found;
    TRY_VOID(transaction.each("SELECT session, digest, kind, at FROM auth_session_tokens WHERE session = ?", {id},
                              [&](const store::Row& row) -> Result<void> {
                                  add_token(*found, row);
                                  return {};
                              }));
    return found;
}

Result<std::vector<SessionEntry>> load_sessions(store::Transaction& transaction) {
    std::vector<SessionEntry> entries;
    std::unordered_map<std::string, std::size_t> place;
    TRY_VOID(transaction.each(fmt::format("SELECT {} FROM auth_sessions", columns), {},
                              [&](const store::Row& row) -> Result<void> {
                                  TRY(auto entry, entry_of(row));
                                  place.emplace(entry.id(), entries.size());
                                  entries.push_back(std::move(entry));
                                  return {};
                              }));
    TRY_VOID(transaction.each("SELECT session, digest, kind, at FROM auth_session_tokens", {},
                              [&](const store::Row& row) -> Result<void> {
                                  const auto at = place.find(std::string(row.text(0)));
                                  if (at != place.end()) add_token(entries[at->second], row);
                                  return {};
                              }));
    return entries;
}

}  // namespace bursar::auth
