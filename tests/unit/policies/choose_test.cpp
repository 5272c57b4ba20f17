#include "policies/choose.h"

#include <array>
#include <map>
#include <random>

#include <gtest/gtest.h>

// Hunts: a strategy that picks another channel than an independent calculation; weights that are not kept; callers who
// move although their channel is there.
namespace bursar::policies {
namespace {

std::shared_ptr<const PriceBook> priced(NanoUsd input, NanoUsd output, NanoUsd per_request = {}) {
    auto book = std::make_shared<PriceBook>();
    Price price;
    price.rates.input = input;
    price.rates.output = output;
    price.per_request = per_request;
    seal(price, "p", "m");
    book->versions.push_back(std::move(price));
    return book;
}

Channel channel(const std::string& provider, int priority = 1, int weight = 1,
                std::shared_ptr<const PriceBook> prices = nullptr) {
    auto of = std::make_shared<Provider>();
    of->name = provider;
    return {
        .provider = std::move(of), .model = "m", .priority = priority, .weight = weight, .prices = std::move(prices)};
}

const Timestamp at = *parse_timestamp("2026-11-25T12:00:00Z");

TEST(Choose, nothing_of_nothing) { EXPECT_EQ(choose(Strategy::priority, {}, {}, 0), std::nullopt); }

TEST(Choose, a_later_priority_only_when_no_earlier_one_can) {
    const Channel first = channel("a", 2), second = channel("b", 1), third = channel("c", 1);
    const std::array all = {Candidate{.channel = &first, .due = true}, Candidate{.channel = &second},
                            Candidate{.channel = &third}};
    for (const Strategy strategy : {Strategy::priority, Strategy::cheapest, Strategy::fastest, Strategy::least_busy})
        EXPECT_EQ(choose(strategy, all, {.at = at}, 7), 1U) << static_cast<int>(strategy);
    EXPECT_EQ(choose(Strategy::weighted, std::span(all).first(1), {.at = at}, 7), 0U);
}

TEST(Choose, who_is_due_comes_first_among_equals) {
    const Channel first = channel("a"), second = channel("b");
    const std::array all = {Candidate{.channel = &first}, Candidate{.channel = &second, .due = true}};
    EXPECT_EQ(choose(Strategy::priority, all, {}, 0), 1U);
}

TEST(Choose, weights_are_kept) {
    const Channel first = channel("a", 1, 3), second = channel("b", 1, 1);
    const std::array all = {Candidate{.channel = &first}, Candidate{.channel = &second}};
    int to_first = 0;
    for (std::uint64_t draw = 0; draw < 400; ++draw) to_first += choose(Strategy::weighted, all, {}, draw) == 0U;
    EXPECT_EQ(to_first, 300);
}

TEST(Choose, callers_stay_where_they_are_when_another_channel_goes) {
    const std::array channels = {channel("a"), channel("b", 1, 2), channel("c")};
    std::vector<Candidate> all;
    for (const Channel& each : channels) all.push_back({.channel = &each});
    std::map<std::size_t, int> counts;
    for (std::uint64_t caller = 0; caller < 4'000; ++caller) {
        const auto before = *choose(Strategy::sticky, all, {.caller = mixed(0, std::to_string(caller))}, caller);
        ++counts[before];
        EXPECT_EQ(choose(Strategy::sticky, all, {.caller = mixed(0, std::to_string(caller))}, caller + 1), before);
        const std::vector<Candidate> fewer(all.begin(), all.begin() + 2);
        if (before < 2)
            EXPECT_EQ(choose(Strategy::sticky, fewer, {.caller = mixed(0, std::to_string(caller))}, 1), before);
    }
    EXPECT_NEAR(counts[0], 1'000, 120);
    EXPECT_NEAR(counts[1], 2'000, 120);
}

/// A thousand situations, each calculated a second time in the plainest way there is.
TEST(Choose, the_cheapest_and_the_fastest_are_those_that_a_second_calculation_finds) {
    std::mt19937_64 random(20261125);
    const auto upto = [&](std::int64_t most) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1));
    };
    for (int situation = 0; situation < 1'000; ++situation) {
        const auto count = static_cast<std::size_t>(2 + upto(6));
        std::vector<Channel> channels;
        std::vector<Candidate> all;
        CallShape call{.input = upto(200'000), .output = 1 + upto(16'000), .stream = upto(1) == 1, .at = at};
        for (std::size_t i = 0; i < count; ++i)
            channels.push_back(channel("p" + std::to_string(i), 1 + static_cast<int>(upto(1)),
                                       1 + static_cast<int>(upto(9)),
                                       priced(NanoUsd(upto(20) * 1'000'000'000), NanoUsd(upto(80) * 1'000'000'000),
                                              NanoUsd(upto(1) * 10'000'000))));
        for (const Channel& each : channels) {
            const bool measured = upto(5) > 0;
            all.push_back({.channel = &each,
                           .due = false,
                           .speed = {.first_token = std::chrono::milliseconds(20 + upto(3'000)),
                                     .tokens_per_second = measured ? static_cast<double>(1 + upto(300)) : 0,
                                     .plain_tokens_per_second = measured ? static_cast<double>(1 + upto(200)) : 0},
                           .under_way = static_cast<int>(upto(50))});
        }
        std::optional<std::size_t> cheapest, fastest;
        std::int64_t least = 0;
        double shortest = 0;
        int priority = 9;
        for (const Channel& each : channels) priority = std::min(priority, each.priority);
        for (std::size_t i = 0; i < count; ++i) {
            if (channels[i].priority != priority) continue;
            const Price& price = channels[i].prices->versions.front();
            // Nano-dollars per million tokens, rounded up once.
            const __int128 exact =
                __int128{call.input} * price.rates.input->nanos() + __int128{call.output} * price.rates.output->nanos();
            const auto spent = static_cast<std::int64_t>((exact + 999'999) / 1'000'000) + price.per_request.nanos();
            if (!cheapest || spent < least) {
                cheapest = i;
                least = spent;
            }
            const Speed& speed = all[i].speed;
            const double rate = call.stream ? speed.tokens_per_second : speed.plain_tokens_per_second;
            const double wait = call.stream ? static_cast<double>(speed.first_token.count()) / 1e9 : 0;
            const double takes = rate > 0 ? wait + static_cast<double>(call.output) / rate : -1;
            if (!fastest || takes < shortest) {
                fastest = i;
                shortest = takes;
            }
        }
        EXPECT_EQ(choose(Strategy::cheapest, all, call, random()), cheapest) << situation;
        EXPECT_EQ(choose(Strategy::fastest, all, call, random()), fastest) << situation;
    }
}

TEST(Choose, the_least_busy_for_its_weight) {
    const Channel small = channel("a", 1, 1), large = channel("b", 1, 4);
    std::array all = {Candidate{.channel = &small, .under_way = 2}, Candidate{.channel = &large, .under_way = 7}};
    EXPECT_EQ(choose(Strategy::least_busy, all, {}, 0), 1U);
    all[1].under_way = 9;
    EXPECT_EQ(choose(Strategy::least_busy, all, {}, 0), 0U);
}

}  // namespace
}  // namespace bursar::policies
