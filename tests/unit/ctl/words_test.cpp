// Hunts: a budget or a duration that is read as another one than was written, columns that do not align, a value that
// steers the terminal.
#include "service/ctl/api.h"
#include "service/ctl/key_words.h"
#include "service/ctl/table.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::ctl {
namespace {

TEST(Words, Budgets) {
    const struct {
        std::string text;
        std::string limit;  ///< empty: refused
        std::string per;
        bool hard;
    } cases[] = {
        {"10 USD per month", "10 USD", "month", true},
        {"10 USD/month", "10 USD", "month", true},
        {"10 USD / week soft", "10 USD", "week", false},
        {"1,250.50 USD per ever", "1,250.50 USD", "ever", true},
        {"10 EUR per month", "", "", true},
        {"10 USD per fortnight", "", "", true},
        {"-10 USD per month", "", "", true},
        {"ten USD per month", "", "", true},
        {"10 USD per month hard", "", "", true},
        {"10 USD", "", "", true},
        {"soft", "", "", true},
        {"", "", "", true},
    };
    for (const auto& c : cases) {
        const auto budget = read_budget(c.text);
        if (c.limit.empty()) {
            ASSERT_FALSE(budget) << c.text;
            EXPECT_EQ(budget.error().exit, Exit::wrong_usage);
            continue;
        }
        ASSERT_TRUE(budget) << c.text;
        EXPECT_EQ(budget->limit, c.limit);
        EXPECT_EQ(budget->per, c.per);
        EXPECT_EQ(budget->hard, c.hard);
    }
}

TEST(Words, Durations) {
    const struct {
        std::string text;
        std::int64_t seconds;  ///< -1: refused
    } cases[] = {
        {"0", 0},
        {"90s", 90},
        {"30m", 1'800},
        {"24h", 86'400},
        {"7d", 604'800},
        {"366d", 31'622'400},
        {"367d", -1},
        {"30", -1},
        {"h", -1},
        {"-1h", -1},
        {"1.5h", -1},
        {"1h ", -1},
        {"9223372036854775807d", -1},
        {"", -1},
    };
    for (const auto& c : cases) {
        const auto seconds = read_duration(c.text, 366);
        EXPECT_EQ(seconds.value_or(-1), c.seconds) << c.text;
    }
}

TEST(Table, ColumnsAlignAndLinesEndWithoutSpaces) {
    EXPECT_EQ(
        table({{"NAME"}, {"USD", Align::right}, {"TEXT"}}, {{"a", "1.00", "x"}, {"größer", "12.50", ""}, {"short"}}),
        "NAME      USD  TEXT\n"
        "a        1.00  x\n"
        "größer  12.50\n"
        "short\n");
}

TEST(Table, NothingFromTheServiceSteersTheTerminal) {
    EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f"), "a?[2Jb?c?");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "?31m");
    EXPECT_EQ(printable("Grüße €"), "Grüße €");
    EXPECT_EQ(table({{"A"}}, {{"x\ny"}}), "A\nx?y\n");
}

TEST(Problem, TheServicesSentenceIsShown) {
    EXPECT_EQ(problem_text({.status = 404, .body = R"({"title":"Not Found","detail":"There is no key of that id."})"}),
              "There is no key of that id.");
    EXPECT_EQ(problem_text({.status = 409, .body = R"({"title":"Conflict"})"}), "Conflict.");
    EXPECT_NE(problem_text({.status = 502, .body = "<html>"}).find("502"), std::string::npos);
    EXPECT_EQ(url_part("a b/c?ä"), "a%20b%2Fc%3F%C3%A4");
}

}  // namespace
}  // namespace bursar::ctl
