#pragma once

#include "service/base/time_zone.h"
#include "service/ledger/ledger.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bursar::sim {

/// What the ledger must say, computed anew from a list of charges each time it is asked. Slow, plain, and without any
/// state that could be wrong in the same way as the ledger's.
class LedgerModel {
  public:
    explicit LedgerModel(TimeZone zone) : zone_(std::move(zone)) {}

    struct Sums {
        NanoUsd spent;
        NanoUsd held;
        Period period;
    };
    struct Charge {
        ledger::HoldRequest request;
        std::vector<ledger::Level> levels;
        Timestamp at;
        NanoUsd held;
        NanoUsd cost;
        bool open = true;
    };

    /// Never earlier than any instant seen.
    Timestamp effective(Timestamp at) const { return std::max(at, newest_); }
    void see(Timestamp at) { newest_ = effective(at); }
    Timestamp newest() const { return newest_; }

    Sums sums(const AccountName& account, Per per, Timestamp at) const;
    /// What a hold of these amounts must answer.
    std::expected<ledger::Held, ledger::Refusal> expect(const std::vector<ledger::Level>& levels, NanoUsd amount,
                                                        NanoUsd least, NanoUsd asked, Timestamp at) const;
    void take(const ledger::HoldRequest& request, std::vector<ledger::Level> levels, NanoUsd amount);
    void grow(const AttemptId& attempt, NanoUsd more) { charges_.at(attempt).held += more; }
    void close(const AttemptId& attempt, NanoUsd cost);
    void forget(const AttemptId& attempt) { charges_.erase(attempt); }
    const Charge* open(const AttemptId& attempt) const;
    std::vector<AttemptId> open() const;
    const std::map<AttemptId, Charge>& charges() const { return charges_; }
    void set_newest(Timestamp newest) { newest_ = newest; }

  private:
    TimeZone zone_;
    Timestamp newest_;
    std::map<AttemptId, Charge> charges_;
};

}  // namespace bursar::sim
