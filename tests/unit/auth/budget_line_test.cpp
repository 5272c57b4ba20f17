// Hunts: a limit of a key that comes back from the database as another one, or one of an earlier version that does not
// come back at all.
#include "auth/budget_line.h"

#include <vector>

#include <gtest/gtest.h>

namespace bursar::auth {
namespace {

TEST(BudgetLine, gives_back_what_was_put_in) {
    const Timestamp start = *parse_timestamp("2026-12-01T00:00:00+01:00");
    const std::vector<Budget> budgets = {
        {.limit = NanoUsd(10'000'000'001), .per = Per::month, .warn_percent = {50, 100}},
        {.limit = NanoUsd{}, .per = Per::ever, .hard = false},
        {.limit = Quantity{1}, .per = Per::minute, .measure = Measure::calls, .rolling = true},
        {.limit = Quantity{5'000'000},
         .per = Per::dates,
         .warn_percent = {80},
         .measure = Measure::tokens,
         .of = "model:a/b:c@1",
         .from = start,
         .until = start + std::chrono::days(31)},
        {.limit = NanoUsd(7), .per = Per::day, .measure = Measure::cost, .of = "tag:rolling"},
        {.limit = NanoUsd(7), .per = Per::dates, .from = Timestamp(std::chrono::seconds(-1)), .until = start},
    };
    for (const Budget& budget : budgets) {
        const std::string line = budget_line(budget);
        const auto read = parse_budget_line(line);
        ASSERT_TRUE(read) << line;
        EXPECT_EQ(*read, budget) << line;
    }
}

TEST(BudgetLine, of_the_first_versions_is_still_read) {
    EXPECT_EQ(*parse_budget_line("10000000000 month hard 50 80 100"),
              (Budget{.limit = NanoUsd::dollars(10), .per = Per::month, .warn_percent = {50, 80, 100}}));
    EXPECT_EQ(*parse_budget_line("0 ever soft"), (Budget{.per = Per::ever, .hard = false}));
    EXPECT_EQ(budget_line({.limit = NanoUsd::dollars(10), .per = Per::month, .warn_percent = {50}}),
              "10000000000 month hard 50")
        << "an ordinary limit is written as it was";
}

TEST(BudgetLine, that_is_damaged_is_none) {
    for (const std::string_view line :
         {"", "1", "1 month", "x month hard", "1 fortnight hard", "1 month perhaps", "1 month hard x",
          "1 month hard measure=euros", "1 month hard measure", "1 month hard of=", "1 month hard of=team:x",
          "1 month hard from=x", "1 month hard rolling=true", "1 month hard 50%", "99999999999999999999 month hard",
          "1 month hard  50"})
        EXPECT_FALSE(parse_budget_line(line)) << line;
}

}  // namespace
}  // namespace bursar::auth
