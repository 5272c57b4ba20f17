#include "service/store/store.h"
#include "tests/unit/store/faulty_disk.h"
#include "tests/unit/store/folder.h"

#include <atomic>
#include <csignal>
#include <set>
#include <sys/resource.h>

#include <gtest/gtest.h>
#include <sqlcipher/sqlite3.h>

namespace bursar::store {
namespace {

namespace fs = std::filesystem;

struct Course {
    std::set<std::int64_t> acknowledged;
    bool failed = false;
    int times_broken = 0;
    bool refused_afterwards = true;
    bool writable_at_last = false;
};

constexpr int rows_count = 12;

/// Writes rows one group at a time while the disk fails; after the first refusal it heals, and the rest is tried on.
Course write_rows(const fs::path& file, FaultyDisk& disk, FaultyDisk::Operation operation, int nth, int code) {
    Course run;
    auto store = Store::open(test_options(file, Durability::power));
    EXPECT_TRUE(store) << told(store);
    (*store)->on_broken([&](const Error&) { ++run.times_broken; });
    (*store)->start();
    disk.fail_from(operation, nth, code);
    const std::string text(5000, 'x');
    for (int i = 0; i < rows_count; ++i) {
        const auto written = (*store)->write([&](Transaction& transaction) { return add_row(transaction, i, text); });
        if (written) {
            run.acknowledged.insert(i);
            run.refused_afterwards = run.refused_afterwards && run.times_broken == 0;
            continue;
        }
        EXPECT_EQ(written.error().fault, Fault::storage_unavailable) << told(written);
        disk.heal();
    }
    run.failed = disk.has_failed();
    disk.heal();
    // The failure may have met the very last row: two more groups, one that may free the ballast and one that writes.
    for (int i = 0; i < 2; ++i) (void)(*store)->write([](Transaction&) -> Result<void> { return {}; });
    run.writable_at_last = (*store)->writable();
    (*store)->stop();
    return run;
}

void check_nothing_is_lost(const fs::path& file, const Course& run) {
    auto store = Store::open(test_options(file));
    ASSERT_TRUE(store) << "after a failing disk the file does not open any more: " << told(store);
    const auto numbers = numbers_in(**store);
    const std::set<std::int64_t> stored(numbers.begin(), numbers.end());
    for (const std::int64_t number : run.acknowledged)
        EXPECT_TRUE(stored.contains(number)) << "row " << number << " was acknowledged and is lost";
    EXPECT_TRUE((*store)->verify()) << told((*store)->verify());
}

// Hunts: one operation that fails, at any place, after which an acknowledged row is gone or the store goes on as if
// nothing was.
TEST(StoreDisk, every_write_and_every_sync_may_fail) {
    struct Case {
        const char* name;
        FaultyDisk::Operation operation;
        int code;
        bool breaks;
    };
    FaultyDisk& disk = FaultyDisk::installed();
    for (const Case& c : {Case{"a write fails", FaultyDisk::Operation::write, SQLITE_IOERR_WRITE, true},
                          Case{"a sync fails", FaultyDisk::Operation::sync, SQLITE_IOERR_FSYNC, true},
                          Case{"the disk is full", FaultyDisk::Operation::write, SQLITE_FULL, false}}) {
        SCOPED_TRACE(c.name);
        int nth = 1;
        for (bool failed = true; failed; nth += nth < 12 ? 1 : 5) {
            SCOPED_TRACE(nth);
            const TestFolder folder;
            const Course run = write_rows(folder / "a.db", disk, c.operation, nth, c.code);
            failed = run.failed;
            if (failed) {
                EXPECT_EQ(run.times_broken, c.breaks ? 1 : 0);
                EXPECT_TRUE(run.refused_afterwards) << "a row was acknowledged after the store had broken";
                EXPECT_EQ(run.writable_at_last, !c.breaks);
                EXPECT_LT(run.acknowledged.size(), std::size_t{rows_count});
            } else {
                EXPECT_EQ(run.acknowledged.size(), std::size_t{rows_count});
            }
            check_nothing_is_lost(folder / "a.db", run);
        }
        EXPECT_GT(nth, 8) << "hardly any operation was made to fail: does the disk of this test work at all?";
    }
}

/// Files of this program cannot grow beyond `bytes` while it lives: what a full disk does to us.
class SizeLimit {
  public:
    explicit SizeLimit(rlim_t bytes) {
        before_handler_ = std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~SizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, before_handler_);
    }
    SizeLimit(const SizeLimit&) = delete;
    SizeLimit& operator=(const SizeLimit&) = delete;

