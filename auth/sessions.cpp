#include "auth/sessions.h"

#include "auth/printable.h"
#include "auth/stored_sessions.h"
#include "service/base/ensure.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

constexpr std::size_t sessions_max = 200'000;
constexpr std::int64_t per_person_max = 50;
constexpr std::size_t text_characters_max = 200;
constexpr std::size_t provider_id_bytes_max = 1'024;
constexpr auto grace = std::chrono::seconds(60);
/// Whatever the policy gives others.
constexpr std::chrono::seconds break_glass_life = std::chrono::hours(1);

std::unexpected<Error> over(std::string for_operator) {
    return fail(Fault::unauthenticated, "This sign-in has ended or is not valid. Sign in again.",
                std::move(for_operator));
}

std::unexpected<Error> not_let_in(std::string_view person, const Person* known) {
    return fail(Fault::unauthenticated,
                "Your account may not use Bursar at present. Ask your operator, who can see why.",
                known == nullptr ? fmt::format("there is nobody of the name {}", person)
                                 : fmt::format("{} is {}: {}", person, name_of(known->state), known->why));
}

}  // namespace

StoredSessions::StoredSessions(store::Store& store, Secret pepper, const People& people, const Clock& clock,
                               std::vector<SessionEntry> entries)
    : store_(store),
      pepper_(std::move(pepper)),
      succession_key_(derive_key(pepper_, "bursar session succession 1")),
      people_(people),
      clock_(clock),
      uses_(store, "UPDATE auth_sessions SET last_used_at = ? WHERE id = ?", "session_use_not_stored"),
      count_(entries.size()) {
    const MutexLock lock(publishing_);
    std::vector<Entry> all;
    for (SessionEntry& entry : entries) {
        by_person_[entry.session.person].insert(entry.id());
        all.push_back(std::make_shared<const SessionEntry>(std::move(entry)));
    }
    index_.replace(all);
}

Result<SignedIn> StoredSessions::identify(std::string_view presented, Timestamp now) const {
    const bool is_cookie = presented.starts_with(console_prefix);
    const auto id = credential_id(is_cookie ? console_prefix : access_prefix, presented);
    if (!id) return over("a text that is not of the form of a session's token, or whose checksum does not fit");
    const Entry entry = index_.find(*id);
    TRY_VOID(check_secret(entry.get(), presented, now));
    // Beyond this line they have the secret, and may be told how they stand.

    TRY(auto person, check_person(*entry, now));
    note_use(*entry, now);
    auto caller = caller_of(*entry, person);
    return SignedIn{.session = {entry, &entry->session}, .person = std::move(person), .caller = std::move(caller)};
}

/// Takes as long without a session as with one.
Result<void> StoredSessions::check_secret(const SessionEntry* entry, std::string_view presented, Timestamp now) const {
    const Digest digest = credential_digest(pepper_, presented);
    const bool is_cookie =
        equal_in_constant_time(as_text(digest), as_text(entry != nullptr ? entry->cookie : no_digest));
    if (entry == nullptr) return over("no session of that id");
    const AccessToken* const token = find_token(entry->access, digest);
    if (!is_cookie && token == nullptr)
        return over(fmt::format("a token that the session {} does not have, or no longer", entry->id()));
    if (!is_cookie && now >= token->expires_at)
        return over(fmt::format("an access token of the session {} that has expired", entry->id()));
    return {};
}

/// Null for the local operator.
Result<std::shared_ptr<const Person>> StoredSessions::check_person(const SessionEntry& entry, Timestamp now) const {
    const bool is_local = entry.session.way == break_glass_way;
    auto person = is_local ? nullptr : people_.find(entry.session.person);
    if (person != nullptr && !person->let_in()) return not_let_in(entry.session.person, person.get());
    if (const auto why = why_over(entry, person.get(), *limits_.get(), now))
        return over(fmt::format("the session {} is over: {}", entry.id(), *why));
    return person;
}

void StoredSessions::note_use(const SessionEntry& entry, Timestamp now) const {
    const std::int64_t second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    std::int64_t before = entry.seen->second.load(std::memory_order_relaxed);
    if (before >= second || !entry.seen->second.compare_exchange_strong(before, second)) return;
    // Whoever lost against another thread was used at the same moment.
    if (before / 60 != second / 60) uses_.note(entry.id(), second / 60, now);
}

