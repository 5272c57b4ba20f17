// Hunts: a directive that is read wrongly or passed over in silence, so that a test of something else tests nothing.
#include "service/demo/directives.h"

#include <gtest/gtest.h>

namespace bursar::demo {
namespace {

using namespace std::chrono_literals;

TEST(Directives, several_in_one_bracket_and_several_brackets) {
    const Directives read = read_directives("a [[demo tokens=50 delay_ms=10]] b [[demo hang]] [[demo cut=12  tool=2]]");
    EXPECT_EQ(read.tokens, 50);
    EXPECT_EQ(read.delay, 10ms);
    EXPECT_TRUE(read.hang);
    EXPECT_EQ(read.cut, 12);
    EXPECT_EQ(read.tool_calls, 2);
    EXPECT_TRUE(read.wrong.empty());
}

TEST(Directives, exact_usage_goes_to_its_classes) {
    const Directives read = read_directives(
        "[[demo usage=input:1,cache_read:2,cache_write_5m:3,cache_write_1h:4,output:5,reasoning:6,"
        "audio_input:7,audio_output:8,image_input:9,image_output:10,web_searches:11]]");
    ASSERT_TRUE(read.usage);
    const Usage expected{.input = 1,
                         .cache_read = 2,
                         .cache_write_5m = 3,
                         .cache_write_1h = 4,
                         .output = 5,
                         .reasoning = 6,
                         .audio_input = 7,
                         .audio_output = 8,
                         .image_input = 9,
                         .image_output = 10,
                         .web_searches = 11};
    EXPECT_EQ(*read.usage, expected);
}

TEST(Directives, what_is_wrong_is_said) {
    for (const char* text : {"[[demo tokenz=5]]", "[[demo tokens=-1]]", "[[demo tokens=]]", "[[demo tokens=5x]]",
                             "[[demo status=200]]", "[[demo usage=input]]", "[[demo usage=inputs:4]]",
                             "[[demo tokens]]", "[[demo hang=1]]", "[[demo tokens=99999999]]"})
        EXPECT_EQ(read_directives(text).wrong.size(), 1U) << text;
}

TEST(Directives, text_that_only_looks_like_one_is_text) {
    const Directives read = read_directives("[[demo tokens=5 and no end");
    EXPECT_FALSE(read.tokens);
    EXPECT_TRUE(read.wrong.empty());
    EXPECT_EQ(without_directives("[[demo tokens=5 and no end"), "[[demo tokens=5 and no end");
    EXPECT_EQ(without_directives(" one [[demo tokens=5]]two [[demo hang]] "), "one two");
    EXPECT_EQ(without_directives("[[demo hang]]"), "");
}

}  // namespace
}  // namespace bursar::demo
