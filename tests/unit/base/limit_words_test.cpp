// Hunts: a limit that is read as another one than was written, by a factor of a thousand or because a number was cut
// off; a date of a limit that is said as the day before.
#include "service/base/limit_words.h"

#include "service/base/time_zone.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar {
namespace {

TEST(Limits, are_read_as_they_are_written) {
    const struct {
        std::string_view text;
        std::int64_t units;
        Measure measure;
    } cases[] = {
        {"2000 USD", 2'000'000'000'000, Measure::money},
        {"1,250.50 USD", 1'250'500'000'000, Measure::money},
        {"0.000000001 USD", 1, Measure::money},
        {"2.5K USD", 2'500'000'000'000, Measure::money},
        {"-3 USD", -3'000'000'000, Measure::money},
        {"5M tokens", 5'000'000, Measure::tokens},
        {"1.25M tokens", 1'250'000, Measure::tokens},
        {"1.000 tokens", 1, Measure::tokens},
        {"1 token", 1, Measure::tokens},
        {"0 calls", 0, Measure::calls},
        {"1,500,000 calls", 1'500'000, Measure::calls},
        {"1 call", 1, Measure::calls},
    };
    for (const auto& each : cases) {
        const auto limit = parse_limit(each.text);
        ASSERT_TRUE(limit) << each.text;
        EXPECT_EQ(*limit, (Limit{.quantity = Quantity{each.units}, .measure = each.measure})) << each.text;
    }
}

TEST(Limits, what_is_not_one_is_not_guessed) {
    for (const std::string_view text : {"",
                                        " USD",
                                        "USD",
                                        "2000",
                                        "2000USD",
                                        "2000 EUR",
                                        "5m tokens",
                                        "5MM tokens",
                                        "5G tokens",
                                        "1.5 tokens",
                                        "0.0001K tokens",
                                        "1e6 tokens",
                                        "+5 calls",
                                        "--5 calls",
                                        ".5 USD",
                                        "5. USD",
                                        ",5 USD",
                                        "5, USD",
                                        "1.2.3 USD",
                                        "1.2,3 USD",
                                        "0.0000000001 USD",
                                        "9,000,000,001 USD",
                                        "99999999999999999999 tokens",
                                        "10000000000000M tokens",
                                        "0x10 calls",
                                        "5 tokens calls",
                                        "5 Tokens"})
        EXPECT_FALSE(parse_limit(text)) << text;
}

TEST(Limits, have_an_end) {
    EXPECT_TRUE(is_limit(*parse_limit("1,000,000,000 USD")));
    EXPECT_FALSE(is_limit(*parse_limit("1,000,000,000.000000001 USD")));
    EXPECT_FALSE(is_limit(*parse_limit("-1 calls")));
    EXPECT_TRUE(is_limit(*parse_limit("1000000000M tokens")));
    EXPECT_FALSE(is_limit(*parse_limit("1,000,000,000,000,001 tokens")));
}

TEST(Limits, periods_and_what_is_counted_have_their_words) {
    for (const Per per :
         {Per::minute, Per::hour, Per::day, Per::week, Per::month, Per::quarter, Per::year, Per::ever}) {
        EXPECT_EQ(parse_per(name_of(per)), per);
        EXPECT_NE(per_words().find(name_of(per)), std::string_view::npos);
    }
    for (const std::string_view word : {"dates", "Month", "months", ""}) EXPECT_FALSE(parse_per(word)) << word;
    EXPECT_EQ(parse_of("model:a:b")->name, "a:b");
    EXPECT_EQ(parse_of("tag:x")->kind, OfWords::Kind::tag);
    for (const std::string_view word :
         {"", "tier", "tier:", "team:x", "Tier:x", "x", "tag:a b", "tag:a|b", "tag:a\n", "tag:a,b"})
        EXPECT_FALSE(parse_of(word)) << word;
}

TEST(Dates, of_a_limit_are_days_where_they_are_days) {
    const auto berlin = TimeZone::load("Europe/Berlin");
    ASSERT_TRUE(berlin);
    const std::chrono::sys_days day = std::chrono::year(2026) / 12 / 1;
    const Timestamp start = berlin->start_of(day);
    EXPECT_EQ(to_text(start), "2026-11-30T23:00:00.000Z");
    EXPECT_EQ(berlin->day_words(start), "2026-12-01");
    EXPECT_EQ(berlin->day_words(start + std::chrono::hours(1)), "2026-12-01T00:00:00.000Z");
    EXPECT_EQ(to_text(berlin->start_of(std::chrono::year(2026) / 7 / 1)), "2026-06-30T22:00:00.000Z");
    // Clocks of Beirut go from 23:59:59 to 01:00: the day has no midnight.
    const auto beirut = TimeZone::load("Asia/Beirut");
    ASSERT_TRUE(beirut);
    const Timestamp jump = beirut->start_of(std::chrono::year(2026) / 3 / 29);
    EXPECT_EQ(to_text(jump), "2026-03-28T22:00:00.000Z");
    EXPECT_EQ(beirut->day_words(jump), "2026-03-29");
    // Two limits whose words were the same would share their books.
    const Budget a{.per = Per::dates, .from = start, .until = start + std::chrono::days(1)};
    const Budget b{.per = Per::dates, .from = start - std::chrono::hours(1), .until = start + std::chrono::days(1)};
    EXPECT_NE(kind_words(a), kind_words(b));
    EXPECT_EQ(kind_words({.per = Per::dates, .from = day, .until = day + std::chrono::days(1)}),
              "from 2026-12-01 until 2026-12-02");
}

}  // namespace
TEST(Counts, are_said_in_singular_and_plural) {
    EXPECT_EQ(Quantity{1}.for_people(Measure::calls), "1 call");
    EXPECT_EQ(Quantity{1}.for_people(Measure::tokens), "1 token");
    EXPECT_EQ(Quantity{0}.for_people(Measure::calls), "0 calls");
    EXPECT_EQ(Quantity{1'500'000}.for_people(Measure::tokens), "1,500,000 tokens");
}

}  // namespace bursar
