// Hunts: a group that was confirmed and is gone after a crash, a copy that is called whole and is not, and a database
// that opens on the standby and says something else than the primary's.
#include "service/standby/kept_copy.h"

#include "service/store/raw_pages.h"
#include "service/store/store.h"
#include "tests/unit/store/folder.h"

#include <gtest/gtest.h>

namespace bursar::standby {
namespace {

namespace fs = std::filesystem;

const Secret& pairing() {
    static const Secret secret(std::string(32, 'p'));
    return secret;
}

/// A primary with one real database, whose groups wait here until they are fetched.
class Primary final : public store::Follower {
  public:
    explicit Primary(const fs::path& file, std::uint64_t run) : chain(Chain::begin(pairing(), run)) {
        auto opened = store::Store::open(store::test_options(file));
        EXPECT_TRUE(opened) << told(opened);
        database = *std::move(opened);
        database->follow_with(*this);
        database->start();
        auto raw = store::RawPages::open(file);
        EXPECT_TRUE(raw) << told(raw);
        pages = std::make_unique<store::RawPages>(*std::move(raw));
    }
    bool wants_all() override { return !begun; }
    Result<void> follow(store::GroupPages group) override {
        begun = true;
        for (std::string& sealed : chain.seal(Part::service_database, group)) groups.push_back(std::move(sealed));
        return {};
    }
    void add(std::int64_t from, std::int64_t count) {
        for (std::int64_t i = from; i < from + count; ++i) {
            const auto added = database->write(
                [&](store::Transaction& transaction) { return store::add_row(transaction, i, std::string(600, 'r')); });
            ASSERT_TRUE(added) << told(added);
        }
    }
    std::vector<std::string> fetch() { return std::exchange(groups, {}); }

    std::unique_ptr<store::Store> database;
    std::unique_ptr<store::RawPages> pages;
    Chain chain;
    bool begun = false;
    std::vector<std::string> groups;
};

class KeptCopies : public testing::Test {
  protected:
    /// As a standby does it: pages whose codes differ are sent. How many that were.
    static std::uint32_t bring_base(Primary& primary, KeptCopy& copy) {
        std::uint32_t sent = 0;
        const std::uint32_t length = *primary.pages->count();
        for (std::uint32_t number = 1; number <= length; ++number) {
            const auto here = copy.base_codes(Part::service_database, number, 1);
            const auto page = primary.pages->read(number, 1);
            EXPECT_TRUE(here && page);
            if (*here == page->substr(store::raw_page_bytes - store::raw_code_bytes)) continue;
            EXPECT_TRUE(copy.put_base(Part::service_database, number, *page));
            ++sent;
        }
        return sent;
    }
    std::unique_ptr<KeptCopy> whole_copy(Primary& primary, const std::string& name, const fs::path& former = {}) {
        auto copy = KeptCopy::begin(folder / name, pairing(), primary.chain.link().run, former);
        EXPECT_TRUE(copy) << told(copy);
        primary.add(next++, 1);
        EXPECT_TRUE((*copy)->take(primary.fetch()));
        pages_sent = bring_base(primary, **copy);
        const auto completed = (*copy)->complete_base();
        EXPECT_TRUE(completed) << told(completed);
        return *std::move(copy);
    }
    std::unique_ptr<KeptCopy> again(std::unique_ptr<KeptCopy> copy, const std::string& name) {
        copy.reset();
        auto opened = KeptCopy::open(folder / name, pairing());
        EXPECT_TRUE(opened) << told(opened);
        return opened ? *std::move(opened) : nullptr;
    }
    /// What a service finds that goes on with the copy.
    std::vector<std::int64_t> rows_of(KeptCopy& copy) {
        const auto finished = copy.finish();
        EXPECT_TRUE(finished) << told(finished);
        auto opened = store::Store::open(store::test_options(copy.file_of(Part::service_database)));
        EXPECT_TRUE(opened) << told(opened);
        return opened ? store::numbers_in(**opened) : std::vector<std::int64_t>{};
    }

