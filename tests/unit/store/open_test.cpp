#include "service/store/connection.h"
#include "service/store/store.h"
#include "tests/unit/store/folder.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace bursar::store {
namespace {

namespace fs = std::filesystem;

/// A closed database with a few hundred pages.
void make_database(const fs::path& file) {
    auto store = Store::open(test_options(file));
    ASSERT_TRUE(store) << told(store);
    const std::string text(3000, 'x');
    ASSERT_TRUE((*store)->write([&](Transaction& transaction) -> Result<void> {
        for (int i = 0; i < 200; ++i) TRY_VOID(add_row(transaction, i, text));
        return {};
    }));
}

// Hunts: a file of a former version whose space never comes back, or that loses rows while it is written anew.
TEST(StoreOpen, a_file_that_could_not_shrink_can_after_it_was_opened) {
    const TestFolder folder;
    make_database(folder / "a.db");
    const auto mode = [&] {
        std::string found;
        const auto connection = Connection::open(folder / "a.db", test_key(), Access::read_write);
        EXPECT_TRUE(connection) << told(connection);
        if (connection) found = (*connection)->column("PRAGMA auto_vacuum")->front();
        return found;
    };
    EXPECT_EQ(mode(), "2") << "new files can";
    {
        const auto connection = Connection::open(folder / "a.db", test_key(), Access::read_write);
        ASSERT_TRUE((*connection)->script("PRAGMA auto_vacuum = NONE; VACUUM;"));
    }
    ASSERT_EQ(mode(), "0");
    {
        const auto store = Store::open(test_options(folder / "a.db"));
        ASSERT_TRUE(store) << told(store);
        EXPECT_EQ(numbers_in(**store).size(), 200U);
    }
    EXPECT_EQ(mode(), "2");
}

// Hunts: pages that become free and are written once more only to be overwritten, where every call would pay for it;
// deleted keys that stay.
TEST(StoreOpen, says_whether_pages_that_become_free_are_overwritten) {
    struct Case {
        FreePages free_pages;
        bool written;
    };
    // Each row has a page of its own besides the one that it begins on.
    constexpr std::int64_t rows = 60;
    constexpr std::uintmax_t page_bytes = 2048;
    for (const auto& [free_pages, written] : {Case{FreePages::stay, false}, Case{FreePages::overwritten, true}}) {
        const TestFolder folder;
        make_database(folder / "a.db");
        Options options = test_options(folder / "a.db");
        options.free_pages = free_pages;
        const auto store = Store::open(std::move(options));
        ASSERT_TRUE(store) << told(store);
        ASSERT_TRUE((*store)->write(
            [&](Transaction& transaction) { return transaction.run("DELETE FROM entry WHERE number < ?", {rows}); }));
        const std::uintmax_t pages = std::filesystem::file_size(folder / "a.db-wal") / page_bytes;
        EXPECT_EQ(pages > rows, written) << pages;
        EXPECT_TRUE(written || pages < rows / 3) << pages;
    }
}

// Hunts: a database that opens although it is not the one that was written, or that opening changes.
TEST(StoreOpen, refuses_what_is_not_whole_and_leaves_it_as_it_was) {
    struct Case {
        const char* name;
        std::function<void(std::string&)> damage;
        char key = 'k';
    };
    const std::vector<Case> cases = {
        {"a wrong key", [](std::string&) {}, 'x'},
        {"a file cut inside a page", [](std::string& bytes) { bytes.resize(bytes.size() - 100); }},
        {"a file cut between two pages", [](std::string& bytes) { bytes.resize(bytes.size() - 4096); }},
        {"a file cut to its first page", [](std::string& bytes) { bytes.resize(4096); }},
        {"a file cut to less than a page", [](std::string& bytes) { bytes.resize(100); }},
        {"an empty file", [](std::string& bytes) { bytes.clear(); }},
        {"a flipped bit in the salt", [](std::string& bytes) { bytes[3] ^= 1; }},
        {"a flipped bit in the first page", [](std::string& bytes) { bytes[2000] ^= 1; }},
        {"a flipped bit in the middle", [](std::string& bytes) { bytes[bytes.size() / 2] ^= 16; }},
        {"a flipped bit in the last byte", [](std::string& bytes) { bytes.back() ^= 1; }},
        {"two pages in each other's place",
         [](std::string& bytes) {
             std::swap_ranges(bytes.begin() + 5 * 4096, bytes.begin() + 6 * 4096, bytes.begin() + 9 * 4096);
         }},
        {"bytes behind the end", [](std::string& bytes) { bytes += "more"; }},
        {"a plain SQLite file",
         [](std::string& bytes) { bytes.replace(0, 16, std::string_view("SQLite format 3\0", 16)); }},
        {"zeros", [](std::string& bytes) { std::ranges::fill(bytes, '\0'); }},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const TestFolder folder;
        make_database(folder / "a.db");
        std::string bytes = content_of(folder / "a.db");
        ASSERT_GT(bytes.size(), 50U * 4096);
        c.damage(bytes);
        put_content(folder / "a.db", bytes);
        Options options = test_options(folder / "a.db");
        options.key = test_key(c.key);
        const auto store = Store::open(std::move(options));
        ASSERT_FALSE(store);
        EXPECT_EQ(store.error().fault, Fault::wrong_configuration);
        EXPECT_NE(store.error().for_caller.find("a.db"), std::string::npos) << told(store);
        EXPECT_EQ(content_of(folder / "a.db"), bytes);
    }
}

TEST(StoreOpen, a_refused_file_opens_again_with_the_right_key) {
    const TestFolder folder;
    make_database(folder / "a.db");
    Options wrong = test_options(folder / "a.db");
    wrong.key = test_key('x');
    EXPECT_FALSE(Store::open(std::move(wrong)));
    const auto store = Store::open(test_options(folder / "a.db"));
    ASSERT_TRUE(store) << told(store);
    EXPECT_EQ(numbers_in(**store).size(), 200U);
    EXPECT_TRUE((*store)->verify()) << told((*store)->verify());
}

TEST(StoreOpen, refuses_a_log_whose_database_is_gone) {
    const TestFolder folder;
    put_content(folder / "a.db-wal", "not empty");
    const auto store = Store::open(test_options(folder / "a.db"));
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().fault, Fault::wrong_configuration);
    EXPECT_FALSE(fs::exists(folder / "a.db"));
}