Result<SessionEntry> StoredSessions::fresh(const NewSession& wanted, std::string id) const {
    const Timestamp now = clock_.now();
    Timestamp began_at = now;
    if (wanted.way != break_glass_way) {
        const auto person = people_.find(wanted.person);
        if (person == nullptr || !person->let_in()) return not_let_in(wanted.person, person.get());
        began_at = std::max(now, person->put_out_at.value_or(now));
    }
    if (wanted.provider_session.size() > provider_id_bytes_max ||
        wanted.provider_subject.size() > provider_id_bytes_max)
        return fail(Fault::invalid_request, "The provider's id of its session or its person is too long to be kept.");
    if (count_.load() >= sessions_max)
        return fail(Fault::overloaded, "More people are signed in than Bursar keeps. Try again in some minutes.",
                    fmt::format("{} sessions, which is the most", sessions_max));
    const bool is_console = wanted.kind == SessionKind::console;
    const auto limits = limits_.get();
    std::chrono::seconds life = is_console ? limits->absolute : limits->refresh;
    if (wanted.way == break_glass_way) life = std::min(life, break_glass_life);
    SessionEntry entry;
    entry.session = {.id = std::move(id),
                     .person = wanted.person,
                     .kind = wanted.kind,
                     .client = printable(wanted.client, text_characters_max),
                     .address = printable(wanted.address, text_characters_max),
                     .way = printable(wanted.way, text_characters_max),
                     .provider_session = wanted.provider_session,
                     .provider_subject = wanted.provider_subject,
                     .began_at = began_at,
                     .ends_at = began_at + life,
                     .last_used_at = now,
                     // Tokens are begun by an approval, and how old the approver's own proof is, is not known here.
                     .proved_at = is_console ? std::optional(now) : std::nullopt};
    entry.seen = std::make_shared<LastSeen>();
    entry.seen->second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    entry.caller = std::make_shared<CallerCell>();
    return entry;
}

Result<void> StoredSessions::begin(SessionEntry entry, const Also& also) {
    std::vector<std::string> oldest;
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY_VOID(transaction.each(
            "SELECT id FROM auth_sessions WHERE person = ? ORDER BY began_at DESC, id LIMIT -1 OFFSET ?",
            {entry.session.person, per_person_max - 1}, [&](const store::Row& row) -> Result<void> {
                oldest.emplace_back(row.text(0));
                return {};
            }));
        for (const std::string& id : oldest) TRY_VOID(erase_session(transaction, id));
        TRY_VOID(insert_session(transaction, entry));
        return also ? also(transaction) : Result<void>{};
    }));
    for (const std::string& id : oldest) publish(SessionEntry::tombstone(id));
    publish(std::move(entry));
    return {};
}

Result<ConsoleTicket> StoredSessions::begin_console(const NewSession& session, const Also& also) {
    ENSURE(session.kind == SessionKind::console);
    Credential credential = make_credential(console_prefix);
    TRY(SessionEntry entry, fresh(session, std::move(credential.id)));
    entry.cookie = credential_digest(pepper_, credential.text);
    ConsoleTicket ticket{.session = entry.session, .cookie = std::move(credential.text)};
    TRY_VOID(begin(std::move(entry), also));
    return ticket;
}

Result<TokenPair> StoredSessions::begin_tokens(const NewSession& session, const Also& also) {
    ENSURE(session.kind != SessionKind::console);
    Credential credential = make_credential(refresh_prefix);
    TRY(SessionEntry entry, fresh(session, std::move(credential.id)));
    TokenPair pair{.session = entry.session,
                   .access = make_credential_text(access_prefix, entry.id()),
                   .refresh = std::move(credential.text)};
    append_tokens(entry, pair, clock_.now());
    TRY_VOID(begin(std::move(entry), also));
    return pair;
}

/// Puts the pair's tokens into the session, last, and says how long its access token works.
void StoredSessions::append_tokens(SessionEntry& entry, TokenPair& pair, Timestamp now) const {
    const Timestamp expires_at = std::min(now + limits_.get()->access, entry.session.ends_at);
    entry.access.push_back({.digest = credential_digest(pepper_, pair.access), .expires_at = expires_at});
    entry.refresh.push_back({.digest = credential_digest(pepper_, pair.refresh), .used_at = {}});
    pair.expires_in = std::chrono::floor<std::chrono::seconds>(expires_at - now);
}

/// The one pair that follows from a refresh token.
TokenPair StoredSessions::pair_after(std::string_view id, std::string_view presented) const {
    return {.session = {},
            .access = follow_credential(succession_key_, access_prefix, id, presented),
            .refresh = follow_credential(succession_key_, refresh_prefix, id, presented)};
}

Result<StoredSessions::Entry> StoredSessions::entry_of_refresh(std::string_view presented) const {
    const auto id = credential_id(refresh_prefix, presented);
    if (!id) return over("a text that is not of the form of a refresh token, or whose checksum does not fit");
    Entry entry = index_.find(*id);
    const Digest digest = credential_digest(pepper_, presented);
    if (entry == nullptr || find_token(entry->refresh, digest) == nullptr)
        return over(fmt::format("a refresh token that the session {} does not have", *id));
    return entry;
}

