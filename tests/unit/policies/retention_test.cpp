// Hunts: a time that is read as another one, and books that are thrown away by a slip of the pen.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

using std::chrono::days;

TEST(RetentionSection, SaysHowLongEachThingIsKept) {
    const Parsed parsed =
        parse_text("retention: {calls: 90 days, usage_hours: 6 weeks, usage_days: 10 years, events: 1 day}");
    ASSERT_TRUE(parsed.snapshot) << parsed.problems.size();
    EXPECT_EQ(parsed.snapshot->retention,
              (Retention{.calls = days(90), .usage_hours = days(42), .usage_days = days(3650), .events = days(1)}));
    const Parsed silent = parse_text("organisation: {name: Example}");
    ASSERT_TRUE(silent.snapshot);
    EXPECT_EQ(silent.snapshot->retention,
              (Retention{.calls = days(400), .usage_hours = days(400), .usage_days = days(1825), .events = days(365)}));
    const Parsed some = parse_text("retention: {calls: 1 week}");
    ASSERT_TRUE(some.snapshot);
    EXPECT_EQ(some.snapshot->retention, (Retention{.calls = days(7)})) << "the others stay";
    EXPECT_EQ(
        compare(*silent.snapshot, *some.snapshot),
        (std::vector<std::string>{"organisation: no longer name Example", "retention: calls 400 days -> 7 days"}));
}

TEST(RetentionSection, IsRefusedWhereItIsWrong) {
    for (const char* wrong : {"90", "0 days", "-3 days", "1 month", "90days of calls", "101 years", "36501 days",
                              "99999999999999999999 days", "days", "{days: 3}", "[90 days]", "1.5 years", "''"}) {
        const Parsed parsed = parse_text(std::string("retention: {calls: ") + wrong + "}");
        ASSERT_EQ(parsed.problems.size(), 1U) << wrong;
        EXPECT_TRUE(parsed.problems[0].message().contains("must be a time from 1 day to 100 years, such as 90 days"))
            << parsed.problems[0].message();
    }
}

}  // namespace
}  // namespace bursar::policies::testing
