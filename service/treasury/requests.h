#pragma once

#include "service/treasury/decision.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::treasury {

/// Of a request that nobody answered until its `until`, nothing is stored: it is expired by the time alone.
enum class RequestState : std::uint8_t { open, approved, declined, expired, withdrawn };
std::string_view name_of(RequestState state);
std::optional<RequestState> request_state_of(std::string_view name);

/// Somebody asks for more of one limit, for a time.
struct Request {
    std::int64_t number = 0;
    AccountName account;
    Budget like;       ///< which of the account's limits
    Quantity amount;   ///< asked for
    Quantity granted;  ///< what was approved of it; nothing before
    Timestamp until;   ///< of the increase, and of the request itself
    std::string reason;
    RequestState state = RequestState::open;
    std::string asked_by;  ///< "key:7f3a", "operator:ada"
    std::string asker;     ///< the person of the key, or the operator's name; empty: a program's key
    Timestamp asked_at;
    std::string decided_by;
    std::optional<Timestamp> decided_at;
    std::string answer;  ///< why, by whoever decided
};

/// Requests for more: asked, answered once, and what is approved put in force until its time is over. Nothing undoes an
/// increase: the limit is computed from the time.
class Requests {
  public:
    static constexpr int open_max = 10;         ///< of one asker at once
    static constexpr int per_day_max = 100;     ///< of one asker in 24 hours
    static constexpr int limit_times_max = 10;  ///< an increase is at most so many times the limit: a slip of the
                                                ///< finger on either side must not open the house
    static constexpr std::chrono::days ahead_max{366};

    static store::Schema schema();
    /// Puts in force what was approved and is not over. The store need not be started yet. Blocking, as all of it.
    static Result<std::unique_ptr<Requests>> open(Desk& desk);

    /// In the transaction of what is done: the audit row belongs there.
    using Also = std::function<Result<void>(store::Transaction&, const Request&)>;

    struct Ask {
        AccountName account;
        std::string limit;   ///< in words: "per month"
        std::string amount;  ///< "50 USD"
        Timestamp until;
        std::string reason;
        std::string by;
        std::string asker;
    };
    /// `limits` are those of the account (limits_of_account). invalid_request if it has no such limit, or for an amount
    /// or a time that is out of bounds; rate_limited if one asks too often.
    Result<Request> ask(const Ask& ask, const std::vector<Budget>& limits, const Also& also);

    struct Decision {
        std::string by;                     ///< "operator:ada"
        std::string name;                   ///< "ada": who decides must not be the asker
        std::optional<std::string> amount;  ///< less than what was asked for; none: all of it
        std::string answer;
        std::vector<Budget> limits;  ///< of the account, as they are now
    };
    /// not_found; conflict if it is no longer open or the account has no such limit any more; not_permitted for one's
    /// own.
    Result<Request> approve(std::int64_t number, const Decision& decision, const Also& also);
    Result<Request> decline(std::int64_t number, const Decision& decision, const Also& also);
    /// Only by whoever asked.
    Result<Request> withdraw(std::int64_t number, const std::string& by, const Also& also);

    Result<Request> read(std::int64_t number);
    struct Filter {
        std::optional<RequestState> state;
        std::string asked_by;  ///< empty: of anybody
        std::int64_t before = INT64_MAX;
        int count_max = 100;
        std::function<bool(const Request&)> fits;  ///< none: all do
    };
    /// Newest first.
    Result<std::vector<Request>> list(const Filter& filter);

    /// Tells of requests that nobody has answered in time, and of raises that end or have ended; some at a time. For
    /// the steward. Blocking.
    Result<void> tell_due(Timestamp now);
    static constexpr std::int64_t due_at_once_max = 100;

  private:
    explicit Requests(Desk& desk) : desk_(desk) {}
    Result<Request> answer(std::int64_t number, RequestState state, const Decision& decision, const Also& also);

    Desk& desk_;
};

}  // namespace bursar::treasury
