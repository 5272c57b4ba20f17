// Hunts: a restore that leaves neither the old nor the new state when it is killed between any two steps, or takes a
// backup that does not open.
#include "service/backup/restore.h"

#include "service/backup/backups.h"
#include "service/store/files.h"
#include "tests/unit/store/folder.h"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace bursar::backup {
namespace {

namespace fs = std::filesystem;

const Timestamp start = *parse_timestamp("2026-11-30T02:00:00Z");

class Restores : public testing::Test {
  protected:
    Restores() { fs::create_directory(folder / "state"); }
    vault::MasterKey key_of(char fill) {
        const fs::path file = folder / ("key-" + to_hex(random_bytes(4)));
        put_content(file, std::string(32, fill));
        fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
        return *vault::MasterKey::from_file(file);
    }
    /// A state folder with something in it, and a backup of that.
    fs::path backed_up(const fs::path& state, const std::string& text) {
        auto vault = *vault::Vault::open(state / "vault", clock);
        EXPECT_TRUE(vault->unseal(key_of('m')));
        recovery = std::string(vault->make_recovery_key()->reveal());
        EXPECT_TRUE(vault->put("openai", Secret(std::string(text))));
        auto options = store::test_options(state / "bursar.db");
        options.key = *vault->database_key();
        {
            const auto store = *store::Store::open(std::move(options));
            EXPECT_TRUE(
                store->write([&](store::Transaction& transaction) { return store::add_row(transaction, 1, text); }));
        }
        Manifest manifest{.made_at = start,
                          .version = "1",
                          .organisation = "E",
                          .host = "h",
                          .revision = 1,
                          .salt = random_bytes(16),
                          .keyring = {},
                          .recovery = {},
                          .parts = {}};
        const fs::path copy = folder / ("copy-" + to_hex(random_bytes(4)));
        fs::create_directory(copy);
        EXPECT_TRUE(vault->copy_to(copy));
        manifest.keyring = content_of(copy / "keyring");
        manifest.recovery = content_of(copy / "recovery");
        EXPECT_TRUE(store::copy_database(state / "bursar.db", *vault->database_key(), copy / "bursar.db",
                                         [](std::uint64_t, std::uint64_t) { return true; }));
        const std::vector<Source> sources = {{"bursar.db", copy / "bursar.db"}, {"vault/vault.db", copy / "vault.db"}};
        const fs::path file = folder / ("backup-" + to_hex(random_bytes(4)));
        const auto written = write_archive(file, manifest, sources, *vault->key_for(key_info(manifest)),
                                           [](std::uint64_t, std::uint64_t) { return true; });
        EXPECT_TRUE(written) << told(written);
        return file;
    }
    /// What the state says: the secret and the row, which have to be of one time; or why it does not open.
    std::string content(const fs::path& state) {
        const auto vault = vault::Vault::open(state / "vault", clock);
        if (!vault) return told(vault);
        if (const auto opened = (*vault)->unseal(key_of('m')); !opened) return told(opened);
        auto options = store::test_options(state / "bursar.db");
        options.key = *(*vault)->database_key();
        const auto store = store::Store::open(std::move(options));
        if (!store) return told(store);
        std::string text;
        const auto read = (*store)->read([&](store::Transaction& transaction) {
            return transaction.each("SELECT text FROM entry", {}, [&](const store::Row& row) -> Result<void> {
                text += row.text(0);
                return {};
            });
        });
        const auto lease = (*vault)->lend("openai");
        return text + "/" + (lease ? std::string((*lease)->reveal()) : std::string("no secret"));
    }
    fs::path state() const { return folder / "state"; }

    TestFolder folder;
    ManualClock clock{start};
    std::string recovery;
};

TEST_F(Restores, ABackupOpensByTheMasterKeyAndByTheRecoveryKeyAndByNoOther) {
    const fs::path file = backed_up(state(), "old");
    const auto by_master = lay_out(file, key_of('m'), folder / "one");
    ASSERT_TRUE(by_master) << told(by_master);
    EXPECT_EQ(content(folder / "one"), "old/old");
    const auto text = vault::MasterKey::from_recovery(recovery);
    ASSERT_TRUE(text) << told(text);
    const auto by_recovery = lay_out(file, *text, folder / "two");
    ASSERT_TRUE(by_recovery) << told(by_recovery);
    EXPECT_EQ(content(folder / "two"), "old/old");
    const auto wrong = lay_out(file, key_of('x'), folder / "three");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().fault, Fault::unauthenticated);
    EXPECT_FALSE(fs::exists(folder / "three")) << "nothing is left of it";
}

TEST_F(Restores, IntoAnEmptyStateAndOverAnother) {
    const fs::path file = backed_up(state(), "old");
    fs::create_directory(folder / "fresh");
    ASSERT_TRUE(lay_out(file, key_of('m'), folder / "fresh" / restoring_name));
    ASSERT_TRUE(commit_restore(folder / "fresh"));
    const auto done = finish_restore(folder / "fresh");
    ASSERT_TRUE(done) << told(done);
    EXPECT_EQ(content(folder / "fresh"), "old/old");
    EXPECT_FALSE(fs::exists(folder / "fresh" / restoring_name));
    EXPECT_FALSE(fs::exists(folder / "fresh" / "before-restore-1")) << "there was nothing to keep";

    fs::remove_all(state());
    fs::create_directory(state());
    backed_up(state(), "new");
    ASSERT_TRUE(lay_out(file, key_of('m'), state() / restoring_name));
    ASSERT_TRUE(commit_restore(state()));
    ASSERT_TRUE(finish_restore(state()));
    EXPECT_EQ(content(state()), "old/old");
    EXPECT_EQ(content(state() / "before-restore-1"), "new/new");
    EXPECT_TRUE(finish_restore(state())) << "there is nothing to do, and that is no error";
}

TEST_F(Restores, WhatWasNotCommittedIsThrownAway) {
    const fs::path file = backed_up(folder / "state", "old");
    ASSERT_TRUE(lay_out(file, key_of('m'), state() / restoring_name));
    ASSERT_TRUE(finish_restore(state()));
    EXPECT_FALSE(fs::exists(state() / restoring_name));
    EXPECT_EQ(content(state()), "old/old");
}

TEST_F(Restores, ARunningServiceKeepsItsState) {
    const fs::path file = backed_up(state(), "old");
    ASSERT_TRUE(lay_out(file, key_of('m'), state() / restoring_name));
    ASSERT_TRUE(commit_restore(state()));
    const auto held = store::FileLock::take(state() / "bursar.db");
    ASSERT_TRUE(held);
    const auto refused = finish_restore(state());
    ASSERT_FALSE(refused);
    EXPECT_TRUE(told(refused).contains("another process")) << told(refused);
    EXPECT_TRUE(fs::exists(state() / "bursar.db"));
}

}  // namespace
}  // namespace bursar::backup
