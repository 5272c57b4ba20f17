#include "policies/choose.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace bursar::policies {
namespace {

constexpr double nanoseconds_per_second = 1e9;

/// Half-open (0, 1], from the upper 53 bits.
double fraction_of(std::uint64_t number) { return (static_cast<double>(number >> 11) + 1.0) * 0x1p-53; }

std::size_t by_weight(std::span<const Candidate> candidates, std::span<const std::size_t> among, std::uint64_t draw) {
    std::uint64_t total = 0;
    for (const std::size_t i : among) total += static_cast<std::uint64_t>(candidates[i].channel->weight);
    if (total == 0) return among.front();
    std::uint64_t rest = draw % total;
    for (const std::size_t i : among) {
        const auto weight = static_cast<std::uint64_t>(candidates[i].channel->weight);
        if (rest < weight) return i;
        rest -= weight;
    }
    return among.back();
}

/// The one of the smallest `key`, the first among equals.
template <typename Key>
std::size_t smallest(std::span<const std::size_t> among, Key key) {
    std::size_t best = among.front();
    auto best_key = key(best);
    for (const std::size_t i : among.subspan(1))
        if (auto mine = key(i); mine < best_key) {
            best = i;
            best_key = std::move(mine);
        }
    return best;
}

/// Weighted rendezvous: when a channel comes or goes, only its own callers move.
double rendezvous(const Candidate& candidate, std::uint64_t caller) {
    const Channel& channel = *candidate.channel;
    const std::uint64_t drawn = mixed(mixed(caller, channel.provider->name), channel.model);
    return -std::log(fraction_of(drawn)) / static_cast<double>(channel.weight);
}

}  // namespace

std::uint64_t mixed(std::uint64_t caller, std::string_view name) {
    // FNV-1a with the finaliser of SplitMix64; nothing here has to withstand an attacker.
    std::uint64_t hash = 0xcbf29ce484222325U ^ caller;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9U;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebU;
    return hash ^ hash >> 31;
}

NanoUsd cost_expected(const Price& price, const CallShape& call) {
    return cost(price, Usage{.input = call.input, .output = call.output}, Served{}, call.at);
}

std::optional<double> seconds_expected(const Speed& speed, const CallShape& call) {
    const auto tokens = static_cast<double>(std::max<Tokens>(call.output, 1));
    if (call.stream) {
        if (speed.tokens_per_second <= 0) return {};
        return static_cast<double>(speed.first_token.count()) / nanoseconds_per_second +
               tokens / speed.tokens_per_second;
    }
    if (speed.plain_tokens_per_second <= 0) return {};
    return tokens / speed.plain_tokens_per_second;
}

std::optional<std::size_t> choose(Strategy strategy, std::span<const Candidate> candidates, const CallShape& call,
                                  std::uint64_t draw) {
    if (candidates.empty()) return {};
    int priority = std::numeric_limits<int>::max();
    for (const Candidate& each : candidates) priority = std::min(priority, each.channel->priority);
    std::vector<std::size_t> among;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].channel->priority != priority) continue;
        if (candidates[i].due) return i;
        among.push_back(i);
    }
    if (among.size() == 1) return among.front();
    switch (strategy) {
        case Strategy::priority:
            break;
        case Strategy::weighted:
            return by_weight(candidates, among, draw);
        case Strategy::cheapest:
            return smallest(among, [&](std::size_t i) {
                const Price* price =
                    candidates[i].channel->prices ? candidates[i].channel->prices->at(call.at) : nullptr;
                return price != nullptr ? cost_expected(*price, call) : call_cost_max;
            });
        case Strategy::fastest:
            // The unmeasured come first: there is no other way to learn how fast they are.
            return smallest(among,
                            [&](std::size_t i) { return seconds_expected(candidates[i].speed, call).value_or(-1); });
        case Strategy::least_busy:
            return smallest(among, [&](std::size_t i) {
                return static_cast<double>(candidates[i].under_way) / candidates[i].channel->weight;
            });
        case Strategy::sticky:
            return smallest(among, [&](std::size_t i) { return rendezvous(candidates[i], call.caller); });
    }
    return among.front();
}

}  // namespace bursar::policies
