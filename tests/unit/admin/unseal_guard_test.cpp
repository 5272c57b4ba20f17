// Hunts: guesses of the master key that are not slowed, run side by side, or lock the right key out.
#include "service/admin/unseal_guard.h"

#include <thread>

#include <gtest/gtest.h>

namespace bursar::admin {
namespace {

using namespace std::chrono_literals;

Result<void> wrong() { return fail(Fault::unauthenticated, "wrong"); }
Result<void> right() { return {}; }

TEST(UnsealGuard, makes_each_wrong_key_wait_longer_and_forgets_after_the_right_one) {
    UnsealGuard guard(20ms);
    const auto time = [&](auto attempt) {
        const auto from = std::chrono::steady_clock::now();
        static_cast<void>(guard.attempt(attempt));
        return std::chrono::steady_clock::now() - from;
    };
    EXPECT_GE(time(wrong), 20ms);
    EXPECT_GE(time(wrong), 40ms);
    EXPECT_GE(time(wrong), 80ms);
    EXPECT_TRUE(guard.attempt(right).has_value());
    EXPECT_LT(time(wrong), 80ms);
}

TEST(UnsealGuard, lets_one_try_at_a_time) {
    UnsealGuard guard(1ms);
    const auto result = guard.attempt([&]() -> Result<void> {
        const auto inner = guard.attempt(right);
        EXPECT_FALSE(inner.has_value());
        EXPECT_EQ(inner.error().fault, Fault::locked_out);
        return {};
    });
    EXPECT_TRUE(result.has_value());
    EXPECT_TRUE(guard.attempt(right).has_value());
}

TEST(UnsealGuard, holds_nobody_when_the_service_stops) {
    UnsealGuard guard(1h);  // capped, but still longer than this test may take
    std::thread guessing([&] {
        while (guard.attempt(wrong).error().fault == Fault::locked_out) std::this_thread::yield();
    });
    const auto from = std::chrono::steady_clock::now();
    while (guard.attempt(right).has_value()) std::this_thread::yield();  // until the guess is being slowed
    guard.stop();
    guessing.join();
    EXPECT_LT(std::chrono::steady_clock::now() - from, UnsealGuard::delay_max);
}

}  // namespace
}  // namespace bursar::admin
