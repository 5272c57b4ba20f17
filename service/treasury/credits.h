#pragma once

#include "service/treasury/decision.h"
#include "service/treasury/standings.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bursar::treasury {

/// A top-up of a prepaid balance, for good; with a negative amount one that is taken back.
struct Credit {
    std::int64_t number = 0;
    AccountName account;
    Budget like;  ///< the limit that it adds to
    Quantity amount;
    std::string reason;
    std::string by;
    Timestamp at;
};

/// Prepaid balances: an account whose hard limit for good (`{limit: 0 USD, per: ever}`) grows by credits alone. There
/// are only new entries; a mistake is taken back by a negative one, which takes no more than is left: what is spent or
/// held is no longer there to be taken.
class Credits {
  public:
    static store::Schema schema();
    /// Puts every credit in force, one sum for each account. The store need not be started yet. Blocking, as all of it.
    static Result<std::unique_ptr<Credits>> open(Desk& desk, Standings standings);

    using Also = std::function<Result<void>(store::Transaction&, const Credit&)>;
    struct Entry {
        AccountName account;
        std::string amount;  ///< "500 USD", "-20 USD"
        std::string reason;
        std::string by;
        std::vector<Budget> limits;  ///< of the account, as they are now
    };
    /// invalid_request if the account has no prepaid balance; conflict if less is left than is taken back.
    Result<Credit> enter(const Entry& entry, const Also& also);

    struct Filter {
        AccountName account;  ///< empty: of all
        std::int64_t before = INT64_MAX;
        int count_max = 100;
    };
    /// Newest first.
    Result<std::vector<Credit>> list(const Filter& filter);

  private:
    Credits(Desk& desk, Standings standings) : desk_(desk), standings_(std::move(standings)) {}
    Result<void> check_left(const AccountName& account, const Budget& limit, Quantity amount, Timestamp now);

    Desk& desk_;
    const Standings standings_;
};

}  // namespace bursar::treasury
