// Hunts: prices that are read otherwise than meant: every wrong one is refused, and says why.
#include "tests/unit/policies/policy.h"

#include <gtest/gtest.h>

namespace bursar::policies::testing {
namespace {

const std::vector<WrongDocument> wrong_documents = {
    {"a price in words", "prices: {p: {m: {input: cheap}}}",
     R"(a.yaml:1:25: price of p/m input "cheap" is not a price in USD; write it like 2.50 (at most nine digits after the point, below a million))"},
    {"a price below nothing", "prices: {p: {m: {input: -1}}}",
     R"(a.yaml:1:25: price of p/m input "-1" is not a price in USD; write it like 2.50 (at most nine digits after the point, below a million))"},
    {"a price with a comma", R"(prices: {p: {m: {input: "1,5"}}})",
     R"(a.yaml:1:25: price of p/m input "1,5" is not a price in USD; write it like 2.50 (at most nine digits after the point, below a million))"},
    {"a price finer than prices are kept", "prices: {p: {m: {input: 0.0000000001}}}",
     R"(a.yaml:1:25: price of p/m input "0.0000000001" is not a price in USD; write it like 2.50 (at most nine digits after the point, below a million))"},
    {"a price without an input", "prices: {p: {m: {output: 1}}}",
     "a.yaml:1:17: price of p/m has neither an input price nor one per request, image or other unit; write input: 0 if "
     "it is free"},
    {"a cached price twice", "prices: {p: {m: {input: 1, cached_input: 1, cache_read: 1}}}",
     R"(a.yaml:1:57: price of p/m cache_read "1" is the same as cached_input; keep one of them)"},
    {"a class of tokens that nobody knows", "prices: {p: {m: {input: 1, outputs: 2}}}",
     R"(a.yaml:1:28: price of p/m has no setting "outputs"; did you mean "output"?)"},
    {"two versions at the same time", "prices: {p: {m: [{input: 1, until: 2027-01-02}, {input: 2, from: 2027-01-01}]}}",
     "a.yaml:1:49: price of p/m holds at the same time as another version; set from and until"},
    {"a version that ends before it begins", "prices: {p: {m: {input: 1, from: 2027-01-02, until: 2027-01-01}}}",
     "a.yaml:1:17: price of p/m ends before it begins; look at from and until"},
    {"a date that is not one", "prices: {p: {m: {input: 1, from: tomorrow}}}",
     R"(a.yaml:1:34: price of p/m from "tomorrow" is not a date; write it like 2027-01-01 or 2027-01-01T08:00:00Z)"},
    {"a day that no calendar has", "prices: {p: {m: {input: 1, from: 2027-02-30}}}",
     R"(a.yaml:1:34: price of p/m from "2027-02-30" is not a date; write it like 2027-01-01 or 2027-01-01T08:00:00Z)"},
    {"a list without a version", "prices: {p: {m: []}}",
     R"(a.yaml:1:17: price "m" is an empty list; write one version at least)"},
    {"a tier without its edge", "prices: {p: {m: {input: 1, tiers: [{input: 2}]}}}",
     R"(a.yaml:1:36: price tier has no "above"; add it)"},
    {"a tier twice", "prices: {p: {m: {input: 1, tiers: [{above: 5, input: 2}, {above: 5, input: 3}]}}}",
     "a.yaml:1:58: price tier above 5 stands twice; keep one"},
    {"a discount that raises", "prices: {p: {m: {input: 1, batch: 2}}}",
     R"(a.yaml:1:35: price of p/m batch "2" must be at most 1: it is a discount)"},
    {"a surcharge that lowers", "prices: {p: {m: {input: 1, priority: 0.5}}}",
     R"(a.yaml:1:38: price of p/m priority "0.5" must be at least 1: it is a surcharge)"},
    {"a factor of letters", "prices: {p: {m: {input: 1, flex: half}}}",
     R"(a.yaml:1:34: price of p/m flex "half" is not a factor; write it like 0.5 or 5/3 (at most 100, four digits after the point))"},
    {"a factor by nothing", "prices: {p: {m: {input: 1, priority: 5/0}}}",
     R"(a.yaml:1:38: price of p/m priority "5/0" is not a factor; write it like 0.5 or 5/3 (at most 100, four digits after the point))"},
    {"a region without a number", "prices: {p: {m: {input: 1, regions: {us: more}}}}",
     R"(a.yaml:1:42: price region "us" "more" is not a factor; write it like 0.5 or 5/3 (at most 100, four digits after the point))"},
    {"hours that never come", "prices: {p: {m: {input: 1, hours: [{from: 22, until: 4, factor: 2}]}}}",
     "a.yaml:1:36: price hours from 22 until 4 never come; split them at midnight UTC"},
    {"hours that overlap",
     "prices: {p: {m: {input: 1, hours: [{from: 1, until: 4, factor: 2}, {from: 3, until: 5, factor: 2}]}}}",
     "a.yaml:1:68: price hours overlap with others of this price; each hour has one factor"},
    {"a day of the week that is not one",
     "prices: {p: {m: {input: 1, hours: [{from: 1, until: 4, days: [mon], factor: 2}]}}}",
     R"(a.yaml:1:63: price day "mon" must be one of: monday, tuesday, wednesday, thursday, friday, saturday, sunday)"},
    {"hours without a factor", "prices: {p: {m: {input: 1, hours: [{from: 1, until: 4}]}}}",
     R"(a.yaml:1:36: price hours has no "factor"; add it)"},
    {"days that are none", "prices: {p: {m: {input: 1, hours: [{from: 1, until: 4, days: [], factor: 2}]}}}",
     "a.yaml:1:62: price hours days names no day; leave it out for every day"},
};

TEST(WrongPrices, EachSaysWhatIsWrongWhereAndWhatToChange) {
    for (const WrongDocument& each : wrong_documents) EXPECT_EQ(said_of(each), each.problems) << each.name;
}

}  // namespace
}  // namespace bursar::policies::testing
