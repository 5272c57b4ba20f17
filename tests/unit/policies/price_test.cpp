// Hunts: a nano-dollar too few or too many; a bound that some answer breaks; numbers that overflow; money that buys
// what it does not.
#include "policies/price.h"

#include "policies/canonical.h"
#include "policies/decimal.h"

#include <array>
#include <limits>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace bursar::policies {
namespace {

constexpr NanoUsd usd(std::int64_t millionths) { return NanoUsd{millionths * 1'000}; }
Timestamp when(std::string_view text) { return *parse_timestamp(text); }

/// Every class at a price of its own, so that a class billed as another shows.
Price full_price() {
    Price price;
    price.rates = {.input = usd(2'000'000),
                   .cache_read = usd(200'000),
                   .cache_write_5m = usd(2'500'000),
                   .cache_write_1h = usd(4'000'000),
                   .output = usd(10'000'000),
                   .reasoning = usd(12'000'000),
                   .audio_input = usd(32'000'000),
                   .audio_output = usd(64'000'000),
                   .image_input = usd(5'000'000),
                   .image_output = usd(30'000'000)};
    price.tiers = {
        {.above = 200'000, .rates = {.input = usd(4'000'000), .cache_read = usd(400'000), .output = usd(15'000'000)}},
        {.above = 400'000, .rates = {.input = usd(8'000'000), .output = usd(20'000'000)}}};
    price.per_request = usd(5'000);
    price.per_web_search = usd(10'000);
    price.per_image = usd(40'000);
    price.batch = {1, 2};
    price.priority = {9, 5};
    price.flex = {1, 2};
    price.fast = {6, 1};
    price.regions = {{"eu", {21, 20}}, {"us", {11, 10}}};
    price.hours = {{.from_hour = 1, .until_hour = 4, .days = 0x1f, .factor = {2, 1}}};
    return price;
}

struct CostCase {
    std::string_view name;
    Usage usage;
    Served served;
    std::string_view at;
    std::int64_t nanos;
};

constexpr std::string_view noon = "2026-11-24T12:00:00Z";

const std::vector<CostCase> cost_cases = {
    {"a request alone costs its fee", {}, {}, noon, 5'000'000},
    {"input", {.input = 3}, {}, noon, 5'006'000},
    {"cache read", {.cache_read = 3}, {}, noon, 5'000'600},
    {"cache write for five minutes", {.cache_write_5m = 3}, {}, noon, 5'007'500},
    {"cache write for an hour", {.cache_write_1h = 3}, {}, noon, 5'012'000},
    {"output", {.output = 3}, {}, noon, 5'030'000},
    {"reasoning that is billed besides", {.reasoning = 3}, {}, noon, 5'036'000},
    {"audio in", {.audio_input = 3}, {}, noon, 5'096'000},
    {"audio out", {.audio_output = 3}, {}, noon, 5'192'000},
    {"image in", {.image_input = 3}, {}, noon, 5'015'000},
    {"image out", {.image_output = 3}, {}, noon, 5'090'000},
    {"images made, each", {.images = 2}, {}, noon, 85'000'000},
    {"web searches, each", {.web_searches = 3}, {}, noon, 35'000'000},
    {"at the tier's edge the base rates hold", {.input = 200'000}, {}, noon, 405'000'000},
    {"one token more and the tier prices everything", {.input = 200'001, .output = 1}, {}, noon, 805'019'000},
    {"cached tokens count towards the tier", {.input = 1, .cache_read = 200'000}, {}, noon, 85'004'000},
    {"the highest tier that is passed", {.input = 400'001}, {}, noon, 3'205'008'000},
    {"a class that the tier leaves out costs what its class costs there",
     {.input = 399'999, .cache_write_5m = 2},
     {},
     noon,
     3'205'008'000},
    {"a class that is dearer below the tier stays as dear",
     {.input = 200'001, .audio_input = 1},
     {},
     noon,
     805'036'000},
    {"batch halves tokens, not fees", {.input = 100, .web_searches = 1}, {.service_tier = "batch"}, noon, 15'100'000},
    {"priority", {.input = 100}, {.service_tier = "priority"}, noon, 5'360'000},
    {"flex", {.input = 100}, {.service_tier = "flex"}, noon, 5'100'000},
    {"default is standard", {.input = 100}, {.service_tier = "default"}, noon, 5'200'000},
    {"a tier that nobody knows is standard", {.input = 100}, {.service_tier = "scale"}, noon, 5'200'000},
    {"fast, as Anthropic says it", {.input = 100}, {.service_tier = "standard", .speed = "fast"}, noon, 6'200'000},
    {"fast, said twice, counts once", {.input = 100}, {.service_tier = "fast", .speed = "fast"}, noon, 6'200'000},
    {"a region that costs more", {.input = 100}, {.region = "us"}, noon, 5'220'000},
    {"a region without a factor", {.input = 100}, {.region = "global"}, noon, 5'200'000},
    {"factors multiply", {.input = 100}, {.service_tier = "priority", .region = "us"}, noon, 5'396'000},
    {"a peak hour on a weekday", {.input = 100}, {}, "2026-11-24T03:59:59Z", 5'400'000},
    {"the hour after the peak", {.input = 100}, {}, "2026-11-24T04:00:00Z", 5'200'000},
    {"the same hour on a Saturday", {.input = 100}, {}, "2026-11-28T03:00:00Z", 5'200'000},
    {"counts below nothing are nothing", {.input = -5, .output = -1, .images = -1}, {}, noon, 5'000'000},
};

TEST(Cost, EachClassTierFactorAndHour) {
    const Price price = full_price();
    for (const CostCase& each : cost_cases)
        EXPECT_EQ(cost(price, each.usage, each.served, when(each.at)).nanos(), each.nanos) << each.name;
}

TEST(Cost, RoundsUpOnceForTheWholeCall) {
    Price price;
    price.rates = {.input = NanoUsd{300'000}, .output = NanoUsd{300'000}};  // 0.3 nano-dollars a token
    EXPECT_EQ(cost(price, {.input = 1}, {}, {}).nanos(), 1);
    EXPECT_EQ(cost(price, {.input = 1, .output = 2}, {}, {}).nanos(), 1) << "0.3 + 0.6 is below one";
    EXPECT_EQ(cost(price, {.input = 2, .output = 2}, {}, {}).nanos(), 2);
    price.batch = {1, 3};
    EXPECT_EQ(cost(price, {.input = 10}, {.service_tier = "batch"}, {}).nanos(), 1) << "3 / 3 is exactly one";
    EXPECT_EQ(cost(price, {.input = 11}, {.service_tier = "batch"}, {}).nanos(), 2);
}

TEST(Cost, AClassWithoutAPriceIsNeverFree) {
    Price price;
    price.rates = {.input = usd(2'000'000), .output = usd(10'000'000)};
    for (const auto member : {&Usage::cache_read, &Usage::cache_write_5m, &Usage::cache_write_1h, &Usage::audio_input,
                              &Usage::image_input}) {
        Usage usage;
        usage.*member = 1'000;
        EXPECT_EQ(cost(price, usage, {}, {}), cost(price, {.input = 1'000}, {}, {}));
    }
    for (const auto member : {&Usage::reasoning, &Usage::audio_output, &Usage::image_output}) {
        Usage usage;
        usage.*member = 1'000;
        EXPECT_EQ(cost(price, usage, {}, {}), cost(price, {.output = 1'000}, {}, {}));
    }
    price.rates.cache_write_5m = usd(2'500'000);
    EXPECT_EQ(cost(price, {.cache_write_1h = 1'000}, {}, {}), cost(price, {.cache_write_5m = 1'000}, {}, {}));
    price.rates.output.reset();
    EXPECT_EQ(cost(price, {.output = 1'000}, {}, {}), cost(price, {.input = 1'000}, {}, {}));
}

TEST(Cost, LiesAboutCountsAreCutBeforeTheyOverflow) {
    const Tokens lie = std::numeric_limits<Tokens>::max();
    const Usage all = {lie, lie, lie, lie, lie, lie, lie, lie, lie, lie, lie, lie};
    Price price = full_price();
    EXPECT_EQ(cost(price, all, {}, when(noon)), call_cost_max);
    price.rates.input = NanoUsd{std::numeric_limits<std::int64_t>::max()};
    price.fast = {1'000'000, 1};
    EXPECT_EQ(cost(price, all, {.speed = "fast"}, when(noon)), call_cost_max);
    EXPECT_EQ(
        cost_at_most(price,
                     {.input = lie, .images = lie, .web_searches = lie, .service_tier = "fast", .at = when(noon)}, lie),
        call_cost_max);
}

Price random_price(std::mt19937_64& random) {
    const auto upto = [&](std::int64_t most) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1));
    };
    const auto rate = [&]() -> std::optional<NanoUsd> {
        if (upto(2) == 0) return {};
        return NanoUsd{upto(1) == 0 ? upto(50'000'000'000) : upto(999)};
    };
    const auto rates = [&] {
        return Rates{rate(), rate(), rate(), rate(), rate(), rate(), rate(), rate(), rate(), rate()};
    };
    Price price;
    price.rates = rates();
    price.rates.input = NanoUsd{upto(50'000'000'000)};
    for (Tokens above = upto(1'000); upto(1) == 0; above += 1 + upto(1'000)) price.tiers.push_back({above, rates()});
    price.per_request = NanoUsd{upto(3) * 1'000};
    price.per_image = NanoUsd{upto(3) * 1'000'000};
    price.batch = {1 + upto(9), 10};
    price.flex = {1 + upto(6), 7};
    price.priority = {10 + upto(20), 10};
    price.fast = {3 + upto(17), 3};
    if (upto(1) == 0) price.regions = {{"us", {5 + upto(7), 6}}, {"eu", {upto(13), 11}}};
    if (upto(1) == 0) price.hours = {{.from_hour = 0, .until_hour = 12, .days = 0x7f, .factor = {upto(30), 10}}};
    return price;
}

/// A usage that keeps within the bounds: all input classes together, all output classes together.
Usage usage_within(std::mt19937_64& random, Tokens input, Tokens output, std::int64_t images) {
    Usage usage;
    const auto share = [&](Tokens& left, Tokens& part) {
        part = static_cast<Tokens>(random() % static_cast<std::uint64_t>(left + 1));
        left -= part;
    };
    for (const auto member :
         {&Usage::cache_write_1h, &Usage::audio_input, &Usage::cache_read, &Usage::image_input, &Usage::cache_write_5m})
        share(input, usage.*member);
    usage.input = input;
    for (const auto member : {&Usage::reasoning, &Usage::audio_output, &Usage::image_output})
        share(output, usage.*member);
    usage.output = output;
    usage.images = images;
    return usage;
}

/// What an answer may name when the caller asked for `asked`.
Served served_within(std::mt19937_64& random, std::string_view asked) {
    constexpr std::array<std::string_view, 6> cheap = {"", "default", "standard", "flex", "batch", "unknown"};
    constexpr std::array<std::string_view, 4> regions = {"", "us", "eu", "mars"};
    Served served;
    served.service_tier =
        random() % 2 == 0 && asked != "fast" && asked != "auto" ? asked : cheap[random() % cheap.size()];
    if (asked == "auto" && random() % 2 == 0) served.service_tier = "priority";
    if (asked == "fast") {
        served.speed = "fast";
        served.service_tier = random() % 2 == 0 ? "standard" : "fast";
    }
    served.region = regions[random() % regions.size()];
    return served;
}

constexpr std::array<std::string_view, 6> asked_tiers = {"", "auto", "flex", "priority", "fast", "default"};

TEST(CostAtMost, NoAnswerWithinTheBoundsCostsMore) {
    std::mt19937_64 random(20261124);
    for (int round = 0; round < 20'000; ++round) {
        const Price price = random_price(random);
        const auto input = static_cast<Tokens>(random() % 5'000);
        const auto output = static_cast<Tokens>(random() % 5'000);
        const auto images = static_cast<std::int64_t>(random() % 3);
        const std::string_view asked = asked_tiers[random() % asked_tiers.size()];
        const Timestamp at = when(noon) + std::chrono::hours(random() % 200);
        const NanoUsd most = cost_at_most(
            price, {.input = input, .images = images, .web_searches = 0, .service_tier = asked, .at = at}, output);
        for (int answer = 0; answer < 5; ++answer) {
            const auto less = static_cast<Tokens>(random() % static_cast<std::uint64_t>(input + 1));
            const Usage usage = usage_within(random, random() % 2 == 0 ? input : less, output, images);
            ASSERT_LE(cost(price, usage, served_within(random, asked), at), most) << "round " << round;
        }
    }
}

TEST(CostAtMost, IsReachedWhereNothingIsUncertain) {
    Price price;
    price.rates = {.input = usd(2'000'000), .cache_read = usd(1'000'000), .output = usd(10'000'000)};
    EXPECT_EQ(cost_at_most(price, {.input = 1'000, .at = when(noon)}, 500),
              cost(price, {.input = 1'000, .output = 500}, {}, when(noon)));
}

TEST(CostAtMost, AskingForADearerTierRaisesTheBound) {
    const Price price = full_price();
    const auto bound = [&](std::string_view asked) {
        return cost_at_most(price, {.input = 1'000, .service_tier = asked, .at = when(noon)}, 1'000);
    };
    EXPECT_EQ(bound("flex"), bound(""));
    EXPECT_GT(bound("priority"), bound(""));
    EXPECT_EQ(bound("auto"), bound("priority")) << "auto may be served as priority";
    EXPECT_GT(bound("fast"), bound("priority"));
}

TEST(OutputBought, TheMostThatMoneySurelyBuys) {
    std::mt19937_64 random(7);
    int short_of_money = 0;
    for (int round = 0; round < 5'000; ++round) {
        const Price price = random_price(random);
        const auto input = static_cast<Tokens>(random() % 3'000);
        const std::string_view asked = asked_tiers[random() % asked_tiers.size()];
        const NanoUsd money{static_cast<std::int64_t>(random() % 1'000'000'000)};
        const auto at_most = [&](Tokens output) {
            return cost_at_most(price, {.input = input, .service_tier = asked, .at = when(noon)}, output);
        };
        const Tokens bought = output_bought(price, money, {.input = input, .service_tier = asked, .at = when(noon)});
        if (at_most(0) > money) {
            ++short_of_money;
            ASSERT_EQ(bought, 0);
            continue;
        }
        ASSERT_LE(at_most(bought), money);
        if (bought < call_tokens_max) {
            ASSERT_GT(at_most(bought + 1), money);
        }
    }
    EXPECT_GT(short_of_money, 10) << "the case that matters never came";
}

TEST(OutputBought, WhatIsFreeIsBoughtToTheLimit) {
    Price price;
    price.rates = {.input = NanoUsd{}, .output = NanoUsd{}};
    EXPECT_EQ(output_bought(price, NanoUsd{}, {.input = 1'000, .at = when(noon)}), call_tokens_max);
}

TEST(CeilingOf, IsAsDearAsEachOfThePrices) {
    std::mt19937_64 random(99);
    for (int round = 0; round < 3'000; ++round) {
        const std::array<Price, 3> prices = {random_price(random), random_price(random), random_price(random)};
        const std::array<const Price*, 3> pointers = {&prices[0], &prices[1], &prices[2]};
        const auto input = static_cast<Tokens>(random() % 3'000);
        const auto images = static_cast<std::int64_t>(random() % 3);
        const std::string_view asked = asked_tiers[random() % asked_tiers.size()];
        const Bounds bounds{
            .input = input, .images = images, .web_searches = images / 2, .service_tier = asked, .at = when(noon)};
        const Price ceiling = ceiling_of(pointers, bounds);
        for (const Tokens output : {Tokens{0}, Tokens{1}, Tokens{77}, Tokens{50'000}})
            for (const Price& price : prices)
                ASSERT_LE(cost_at_most(price, bounds, output),
                          cost_at_most(ceiling, {.input = input, .service_tier = asked, .at = when(noon)}, output))
                    << "round " << round << " output " << output;
    }
}

TEST(PriceBook, TheVersionInForce) {
    PriceBook book;
    Price first;
    first.until = when("2027-01-01T00:00:00Z");
    Price second;
    second.from = when("2027-01-01T00:00:00Z");
    second.until = when("2028-01-01T00:00:00Z");
    book.versions = {first, second};
    EXPECT_EQ(book.at(when("2026-12-31T23:59:59.999Z")), &book.versions[0]);
    EXPECT_EQ(book.at(when("2027-01-01T00:00:00Z")), &book.versions[1]);
    EXPECT_EQ(book.at(when("2028-01-01T00:00:00Z")), nullptr);
}

TEST(Seal, WhatWasSealedIsReadBackAndBillsTheSame) {
    Price price = full_price();
    price.pictures = {{"hd/1024x1792", usd(9)}, {"hd", usd(7)}};
    price.per_minute = usd(3);
    price.from = when("2026-01-01T00:00:00Z");
    price.until = when(noon);
    price.batch = {2, 3};
    for (int round = 0; round < 2; ++round, price = Price{}) {
        seal(price, "open\"ai", "gpt: \"4o\"");
        const auto read = price_from(price.canonical);
        ASSERT_TRUE(read) << read.error().operator_text();
        EXPECT_EQ(read->version, price.version);
        EXPECT_EQ(read->rates, price.rates);
        EXPECT_EQ(read->tiers, price.tiers);
        EXPECT_EQ(read->hours, price.hours);
        EXPECT_EQ(read->batch, price.batch);
    }
    for (const char* wrong : {"", "{", "[]", R"({"catalogue":"a","model":"b","input":"1","inptu":"2"})"})
        EXPECT_FALSE(price_from(wrong)) << wrong;
}

TEST(Seal, AVersionChangesWithEveryThingThatIsBilled) {
    const auto version_of = [](auto change) {
        Price price = full_price();
        change(price);
        seal(price, "openai", "gpt");
        return price.version;
    };
    const std::vector<std::uint64_t> versions = {
        version_of([](Price&) {}),
        version_of([](Price& price) { price.rates.reasoning.reset(); }),
        version_of([](Price& price) { price.rates.input = usd(1); }),
        version_of([](Price& price) { price.tiers[1].above = 5; }),
        version_of([](Price& price) { price.tiers[0].rates.output = usd(1); }),
        version_of([](Price& price) { price.per_request = usd(1); }),
        version_of([](Price& price) { price.per_image = usd(1); }),
        version_of([](Price& price) { price.per_web_search = usd(1); }),
        version_of([](Price& price) { price.flex = {1, 3}; }),
        version_of([](Price& price) { price.batch = {1, 3}; }),
        version_of([](Price& price) { price.priority = {3, 1}; }),
        version_of([](Price& price) { price.fast = {3, 1}; }),
        version_of([](Price& price) { price.regions[0].second = {3, 1}; }),
        version_of([](Price& price) { price.hours[0].days = 1; }),
        version_of([](Price& price) { price.until = when(noon); }),
        version_of([](Price& price) { price.from = when(noon); }),
    };
    EXPECT_EQ(std::set(versions.begin(), versions.end()).size(), versions.size());
    EXPECT_EQ(versions[0], version_of([](Price& price) { price.source = "somebody else"; }));
    EXPECT_EQ(versions[0], version_of([](Price& price) { std::swap(price.tiers[0], price.tiers[1]); }));
}

}  // namespace
}  // namespace bursar::policies
