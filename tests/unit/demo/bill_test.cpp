// Hunts: a bill that rounds per class, in the wrong direction, or counts a token twice: every scenario compares the
// ledger with it.
#include "service/demo/bill.h"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

namespace bursar::demo {
namespace {

struct Case {
    const char* sentence;
    Usage usage;
    PriceList prices;
    std::int64_t nanos;
};

TEST(Bill, costs_are_rounded_up_once) {
    const PriceList standard;
    const PriceList odd{.input = NanoUsd(1), .cache_read = NanoUsd(1), .output = NanoUsd(1)};
    const std::vector<Case> cases = {
        {"one token of input", {.input = 1}, standard, 2'500},
        {"nothing used costs nothing", {}, standard, 0},
        {"reasoning is part of output", {.output = 10, .reasoning = 4}, standard, 100'000},
        {"cache classes have factors of the input price",
         {.cache_read = 4, .cache_write_5m = 4, .cache_write_1h = 4},
         standard,
         1'000 + 12'500 + 20'000},
        {"parts of a nano-dollar of several classes make one", {.input = 3, .output = 5}, odd, 1},
        {"a whole nano-dollar is not rounded further", {.input = 1'000'000}, odd, 1},
        {"one token above it is", {.input = 1'000'001}, odd, 2},
        {"1.25 x an odd price keeps its quarter until the end", {.cache_write_5m = 800'000}, odd, 1},
        {"large counts do not overflow",
         {.input = 1'000'000'000, .output = 1'000'000'000},
         standard,
         12'500'000'000'000},
    };
    for (const Case& each : cases) EXPECT_EQ(price_of(each.usage, each.prices).nanos(), each.nanos) << each.sentence;
}

TEST(Bill, lines_of_many_threads_stay_whole) {
    const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "bill.jsonl";
    std::filesystem::remove(path);
    {
        const auto file = LineFile::open(path);
        ASSERT_TRUE(file);
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&file, t] {
                for (int i = 0; i < 200; ++i) EXPECT_TRUE(file->append(std::string(300, static_cast<char>('a' + t))));
            });
    }
    std::ifstream lines(path);
    std::string line;
    int count = 0;
    for (; std::getline(lines, line); ++count) EXPECT_EQ(line, std::string(300, line.front()));
    EXPECT_EQ(count, 800);
    EXPECT_FALSE(LineFile::open("/nowhere/bill.jsonl"));
}

}  // namespace
}  // namespace bursar::demo