TEST(StoreOpen, refuses_a_missing_folder_by_its_name) {
    const TestFolder folder;
    const auto store = Store::open(test_options(folder / "nowhere" / "a.db"));
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().fault, Fault::wrong_configuration);
    EXPECT_NE(store.error().for_caller.find("nowhere"), std::string::npos);
}

TEST(StoreOpen, lets_only_one_in_at_a_time) {
    const TestFolder folder;
    auto first = Store::open(test_options(folder / "a.db"));
    ASSERT_TRUE(first) << told(first);
    const auto second = Store::open(test_options(folder / "a.db"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().fault, Fault::wrong_configuration);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(Store::open(test_options(folder / "a.db")) ? 0 : 78);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 78) << "another process could open it too";
    first->reset();
    EXPECT_TRUE(Store::open(test_options(folder / "a.db"))) << "the lock outlived its store";
}

TEST(StoreOpen, keeps_every_file_to_its_owner_whatever_the_umask) {
    const TestFolder folder;
    const mode_t before = ::umask(0);
    Options options = test_options(folder / "a.db");
    options.ballast_bytes = 4096;
    auto store = Store::open(std::move(options));
    ::umask(before);
    ASSERT_TRUE(store) << told(store);
    (*store)->start();
    ASSERT_TRUE((*store)->write([&](Transaction& transaction) { return add_row(transaction, 1); }));
    int files = 0;
    for (const auto& file : fs::directory_iterator(folder.path())) {
        ++files;
        struct stat facts{};
        ASSERT_EQ(::stat(file.path().c_str(), &facts), 0);
        EXPECT_EQ(facts.st_mode & 0777, 0600U) << file.path();
    }
    EXPECT_GE(files, 5) << "database, log, index, lock and ballast";
}

