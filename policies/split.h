#pragma once

#include <cstdint>
#include <vector>

// Whole numbers shared out so that nothing is lost and nothing is made. Pure.
namespace bursar::policies {

/// Fits in a product with a nano-dollar amount in 128 bits, with every other weight in the sum.
constexpr std::uint64_t weights_sum_max = std::uint64_t{1} << 62;

__extension__ using Wide = unsigned __int128;

/// The weights, halved together until their sum is at most `weights_sum_max`; what was not nothing stays at least 1.
std::vector<std::uint64_t> fit_weights(std::vector<Wide> weights);

/// `amount` (not negative) in parts as the weights say: each its exact part rounded down, and the units that are left
/// one each to the largest remainders, of equal ones the first. Sums up to `amount` exactly unless all weights are 0;
/// then every part is 0.
std::vector<std::int64_t> split(std::int64_t amount, const std::vector<std::uint64_t>& weights);

/// One who takes part in fill().
struct Vessel {
    std::uint64_t weight = 0;
    std::int64_t least = 0;
    std::int64_t most = 0;  ///< at least `least`
};

/// `amount` in parts as the weights say, but that nobody gets less than his least or more than his most: what one is
/// kept from goes to the others, as their weights say. The leasts together are at most `amount`. The parts sum up to
/// `amount`, unless everybody has his most or no weight: what is then left is nobody's.
std::vector<std::int64_t> fill(std::int64_t amount, const std::vector<Vessel>& vessels);

}  // namespace bursar::policies
