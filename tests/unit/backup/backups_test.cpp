// Hunts: backups that are never made, made too often, pile up, delete what is not theirs, or leave their scaffolding
// behind.
#include "service/backup/backups.h"

#include "tests/unit/store/folder.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const Timestamp start = *parse_timestamp("2026-11-30T02:00:00Z");

class BackupsOf : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directory(folder / "backups");
        vault = *vault::Vault::open(folder / "vault", clock);
        ASSERT_TRUE(vault->unseal(key_of('m')));
        auto store_options = store::test_options(folder / "bursar.db");
        store_options.key = *vault->database_key();
        store = *store::Store::open(std::move(store_options));
        ASSERT_TRUE(store->write([](store::Transaction& transaction) { return store::add_row(transaction, 1); }));
    }
    vault::MasterKey key_of(char fill) {
        const fs::path file = folder / "master.key";
        put_content(file, std::string(32, fill));
        fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
        return *vault::MasterKey::from_file(file);
    }
    std::unique_ptr<Backups> make(Options options) {
        options.folder = folder / "backups";
        options.database = folder / "bursar.db";
        options.version = "1";
        return std::make_unique<Backups>(
            Backups::Parts{*vault, clock, [] { return Backups::Facts{.organisation = "E", .revision = 3}; }},
            std::move(options));
    }
    /// Begins one and waits for its end.
    static std::string run(Backups& backups) {
        if (const auto begun = backups.begin(); !begun) return told(begun);
        while (backups.state().running) std::this_thread::yield();
        return backups.state().failure;
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder / "backups")) names.push_back(entry.path().filename());
        std::ranges::sort(names);
        return names;
    }

    TestFolder folder;
    ManualClock clock{start};
    std::unique_ptr<vault::Vault> vault;
    std::unique_ptr<store::Store> store;
};

TEST_F(BackupsOf, OneIsMadeWhileTheDatabaseIsOpenAndNothingElseIsLeft) {
    put_content(folder / "bursard.ini", "[state]\n");
    const auto backups = make({.configuration = {{"etc/bursard.ini", folder / "bursard.ini"}}});
    EXPECT_EQ(run(*backups), "");
    EXPECT_EQ(files(), std::vector<std::string>{"bursar-20261130T020000Z.backup"});
    const auto manifest = read_manifest(folder / "backups" / files().front());
    ASSERT_TRUE(manifest) << told(manifest);
    EXPECT_EQ(manifest->organisation, "E");
    EXPECT_EQ(manifest->revision, 3);
    ASSERT_EQ(manifest->parts.size(), 3U);
    EXPECT_EQ(manifest->parts[2].name, "etc/bursard.ini");
    EXPECT_EQ(backups->state().made_at, start);
}

TEST_F(BackupsOf, OnlyTheNewestAreKeptAndStrangersStay) {
    put_content(folder / "backups" / "notes.txt", "mine");
    put_content(folder / "backups" / "bursar-yesterday.backup", "mine");
    const auto backups = make({.keep = 2});
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(run(*backups), "");
        clock.advance(24h);
    }
    EXPECT_EQ(files(), (std::vector<std::string>{"bursar-20261202T020000Z.backup", "bursar-20261203T020000Z.backup",
                                                 "bursar-yesterday.backup", "notes.txt"}));
    EXPECT_EQ(backups->list().front().made_at, start + 72h);
}

TEST_F(BackupsOf, OneIsDueWhenTheNewestIsOldEnough) {
    const auto backups = make({.every = 24h});
    const auto settle = [&] {
        backups->begin_if_due(clock.now());
        while (backups->state().running) std::this_thread::yield();
        return backups->list().size();
    };
    EXPECT_EQ(settle(), 1U) << "there was none";
    clock.advance(23h);
    EXPECT_EQ(settle(), 1U);
    clock.advance(1h);
    EXPECT_EQ(settle(), 2U);
}

TEST_F(BackupsOf, WhatFailsSaysWhyAndIsTriedAgainAfterAnHour) {
    const auto backups = make({.every = 24h, .configuration = {{"etc/bursard.ini", folder / "missing"}}});
    const auto attempt = [&] {
        backups->begin_if_due(clock.now());
        while (backups->state().running) std::this_thread::yield();
        return backups->state();
    };
    EXPECT_NE(attempt().failure, "");
    EXPECT_TRUE(files().empty());
    clock.advance(59min);
    EXPECT_EQ(attempt().begun_at, start);
    clock.advance(1min);
    EXPECT_EQ(attempt().begun_at, start + 1h);
    put_content(folder / "missing", "[state]\n");
    clock.advance(1h);
    EXPECT_EQ(attempt().failure, "");
    EXPECT_EQ(files().size(), 1U);
}

TEST_F(BackupsOf, AFileInTheFolderAsksForOneAndIsAnswered) {
    const auto backups = make({.every = 0h});
    backups->begin_if_wanted();
    EXPECT_FALSE(backups->state().begun_at) << "nobody has asked";
    put_content(folder / "backups" / wanted_name, "");
    backups->begin_if_wanted();
    while (!fs::exists(folder / "backups" / answer_name)) std::this_thread::yield();
    EXPECT_EQ(backups->list().size(), 1U);
    EXPECT_EQ(content_of(folder / "backups" / answer_name), "made bursar-20261130T020000Z.backup\n");
    EXPECT_FALSE(fs::exists(folder / "backups" / wanted_name)) << "one wish is one backup";
}

TEST_F(BackupsOf, AWishThatFailsIsAnsweredWithTheReason) {
    vault->seal();
    const auto backups = make({.every = 0h});
    put_content(folder / "backups" / wanted_name, "");
    backups->begin_if_wanted();
    EXPECT_TRUE(content_of(folder / "backups" / answer_name).starts_with("failed The vault is sealed"));
    EXPECT_FALSE(fs::exists(folder / "backups" / wanted_name));
}

TEST_F(BackupsOf, AMachineWithoutBooksSaysThatItNeedsNoneAndTakesTheWish) {
    answer_needless(folder / "backups", "It only follows.");
    EXPECT_TRUE(files().empty()) << "nobody has asked";
    put_content(folder / "backups" / wanted_name, "");
    answer_needless(folder / "backups", "It only follows.");
    EXPECT_EQ(content_of(folder / "backups" / answer_name), "needless It only follows.\n");
    EXPECT_FALSE(fs::exists(folder / "backups" / wanted_name));
}

TEST_F(BackupsOf, ASealedVaultGivesNone) {
    vault->seal();
    const auto backups = make({});
    EXPECT_TRUE(run(*backups).contains("sealed"));
    EXPECT_TRUE(files().empty());
}

TEST_F(BackupsOf, AFolderThatIsGoneIsNamed) {
    const auto backups = make({});
    fs::remove_all(folder / "backups");
    put_content(folder / "backups", "a file in its place");
    EXPECT_TRUE(run(*backups).contains("folder of backups"));
}

}  // namespace
}  // namespace bursar::backup
