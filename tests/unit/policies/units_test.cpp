// Hunts: a unit that costs nothing because its price has another name, a picture that is held for less than it costs,
// and a call that goes ahead without a price for what it makes.
#include "policies/units.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::policies {
namespace {

constexpr NanoUsd cents(std::int64_t count) { return NanoUsd{count * 10'000'000}; }

Price hearing() {
    Price price;
    price.per_minute = NanoUsd{6'000'000};
    return price;
}

Price painting() {
    Price price;
    price.per_image = cents(4);
    price.pictures = {
        {"1024x1024", cents(4)}, {"hd/1024x1024", cents(8)}, {"hd/1024x1792", cents(12)}, {"low", cents(1)}};
    return price;
}

TEST(Units, EachUnitCostsItsPriceRoundedUp) {
    Price price;
    price.per_minute = NanoUsd{7};
    price.per_million_characters = NanoUsd{15'000'000'000};
    price.per_search_unit = NanoUsd{2'000'000};
    EXPECT_EQ(cost(price, {.seconds = 1}, {}, {}), NanoUsd{1}) << "a part of a nano-dollar is one";
    EXPECT_EQ(cost(price, {.seconds = 120}, {}, {}), NanoUsd{14});
    EXPECT_EQ(cost(price, {.characters = 4096}, {}, {}), NanoUsd{61'440'000});
    EXPECT_EQ(cost(price, {.search_units = 3}, {}, {}), NanoUsd{6'000'000});
    EXPECT_EQ(cost_at_most(price, {.characters = 4096, .seconds = 120, .search_units = 3}, 0),
              NanoUsd{61'440'000 + 14 + 6'000'000});
    EXPECT_EQ(cost(price, {.characters = -1, .seconds = -1, .search_units = -1}, {}, {}), NanoUsd{});
}

TEST(Units, APictureCostsWhatItsQualityAndSizeCost) {
    const Price price = painting();
    const auto one = [&](const std::string& picture) { return cost(price, {.images = 1}, {.picture = picture}, {}); };
    EXPECT_EQ(one("hd/1024x1792"), cents(12));
    EXPECT_EQ(one("standard/1024x1024"), cents(4));
    EXPECT_EQ(one("1024x1024"), cents(4));
    EXPECT_EQ(one("low"), cents(1));
    EXPECT_EQ(one(""), cents(4)) << "what nobody asked for";
    EXPECT_EQ(one("ultra/8192x8192"), cents(12)) << "what is not in the list is as dear as the dearest in it";
}

TEST(Units, WhatIsLeftOpenIsHeldAsTheDearest) {
    const Price price = painting();
    const auto held = [&](std::string_view picture) {
        return cost_at_most(price, {.images = 2, .picture = picture}, 0);
    };
    EXPECT_EQ(held("hd/1024x1024"), cents(16));
    EXPECT_EQ(held("1024x1024"), cents(24)) << "its quality is open";
    EXPECT_EQ(held(""), cents(24));
}

TEST(Units, ACeilingOverChannelsIsAsDearAsTheDearestOfThem) {
    const Price ears = hearing();
    Price dearer = hearing();
    dearer.per_minute = NanoUsd{60'000'000};
    const Bounds bounds{.seconds = 90};
    const std::vector<const Price*> both = {&ears, &dearer};
    EXPECT_EQ(cost_at_most(ceiling_of(both, bounds), bounds, 0), NanoUsd{90'000'000});
}

TEST(Units, NoCallGoesAheadWithoutAPriceForWhatItMakes) {
    Price tokens;
    tokens.rates.input = NanoUsd{2'500'000'000};
    Price free;
    free.rates.input = NanoUsd{};
    for (const EndpointFacts& row : endpoint_table) {
        if (row.held == Held::nothing) continue;
        EXPECT_EQ(missing_for(row.endpoint, free), "") << row.name;
        const bool enough = row.held == Held::input;
        EXPECT_EQ(missing_for(row.endpoint, tokens).empty(), enough) << row.name;
    }
    EXPECT_EQ(missing_for(Endpoint::transcriptions, hearing()), "");
    EXPECT_NE(missing_for(Endpoint::speech, hearing()), "");
    EXPECT_EQ(missing_for(Endpoint::images, painting()), "");
    EXPECT_NE(missing_for(Endpoint::rerank, painting()), "");
    EXPECT_TRUE(costs_nothing(&free));
    const Price ears = hearing();
    EXPECT_FALSE(costs_nothing(&ears));
    EXPECT_FALSE(prices_output(ears));
    EXPECT_TRUE(prices_output(tokens)) << "output without a price costs what input does";
}

}  // namespace
}  // namespace bursar::policies
