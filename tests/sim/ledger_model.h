#pragma once

#include "service/base/time_zone.h"
#include "service/ledger/ledger.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::sim {

/// What the ledger must say, computed anew from a list of charges each time it is asked. Slow, plain, and without any
/// state that could be wrong in the same way as the ledger's.
class LedgerModel {
  public:
    explicit LedgerModel(TimeZone zone) : zone_(std::move(zone)) {}

    struct Sums {
        Amounts spent;
        Amounts held;
        Period period;
    };
    /// What limits for some calls only look at.
    struct Facts {
        std::string model;
        std::string tier;
        std::string tag;
    };
    struct Charge {
        CallId call;
        Facts facts;
        std::vector<ledger::Level> levels;
        Timestamp at;
        Amounts held;
        Amounts cost;
        bool open = true;
    };

    /// Never earlier than any instant seen.
    Timestamp effective(Timestamp at) const { return std::max(at, newest_); }
    void see(Timestamp at) { newest_ = effective(at); }
    Timestamp newest() const { return newest_; }

    /// What an account has in the period that a limit has around an instant. A rolling limit's is the one up to it.
    Sums sums(const AccountName& account, const Budget& budget, Timestamp at) const;
    /// What a hold of these amounts must answer. `at` decides the periods.
    std::expected<ledger::Held, ledger::Refusal> expect(const std::vector<ledger::Level>& levels, const Facts& facts,
                                                        const Amounts& amount, const Amounts& least,
                                                        Timestamp at) const;
    void take(const AttemptId& attempt, Charge charge) { charges_[attempt] = std::move(charge); }
    void grow(const AttemptId& attempt, const Amounts& more) { charges_.at(attempt).held += more; }
    void close(const AttemptId& attempt, const Amounts& cost);
    void forget(const AttemptId& attempt) { charges_.erase(attempt); }
    void post(ledger::Posting posting);
    const Charge* open(const AttemptId& attempt) const;
    std::vector<AttemptId> open() const;
    const std::map<AttemptId, Charge>& charges() const { return charges_; }
    const std::vector<ledger::Posting>& postings() const { return postings_; }
    void set_newest(Timestamp newest) { newest_ = newest; }

  private:
    Period period_of(const Budget& budget, Timestamp at) const;
    TimeZone zone_;
    Timestamp newest_;
    std::map<AttemptId, Charge> charges_;
    std::vector<ledger::Posting> postings_;
};

/// Whether a limit counts such a call.
bool counts(const Budget& budget, const LedgerModel::Facts& facts);
/// Whether it says anything about that instant.
bool in_force(const Budget& budget, Timestamp at);
/// In the order in which a refusal names them: of each level first those for all calls, then those for some, by the
/// first of their kind.
std::vector<const Budget*> in_order(const ledger::Level& level);

}  // namespace bursar::sim
