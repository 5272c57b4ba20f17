// Hunts: header names that are taken for one another, and characters that end a line and are overlooked, at any place
// of a word.
#include "service/edge/http.h"

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace bursar::edge {
namespace {

constexpr std::string_view long_name = "x-bursar-budget-remaining-usd-of-this-month";

TEST(HeaderNamesOfOneLength, are_equal_in_any_case_of_their_letters_at_every_length) {
    for (std::size_t length = 0; length <= long_name.size(); ++length) {
        const std::string small(long_name.substr(0, length));
        std::string large = small;
        for (char& c : large)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        EXPECT_TRUE(equal_without_case(small, large)) << length;
        EXPECT_TRUE(equal_without_case(large, small)) << length;
        EXPECT_TRUE(equal_without_case(small, small)) << length;
    }
}

TEST(HeaderNamesOfOneLength, differ_by_one_character_wherever_it_stands) {
    for (std::size_t at = 0; at < long_name.size(); ++at) {
        std::string other(long_name);
        other[at] = other[at] == 'q' ? 'r' : 'q';
        EXPECT_FALSE(equal_without_case(long_name, other)) << at;
        EXPECT_FALSE(equal_without_case(other, long_name)) << at;
    }
}

TEST(HeaderNamesOfOneLength, differ_where_only_the_bit_of_the_case_does_but_no_letter_stands) {
    for (const auto& [one, other] :
         {std::pair{'-', '\r'}, {'@', '`'}, {'[', '{'}, {'^', '~'}, {'0', '\x10'}, {'\x7f', '_'}, {'\xc0', '\xe0'}})
        for (std::size_t at = 0; at < long_name.size(); ++at) {
            std::string first(long_name), second(long_name);
            first[at] = one;
            second[at] = other;
            EXPECT_FALSE(equal_without_case(first, second)) << at << " " << static_cast<int>(one);
        }
}

TEST(LineEnds, are_found_wherever_they_stand) {
    for (std::size_t length = 1; length <= long_name.size(); ++length)
        for (std::size_t at = 0; at < length; ++at)
            for (const char end : {'\r', '\n', '\0'}) {
                std::string text(long_name.substr(0, length));
                text[at] = end;
                EXPECT_TRUE(breaks_lines(text)) << length << " " << at << " " << static_cast<int>(end);
            }
}

TEST(LineEnds, are_not_seen_where_none_stands) {
    for (int c = 1; c < 256; ++c) {
        if (c == '\r' || c == '\n') continue;
        for (std::size_t length = 0; length <= 20; ++length)
            EXPECT_FALSE(breaks_lines(std::string(length, static_cast<char>(c)))) << c << " " << length;
    }
}

TEST(AnswerLines, follow_each_other_without_anything_between) {
    ResponseHead head;
    std::string expected;
    for (int i = 0; i < 40; ++i) {
        const std::string name = "x-" + std::string(static_cast<std::size_t>(i), 'n');
        head.add_line(name, std::to_string(i));
        expected += name + ": " + std::to_string(i) + "\r\n";
        EXPECT_EQ(head.lines, expected);
    }
    head.add_line("x-empty", "").add_line("x\r\ny", "1").add_line("x-y", "1\n").add_line("Content-Length", "1");
    EXPECT_EQ(head.lines, expected + "x-empty: \r\n");
}

}  // namespace
}  // namespace bursar::edge