    TestFolder folder;
    std::int64_t next = 1;
    std::uint32_t pages_sent = 0;
};

TEST_F(KeptCopies, what_was_taken_is_there_after_a_crash_at_any_moment) {
    Primary primary(folder / "a.db", 7);
    primary.add(1'000, 50);
    auto copy = whole_copy(primary, "copy");
    primary.add(2'000, 20);
    ASSERT_TRUE(copy->take(primary.fetch()));
    copy = again(std::move(copy), "copy");
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->held().group, primary.chain.link().number);
    EXPECT_TRUE(copy->held().whole);
    ASSERT_TRUE(copy->fold(0));
    EXPECT_EQ(copy->waiting_bytes(), 0U);
    copy = again(std::move(copy), "copy");
    primary.add(3'000, 5);
    ASSERT_TRUE(copy->take(primary.fetch()));
    EXPECT_EQ(copy->link(), primary.chain.link());
    EXPECT_EQ(rows_of(*copy), store::numbers_in(*primary.database));
}

TEST_F(KeptCopies, what_a_crash_left_half_written_is_cut_off_and_may_come_again) {
    Primary primary(folder / "a.db", 7);
    auto copy = whole_copy(primary, "copy");
    primary.add(2'000, 1);
    const auto first = primary.fetch();
    ASSERT_TRUE(copy->take(first));
    const std::string log = content_of(folder / "copy" / "groups-0");
    primary.add(2'001, 1);
    const auto second = primary.fetch();
    ASSERT_TRUE(copy->take(second));
    copy.reset();
    const std::string whole = content_of(folder / "copy" / "groups-0");
    for (std::size_t bytes = log.size(); bytes < whole.size(); bytes += 97) {
        put_content(folder / "copy" / "groups-0", whole.substr(0, bytes));
        const auto opened = KeptCopy::open(folder / "copy", pairing());
        ASSERT_TRUE(opened) << told(opened);
        EXPECT_EQ((*opened)->held().group, 2U) << bytes;
    }
    copy = again(nullptr, "copy");
    ASSERT_TRUE(copy->take(second));
    EXPECT_EQ(rows_of(*copy), store::numbers_in(*primary.database));
}

TEST_F(KeptCopies, a_fold_that_was_cut_off_before_its_word_is_made_again) {
    Primary primary(folder / "a.db", 7);
    auto copy = whole_copy(primary, "copy");
    primary.add(2'000, 30);
    ASSERT_TRUE(copy->take(primary.fetch()));
    const fs::path before = folder / "before";
    fs::copy(folder / "copy", before);
    ASSERT_TRUE(copy->fold(0));
    // The files have some of the groups, state and log are the former ones.
    fs::copy_file(folder / "copy" / "bursar.db", before / "bursar.db", fs::copy_options::overwrite_existing);
    put_content(before / "groups-31", "of the fold");
    copy = again(std::move(copy), "before");
    ASSERT_TRUE(copy);
    EXPECT_FALSE(fs::exists(before / "groups-31"));
    EXPECT_EQ(rows_of(*copy), store::numbers_in(*primary.database));
}

TEST_F(KeptCopies, a_gap_is_refused_and_what_came_before_it_counts) {
    Primary primary(folder / "a.db", 7);
    auto copy = whole_copy(primary, "copy");
    primary.add(2'000, 3);
    auto groups = primary.fetch();
    groups.erase(groups.begin() + 1);
    const auto taken = copy->take(groups);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().fault, Fault::not_permitted);
    EXPECT_EQ(copy->held().group, 2U);
}

TEST_F(KeptCopies, nobody_goes_on_with_half_a_copy) {
    Primary primary(folder / "a.db", 7);
    auto copy = KeptCopy::begin(folder / "copy", pairing(), 7, {});
    ASSERT_TRUE(copy);
    primary.add(1, 1);
    ASSERT_TRUE((*copy)->take(primary.fetch()));
    EXPECT_FALSE((*copy)->held().whole);
    EXPECT_FALSE((*copy)->finish());
    const auto opened = again(*std::move(copy), "copy");
    EXPECT_FALSE(opened->held().whole);
}

TEST_F(KeptCopies, a_second_copy_asks_for_the_pages_that_changed_only) {
    std::uint32_t pages_at_first = 0;
    {
        Primary primary(folder / "a.db", 6);
        primary.add(1'000, 800);
    }
    {
        Primary primary(folder / "a.db", 7);
        auto copy = whole_copy(primary, "first");
        pages_at_first = pages_sent;
        ASSERT_TRUE(copy->take(primary.fetch()));
        ASSERT_TRUE(copy->fold(0));
        primary.add(5'000, 3);
    }
    Primary primary(folder / "a.db", 8);
    auto copy = whole_copy(primary, "second", folder / "first");
    EXPECT_GT(pages_at_first, 100U);
    EXPECT_LT(pages_sent, 20U);
    EXPECT_EQ(copy->held().run, 8U);
    EXPECT_EQ(rows_of(*copy), store::numbers_in(*primary.database));
}

TEST_F(KeptCopies, a_commit_without_its_end_is_not_taken_into_the_files) {
    Primary primary(folder / "a.db", 7);
    auto copy = whole_copy(primary, "copy");
    store::GroupPages large{.pages_after = 2 * pages_per_group_max};
    for (std::uint32_t i = 1; i <= large.pages_after; ++i) large.numbers.push_back(i);
    large.bytes.assign(std::size_t{large.pages_after} * store::raw_page_bytes, 'x');
    const auto pieces = primary.chain.seal(Part::service_database, large);
    ASSERT_TRUE(copy->take(std::span(pieces).first(1)));
    EXPECT_EQ(copy->held().group, 1U);
    ASSERT_TRUE(copy->fold(0));
    EXPECT_GT(copy->waiting_bytes(), 0U) << "half a commit was folded in";
    copy = again(std::move(copy), "copy");
    EXPECT_EQ(copy->held().group, 1U);
    EXPECT_EQ(rows_of(*copy), store::numbers_in(*primary.database));
}

}  // namespace
}  // namespace bursar::standby
