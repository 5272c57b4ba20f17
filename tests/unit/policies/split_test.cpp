// Hunts: a unit that is lost or made when a whole is shared out, and a part outside its bounds that others could have
// had.
#include "policies/split.h"

#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace bursar::policies {
namespace {

__extension__ using Signed = __int128;

TEST(Split, loses_and_makes_nothing_and_is_off_by_less_than_one) {
    std::mt19937_64 random(4711);
    for (int round = 0; round < 3'000; ++round) {
        const std::size_t count = 1 + random() % 40;
        std::vector<Wide> wide;
        const auto shift = random() % 60;
        for (std::size_t i = 0; i < count; ++i)
            wide.push_back(random() % 4 == 0 ? 0 : static_cast<Wide>(random() >> (random() % 60)) << shift);
        const auto weights = fit_weights(wide);
        const std::uint64_t sum = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
        ASSERT_LE(sum, weights_sum_max + count);
        const auto amount = static_cast<std::int64_t>(random() % 1'000'000'000'000'000'000U >> (random() % 59));
        const auto parts = split(amount, weights);
        if (sum == 0) {
            EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}), 0);
            continue;
        }
        ASSERT_EQ(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}), amount);
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(wide[i] == 0, weights[i] == 0);
            const Signed exact = static_cast<Signed>(amount) * static_cast<Signed>(weights[i]);
            const Signed got = static_cast<Signed>(parts[i]) * static_cast<Signed>(sum);
            ASSERT_LT(got - exact, static_cast<Signed>(sum));
            ASSERT_LT(exact - got, static_cast<Signed>(sum));
        }
    }
}

TEST(Fill, keeps_every_bound_and_nobody_inside_his_bounds_has_less_for_his_weight_than_another) {
    std::mt19937_64 random(20'261'101);
    for (int round = 0; round < 5'000; ++round) {
        const std::size_t count = 1 + random() % 12;
        const auto amount = static_cast<std::int64_t>(random() % 1'000'000);
        std::vector<Vessel> vessels;
        std::int64_t room = amount;
        for (std::size_t i = 0; i < count; ++i) {
            const auto least =
                random() % 2 == 0 ? 0 : static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(room / 2 + 1));
            room -= least;
            const auto most =
                random() % 3 == 0 ? least + static_cast<std::int64_t>(random() % 200'000) : std::max(amount, least);
            vessels.push_back({.weight = random() % 6, .least = least, .most = most});
        }
        const auto parts = fill(amount, vessels);
        std::int64_t sum = 0;
        bool room_left = false;
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_GE(parts[i], vessels[i].least);
            ASSERT_LE(parts[i], vessels[i].most);
            sum += parts[i];
            if (vessels[i].weight > 0 && parts[i] < vessels[i].most) room_left = true;
        }
        ASSERT_LE(sum, amount);
        if (room_left) ASSERT_EQ(sum, amount) << "something is left, and somebody could have had it";
        // Who could have more has, for his weight, no less than anybody who could have had less: but for one unit each.
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t j = 0; j < count; ++j) {
                if (vessels[i].weight == 0 || vessels[j].weight == 0) continue;
                if (parts[i] >= vessels[i].most || parts[j] <= vessels[j].least) continue;
                const auto wi = static_cast<std::int64_t>(vessels[i].weight);
                const auto wj = static_cast<std::int64_t>(vessels[j].weight);
                ASSERT_GE((parts[i] + 1) * wj, (parts[j] - 1) * wi) << "round " << round;
            }
    }
}

}  // namespace
}  // namespace bursar::policies
