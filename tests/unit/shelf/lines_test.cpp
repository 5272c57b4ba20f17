// Hunts: a line that comes back as another one, and packed bytes that are believed though they are cut.
#include "service/shelf/lines.h"

#include <limits>

#include <gtest/gtest.h>

namespace bursar::shelf {
namespace {

TEST(Lines, ComeBackAsTheyWere) {
    const std::vector<Line> lines = {{.name = 0, .input = 0, .output = 0},
                                     {.name = std::numeric_limits<std::uint64_t>::max(), .input = 1, .output = 16'384},
                                     {.name = name_of("task-1"), .input = 1'000'000'000, .output = 7}};
    const auto back = unpack(pack(lines));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, lines);
    EXPECT_EQ(unpack(pack({}))->size(), 0U);
}

TEST(Lines, EveryCutIsNoticed) {
    const std::string packed = pack({{.name = name_of("a"), .input = 300, .output = 5}, {.name = name_of("b")}});
    for (std::size_t size = 0; size < packed.size(); ++size) EXPECT_FALSE(unpack(packed.substr(0, size))) << size;
    EXPECT_FALSE(unpack(packed + "x")) << "something follows the last line";
}

TEST(Lines, NamesDiffer) {
    EXPECT_NE(name_of("task-1"), name_of("task-2"));
    EXPECT_NE(name_of(""), name_of(" "));
}

}  // namespace
}  // namespace bursar::shelf
