#include "auth/lockout.h"

#include "service/base/clock.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

// Hunts: a stranger who locks somebody's account in the directory by way of us, a spray over many names, tries that run
// at the same time and are counted too late, and a directory that is down and locks everybody out.
namespace bursar::auth {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int directory_locks_at = 5;  ///< failures within half an hour: what Active Directory is usually set to

class LockoutTest : public testing::Test {
  protected:
    Result<Lockout::Permit> may_try(std::string_view user, std::string_view address = "198.51.100.1",
                                    std::string_view subject = "") {
        return lockout_.may_try({.directory = "corp", .user = user, .subject = subject}, address, now_);
    }
    /// Whether the directory was asked.
    bool fail_as(std::string_view user, std::string_view address = "198.51.100.1", std::string_view subject = "") {
        auto permit = may_try(user, address, subject);
        if (!permit) {
            EXPECT_EQ(permit.error().fault, Fault::locked_out);
            return false;
        }
        std::move(*permit).failed(now_);
        return true;
    }
    bool succeed_as(std::string_view user, std::string_view address = "198.51.100.1") {
        auto permit = may_try(user, address);
        if (!permit) return false;
        std::move(*permit).succeeded(now_);
        return true;
    }

    Timestamp now_ = *parse_timestamp("2026-11-23T17:54:20Z");
    Lockout lockout_;
};

TEST_F(LockoutTest, strangers_get_three_tries_in_half_an_hour_from_wherever_they_come) {
    int asked = 0;
    for (int i = 0; i < 50; ++i)
        if (fail_as("ann", "203.0.113." + std::to_string(i))) ++asked;
    EXPECT_EQ(asked, 3);
    const auto refused = may_try("ann");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().for_caller.find("1800 seconds"), std::string::npos) << refused.error().for_caller;
    now_ += minutes(30) - seconds(1);
    EXPECT_FALSE(may_try("ann"));
    now_ += seconds(1);
    EXPECT_TRUE(may_try("ann"));
}

TEST_F(LockoutTest, where_somebody_has_signed_in_there_is_one_more_and_never_as_many_as_the_directory_counts) {
    ASSERT_TRUE(succeed_as("ann", "10.0.0.7"));
    int asked = 0;
    for (int i = 0; i < 20; ++i)
        if (fail_as("ann", "203.0.113." + std::to_string(i))) ++asked;
    EXPECT_EQ(asked, 3);
    EXPECT_FALSE(may_try("ann", "10.0.0.8"));
    ASSERT_TRUE(may_try("ann", "10.0.0.7")) << "strangers keep nobody out of their own place";
    EXPECT_TRUE(fail_as("ann", "10.0.0.7"));
    ++asked;
    EXPECT_FALSE(fail_as("ann", "10.0.0.7"));
    EXPECT_LT(asked, directory_locks_at);
}

TEST_F(LockoutTest, in_any_half_hour_the_directory_sees_fewer_failures_than_lock) {
    ASSERT_TRUE(succeed_as("ann", "10.0.0.7"));
    std::vector<Timestamp> failures;
    for (int i = 0; i < 60 * 24; ++i) {
        now_ += minutes(1);
        for (const char* address : {"203.0.113.1", "203.0.113.2", "10.0.0.7"})
            if (fail_as("ann", address)) failures.push_back(now_);
        const auto recent = std::ranges::count_if(failures, [&](Timestamp at) { return at > now_ - minutes(30); });
        ASSERT_LT(recent, directory_locks_at) << i;
    }
    EXPECT_GT(failures.size(), 100U);
}

TEST_F(LockoutTest, a_place_is_known_for_thirty_days) {
    ASSERT_TRUE(succeed_as("ann", "10.0.0.7"));
    now_ += days(30) - minutes(10);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(fail_as("ann", "203.0.113.1"));
    EXPECT_TRUE(may_try("ann", "10.0.0.7"));
    now_ += minutes(10);
    EXPECT_FALSE(may_try("ann", "10.0.0.7"));
}

TEST_F(LockoutTest, a_success_forgets_the_failures_as_the_directory_does) {
    for (int round = 0; round < 5; ++round) {
        EXPECT_TRUE(fail_as("ann"));
        EXPECT_TRUE(fail_as("ann"));
        EXPECT_TRUE(succeed_as("ann"));
    }
}

TEST_F(LockoutTest, all_ways_to_write_a_name_are_one_account) {
    for (const char* name : {"ann", "CORP\\Ann", "ANN@corp.example"}) EXPECT_TRUE(fail_as(name)) << name;
    for (const char* name : {"ann", " ann ", "other\\ann", "ann@x"}) EXPECT_FALSE(fail_as(name)) << name;
    EXPECT_TRUE(fail_as("bob"));
    auto elsewhere = lockout_.may_try({.directory = "other", .user = "ann", .subject = ""}, "198.51.100.1", now_);
    EXPECT_TRUE(elsewhere) << "another directory counts for itself";
}

