#pragma once

#include "service/treasury/decision.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bursar::treasury {

/// A key that is refused for a while; it is neither expired nor revoked.
struct Pause {
    std::string key_id;
    std::string reason;  ///< the caller reads it
    Timestamp until = Timestamp::max();
    std::string by;  ///< "operator:ada", "service"
    Timestamp at;
};

/// Pauses of keys, in force in InForce::paused. A pause that has an end ends by the time alone.
class Pauses {
  public:
    static store::Schema schema();
    /// Puts in force those that are not over. The store need not be started yet. Blocking, as all of it.
    static Result<std::unique_ptr<Pauses>> open(Desk& desk);

    /// In the transaction: the audit row belongs there.
    using Also = std::function<Result<void>(store::Transaction&)>;
    /// Replaces a pause that the key has. That there is such a key is for the caller to know.
    Result<Pause> pause(Pause pause, const Also& also);
    /// conflict if it is not paused.
    Result<void> resume(const std::string& key_id, const std::string& by, const Also& also);
    /// Tells of pauses whose time is over, some at a time, and forgets them. For the steward.
    Result<void> tell_ended(Timestamp now);
    static constexpr std::int64_t ended_at_once_max = 100;

  private:
    explicit Pauses(Desk& desk) : desk_(desk) {}
    Desk& desk_;
};

}  // namespace bursar::treasury
