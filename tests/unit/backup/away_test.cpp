// Hunts: a backup that is never sent, sent again though it is there, given up after one failure, tried without a pause,
// or a target's old ones deleted before the new one is safe.
#include "service/backup/away.h"

#include "tests/unit/store/folder.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const Timestamp start = *parse_timestamp("2026-11-30T02:00:00Z");
constexpr const char* first_name = "bursar-20261129T020000Z.backup";
constexpr const char* second_name = "bursar-20261130T020000Z.backup";

/// What a target has and what it was asked; outlives the target.
struct Shelf {
    Mutex mutex;
    std::vector<Stored> stored;
    std::vector<std::string> asked;
    std::string failure;
};

class FakeTarget final : public Target {
  public:
    explicit FakeTarget(Shelf& shelf) : shelf_(shelf) {}
    Result<void> send(const fs::path& file, const std::string& name, const Secret&,
                      const store::GoesOn&) const override {
        const MutexLock lock(shelf_.mutex);
        shelf_.asked.push_back("send " + name);
        if (!shelf_.failure.empty()) return fail(Fault::storage_unavailable, shelf_.failure);
        shelf_.stored.insert(shelf_.stored.begin(), {.name = name, .bytes = fs::file_size(file)});
        return {};
    }
    Result<std::vector<Stored>> list(const Secret&, const store::GoesOn&) const override {
        const MutexLock lock(shelf_.mutex);
        return shelf_.stored;
    }
    Result<void> remove(const std::string& name, const Secret&, const store::GoesOn&) const override {
        const MutexLock lock(shelf_.mutex);
        shelf_.asked.push_back("remove " + name);
        std::erase_if(shelf_.stored, [&](const Stored& each) { return each.name == name; });
        return {};
    }
    Result<void> fetch(const std::string&, const fs::path&, const Secret&, const store::GoesOn&) const override {
        return {};
    }

  private:
    Shelf& shelf_;
};

class AwayFrom : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directory(folder / "backups");
        put_content(folder / "master.key", std::string(32, 'm'));
        fs::permissions(folder / "master.key", fs::perms::owner_read | fs::perms::owner_write);
        vault = *vault::Vault::open(folder / "vault", clock);
        ASSERT_TRUE(vault->unseal(*vault::MasterKey::from_file(folder / "master.key")));
        ASSERT_TRUE(vault->put("away", Secret::copy_of("s")));
        backups = std::make_unique<Backups>(Backups::Parts{*vault, clock, [] { return Backups::Facts{}; }},
                                            Options{.folder = folder / "backups"});
        put(first_name);
    }
    void put(const std::string& name) { put_content(folder / "backups" / name, "backup"); }
    std::unique_ptr<Away> make(int keep = 30) {
        return std::make_unique<Away>(Away::Parts{*backups, *vault, clock, std::make_unique<FakeTarget>(shelf)},
                                      TargetOptions{.secret = "away", .keep = keep, .retry_after = 60s});
    }
    void look(Away& away) {
        away.send_if_due(clock.now());
        while (away.state().running) std::this_thread::yield();
    }
    std::vector<std::string> asked() {
        const MutexLock lock(shelf.mutex);
        return std::exchange(shelf.asked, {});
    }

    TestFolder folder;
    ManualClock clock{start};
    Shelf shelf;
    std::unique_ptr<vault::Vault> vault;
    std::unique_ptr<Backups> backups;
};
using Words = std::vector<std::string>;

TEST_F(AwayFrom, the_newest_is_sent_once_and_each_newer_one_after_it) {
    const auto away = make();
    look(*away);
    EXPECT_EQ(asked(), Words{std::string("send ") + first_name});
    look(*away);
    EXPECT_EQ(asked(), Words{});
    put(second_name);
    look(*away);
    EXPECT_EQ(asked(), Words{std::string("send ") + second_name});
    EXPECT_EQ(away->state().stored.size(), 2U);
    EXPECT_EQ(away->state().sent_at, start);
}

TEST_F(AwayFrom, what_is_there_is_not_sent_again_after_a_restart_but_what_is_there_by_half_is) {
    shelf.stored = {{.name = first_name, .bytes = 6}};
    look(*make());
    EXPECT_EQ(asked(), Words{});
    shelf.stored = {{.name = first_name, .bytes = 5}};
    look(*make());
    EXPECT_EQ(asked(), Words{std::string("send ") + first_name});
}

TEST_F(AwayFrom, a_failure_is_told_and_tried_again_ever_later_and_a_newer_one_at_once) {
    const auto away = make();
    shelf.failure = "It is full.";
    look(*away);
    EXPECT_EQ(away->state().failure, "It is full.");
    asked();
    look(*away);
    EXPECT_EQ(asked(), Words{}) << "tried again without a pause";
    clock.advance(60s);
    look(*away);
    EXPECT_EQ(asked().size(), 1U);
    clock.advance(60s);
    look(*away);
    EXPECT_EQ(asked(), Words{}) << "the second pause is longer";
    put(second_name);
    look(*away);
    EXPECT_EQ(asked(), Words{std::string("send ") + second_name});
    EXPECT_EQ(away->state().tries, 3);
    shelf.failure.clear();
    clock.advance(1h);
    look(*away);
    EXPECT_EQ(away->state().failure, "");
    EXPECT_EQ(away->state().tries, 0);
}

TEST_F(AwayFrom, old_ones_go_once_the_new_one_is_there_and_not_before) {
    shelf.stored = {{.name = "bursar-20261128T020000Z.backup", .bytes = 6},
                    {.name = "bursar-20261127T020000Z.backup", .bytes = 6}};
    const auto away = make(2);
    shelf.failure = "No.";
    look(*away);
    EXPECT_EQ(asked(), Words{std::string("send ") + first_name});
    shelf.failure.clear();
    clock.advance(1h);
    look(*away);
    EXPECT_EQ(asked(), (Words{std::string("send ") + first_name, "remove bursar-20261127T020000Z.backup"}));
}

TEST_F(AwayFrom, a_sealed_vault_sends_nothing_and_a_missing_secret_is_told) {
    const auto away = make();
    ASSERT_TRUE(vault->remove("away"));
    look(*away);
    EXPECT_NE(away->state().failure, "");
    vault->seal();
    put(second_name);
    look(*away);
    EXPECT_EQ(away->state().tries, 1);
    EXPECT_EQ(asked(), Words{});
}

TEST(Pauses, double_up_to_an_hour) {
    EXPECT_EQ(wait_after(1, 60s), 60s);
    EXPECT_EQ(wait_after(2, 60s), 120s);
    EXPECT_EQ(wait_after(5, 60s), 960s);
    EXPECT_EQ(wait_after(7, 60s), 1h);
    EXPECT_EQ(wait_after(1'000'000, 1h), 1h);
}

}  // namespace
}  // namespace bursar::backup
