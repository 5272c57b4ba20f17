// Hunts: a machine that opens its books beside the one that serves, and a take-over that a crash leaves half done or
// does twice.
#include "service/daemon/pair_files.h"

#include "service/standby/standing_file.h"
#include "tests/unit/store/folder.h"

#include <gtest/gtest.h>

namespace bursar::daemon {
namespace {

namespace fs = std::filesystem;
using standby::Post;
using standby::Standing;

class PairFiles : public testing::Test {
  protected:
    PairFiles() {
        fs::create_directory(state);
        fs::create_directory(pair_folder(state));
        configuration.state_folder = state;
    }
    void begin_as(StandbyOptions::Role role) {
        configuration.standby = StandbyOptions{.role = role, .peer = {}, .times = {}, .secret_file = state / "secret"};
    }
    void stand(const Standing& standing) { ASSERT_TRUE(standby::write_standing(standing_file(state), standing)); }
    /// As a copy that was finished.
    void keep_copy() {
        const fs::path copy = pair_folder(state) / "copy-1";
        fs::create_directory(copy);
        for (const char* name : {"bursar.db", "vault.db", "keyring"})
            put_content(copy / name, std::string("new ") + name);
        put_content(pair_folder(state) / "current", "copy-1\n");
    }

    TestFolder folder;
    const fs::path state = folder / "state";
    Configuration configuration;
};

TEST_F(PairFiles, only_a_machine_that_serves_opens_its_books) {
    EXPECT_TRUE(check_own_books(configuration)) << "a machine without a pair";
    begin_as(StandbyOptions::Role::standby);
    EXPECT_FALSE(check_own_books(configuration)) << "a standby that was never started";
    begin_as(StandbyOptions::Role::primary);
    EXPECT_TRUE(check_own_books(configuration));
    for (const auto& [post, may] :
         {std::pair{Post::alone, true}, std::pair{Post::primary, true}, std::pair{Post::follower, false},
          std::pair{Post::standby, false}, std::pair{Post::retired, false}}) {
        stand({.post = post, .epoch = 3});
        begin_as(StandbyOptions::Role::primary);
        EXPECT_EQ(check_own_books(configuration).has_value(), may);
        configuration.standby.reset();
        EXPECT_EQ(check_own_books(configuration).has_value(), post == Post::alone)
            << "without [standby] nobody would ask the other machine";
    }
}

TEST_F(PairFiles, a_role_is_only_what_a_machine_begins_as) {
    begin_as(StandbyOptions::Role::standby);
    EXPECT_EQ(standing_of(configuration)->post, Post::follower);
    stand({.post = Post::alone, .epoch = 3});
    EXPECT_EQ(*standing_of(configuration), (Standing{.post = Post::alone, .epoch = 3}));
}

TEST_F(PairFiles, who_takes_over_gets_the_copy_and_keeps_what_was_there) {
    keep_copy();
    put_content(state / "bursar.db", "old");
    put_content(state / "bursar.db-wal", "old log");
    fs::create_directory(state / "vault");
    put_content(state / "vault" / "keyring", "old keyring");
    EXPECT_FALSE(*adopt_copy(state, {.post = Post::standby})) << "it has not taken over";
    EXPECT_FALSE(*adopt_copy(state, {.post = Post::alone})) << "somebody removed its standing";
    const auto adopted = adopt_copy(state, {.post = Post::alone, .epoch = 3});
    ASSERT_TRUE(adopted) << told(adopted);
    EXPECT_TRUE(*adopted);
    EXPECT_EQ(content_of(state / "bursar.db"), "new bursar.db");
    EXPECT_FALSE(fs::exists(state / "bursar.db-wal")) << "the new file would be read through the old one's log";
    EXPECT_EQ(content_of(state / "vault" / "vault.db"), "new vault.db");
    EXPECT_EQ(content_of(state / "vault" / "keyring"), "new keyring");
    EXPECT_EQ(content_of(state / "before-restore-1" / "bursar.db"), "old");
    EXPECT_FALSE(fs::exists(pair_folder(state) / "copy-1"));
    EXPECT_FALSE(*adopt_copy(state, {.post = Post::alone, .epoch = 3})) << "once";
}

TEST_F(PairFiles, a_take_over_that_was_cut_off_is_done_again) {
    keep_copy();
    ASSERT_TRUE(*adopt_copy(state, {.post = Post::alone, .epoch = 3}));
    // As if it had been cut off before the copy's name went.
    keep_copy();
    put_content(state / "restoring", "left");
    const auto again = adopt_copy(state, {.post = Post::alone, .epoch = 3});
    ASSERT_TRUE(again) << told(again);
    EXPECT_EQ(content_of(state / "bursar.db"), "new bursar.db");
}

TEST_F(PairFiles, a_wish_is_heeded_once) {
    EXPECT_FALSE(take_wish(state));
    for (const Wish wish : {Wish::take_over, Wish::take_over_primary_is_off, Wish::alone}) {
        ASSERT_TRUE(make_wish(state, wish));
        EXPECT_EQ(take_wish(state), wish);
        EXPECT_FALSE(take_wish(state));
    }
    put_content(pair_folder(state) / "wish", "something else\n");
    EXPECT_FALSE(take_wish(state));
}

}  // namespace
}  // namespace bursar::daemon
