// Hunts: an upgrade that is said to go well although there is no room, no backup, a damaged database, or a package that
// is older or for another machine.
#include "service/ctl/upgrade.h"

#include <gtest/gtest.h>

namespace bursar::ctl {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

Offered offered(Age age) {
    return {.package = "bursar",
            .version = "2.0",
            .architecture = "amd64",
            .machine = "amd64",
            .present = "1.0",
            .age = age};
}

TEST(UpgradeVersion, only_a_newer_one_is_an_upgrade) {
    EXPECT_EQ(judge_version(offered(Age::newer)).verdict, Verdict::ok);
    EXPECT_EQ(judge_version(offered(Age::same)).verdict, Verdict::warning);
    const Point older = judge_version(offered(Age::older));
    EXPECT_EQ(older.verdict, Verdict::stop);
    EXPECT_TRUE(older.text.contains("bursar-rollback")) << older.text;
}

TEST(UpgradeVersion, another_package_and_another_machine_are_refused_before_versions_are_compared) {
    Offered other = offered(Age::newer);
    other.package = "burster";
    EXPECT_EQ(judge_version(other).verdict, Verdict::stop);
    other = offered(Age::newer);
    other.machine = "arm64";
    EXPECT_EQ(judge_version(other).verdict, Verdict::stop);
}

TEST(UpgradeRoom, counts_the_backup_and_the_copy_together_where_they_share_a_file_system) {
    Room room{.database_bytes = 100 * mebibyte,
              .state_bytes_free = 427 * mebibyte,
              .backup_bytes_free = 427 * mebibyte,
              .one_file_system = true};
    EXPECT_EQ(judge_room(room).verdict, Verdict::stop) << "300 of both, and twice 64 to spare";
    room.state_bytes_free = 428 * mebibyte;
    EXPECT_EQ(judge_room(room).verdict, Verdict::ok);
    room = {.database_bytes = 100 * mebibyte, .state_bytes_free = 164 * mebibyte, .backup_bytes_free = 264 * mebibyte};
    EXPECT_EQ(judge_room(room).verdict, Verdict::ok);
    room.backup_bytes_free = 263 * mebibyte;
    EXPECT_TRUE(judge_room(room).text.contains("the backups"));
    room.state_bytes_free = 163 * mebibyte;
    EXPECT_TRUE(judge_room(room).text.contains("the state"));
}

TEST(UpgradeBackup, stops_where_none_can_be_made_and_warns_where_the_newest_is_old) {
    EXPECT_EQ(judge_backup({.configured = false}).verdict, Verdict::stop);
    EXPECT_EQ(judge_backup({.failure = "disk full", .age = 1h}).verdict, Verdict::stop);
    EXPECT_EQ(judge_backup({}).verdict, Verdict::warning);
    EXPECT_EQ(judge_backup({.running = true, .age = 1h}).verdict, Verdict::warning);
    EXPECT_EQ(judge_backup({.age = 27h}).verdict, Verdict::warning);
    EXPECT_EQ(judge_backup({.age = 26h}).verdict, Verdict::ok);
}

TEST(UpgradeDatabase, damage_stops_and_is_told) {
    EXPECT_EQ(judge_database("vault.db", true, "").verdict, Verdict::ok);
    const Point damaged = judge_database("vault.db", false, "It is damaged.");
    EXPECT_EQ(damaged.verdict, Verdict::stop);
    EXPECT_TRUE(damaged.text.starts_with("It is damaged."));
}

TEST(UpgradeWaiting, is_told_and_stops_nothing) {
    EXPECT_EQ(judge_waiting(0).verdict, Verdict::ok);
    EXPECT_EQ(judge_waiting(1).verdict, Verdict::warning);
}

}  // namespace
}  // namespace bursar::ctl