TEST_F(LockoutTest, names_that_are_known_to_be_of_one_person_are_one_account) {
    EXPECT_TRUE(fail_as("asmith", "203.0.113.1", "guid-1"));
    EXPECT_TRUE(fail_as("ann.smith@corp.example", "203.0.113.2", "guid-1"));
    EXPECT_TRUE(fail_as("asmith", "203.0.113.3", "guid-1"));
    EXPECT_FALSE(fail_as("ann.smith@corp.example", "203.0.113.4", "guid-1"));
    EXPECT_FALSE(fail_as("third-name", "203.0.113.5", "guid-1"));
    EXPECT_TRUE(fail_as("other", "203.0.113.6", "guid-2"));
}

TEST_F(LockoutTest, tries_at_the_same_time_are_no_more_than_one_after_the_other) {
    std::vector<Lockout::Permit> under_way;
    for (int i = 0; i < 20; ++i)
        if (auto permit = may_try("ann", "203.0.113." + std::to_string(i))) under_way.push_back(*std::move(permit));
    EXPECT_EQ(under_way.size(), 3U);
    for (auto& permit : under_way) std::move(permit).failed(now_);
    EXPECT_FALSE(may_try("ann"));
}

TEST_F(LockoutTest, a_directory_that_does_not_answer_locks_nobody_out) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(may_try("ann")) << i;
    EXPECT_TRUE(fail_as("ann"));
}

TEST_F(LockoutTest, a_spray_over_a_thousand_names_is_slowed) {
    int asked = 0;
    for (int i = 0; i < 1'000; ++i)
        if (fail_as("user" + std::to_string(i))) ++asked;
    EXPECT_EQ(asked, 20);
    const auto refused = may_try("somebody");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().for_caller, "There were too many wrong passwords. Try again in 1 seconds.");
    asked = 0;
    const Timestamp begin = now_;
    for (int i = 0; now_ < begin + minutes(60); ++i) {
        if (fail_as("other" + std::to_string(i))) ++asked;
        now_ += std::chrono::milliseconds(500);
    }
    EXPECT_LT(asked, 200) << "in an hour";
    EXPECT_GT(asked, 20) << "and not for ever";
}

TEST_F(LockoutTest, whoever_has_signed_in_from_an_address_is_not_kept_waiting_by_others_there) {
    ASSERT_TRUE(succeed_as("ann"));
    for (int i = 0; i < 25; ++i) fail_as("user" + std::to_string(i));
    EXPECT_FALSE(may_try("bob"));
    EXPECT_TRUE(may_try("ann"));
    now_ += seconds(2);
    EXPECT_TRUE(may_try("bob")) << "the delay is short at first";
}

TEST_F(LockoutTest, two_hundred_people_who_sign_in_at_once_from_one_address_are_let_through) {
    std::vector<Lockout::Permit> under_way;
    for (int i = 0; i < 200; ++i)
        if (auto permit = may_try("user" + std::to_string(i))) under_way.push_back(*std::move(permit));
    EXPECT_EQ(under_way.size(), 200U);
    for (auto& permit : under_way) std::move(permit).succeeded(now_);
    EXPECT_TRUE(may_try("one more"));
}

TEST_F(LockoutTest, of_ipv6_a_network_counts_as_one_address) {
    int asked = 0;
    for (int i = 0; i < 100; ++i)
        if (fail_as("user" + std::to_string(i), "2001:db8:1:2::" + std::to_string(i))) ++asked;
    EXPECT_EQ(asked, 20);
    EXPECT_TRUE(may_try("ann", "2001:db8:1:3::1"));
    EXPECT_NE(counted_address("10.0.0.1"), counted_address("10.0.0.2"));
    EXPECT_EQ(counted_address("::ffff:10.0.0.1"), counted_address("10.0.0.1"));
    EXPECT_EQ(counted_address("unix"), "unix");
}

TEST(LockoutMemory, is_bounded_and_forgets_the_oldest_first) {
    Lockout lockout({.names_max = 100, .addresses_max = 10, .places_max = 10});
    const Timestamp now = *parse_timestamp("2026-11-23T17:54:20Z");
    const auto fails = [&](const std::string& user) {
        auto permit = lockout.may_try({.directory = "corp", .user = user, .subject = ""},
                                      std::to_string(user.size()) + user, now);
        if (permit) std::move(*permit).failed(now);
        return permit.has_value();
    };
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(fails("ann"));
    for (int i = 0; i < 99; ++i) ASSERT_TRUE(fails("user" + std::to_string(i)));
    EXPECT_FALSE(fails("ann"));
    for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(fails("other" + std::to_string(i)));
    EXPECT_TRUE(fails("ann"));
}

TEST(LockoutThreads, together_get_no_more_tries_than_one) {
    Lockout lockout;
    const Timestamp now = *parse_timestamp("2026-11-23T17:54:20Z");
    std::atomic<int> asked = 0;
    {
        std::vector<std::jthread> strangers;
        for (int i = 0; i < 4; ++i)
            strangers.emplace_back([&, i] {
                for (int j = 0; j < 200; ++j) {
                    auto permit = lockout.may_try({.directory = "corp", .user = "ann", .subject = ""},
                                                  "203.0.113." + std::to_string(i * 50 + j % 50), now);
                    if (!permit) continue;
                    ++asked;
                    std::move(*permit).failed(now);
                }
            });
    }
    EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace bursar::auth
