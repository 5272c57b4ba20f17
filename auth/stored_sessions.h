#pragma once

#include "auth/index.h"
#include "auth/last_uses.h"
#include "auth/session_entry.h"
#include "auth/sessions.h"
#include "service/base/mutex.h"
#include "service/base/snapshot.h"

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bursar::auth {

/// The one implementation of Sessions: sessions.cpp begins them and goes on with them, session_ends.cpp ends them.
class StoredSessions final : public Sessions {
  public:
    StoredSessions(store::Store& store, Secret pepper, const People& people, const Clock& clock,
                   std::vector<SessionEntry> entries);

    void set_limits(const SessionLimits& limits) override {
        limits_.set(std::make_shared<const SessionLimits>(limits));
    }
    Result<SignedIn> identify(std::string_view presented, Timestamp now) const override;
    Result<ConsoleTicket> begin_console(const NewSession& session, const Also& also) override;
    Result<TokenPair> begin_tokens(const NewSession& session, const Also& also) override;
    Result<TokenPair> refresh(std::string_view presented, const Also& also) override;
    Result<Session> owner_of_refresh(std::string_view presented) const override;
    Result<ConsoleTicket> step_up(std::string_view id, const Also& also) override;
    Result<void> end(std::string_view id, const Also& also) override;
    Result<bool> end_by_token(std::string_view presented, const Also& also) override;
    std::string person_by_provider(std::string_view way, std::string_view provider_subject) const override;
    Result<int> end_by_provider(std::string_view way, std::string_view person, std::string_view provider_session,
                                const Also& also) override;
    std::vector<Session> of(std::string_view person) const override EXCLUDES(publishing_);
    std::vector<Session> all() const override;
    Result<void> tidy(Timestamp now) override EXCLUDES(publishing_);

  private:
    using Entry = std::shared_ptr<const SessionEntry>;
    struct Turn {
        SessionEntry entry;
        TokenPair pair;
        bool rotated = false;
        bool stolen = false;
    };

    Result<void> check_secret(const SessionEntry* entry, std::string_view presented, Timestamp now) const;
    Result<std::shared_ptr<const Person>> check_person(const SessionEntry& entry, Timestamp now) const;
    Result<SessionEntry> fresh(const NewSession& wanted, std::string id) const;
    Result<void> begin(SessionEntry entry, const Also& also);
    Result<Entry> entry_of_refresh(std::string_view presented) const;
    void append_tokens(SessionEntry& entry, TokenPair& pair, Timestamp now) const;
    TokenPair pair_after(std::string_view id, std::string_view presented) const;
    Result<void> turn(store::Transaction& transaction, std::string_view presented, Turn& out, const Also& also) const;
    Result<void> end_all(const std::vector<std::string>& ids, const Also& also);
    Session seen_from_outside(const SessionEntry& entry) const;
    std::vector<Session> live(const std::vector<Entry>& entries) const;
    std::vector<Entry> entries_of(std::string_view person) const EXCLUDES(publishing_);
    void note_use(const SessionEntry& entry, Timestamp now) const;
    void publish(SessionEntry entry) EXCLUDES(publishing_);

    store::Store& store_;
    const Secret pepper_;
    /// Under which successors follow from a refresh token: see docs/decisions/0017-session-tokens.md.
    const Secret succession_key_;
    const People& people_;
    const Clock& clock_;
    const LastUses uses_;
    SnapshotCell<SessionLimits> limits_{std::make_shared<const SessionLimits>()};
    Index<SessionEntry> index_;
    std::atomic<std::size_t> count_ = 0;
    mutable Mutex publishing_;
    std::map<std::string, std::set<std::string>, std::less<>> by_person_ GUARDED_BY(publishing_);
    std::vector<std::pair<Timestamp, std::string>> ended_ GUARDED_BY(publishing_);
};

std::unexpected<Error> no_session(std::string_view id);

}  // namespace bursar::auth
