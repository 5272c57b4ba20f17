// Hunts: a group that is acknowledged before its follower has it, a page that the follower never hears of, and a copy
// that is put together while the original is written and is not what was written.
#include "service/store/raw_pages.h"
#include "service/store/store.h"
#include "tests/unit/store/folder.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <semaphore>

#include <gtest/gtest.h>

namespace bursar::store {
namespace {

/// Applies what it is given to pages in memory.
class Pages final : public Follower {
  public:
    bool wants_all() override { return wants; }
    Result<void> follow(GroupPages group) override {
        ++groups;
        if (before_it_returns) before_it_returns();
        if (refuses) return fail(Fault::storage_unavailable, "no", "the follower says no");
        if (group.all) wants = false;
        // Of the time before the copy was begun.
        if (wants) return {};
        all = all || group.all;
        length = group.pages_after;
        for (std::size_t i = 0; i < group.numbers.size(); ++i) changed[group.numbers[i]] = group.page(i);
        std::erase_if(changed, [&](const auto& each) { return each.first > length; });
        return {};
    }
    /// The base, and over it what was changed since before it was read.
    void write(const std::filesystem::path& file, std::string base) const {
        base.resize(std::size_t{length} * raw_page_bytes);
        for (const auto& [number, bytes] : changed)
            base.replace((std::size_t{number} - 1) * raw_page_bytes, raw_page_bytes, bytes);
        put_content(file, base);
    }

    std::atomic<bool> wants = false;
    std::atomic<bool> refuses = false;
    std::atomic<bool> all = false;
    std::atomic<int> groups = 0;
    std::function<void()> before_it_returns;
    std::uint32_t length = 0;
    std::map<std::uint32_t, std::string> changed;
};

class Followers : public testing::Test {
  protected:
    void open(Durability durability = Durability::process) {
        auto opened = Store::open(test_options(folder / "a.db", durability));
        ASSERT_TRUE(opened) << told(opened);
        store = *std::move(opened);
        store->follow_with(pages);
        store->start();
    }
    void add(std::int64_t from, std::int64_t count, std::size_t bytes = 5) {
        const auto added = store->write([&](Transaction& transaction) -> Result<void> {
            for (std::int64_t i = from; i < from + count; ++i)
                TRY_VOID(add_row(transaction, i, std::string(bytes, static_cast<char>('a' + i % 26))));
            return {};
        });
        ASSERT_TRUE(added) << told(added);
    }
    /// The copy as a service would open it: every page's code and every tree is looked at.
    std::vector<std::int64_t> rows_of_copy(const std::string& base) {
        const auto file = folder / ("copy" + std::to_string(++copies) + ".db");
        pages.write(file, base);
        auto copy = Store::open(test_options(file));
        EXPECT_TRUE(copy) << told(copy);
        if (!copy) return {};
        EXPECT_TRUE((*copy)->verify());
        return numbers_in(**copy);
    }

