// How sessions end, and what is seen of them from outside.
#include "auth/stored_sessions.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace bursar::auth {
namespace {

/// How long the index keeps that a session has ended: longer than any thread is on its way from commit to publishing.
constexpr auto tombstone_life = std::chrono::minutes(10);
constexpr std::size_t per_tidying = 1'000;

}  // namespace

std::unexpected<Error> no_session(std::string_view id) {
    return fail(Fault::not_found,
                fmt::format("There is no session with the id '{}'; it may have ended by itself.", id.substr(0, 32)));
}

Result<void> StoredSessions::end_all(const std::vector<std::string>& ids, const Also& also) {
    TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
        for (const std::string& id : ids) TRY_VOID(erase_session(transaction, id));
        return also ? also(transaction) : Result<void>{};
    }));
    for (const std::string& id : ids) publish(SessionEntry::tombstone(id));
    return {};
}

Result<void> StoredSessions::end(std::string_view id, const Also& also) {
    const Entry known = index_.find(id);
    if (known == nullptr || known->ended) return no_session(id);
    return end_all({known->id()}, also);
}

Result<bool> StoredSessions::end_by_token(std::string_view presented, const Also& also) {
    for (const std::string_view prefix : {console_prefix, access_prefix, refresh_prefix}) {
        const auto id = credential_id(prefix, presented);
        if (!id) continue;
        const Entry known = index_.find(*id);
        if (known == nullptr || known->ended) return false;
        const Digest digest = credential_digest(pepper_, presented);
        if (!equal_in_constant_time(as_text(digest), as_text(known->cookie)) &&
            find_token(known->access, digest) == nullptr && find_token(known->refresh, digest) == nullptr)
            return false;
        TRY_VOID(end_all({known->id()}, also));
        return true;
    }
    return false;
}

std::string StoredSessions::person_by_provider(std::string_view way, std::string_view provider_subject) const {
    if (provider_subject.empty()) return {};
    for (const Entry& entry : index_.all()) {
        const Session& session = entry->session;
        if (!entry->ended && session.way == way && session.provider_subject == provider_subject) return session.person;
    }
    return {};
}

Result<int> StoredSessions::end_by_provider(std::string_view way, std::string_view person,
                                            std::string_view provider_session, const Also& also) {
    if (person.empty() && provider_session.empty()) return 0;
    const Timestamp now = clock_.now();
    std::vector<std::string> ids;
    for (const Entry& entry : person.empty() ? index_.all() : entries_of(person)) {
        const Session& session = entry->session;
        const bool is_theirs = person.empty() || session.person == person;
        const bool is_that = provider_session.empty() || session.provider_session == provider_session;
        // What is over already is none that ended by this.
        if (session.way == way && is_theirs && is_that && check_person(*entry, now)) ids.push_back(session.id);
    }
    if (ids.empty()) return 0;
    TRY_VOID(end_all(ids, also));
    return static_cast<int>(ids.size());
}

Session StoredSessions::seen_from_outside(const SessionEntry& entry) const {
    Session session = entry.session;
    if (entry.seen != nullptr) {
        const Timestamp used_at(std::chrono::seconds(entry.seen->second.load()));
        session.last_used_at = std::chrono::floor<std::chrono::minutes>(used_at);
    }
    return session;
}

std::vector<Session> StoredSessions::live(const std::vector<Entry>& entries) const {
    std::vector<Session> sessions;
    const Timestamp now = clock_.now();
    for (const Entry& entry : entries)
        if (check_person(*entry, now)) sessions.push_back(seen_from_outside(*entry));
    std::ranges::sort(sessions, [](const Session& a, const Session& b) {
        return std::tie(b.began_at, a.id) < std::tie(a.began_at, b.id);
    });
    return sessions;
}

std::vector<StoredSessions::Entry> StoredSessions::entries_of(std::string_view person) const {
    std::vector<Entry> entries;
    const MutexLock lock(publishing_);
    const auto found = by_person_.find(person);
    if (found == by_person_.end()) return entries;
    for (const std::string& id : found->second)
        if (auto entry = index_.find(id)) entries.push_back(std::move(entry));
    return entries;
}

std::vector<Session> StoredSessions::of(std::string_view person) const { return live(entries_of(person)); }
std::vector<Session> StoredSessions::all() const { return live(index_.all()); }

Result<void> StoredSessions::tidy(Timestamp now) {
    std::vector<std::string> ids;
    for (const Entry& entry : index_.all())
        if (!entry->ended && !check_person(*entry, now)) ids.push_back(entry->id());
    for (std::size_t from = 0; from < ids.size(); from += per_tidying) {
        const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(from);
        const auto end = ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), from + per_tidying));
        TRY_VOID(end_all({begin, end}, {}));
    }
    const MutexLock lock(publishing_);
    std::erase_if(ended_, [&](const auto& each) {
        if (now < each.first + tombstone_life) return false;
        index_.erase(each.second);
        return true;
    });
    return {};
}

void StoredSessions::publish(SessionEntry entry) {
    const MutexLock lock(publishing_);
    const Entry current = index_.find(entry.id());
    if (current != nullptr && current->version >= entry.version) return;
    if (entry.ended) {
        ended_.emplace_back(clock_.now(), entry.id());
        if (current != nullptr) {
            const auto theirs = by_person_.find(current->session.person);
            theirs->second.erase(entry.id());
            if (theirs->second.empty()) by_person_.erase(theirs);
            count_.fetch_sub(1);
        }
    } else if (current == nullptr) {
        by_person_[entry.session.person].insert(entry.id());
        count_.fetch_add(1);
    } else {
        // What was noted since the row was written is in the objects that all versions share.
        entry.seen = current->seen;
        entry.caller = current->caller;
    }
    index_.publish(std::make_shared<const SessionEntry>(std::move(entry)));
}

}  // namespace bursar::auth
