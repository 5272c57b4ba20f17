// Hunts: guesses of the master key that are not slowed, run side by side, or lock somebody else out.
#include "service/admin/unseal_guard.h"

#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::admin {
namespace {

using namespace std::chrono_literals;

Result<void> wrong() { return fail(Fault::unauthenticated, "wrong"); }
Result<void> right() { return {}; }

class Guard : public testing::Test {
  protected:
    Fault ends(std::string_view address, Result<void> (*attempt)()) {
        const auto result = guard.attempt(address, attempt);
        return result ? Fault::internal : result.error().fault;  // internal: it went well
    }
    static constexpr Fault well = Fault::internal;
    ManualClock clock{*parse_timestamp("2026-11-25T12:00:00Z")};
    UnsealGuard guard{clock, 500ms};
};

TEST_F(Guard, makes_each_wrong_key_wait_longer_and_forgets_after_the_right_one) {
    for (const auto wait : {500ms, 1000ms, 2000ms}) {
        EXPECT_EQ(ends("10.0.0.1", wrong), Fault::unauthenticated);
        clock.advance(wait - 1ms);
        EXPECT_EQ(ends("10.0.0.1", right), Fault::locked_out);
        clock.advance(1ms);
    }
    EXPECT_EQ(ends("10.0.0.1", right), well);
    EXPECT_EQ(ends("10.0.0.1", wrong), Fault::unauthenticated);
    clock.advance(500ms);
    EXPECT_EQ(ends("10.0.0.1", right), well);
}

TEST_F(Guard, the_wait_has_an_end) {
    for (int i = 0; i < 40; ++i) {
        EXPECT_EQ(ends("10.0.0.1", wrong), Fault::unauthenticated) << i;
        clock.advance(UnsealGuard::delay_max);
    }
}

TEST_F(Guard, a_wrong_key_of_one_address_refuses_no_other) {
    EXPECT_EQ(ends("10.0.0.1", wrong), Fault::unauthenticated);
    EXPECT_EQ(ends("10.0.0.2", right), well);
    EXPECT_EQ(ends("2001:db8::1", wrong), Fault::unauthenticated);
    EXPECT_EQ(ends("2001:db8::2", right), Fault::locked_out) << "one machine has a whole /64";
    EXPECT_EQ(ends("2001:db8:0:1::1", right), well);
    EXPECT_EQ(ends("::ffff:10.0.0.1", right), Fault::locked_out) << "the same address in another form";
}

TEST_F(Guard, lets_one_try_at_a_time_from_an_address) {
    const auto result = guard.attempt("10.0.0.1", [&]() -> Result<void> {
        EXPECT_EQ(ends("10.0.0.1", right), Fault::locked_out);
        EXPECT_EQ(ends("10.0.0.2", right), well);
        return {};
    });
    EXPECT_TRUE(result.has_value());
    EXPECT_EQ(ends("10.0.0.1", right), well);
}

TEST_F(Guard, a_try_that_ends_in_an_exception_is_over) {
    EXPECT_THROW(static_cast<void>(guard.attempt("10.0.0.1", []() -> Result<void> { throw std::bad_alloc(); })),
                 std::bad_alloc);
    EXPECT_EQ(ends("10.0.0.1", right), well);
}

TEST_F(Guard, remembers_a_bounded_number_of_addresses_and_the_newest_guesses) {
    for (std::size_t i = 0; i < UnsealGuard::addresses_max + 10; ++i) {
        clock.advance(1us);
        EXPECT_EQ(ends(fmt::format("10.0.{}.{}", i / 256, i % 256), wrong), Fault::unauthenticated);
    }
    EXPECT_EQ(ends("10.0.16.9", right), Fault::locked_out);
    EXPECT_EQ(ends("10.0.0.0", right), well) << "forgotten, which is the price of a bound";
}

TEST(IsLoopback, knows_every_form_of_it) {
    for (const char* here : {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"})
        EXPECT_TRUE(is_loopback(here)) << here;
    for (const char* elsewhere : {"", "10.0.0.1", "::", "::2", "128.0.0.1", "localhost"})
        EXPECT_FALSE(is_loopback(elsewhere)) << elsewhere;
}

}  // namespace
}  // namespace bursar::admin