    TestFolder folder;
    Pages pages;
    std::unique_ptr<Store> store;
    int copies = 0;
};

TEST_F(Followers, nobody_hears_of_a_group_before_the_follower_has_it) {
    std::atomic<bool> heard = false;
    bool heard_too_early = true;
    pages.before_it_returns = [&] { heard_too_early = heard.load(); };
    open();
    std::binary_semaphore done(0);
    store->submit([](Transaction& transaction) { return add_row(transaction, 1); },
                  [&](Result<void>) {
                      heard = true;
                      done.release();
                  });
    done.acquire();
    EXPECT_FALSE(heard_too_early);
    EXPECT_EQ(pages.groups, 1);
}

TEST_F(Followers, a_group_that_changed_nothing_is_none) {
    open();
    EXPECT_TRUE(store->write([](Transaction&) -> Result<void> { return {}; }));
    EXPECT_EQ(pages.groups, 0);
}

TEST_F(Followers, a_group_that_must_not_count_ends_the_store) {
    pages.refuses = true;
    auto opened = Store::open(test_options(folder / "a.db"));
    ASSERT_TRUE(opened);
    store = *std::move(opened);
    store->follow_with(pages);
    std::atomic<int> broken = 0;
    store->on_broken([&](const Error&) { ++broken; });
    store->start();
    const auto written = store->write([](Transaction& transaction) { return add_row(transaction, 1); });
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().fault, Fault::storage_unavailable);
    EXPECT_EQ(broken, 1);
    EXPECT_FALSE(store->write([](Transaction& transaction) { return add_row(transaction, 2); }));
    EXPECT_EQ(pages.groups, 1) << "nothing was written after it";
}

TEST_F(Followers, a_copy_that_was_begun_while_the_log_was_full_has_everything) {
    open();
    add(1, 500, 300);
    const auto raw = RawPages::open(folder / "a.db");
    ASSERT_TRUE(raw) << told(raw);
    pages.wants = true;
    add(501, 1);
    EXPECT_TRUE(pages.all);
    EXPECT_FALSE(pages.wants);
    const auto base = raw->read(1, *raw->count());
    ASSERT_TRUE(base) << told(base);
    add(502, 1);
    const auto rows = rows_of_copy(*base);
    EXPECT_EQ(rows.size(), 502U);
    EXPECT_EQ(rows, numbers_in(*store));
}

TEST_F(Followers, a_copy_is_begun_by_a_group_that_would_have_changed_nothing) {
    open();
    add(1, 10);
    pages.wants = true;
    EXPECT_TRUE(store->write([](Transaction&) -> Result<void> { return {}; }));
    EXPECT_TRUE(pages.all);
    EXPECT_EQ(rows_of_copy(content_of(folder / "a.db")).size(), 10U);
}

TEST_F(Followers, a_copy_is_begun_although_nothing_was_written_since_the_start) {
    open();
    add(1, 10);
    store->stop();
    store.reset();
    open();
    pages.wants = true;
    EXPECT_TRUE(store->write([](Transaction&) -> Result<void> { return {}; }));
    EXPECT_TRUE(pages.all);
    EXPECT_EQ(rows_of_copy(content_of(folder / "a.db")).size(), 10U);
}

/// The base is read piece by piece between groups, and meanwhile the checkpointer writes into it.
TEST_F(Followers, a_copy_that_is_read_between_commits_and_checkpoints_is_what_was_written) {
    open();
    add(1, 2'000, 400);
    // Once more, with everything in the main file.
    store->stop();
    store.reset();
    open();
    const auto raw = RawPages::open(folder / "a.db");
    ASSERT_TRUE(raw) << told(raw);
    pages.wants = true;
    add(3'000, 1);
    std::string base;
    const std::uint32_t length = *raw->count();
    std::int64_t next = 3'001;
    for (std::uint32_t first = 1; first <= length; first += 4) {
        const auto some = raw->read(first, std::min<std::uint32_t>(4, length - first + 1));
        ASSERT_TRUE(some) << told(some);
        base.resize((std::size_t{first} - 1) * raw_page_bytes);
        base += *some;
        add(next, 60, 700);
        next += 60;
    }
    const auto rows = rows_of_copy(base);
    EXPECT_GT(rows.size(), 2'500U);
    EXPECT_EQ(rows, numbers_in(*store));
}

TEST_F(Followers, a_copy_of_a_file_that_shrank_is_as_short) {
    open();
    add(1, 1'000, 1'000);
    pages.wants = true;
    const std::string base = content_of(folder / "a.db");
    const auto emptied = store->write([](Transaction& transaction) -> Result<void> {
        TRY_VOID(transaction.run("DELETE FROM entry WHERE number > 10"));
        return transaction.each("PRAGMA incremental_vacuum(800)", {}, [](const Row&) -> Result<void> { return {}; });
    });
    ASSERT_TRUE(emptied) << told(emptied);
    const std::uint32_t length = pages.length;
    add(2'000, 1);
    EXPECT_LT(length, 400U);
    EXPECT_EQ(rows_of_copy(base).size(), 11U);
}

TEST_F(Followers, a_store_that_comes_back_goes_on_from_the_log_of_the_former_one) {
    {
        auto first = Store::open(test_options(folder / "a.db"));
        ASSERT_TRUE(first);
        ASSERT_TRUE((*first)->write([](Transaction& transaction) { return add_row(transaction, 1, "before"); }));
        // As after a crash: the log stays as it is, beside the main file.
        std::filesystem::copy(folder / "a.db", folder / "b.db");
        std::filesystem::copy(folder / "a.db-wal", folder / "b.db-wal");
    }
    auto opened = Store::open(test_options(folder / "b.db"));
    ASSERT_TRUE(opened) << told(opened);
    store = *std::move(opened);
    store->follow_with(pages);
    pages.wants = true;
    store->start();
    add(2, 1);
    EXPECT_EQ(rows_of_copy(content_of(folder / "b.db")), (std::vector<std::int64_t>{1, 2}));
}

}  // namespace
}  // namespace bursar::store