  private:
    rlimit before_{};
    void (*before_handler_)(int) = nullptr;
};

/// A settlement: it must get in, whatever was refused before.
class Settlement final : public Contributor {
  public:
    Result<void> contribute(Transaction& transaction) override {
        return waits ? add_row(transaction, 1'000'000) : Result<void>();
    }
    void committed() override { waits = false; }
    void failed(const Error&) override { ++failures; }
    std::atomic<bool> waits = false;
    std::atomic<int> failures = 0;
};

TEST(StoreDisk, a_full_disk_frees_the_ballast_and_recovers_when_there_is_space_again) {
    const TestFolder folder;
    Options options = test_options(folder / "a.db");
    options.ballast_bytes = 1U << 20U;
    Settlement settlement;
    auto opened = Store::open(std::move(options));
    ASSERT_TRUE(opened) << told(opened);
    Store& store = **opened;
    int broken = 0;
    store.attach(settlement);
    store.on_broken([&](const Error&) { ++broken; });
    store.start();
    ASSERT_TRUE(store.write([](Transaction& transaction) { return add_row(transaction, 1); }));
    EXPECT_TRUE(store.writable());
    EXPECT_EQ(fs::file_size(folder / "a.db.ballast"), 1U << 20U);
    {
        const SizeLimit limit(fs::file_size(folder / "a.db-wal") + 100);
        settlement.waits = true;
        const auto written = store.write([](Transaction& transaction) { return add_row(transaction, 2); });
        ASSERT_FALSE(written) << "written without space";
        EXPECT_EQ(written.error().fault, Fault::storage_unavailable);
        EXPECT_FALSE(store.writable());
        EXPECT_FALSE(store.health().writable);
        EXPECT_NE(store.health().reason.find("full"), std::string::npos) << store.health().reason;
        EXPECT_FALSE(fs::exists(folder / "a.db.ballast"));
        EXPECT_EQ(numbers_in(store), (std::vector<std::int64_t>{1})) << "reading must go on";
        EXPECT_FALSE(store.write([](Transaction& transaction) { return add_row(transaction, 2); }));
    }
    // Nothing but the store's own attempts from here on: the row waits for the group in which it fits.
    while (!store.writable()) ASSERT_TRUE(store.write([](Transaction&) -> Result<void> { return {}; }));
    EXPECT_TRUE(store.health().reason.empty());
    EXPECT_TRUE(fs::exists(folder / "a.db.ballast"));
    EXPECT_GE(settlement.failures, 1);
    EXPECT_EQ(numbers_in(store), (std::vector<std::int64_t>{1, 1'000'000}));
    EXPECT_EQ(broken, 0) << "a full disk is no reason to stop";
    store.stop();
    EXPECT_FALSE(settlement.waits);
}

// Hunts: contributors that wait for an answer which never comes once the store has broken.
TEST(StoreDisk, a_broken_store_answers_everybody_with_storage_unavailable) {
    FaultyDisk& disk = FaultyDisk::installed();
    const TestFolder folder;
    Settlement settlement;
    auto opened = Store::open(test_options(folder / "a.db", Durability::power));
    ASSERT_TRUE(opened) << told(opened);
    Store& store = **opened;
    std::string reason;
    store.attach(settlement);
    store.on_broken([&](const Error& error) { reason = error.operator_text(); });
    store.start();
    disk.fail_from(FaultyDisk::Operation::sync, 1, SQLITE_IOERR_FSYNC);
    EXPECT_FALSE(store.write([](Transaction& transaction) { return add_row(transaction, 1); }));
    disk.heal();
    EXPECT_NE(reason.find("a.db"), std::string::npos) << reason;
    settlement.waits = true;
    const int failures = settlement.failures;
    const auto later = store.write([](Transaction& transaction) { return add_row(transaction, 2); });
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().fault, Fault::storage_unavailable);
    EXPECT_GT(settlement.failures, failures);
    EXPECT_FALSE(store.health().writable);
    store.stop();
    EXPECT_TRUE(settlement.waits) << "a broken store told a contributor that its record is stored";
}

}  // namespace
}  // namespace bursar::store
