// Hunts: a charge that is a nano-dollar off, wraps around at the end of the range, or follows another rule than the
// first that fits; a budget that buys more than it holds.
#include "policies/charge.h"

#include "tests/unit/policies/policy.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

constexpr std::int64_t nanos_max = std::numeric_limits<std::int64_t>::max();

Charge with(std::string_view factor, std::int64_t per_call = 0) {
    return {.factor = *parse_charge_factor(factor), .per_call = NanoUsd{per_call}};
}

TEST(Charged, rounds_up_and_adds_the_fee) {
    const struct {
        Charge charge;
        std::int64_t cost;
        std::int64_t charged;
    } cases[] = {
        {{}, 7, 7},
        {with("1.2"), 0, 0},
        {with("1.2"), 5, 6},
        {with("1.2"), 1, 2},
        {with("0.000001"), 1, 1},
        {with("0.000001"), 1'000'001, 2},
        {with("1.2", 1'000'000), 10, 1'000'012},
        {with("0"), 1'000'000'000, 0},
        {with("0", 3), 1'000'000'000, 3},
        {with("1000"), nanos_max / 2, nanos_max},
        {with("1", nanos_max), 1, nanos_max},
    };
    for (const auto& each : cases)
        EXPECT_EQ(charged(each.charge, NanoUsd{each.cost}).nanos(), each.charged) << words_of(each.charge) << each.cost;
}

TEST(CostWithin, is_the_most_that_a_charge_pays_for) {
    EXPECT_EQ(cost_within(with("1.2"), NanoUsd{6}), NanoUsd{5});
    EXPECT_EQ(cost_within(with("1.2", 10), NanoUsd{9}), NanoUsd{-1}) << "the fee alone is more";
    EXPECT_EQ(cost_within(with("1.2", 10), NanoUsd{10}), NanoUsd{0});
    EXPECT_EQ(cost_within(with("0"), NanoUsd{0}).nanos(), nanos_max);
    EXPECT_EQ(cost_within(with("0", 5), NanoUsd{5}).nanos(), nanos_max);
    EXPECT_LT(cost_within(with("0", 5), NanoUsd{4}), NanoUsd{});
    EXPECT_EQ(cost_within(with("0.5"), NanoUsd{nanos_max - 1}).nanos(), nanos_max);
    EXPECT_EQ(cost_within(with("3"), NanoUsd{nanos_max}).nanos(), nanos_max) << "no limit stays no limit";
}

TEST(CostWithin, is_the_inverse_of_charged) {
    std::mt19937_64 random(20'261'129);  // NOLINT(cert-msc32-c,cert-msc51-cpp): a failure must come again
    const auto below = [&](std::uint64_t most) { return static_cast<std::int64_t>(random() % (most + 1)); };
    for (int i = 0; i < 200'000; ++i) {
        const Factor factor{below(1'000'000'000) + 1, 1'000'000};
        const Charge charge{.factor = factor, .per_call = NanoUsd{i % 3 == 0 ? 0 : below(5'000'000)}};
        // Limits of every size, the smallest often.
        const NanoUsd limit{below(std::uint64_t{1} << (1 + i % 53))};
        const NanoUsd cost = cost_within(charge, limit);
        ASSERT_LE(charged(charge, cost), limit) << words_of(charge) << " " << limit.text();
        if (cost.nanos() < nanos_max) {
            ASSERT_GT(charged(charge, cost + NanoUsd{1}), limit) << words_of(charge) << " " << limit.text();
        }
        ASSERT_GE(cost_within(charge, charged(charge, limit)), limit) << "what was charged pays for what it cost";
    }
}

TEST(ChargeFor, is_the_first_rule_that_fits) {
    const Parsed parsed = parse_text(std::string(company) + R"(
charging:
  - {team: research, of: model:claude, factor: 3}
  - {team: rnd, of: tier:frontier, factor: 1.5, per_call: 0.001 USD}
  - {team: rnd, factor: 2}
  - {of: model:llama, factor: 0}
)");
    ASSERT_EQ(problems_of(parsed), "");
    const Snapshot& rules = *parsed.snapshot;
    const struct {
        std::string_view team, model;
        Charge charge;
    } cases[] = {
        {"research", "claude", with("3")},
        {"rnd", "claude", with("1.5", 1'000'000)},
        {"research", "gpt", with("1.5", 1'000'000)},
        {"research", "both", with("2")},
        {"research", "llama", with("2")},
        {"sales", "llama", with("0")},
        {"sales", "gpt", {}},
        {"gone", "gpt", {}},
        {"gone", "llama", with("0")},
    };
    for (const auto& each : cases)
        EXPECT_EQ(charge_for(rules, each.team, *rules.models.find(each.model)->second), each.charge)
            << each.team << " " << each.model;
}

TEST(ChargeFor, a_model_without_a_tier_is_of_no_tier) {
    const Parsed parsed = parse_text(std::string(company) + "charging: [{of: tier:small, factor: 2}]");
    ASSERT_EQ(problems_of(parsed), "");
    EXPECT_EQ(charge_for(*parsed.snapshot, "sales", *parsed.snapshot->models.at("both")), Charge{});
    EXPECT_EQ(charge_for(*parsed.snapshot, "sales", *parsed.snapshot->models.at("llama")), with("2"));
}

TEST(ChargeFactor, is_exact_or_nothing) {
    EXPECT_EQ(parse_charge_factor("1.20"), (Factor{6, 5}));
    EXPECT_EQ(parse_charge_factor("0.000001"), (Factor{1, 1'000'000}));
    EXPECT_EQ(parse_charge_factor("1000"), (Factor{1'000, 1}));
    EXPECT_EQ(parse_charge_factor("0"), (Factor{0, 1}));
    for (const std::string_view text : {"", ".", "1.", ".5", "1.2.3", "1e3", "5/3", "-1", "1000.1", "0.0000001", "1,5"})
        EXPECT_FALSE(parse_charge_factor(text)) << text;
    EXPECT_EQ(words_of(with("1.20", 1'000'000)), "1.2 times the cost, and 0.001 USD per call");
    EXPECT_EQ(words_of(Charge{}), "the cost");
}

}  // namespace
}  // namespace bursar::policies::testing
