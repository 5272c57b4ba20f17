#pragma once

#include "service/audit/audit.h"
#include "service/base/clock.h"
#include "service/base/secret.h"
#include "service/store/store.h"
#include "service/vault/vault.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What waits for a second person: asked for once, decided once, done at most once.
namespace bursar::admin {

/// `running` is not over yet: it was approved and is being done. `unknown`: the service ended in the middle of that.
/// Of one that nobody decided in time, `expired` is true by the time alone, before it is stored.
enum class ApprovalState : std::uint8_t { open, running, done, failed, declined, withdrawn, expired, unknown };
std::string_view name_of(ApprovalState state);
std::optional<ApprovalState> approval_state_of(std::string_view name);

/// One request of the API that was asked for by one person and needs another. Never what the request says: that lies
/// beside it, encrypted by the vault.
struct Approval {
    std::string id;      ///< "k3m9x2p7"
    std::string action;  ///< "secret.put": the words of the role table
    std::string method;
    std::string route;  ///< "/api/v1/secrets/{name}"
    std::string path;
    std::string if_match;
    std::string what;  ///< one sentence for the second person
    std::vector<std::string> changes, warnings;
    std::string asked_by;  ///< "operator:ada"
    std::string asker;     ///< "ada"
    std::string proof;     ///< the id of the token or session that asked
    std::string address;
    Timestamp asked_at;
    Timestamp expires_at;
    ApprovalState state = ApprovalState::open;
    std::string decided_by;
    std::optional<Timestamp> decided_at;
    std::string reason;   ///< of whoever decided
    std::string outcome;  ///< what came of it, in a sentence; empty while it is open
};

class Approvals {
  public:
    static constexpr std::chrono::hours open_for{24};
    static constexpr int open_max = 50;
    static constexpr int open_per_person_max = 10;
    static constexpr std::int64_t waiting_bytes_max = 64 << 20;  ///< of the bodies of all that are open
    static constexpr std::chrono::minutes running_max{10};       ///< whatever takes longer was cut off
    static constexpr std::chrono::days kept_for{90};             ///< after the decision
    static constexpr int listed_max = 200;

    static store::Schema schema();

    /// In the transaction of what is stored: the audit row belongs there.
    using Also = std::function<Result<void>(store::Transaction&, const Approval&)>;

    /// Stores it as open, with an id and its end; `locked_body` is given that id. rate_limited if too many wait.
    using LockedBody = std::function<Result<std::string>(const Approval&)>;
    static Result<Approval> ask(store::Store& store, Approval approval, Timestamp now, const LockedBody& locked_body,
                                const Also& also);
    /// not_found.
    static Result<Approval> read(store::Store& store, std::string_view id, Timestamp now);
    /// The body as it was locked; conflict if it is not open any more.
    static Result<std::string> locked_body(store::Store& store, std::string_view id, Timestamp now);
    /// Newest first; of one state if there is one.
    static Result<std::vector<Approval>> list(store::Store& store, std::optional<ApprovalState> state, Timestamp now);

    struct Decision {
        ApprovalState state = ApprovalState::declined;  ///< `running` for what is approved
        std::string by;
        std::string reason;
        std::string outcome;
    };
    /// Takes an open one out of the queue and erases its body; conflict for everybody but the first.
    static Result<Approval> decide(store::Store& store, std::string_view id, const Decision& decision, Timestamp now,
                                   const Also& also);
    /// What came of a running one: done or failed.
    static Result<void> finish(store::Store& store, std::string_view id, ApprovalState state, std::string_view outcome,
                               Timestamp now, const Also& also);

    /// Expires what is overdue, says of what was cut off that nobody knows, and forgets what is older than kept_for;
    /// each in the audit.
    static Result<void> sweep(store::Store& store, audit::Audit& audit, Timestamp now);
    /// At the start, when nothing can be running: whatever is was cut off. Before anything is served.
    static Result<void> close_cut_off(store::Store& store, audit::Audit& audit, Timestamp now);
};

/// To what a locked body belongs: the same bytes do not open for another request, person or revision.
std::string binding_of(const Approval& approval);

}  // namespace bursar::admin
