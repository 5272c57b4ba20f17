#include "service/base/crypto.h"
#include "tests/sim/ledger_episode.h"

#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

// Hunts: any sequence of holds, growth, settlements, policy revisions, clock jumps, failing writes and crashes after
// which the ledger says something else than a naive recomputation: money over a hard limit, counted twice or not at
// all, or held by nobody.
//   BURSAR_SIM_SEED=n runs that episode only; BURSAR_SIM_EPISODES and BURSAR_SIM_STEPS say how many and how long.
namespace bursar::sim {
namespace {

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void run_episode(std::uint64_t seed, std::uint64_t steps) {
    SCOPED_TRACE("BURSAR_SIM_SEED=" + std::to_string(seed));
    Episode(seed).run(steps);
}

TEST(LedgerSim, says_what_a_naive_recomputation_says_whatever_happens) {
    const std::uint64_t steps = number_from_environment("BURSAR_SIM_STEPS", 400);
    if (const std::uint64_t seed = number_from_environment("BURSAR_SIM_SEED", 0); seed != 0)
        return run_episode(seed, steps);
    std::uint64_t seed = 0;
    fill_random({reinterpret_cast<unsigned char*>(&seed), sizeof seed});
    for (std::uint64_t left = number_from_environment("BURSAR_SIM_EPISODES", 1000); left > 0 && !HasFailure(); --left)
        run_episode(++seed, steps);
    std::printf(
        "ledger: %llu episodes, %llu steps, %llu holds asked for, %llu refused, %llu limits checked at admission, "
        "%llu corrections, %llu crashes, %llu recoveries cut, %llu standings compared; last seed %llu\n",
        figures.episodes, figures.steps, figures.holds, figures.refusals, figures.limits_checked, figures.postings,
        figures.crashes, figures.recoveries_cut, figures.standings, static_cast<unsigned long long>(seed));
}

}  // namespace
}  // namespace bursar::sim
