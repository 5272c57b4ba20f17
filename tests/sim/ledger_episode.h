#pragma once

#include "service/ledger/books.h"
#include "tests/sim/ledger_model.h"
#include "tests/sim/sim_store.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace bursar::sim {

/// What all episodes did, for whoever reads the proof.
struct Figures {
    unsigned long long episodes, steps, holds, refusals, limits_checked, postings, crashes, recoveries_cut, standings;
};
extern Figures figures;

/// One organisation, its callers and its bad days.
class Episode {
  public:
    explicit Episode(std::uint64_t seed)
        : random_(seed),
          pace_{.checkpoint_groups = 1 + below(30),
                .carry_groups = 1 + below(40),
                .kept_groups = below(60),
                .account_rows_max = 1 + below(4),
                .carried_max = 1 + below(4),
                .deleted_min = 1 + below(8),
                .deleted_max = 1 + below(8)},
          clock_(*parse_timestamp("2026-10-20T08:00:00Z") + std::chrono::hours(below(24 * 400))),
          store_({ledger::Ledger::schema()}),
          model_(*TimeZone::load(zone_)) {
        restart();
        revise_policy();
    }

    void run(std::uint64_t steps) {
        ++figures.episodes;
        figures.steps += steps;
        for (std::uint64_t step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
            act();
            if (below(4) == 0) compare();
        }
        compare();
    }

  private:
    /// What the journal has been told since the last commit, and what it has on disk.
    struct Note {
        ledger::RecordKind kind;
        AttemptId attempt;
        Amounts amount;
        LedgerModel::Charge charge;
    };

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    NanoUsd up_to(std::int64_t nanos) {
        return NanoUsd(static_cast<std::int64_t>(below(static_cast<std::uint64_t>(nanos) + 1)));
    }
    std::int64_t count_up_to(std::int64_t most) { return up_to(most).nanos(); }
    /// Not more than these, each for itself.
    Amounts up_to(const Amounts& most) {
        return {.charge = up_to(most.charge.nanos()),
                .cost = up_to(most.cost.nanos()),
                .tokens = count_up_to(most.tokens),
                .calls = count_up_to(most.calls)};
    }
    LedgerModel::Facts any_facts() {
        return {.model = "m" + std::to_string(below(2)),
                .tier = "t" + std::to_string(below(2)),
                .tag = "x" + std::to_string(below(2))};
    }

    void act();
    void act_on_calls();
    void hold();
    void grow();
    void settle();
    void release();
    void post();
    void write_group();
    void pass_time();
    void revise_policy();
    void crash();
    void restart();
    void compare();
    void expect_recovered();
    void note(ledger::RecordKind kind, const AttemptId& attempt, const Amounts& amount);
    std::vector<Budget> probes();
    Budget any_budget();
    void replay_disk();
    std::optional<AttemptId> any_open();

    const std::string zone_ = "Europe/Berlin";
    std::mt19937_64 random_;
    const ledger::Pace pace_;
    ManualClock clock_;
    const Timestamp begun_ = clock_.now();
    SimStore store_;
    std::unique_ptr<ledger::Books> ledger_;

    struct Caller {
        std::vector<ledger::Level> levels;
        std::shared_ptr<const ledger::Scopes> scopes;
    };
    std::vector<Caller> callers_;
    LedgerModel model_;
    std::vector<Note> waiting_;
    std::vector<Note> disk_;
    std::vector<Note>
        doubtful_;  ///< stored, although everybody heard that it failed; the next group stands in its place
    Timestamp disk_newest_;
    Timestamp doubtful_newest_;
    std::map<AttemptId, int> durable_said_;
};

}  // namespace bursar::sim
