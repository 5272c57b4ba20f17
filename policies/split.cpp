#include "policies/split.h"

#include "service/base/ensure.h"

#include <algorithm>
#include <numeric>

namespace bursar::policies {
namespace {

/// Whether a vessel has got its part for good.
enum class State : std::uint8_t { open, at_least, at_most };

/// One round of fill(): the open vessels share what is left; those that this would put outside their bounds are found.
struct Round {
    std::int64_t left = 0;
    std::uint64_t weights = 0;
};

Wide product(std::int64_t amount, std::uint64_t weight) { return static_cast<Wide>(amount) * weight; }

}  // namespace

std::vector<std::uint64_t> fit_weights(std::vector<Wide> weights) {
    Wide largest = 0;
    for (const Wide weight : weights) largest = std::max(largest, weight);
    // No sum of so many can pass the bound if no weight passes this.
    const Wide each_max = weights_sum_max / std::max<std::size_t>(weights.size(), 1);
    int halvings = 0;
    while ((largest >> halvings) > each_max) ++halvings;
    std::vector<std::uint64_t> out;
    out.reserve(weights.size());
    for (const Wide weight : weights)
        out.push_back(weight == 0 ? 0 : std::max<std::uint64_t>(static_cast<std::uint64_t>(weight >> halvings), 1));
    return out;
}

std::vector<std::int64_t> split(std::int64_t amount, const std::vector<std::uint64_t>& weights) {
    ENSURE(amount >= 0);
    std::vector<std::int64_t> parts(weights.size(), 0);
    const std::uint64_t sum = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
    if (sum == 0) return parts;
    std::vector<std::uint64_t> remainders(weights.size(), 0);
    std::int64_t left = amount;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const Wide exact = product(amount, weights[i]);
        parts[i] = static_cast<std::int64_t>(exact / sum);
        remainders[i] = static_cast<std::uint64_t>(exact % sum);
        left -= parts[i];
    }
    std::vector<std::size_t> order(weights.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return remainders[a] != remainders[b] ? remainders[a] > remainders[b] : a < b;
    });
    for (std::size_t i = 0; left > 0; ++i, --left) ++parts[order.at(i)];
    return parts;
}

std::vector<std::int64_t> fill(std::int64_t amount, const std::vector<Vessel>& vessels) {
    std::vector<State> states(vessels.size(), State::open);
    std::vector<std::int64_t> parts(vessels.size(), 0);
    for (;;) {
        Round round{.left = amount};
        for (std::size_t i = 0; i < vessels.size(); ++i) {
            if (states[i] == State::open)
                round.weights += vessels[i].weight;
            else
                round.left -= parts[i];
        }
        ENSURE(round.left >= 0);
        // Parts times the sum of the weights, so that nothing is rounded before all bounds are met. If the open ones
        // are kept below their parts by more than others are lifted above theirs, no one who is lifted is for good, and
        // the other way round (CSS Flexible Box Layout, section 9.7, has the same loop and its proof).
        Wide lifted = 0;
        Wide cut = 0;
        for (std::size_t i = 0; i < vessels.size(); ++i) {
            if (states[i] != State::open) continue;
            const Wide exact = product(round.left, vessels[i].weight);
            const Wide least = product(vessels[i].least, round.weights);
            const Wide most = product(vessels[i].most, round.weights);
            if (exact < least) lifted += least - exact;
            if (exact > most) cut += exact - most;
        }
        bool changed = false;
        for (std::size_t i = 0; i < vessels.size(); ++i) {
            if (states[i] != State::open) continue;
            const Wide exact = product(round.left, vessels[i].weight);
            if (lifted >= cut && (exact < product(vessels[i].least, round.weights) || round.weights == 0)) {
                states[i] = State::at_least;
                parts[i] = vessels[i].least;
                changed = true;
            } else if (cut >= lifted && exact > product(vessels[i].most, round.weights)) {
                states[i] = State::at_most;
                parts[i] = vessels[i].most;
                changed = true;
            }
        }
        if (changed) continue;
        std::vector<std::uint64_t> weights(vessels.size(), 0);
        for (std::size_t i = 0; i < vessels.size(); ++i)
            if (states[i] == State::open) weights[i] = vessels[i].weight;
        const std::vector<std::int64_t> rest = split(round.left, weights);
        for (std::size_t i = 0; i < vessels.size(); ++i)
            if (states[i] == State::open) parts[i] = rest[i];
        return parts;
    }
}

}  // namespace bursar::policies
