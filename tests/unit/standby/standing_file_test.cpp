// Hunts: a node that takes itself for something that it is not, after a crash or a damaged file.
#include "service/standby/standing_file.h"

#include "tests/unit/store/folder.h"

#include <gtest/gtest.h>

namespace bursar::standby {
namespace {

TEST(StandingFile, says_after_a_restart_what_was_said_before) {
    const TestFolder folder;
    for (const Standing& standing :
         {Standing{}, Standing{.post = Post::standby, .epoch = 300},
          Standing{.post = Post::retired, .epoch = 7, .run = UINT64_MAX, .last_group = 12}}) {
        ASSERT_TRUE(write_standing(folder / "standing", standing));
        const auto read = read_standing(folder / "standing");
        ASSERT_TRUE(read) << told(read);
        EXPECT_EQ(*read, standing);
    }
}

TEST(StandingFile, without_one_the_node_was_never_one_of_two) {
    const TestFolder folder;
    const auto read = read_standing(folder / "standing");
    ASSERT_TRUE(read) << told(read);
    EXPECT_FALSE(*read);
}

TEST(StandingFile, a_damaged_one_is_no_standing_at_all) {
    const TestFolder folder;
    ASSERT_TRUE(write_standing(folder / "standing", {.post = Post::standby, .epoch = 3}));
    const std::string right = content_of(folder / "standing");
    for (std::size_t bytes = 0; bytes < right.size(); ++bytes) {
        put_content(folder / "standing", right.substr(0, bytes));
        EXPECT_FALSE(read_standing(folder / "standing")) << bytes;
    }
    for (std::size_t bit = 0; bit < right.size() * 8; ++bit) {
        std::string wrong = right;
        wrong[bit / 8] = static_cast<char>(wrong[bit / 8] ^ (1 << (bit % 8)));
        put_content(folder / "standing", wrong);
        EXPECT_FALSE(read_standing(folder / "standing")) << bit;
    }
}

}  // namespace
}  // namespace bursar::standby
