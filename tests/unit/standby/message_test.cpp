// Hunts: a pull or an answer that is believed although it was edited, cut, or is another pair's; and one taken for the
// other.
#include "service/standby/message.h"

#include "tests/unit/store/folder.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace bursar::standby {
namespace {

const Secret& pairing() {
    static const Secret secret(std::string(32, 'p'));
    return secret;
}

const Pull a_pull{.epoch = 4,
                  .ask = UINT64_MAX,
                  .run = 1ULL << 63,
                  .beat = 12,
                  .has = 99'999,
                  .whole = true,
                  .wants_to_take_over = true,
                  .cannot_open = true,
                  .version = std::string(version_bytes_max, '9')};
const Answer an_answer{.epoch = 4,
                       .to = UINT64_MAX,
                       .post = Post::retired,
                       .run = 1ULL << 63,
                       .beat = 13,
                       .newest = 100'000,
                       .handed_over = true,
                       .mode = Mode::asynchronous,
                       .mandate = std::chrono::milliseconds(10'001)};

TEST(Message, pulls_and_answers_come_out_as_they_went_in) {
    for (const Pull& pull : {a_pull, Pull{}}) {
        const std::string bytes = write_pull(pairing(), pull);
        EXPECT_LE(bytes.size(), pull_bytes_max);
        const auto read = read_pull(pairing(), bytes);
        ASSERT_TRUE(read) << told(read);
        EXPECT_EQ(*read, pull);
    }
    const std::vector<std::string> groups = {"one", "", std::string(5'000, 'x')};
    const auto read = read_answer(pairing(), write_answer(pairing(), an_answer, groups));
    ASSERT_TRUE(read) << told(read);
    EXPECT_EQ(read->answer, an_answer);
    EXPECT_EQ(read->groups, groups);
}

TEST(Message, any_flipped_bit_and_any_cut_is_found) {
    const std::string pull = write_pull(pairing(), a_pull);
    for (std::size_t bit = 0; bit < pull.size() * 8; ++bit) {
        std::string wrong = pull;
        wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
        const auto read = read_pull(pairing(), wrong);
        ASSERT_FALSE(read) << bit;
        EXPECT_EQ(read.error().fault, Fault::unauthenticated);
    }
    const std::string answer = write_answer(pairing(), an_answer, {"one", "two"});
    for (std::size_t bytes = 0; bytes < answer.size(); ++bytes)
        EXPECT_FALSE(read_answer(pairing(), answer.substr(0, bytes))) << bytes;
    EXPECT_FALSE(read_answer(pairing(), answer + "x"));
}

TEST(Message, what_another_pair_says_is_not_believed) {
    const Secret other(std::string(32, 'q'));
    EXPECT_FALSE(read_pull(pairing(), write_pull(other, a_pull)));
    EXPECT_FALSE(read_answer(pairing(), write_answer(other, an_answer, {})));
}

TEST(Message, a_pull_that_comes_back_is_no_answer) {
    EXPECT_FALSE(read_answer(pairing(), write_pull(pairing(), a_pull)));
    EXPECT_FALSE(read_pull(pairing(), write_answer(pairing(), an_answer, {})));
}

TEST(Message, what_is_too_large_is_not_looked_at) {
    const auto pull = read_pull(pairing(), std::string(pull_bytes_max + 1, 'x'));
    ASSERT_FALSE(pull);
    EXPECT_EQ(pull.error().fault, Fault::too_large);
    const auto answer = read_answer(pairing(), std::string(answer_bytes_max + 1, 'x'));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fault, Fault::too_large);
}

}  // namespace
}  // namespace bursar::standby
