#pragma once

#include "auth/credential.h"
#include "auth/people.h"
#include "auth/sessions.h"
#include "service/base/snapshot.h"

#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// One session: its tokens, how they are matched, and how all of it is stored.
namespace bursar::auth {

/// Of each session; more is dropped, oldest first.
inline constexpr std::size_t access_tokens_max = 64;
inline constexpr std::size_t used_refresh_tokens_max = 256;

struct AccessToken {
    Digest digest{};
    Timestamp expires_at;
};
struct RefreshToken {
    Digest digest{};
    std::optional<Timestamp> used_at;  ///< none: it is the one that the family goes on with
};

/// When it was last used, in seconds since 1970. Shared by all versions of a session.
struct LastSeen {
    std::atomic<std::int64_t> second = 0;
};

/// The caller that a session is for the data plane, for as long as its person is the same object.
struct MadeCaller {
    std::shared_ptr<const Person> person;
    std::shared_ptr<const Caller> caller;
};
struct CallerCell : SnapshotCell<MadeCaller> {
    CallerCell() : SnapshotCell<MadeCaller>(std::make_shared<const MadeCaller>()) {}
};

struct SessionEntry {
    Session session;  ///< `last_used_at` is in `seen`
    Digest cookie = no_digest;
    std::vector<AccessToken> access;
    std::vector<RefreshToken> refresh;
    std::int64_t version = 1;
    bool ended = false;
    std::shared_ptr<LastSeen> seen;
    std::shared_ptr<CallerCell> caller;

    const std::string& id() const { return session.id; }
    /// Stands in the index for a session that has ended, so that no older version comes back.
    static SessionEntry tombstone(std::string_view id);
};

/// All tokens are compared, whichever fits: the time tells nothing.
const AccessToken* find_token(const std::vector<AccessToken>& tokens, const Digest& digest);
const RefreshToken* find_token(const std::vector<RefreshToken>& tokens, const Digest& digest);

/// The caller of a session's person as they stand now; null if no team of theirs may call.
std::shared_ptr<const Caller> caller_of(const SessionEntry& entry, const std::shared_ptr<const Person>& person);

/// Nothing if the session may go on; else why it is over, for operators. `person` is null if there is none.
std::optional<std::string> why_over(const SessionEntry& entry, const Person* person, const SessionLimits& limits,
                                    Timestamp now);

store::Schema sessions_schema();
Result<void> insert_session(store::Transaction& transaction, const SessionEntry& entry);
/// A new cookie or proof.
Result<void> update_session(store::Transaction& transaction, const SessionEntry& entry);
/// The refresh token is used; its successors are in `entry` already, and what is over their limits is dropped.
Result<void> store_rotation(store::Transaction& transaction, SessionEntry& entry, const Digest& used, Timestamp now);
Result<void> erase_session(store::Transaction& transaction, std::string_view id);
Result<std::optional<SessionEntry>> load_session(store::Transaction& transaction, std::string_view id);
Result<std::vector<SessionEntry>> load_sessions(store::Transaction& transaction);

}  // namespace bursar::auth