Result<Session> StoredSessions::owner_of_refresh(std::string_view presented) const {
    TRY(const Entry entry, entry_of_refresh(presented));
    TRY_VOID(check_person(*entry, clock_.now()));
    return seen_from_outside(*entry);
}

Result<TokenPair> StoredSessions::refresh(std::string_view presented, const Also& also) {
    // From memory first: strangers may not make us write.
    TRY(const Entry known, entry_of_refresh(presented));
    TRY_VOID(check_person(*known, clock_.now()));
    Turn out;
    TRY_VOID(store_.write([&](store::Transaction& transaction) { return turn(transaction, presented, out, also); }));
    if (out.stolen) {
        publish(SessionEntry::tombstone(known->id()));
        return over(
            fmt::format("a refresh token of the session {} came again, long after its use; all of its tokens "
                        "are dead now",
                        known->id()));
    }
    out.pair.session = seen_from_outside(out.entry);
    if (out.rotated) publish(std::move(out.entry));
    return std::move(out.pair);
}

/// In the transaction, because of several processes that show one token only the first turns it.
Result<void> StoredSessions::turn(store::Transaction& transaction, std::string_view presented, Turn& out,
                                  const Also& also) const {
    const Timestamp now = clock_.now();
    const std::string_view id = credential_id(refresh_prefix, presented).value_or("");
    const Digest digest = credential_digest(pepper_, presented);
    TRY(auto entry, load_session(transaction, id));
    if (!entry) return over(fmt::format("the session {} has just ended", id));
    const RefreshToken* const token = find_token(entry->refresh, digest);
    if (token == nullptr) return over(fmt::format("a refresh token that the session {} has dropped", id));

    if (token->used_at && now >= *token->used_at + grace) {
        out.stolen = true;
        TRY_VOID(erase_session(transaction, id));
        return also ? also(transaction) : Result<void>{};
    }
    out.pair = pair_after(id, presented);
    if (token->used_at) {
        const AccessToken* const given = find_token(entry->access, credential_digest(pepper_, out.pair.access));
        const auto left = given == nullptr ? Timestamp::duration{} : given->expires_at - now;
        out.pair.expires_in = std::max(std::chrono::floor<std::chrono::seconds>(left), std::chrono::seconds(0));
    } else {
        out.rotated = true;
        append_tokens(*entry, out.pair, now);
        const auto used = std::ranges::find(entry->refresh, digest, &RefreshToken::digest);
        used->used_at = now;
        ++entry->version;
        TRY_VOID(store_rotation(transaction, *entry, digest, now));
    }
    out.entry = *std::move(entry);
    return {};
}

Result<ConsoleTicket> StoredSessions::step_up(std::string_view id, const Also& also) {
    const Entry known = index_.find(id);
    if (known == nullptr || known->ended) return no_session(id);
    const Timestamp now = clock_.now();
    TRY_VOID(check_person(*known, now));
    SessionEntry entry;
    Secret cookie = make_credential_text(console_prefix, id);
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        TRY(auto loaded, load_session(transaction, id));
        if (!loaded) return no_session(id);
        entry = *std::move(loaded);
        if (entry.session.kind != SessionKind::console)
            return fail(Fault::conflict, "Only a session of the console can be proved again.");
        entry.cookie = credential_digest(pepper_, cookie);
        entry.session.proved_at = now;
        ++entry.version;
        TRY_VOID(update_session(transaction, entry));
        return also ? also(transaction) : Result<void>{};
    }));
    ConsoleTicket ticket{.session = seen_from_outside(entry), .cookie = std::move(cookie)};
    publish(std::move(entry));
    return ticket;
}

std::string_view name_of(SessionKind kind) {
    switch (kind) {
        case SessionKind::console:
            return "console";
        case SessionKind::cli:
            return "cli";
        case SessionKind::agent:
            return "agent";
    }
    ENSURE(false);
}

store::Schema Sessions::schema() { return sessions_schema(); }

Result<std::unique_ptr<Sessions>> Sessions::open(store::Store& store, Secret pepper, const People& people,
                                                 const Clock& clock) {
    ENSURE(pepper.size() >= 32);
    std::vector<SessionEntry> entries;
    TRY_VOID(store.read([&](store::Transaction& transaction) -> Result<void> {
        TRY(entries, load_sessions(transaction));
        return {};
    }));
    return std::make_unique<StoredSessions>(store, std::move(pepper), people, clock, std::move(entries));
}

}  // namespace bursar::auth
