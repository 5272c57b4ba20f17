#include "service/base/money.h"

#include <gtest/gtest.h>

namespace bursar {
namespace {

// Hunts: amounts that pass through a double, lose a nano-dollar, or are read from text that is not an amount.
TEST(Money, reads_and_writes_every_decimal_exactly) {
    struct Case {
        const char* text;
        std::int64_t nanos;
        const char* canonical;
    };
    for (const Case& c : {Case{"2000", 2'000'000'000'000, "2000.00"}, Case{"0.000000001", 1, "0.000000001"},
                          Case{"1,250.50", 1'250'500'000'000, "1250.50"}, Case{"-0.1", -100'000'000, "-0.10"},
                          Case{".5", 500'000'000, "0.50"}, Case{"0.1000000000000", 100'000'000, "0.10"},
                          Case{"9000000000", 9'000'000'000'000'000'000, "9000000000.00"}}) {
        const auto amount = NanoUsd::parse(c.text);
        ASSERT_TRUE(amount) << c.text << ": " << amount.error().for_caller;
        EXPECT_EQ(amount->nanos(), c.nanos) << c.text;
        EXPECT_EQ(amount->text(), c.canonical);
    }
}

TEST(Money, refuses_what_is_not_an_amount) {
    for (const char* text : {"", "-", ".", "1.2.3", "1e3", "+5", " 5", "5 ", "0x10", "0.0000000001", "9000000001",
                             "99999999999999999999", "NaN"})
        EXPECT_FALSE(NanoUsd::parse(text)) << text;
}

TEST(Money, is_shown_to_people_rounded_away_from_zero_so_that_nothing_looks_free) {
    EXPECT_EQ(NanoUsd::dollars(2000).for_people(), "2,000.00 USD");
    EXPECT_EQ(NanoUsd(1'234'567'001'000'000).for_people(), "1,234,567.01 USD");
    EXPECT_EQ(NanoUsd(1).for_people(), "0.000001 USD");
    EXPECT_EQ(NanoUsd(0).for_people(), "0.00 USD");
    EXPECT_EQ(NanoUsd(-10'000'000).for_people(), "-0.01 USD");
}

TEST(MoneyDeathTest, never_wraps) {
    EXPECT_DEATH((void)(NanoUsd(INT64_MAX) + NanoUsd(1)), "amount_below_9_2_billion");
    EXPECT_DEATH((void)(NanoUsd(INT64_MIN) - NanoUsd(1)), "amount_below_9_2_billion");
    EXPECT_DEATH((void)(NanoUsd(INT64_MAX) * 2), "amount_below_9_2_billion");
}

}  // namespace
}  // namespace bursar
