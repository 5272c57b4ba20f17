// Hunts: over thousands of random walks, with targets that fail, park and come back and with deaths of both programs: a
// message that is lost, a copy that nothing explains, what happened later told first, two of one incident at once, a
// target that is parked and tried all the same, and one that believes that something lasts which is over.
#include "tests/unit/outbox/walk.h"

#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace bursar::outbox::test {
namespace {

constexpr int steps = 120;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(DispatcherWalk, nothing_is_lost_or_told_twice_or_in_another_order_than_it_happened) {
    const std::uint64_t first = number_from("BURSAR_WALK_SEED", 1), count = number_from("BURSAR_WALKS", 2'000);
    int arrivals = 0, copies = 0, crashes = 0, digests = 0, parked = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        Walk walk(seed);
        walk.run(steps);
        ASSERT_TRUE(walk.wrong.empty()) << fmt::format("BURSAR_WALK_SEED={} BURSAR_WALKS=1: {}", seed,
                                                       fmt::join(walk.wrong, "; "));
        arrivals += walk.arrivals;
        copies += walk.copies;
        crashes += walk.crashes;
        digests += walk.digests;
        parked += walk.parked;
    }
    fmt::print("seeds {} to {}: {} arrivals, {} copies, {} crashes, {} digests, {} times parked\n", first,
               first + count - 1, arrivals, copies, crashes, digests, parked);
    // Walks on which nothing of this happens would show nothing.
    if (count >= 100) {
        EXPECT_GT(copies, 0);
        EXPECT_GT(digests, 0);
        EXPECT_GT(parked, 0);
        EXPECT_LE(copies, arrivals / 2);
    }
}

}  // namespace
}  // namespace bursar::outbox::test
