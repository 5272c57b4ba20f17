// Hunts: texts that are cut in the middle of a letter or to one more than the limit, bytes that base64 reads in two
// ways, and control characters that get into a line.
#include "integrations/text.h"

#include "integrations/base64.h"
#include "service/base/crypto.h"
#include "tests/unit/integrations/sample.h"

#include <gtest/gtest.h>

namespace bursar::integrations {
namespace {

TEST(Text, IsCutBetweenCodePointsAndNeverLongerThanItsLimit) {
    const std::string text = "aä€🔥" + std::string(20, 'x');
    for (std::size_t max = 0; max < 30; ++max) {
        const std::string out = cut(text, max);
        EXPECT_LE(units(out), max);
        for (std::size_t at = 0; at < out.size();) {
            const std::size_t bytes = code_point_bytes(out, at);
            EXPECT_FALSE(bytes == 1 && static_cast<unsigned char>(out[at]) >= 0x80) << max << " units: " << out;
            at += bytes;
        }
        const std::string by_bytes = cut_bytes(text, max);
        EXPECT_LE(by_bytes.size(), max);
        if (max >= text.size()) EXPECT_EQ(by_bytes, text);
    }
}

TEST(Text, IsLeftAloneWhenItFitsExactly) {
    EXPECT_EQ(cut("🔥🔥", 4), "🔥🔥");
    EXPECT_EQ(cut("🔥🔥", 3, "…"), "🔥…");
    EXPECT_EQ(cut("abcdefghij", 8), "a… [cut]");
}

TEST(Text, CountsAsUtf16Does) {
    EXPECT_EQ(units("aä€"), 3U);
    EXPECT_EQ(units("🔥"), 2U);
    EXPECT_EQ(units("\xff\xfe"), 2U) << "bytes that are no letters count one each";
    EXPECT_EQ(units("\xf0\x9f"), 2U);
}

TEST(Text, OfOneLineHasNoControlCharacters) {
    EXPECT_EQ(one_line("a\r\nb\tc\x7f"), "a  b c ");
    EXPECT_EQ(lines_of("a  \n\n\r\nb\n"), (std::vector<std::string>{"a", "b"}));
}

TEST(Text, TheHeadlineSaysTestResolvedAndPerhapsToldBefore) {
    Message message = test::budget_message();
    message.test = true;
    message.state = State::resolved;
    EXPECT_EQ(headline(message, Copy::perhaps_second), "[Test] Resolved: " + message.title + " (perhaps told before)");
}

TEST(Text, ABarIsFullOnlyWhenTheBudgetIs) {
    EXPECT_EQ(bar_words(0), "░░░░░░░░░░ 0 %");
    EXPECT_EQ(bar_words(99), "▓▓▓▓▓▓▓▓▓░ 99 %");
    EXPECT_EQ(bar_words(100), "▓▓▓▓▓▓▓▓▓▓ 100 %");
    EXPECT_EQ(bar_words(340), "▓▓▓▓▓▓▓▓▓▓ 340 %");
}

TEST(Base64, ReadsWhatWasWritten) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
        bytes.push_back(static_cast<char>(i * 7));
    }
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
    for (const char* wrong : {"a", "ab", "abc", "YQ", "YR==", "YWJ=", "Y===", "====", "=", "YQ==YQ==", "Y Q=", "Y-__"})
        EXPECT_EQ(from_base64(wrong), std::nullopt) << wrong;
}

}  // namespace
}  // namespace bursar::integrations