// Hunts: what is stored in the open. The canary must be in no file, neither while the store is open nor afterwards.
TEST(StoreOpen, writes_nothing_in_plain) {
    const TestFolder folder;
    const std::string canary = "canary-7d1f-sk-live";
    const auto seen = [&] {
        for (const auto& file : fs::directory_iterator(folder.path())) {
            const std::string bytes = content_of(file.path());
            for (std::string_view needle :
                 {canary, std::string("CREATE TABLE"), std::string("SQLite format 3"), std::string(32, 'k')})
                if (bytes.find(needle) != std::string::npos)
                    return file.path().string() + " has " + std::string(needle);
        }
        return std::string();
    };
    auto store = Store::open(test_options(folder / "a.db"));
    ASSERT_TRUE(store) << told(store);
    (*store)->start();
    ASSERT_TRUE((*store)->write([&](Transaction& transaction) { return add_row(transaction, 1, canary); }));
    EXPECT_EQ(seen(), "");
    store->reset();
    EXPECT_EQ(seen(), "");
}

constexpr std::string_view newer_steps[] = {
    rows_steps[0],
    "ALTER TABLE entry ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'; CREATE INDEX entry_colour ON entry (colour);",
};
constexpr std::string_view failing_steps[] = {
    rows_steps[0],
    "ALTER TABLE entry ADD COLUMN colour TEXT; INSERT INTO nowhere VALUES (1);",
};

TEST(StoreOpen, migrates_step_by_step_and_keeps_what_is_there) {
    const TestFolder folder;
    make_database(folder / "a.db");
    {
        Options options = test_options(folder / "a.db");
        options.schemas = {{.part = "test", .steps = newer_steps}};
        auto store = Store::open(std::move(options));
        ASSERT_TRUE(store) << told(store);
        std::int64_t red = 0;
        ASSERT_TRUE((*store)->read([&](Transaction& transaction) {
            return transaction.each("SELECT count(*) FROM entry WHERE colour = 'red'", {},
                                    [&](const Row& row) -> Result<void> {
                                        red = row.integer(0);
                                        return {};
                                    });
        }));
        EXPECT_EQ(red, 200);
    }
    const std::string bytes = content_of(folder / "a.db");
    const auto older = Store::open(test_options(folder / "a.db"));
    ASSERT_FALSE(older) << "a program that knows one step opened a file that has two";
    EXPECT_EQ(older.error().fault, Fault::wrong_configuration);
    EXPECT_NE(older.error().for_caller.find("newer"), std::string::npos);
    EXPECT_EQ(content_of(folder / "a.db"), bytes);
}

TEST(StoreOpen, a_failing_step_leaves_the_version_before_it) {
    const TestFolder folder;
    make_database(folder / "a.db");
    Options options = test_options(folder / "a.db");
    options.schemas = {{.part = "test", .steps = failing_steps}};
    EXPECT_FALSE(Store::open(std::move(options)));
    Options good = test_options(folder / "a.db");
    good.schemas = {{.part = "test", .steps = newer_steps}};
    const auto store = Store::open(std::move(good));
    EXPECT_TRUE(store) << "half of the failed step stayed: " << told(store);
}

TEST(StoreOpen, starts_over_when_an_earlier_creation_was_interrupted) {
    const TestFolder folder;
    put_content(folder / "a.db.new", "half a database");
    const auto store = Store::open(test_options(folder / "a.db"));
    ASSERT_TRUE(store) << told(store);
    EXPECT_FALSE(fs::exists(folder / "a.db.new"));
}

}  // namespace
}  // namespace bursar::store
