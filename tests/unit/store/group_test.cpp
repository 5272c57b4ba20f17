#include "service/store/store.h"
#include "tests/unit/store/folder.h"

#include <atomic>
#include <semaphore>
#include <thread>

#include <gtest/gtest.h>

namespace bursar::store {
namespace {

/// Writes the numbers that it was given; each is acknowledged, refused or still waiting.
class Numbers final : public Contributor {
  public:
    void give(std::int64_t number) { waiting.push_back(number); }
    Result<void> contribute(Transaction& transaction) override {
        if (order != nullptr) *order += name;
        if (fail_next) {
            fail_next = false;
            return fail(Fault::internal, "not today");
        }
        in_group = std::exchange(waiting, {});
        for (const std::int64_t number : in_group) TRY_VOID(add_row(transaction, number));
        return {};
    }
    void committed() override {
        acknowledged.insert(acknowledged.end(), in_group.begin(), in_group.end());
        in_group.clear();
        if (order != nullptr) *order += '!';
        done.release();
    }
    void failed(const Error& error) override {
        waiting.insert(waiting.begin(), in_group.begin(), in_group.end());
        in_group.clear();
        last_error = error;
        ++failures;
    }
    bool is_due() override { return due.exchange(false); }

    std::vector<std::int64_t> waiting, in_group, acknowledged;
    bool fail_next = false;
    std::atomic<bool> due = false;
    std::atomic<int> failures = 0;
    Error last_error;
    char name = 'a';
    std::string* order = nullptr;
    std::counting_semaphore<1000> done{0};
};

std::unique_ptr<Store> open(const TestFolder& folder) {
    auto store = Store::open(test_options(folder / "a.db"));
    EXPECT_TRUE(store) << told(store);
    return *std::move(store);
}

// Hunts: acknowledgements that come before the commit, or in another order than promised.
TEST(StoreGroup, contributors_write_in_order_and_hear_of_it_before_the_jobs) {
    const TestFolder folder;
    std::string order;
    Numbers first, second;
    auto store = open(folder);
    first.order = second.order = &order;
    second.name = 'b';
    first.give(1);
    second.give(2);
    store->attach(first);
    store->attach(second);
    std::binary_semaphore told_job(0);
    store->submit(
        [&](Transaction& transaction) {
            order += 'j';
            return add_row(transaction, 3);
        },
        [&](Result<void> result) {
            order += result ? '+' : '-';
            told_job.release();
        });
    store->start();
    told_job.acquire();
    store->stop();
    EXPECT_EQ(order.substr(0, 6), "abj!!+");
    EXPECT_EQ(numbers_in(*store), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(StoreGroup, a_job_that_fails_undoes_only_itself) {
    const TestFolder folder;
    Numbers numbers;
    auto store = open(folder);
    numbers.give(1);
    store->attach(numbers);
    std::counting_semaphore<3> answered(0);
    std::string results;
    const auto note = [&](Result<void> result) {
        results += result ? "ok " : std::string(facts(result.error().fault).name) + " ";
        answered.release();
    };
    store->submit([](Transaction& transaction) { return add_row(transaction, 10); }, note);
    store->submit(
        [](Transaction& transaction) -> Result<void> {
            TRY_VOID(add_row(transaction, 11));
            return fail(Fault::not_permitted, "changed my mind");
        },
        note);
    store->submit([](Transaction& transaction) { return add_row(transaction, 10); }, note);
    store->start();
    for (int i = 0; i < 3; ++i) answered.acquire();
    EXPECT_EQ(results, "ok not_permitted conflict ");
    EXPECT_EQ(numbers_in(*store), (std::vector<std::int64_t>{1, 10}));
}

TEST(StoreGroup, a_contributor_that_fails_fails_the_group_and_the_next_one_goes_on) {
    const TestFolder folder;
    Numbers first, second;
    auto store = open(folder);
    first.give(1);
    second.give(2);
    second.fail_next = true;
    store->attach(first);
    store->attach(second);
    Result<void> job_result;
    std::binary_semaphore answered(0);
    store->submit([](Transaction& transaction) { return add_row(transaction, 3); },
                  [&](Result<void> result) {
                      job_result = std::move(result);
                      answered.release();
                  });
    store->start();
    answered.acquire();
    ASSERT_FALSE(job_result) << "the job was told that it is stored, but its group was undone";
    EXPECT_EQ(job_result.error().fault, Fault::storage_unavailable);
    // Nothing wakes the writer now: what the group carried is tried again by itself.
    first.done.acquire();
    store->stop();
    EXPECT_EQ(first.acknowledged, (std::vector<std::int64_t>{1}));
    EXPECT_EQ(second.acknowledged, (std::vector<std::int64_t>{2}));
    EXPECT_EQ(first.failures + second.failures, 2);
    EXPECT_EQ(numbers_in(*store), (std::vector<std::int64_t>{1, 2}));
}

TEST(StoreGroup, what_is_due_is_written_although_nothing_wakes_the_writer) {
    const TestFolder folder;
    Numbers numbers;
    auto store = open(folder);
    numbers.give(7);
    store->attach(numbers);
    store->start();
    numbers.due = true;
    numbers.done.acquire();
    EXPECT_EQ(numbers_in(*store), (std::vector<std::int64_t>{7}));
}

// Hunts: the moment between the writer's light rest and its long sleep in which wake_soon() would be overheard. A lost
// one would only be written by the look a fifth of a second later, so a thousand rounds tell.
TEST(StoreGroup, wake_soon_is_never_overheard) {
    const TestFolder folder;
    std::atomic<std::int64_t> given = 0;
    std::binary_semaphore written(0);
    struct One final : Contributor {
        One(std::atomic<std::int64_t>& number, std::binary_semaphore& semaphore) : given(number), written(semaphore) {}
        Result<void> contribute(Transaction& transaction) override {
            in_group = given.exchange(0);
            return in_group == 0 ? Result<void>() : add_row(transaction, in_group);
        }
        void committed() override {
            if (std::exchange(in_group, 0) != 0) written.release();
        }
        void failed(const Error& error) override { ADD_FAILURE() << error.operator_text(); }
        std::atomic<std::int64_t>& given;
        std::binary_semaphore& written;
        std::int64_t in_group = 0;
    } one(given, written);
    auto store = open(folder);
    store->attach(one);
    store->start();
    constexpr int rounds = 1000;
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 1; i <= rounds; ++i) {
        // Pauses around the length of the light rest.
        const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(i % 50 * 80);
        while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
        given = i;
        store->wake_soon();
        written.acquire();
    }
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_LT(took, std::chrono::seconds(rounds / 20)) << "rows had to wait for the writer's own look";
    EXPECT_EQ(numbers_in(*store).size(), std::size_t{rounds});
}

TEST(StoreGroup, stopping_writes_what_has_gathered_and_refuses_the_rest) {
    const TestFolder folder;
    Numbers numbers;
    auto store = open(folder);
    store->attach(numbers);
    store->start();
    ASSERT_TRUE(store->write([](Transaction& transaction) { return add_row(transaction, 1); }));
    numbers.give(2);
    bool told_job = false;
    store->submit([](Transaction& transaction) { return add_row(transaction, 3); },
                  [&](Result<void> result) { told_job = result.has_value(); });
    store->stop();
    EXPECT_TRUE(told_job);
    EXPECT_EQ(numbers.acknowledged, (std::vector<std::int64_t>{2}));
    const auto late = store->write([](Transaction& transaction) { return add_row(transaction, 4); });
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().fault, Fault::storage_unavailable);
    EXPECT_EQ(numbers_in(*store), (std::vector<std::int64_t>{1, 2, 3}));
    store->wake();
    store->stop();
}

TEST(StoreGroup, many_writers_share_commits_and_lose_nothing) {
    const TestFolder folder;
    auto store = open(folder);
    store->start();
    constexpr int threads_count = 8;
    constexpr int rows_each = 200;
    std::atomic<int> refused = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < threads_count; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < rows_each; ++i)
                    if (!store->write(
                            [&](Transaction& transaction) { return add_row(transaction, t * rows_each + i); }))
                        ++refused;
            });
        // Readers must see whole groups, never a half-written state, and must not stop the writer.
        threads.emplace_back([&] {
            for (int i = 0; i < 50; ++i) EXPECT_LE(numbers_in(*store).size(), std::size_t{threads_count * rows_each});
        });
    }
    EXPECT_EQ(refused, 0);
    EXPECT_EQ(numbers_in(*store).size(), std::size_t{threads_count * rows_each});
    const Health health = store->health();
    EXPECT_LT(health.commits, std::uint64_t{threads_count * rows_each}) << "no two writers ever shared a commit";
    std::uint64_t counted = 0;
    for (const std::uint64_t count : health.commit_histogram) counted += count;
    EXPECT_EQ(counted, health.commits);
    EXPECT_EQ(health.commit_histogram.size(), commit_bounds().size() + 1);
    EXPECT_TRUE(store->verify()) << told(store->verify());
}

TEST(StoreGroup, a_reader_keeps_its_view_while_others_write) {
    const TestFolder folder;
    auto store = open(folder);
    store->start();
    const auto count = [](Transaction& transaction) {
        std::int64_t rows = -1;
        EXPECT_TRUE(transaction.each("SELECT count(*) FROM entry", {}, [&](const Row& row) -> Result<void> {
            rows = row.integer(0);
            return {};
        }));
        return rows;
    };
    ASSERT_TRUE(store->read([&](Transaction& transaction) -> Result<void> {
        EXPECT_EQ(count(transaction), 0);
        EXPECT_TRUE(store->write([](Transaction& writing) { return add_row(writing, 1); }));
        EXPECT_EQ(count(transaction), 0);
        const auto wrote = add_row(transaction, 2);
        EXPECT_FALSE(wrote) << "a reader could write";
        return {};
    }));
    EXPECT_EQ(numbers_in(*store).size(), 1U);
}

TEST(StoreGroup, the_same_statement_can_run_inside_itself) {
    const TestFolder folder;
    auto store = open(folder);
    ASSERT_TRUE(store->write([](Transaction& transaction) -> Result<void> {
        for (int i = 0; i < 3; ++i) TRY_VOID(add_row(transaction, i));
        return {};
    }));
    int pairs = 0;
    constexpr std::string_view all = "SELECT number FROM entry";
    ASSERT_TRUE(store->read([&](Transaction& transaction) {
        return transaction.each(all, {}, [&](const Row&) {
            return transaction.each(all, {}, [&](const Row&) -> Result<void> {
                ++pairs;
                return {};
            });
        });
    }));
    EXPECT_EQ(pairs, 9);
}

TEST(StoreGroup, values_come_back_as_they_were_given) {
    const TestFolder folder;
    auto store = open(folder);
    const std::string blob("\0\x01 nul and more \xff", 17);
    ASSERT_TRUE(store->write([&](Transaction& transaction) -> Result<void> {
        TRY_VOID(transaction.run("CREATE TABLE kinds (a INTEGER, b TEXT, c BLOB, d TEXT, e BLOB, f TEXT)"));
        return transaction.run("INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?)",
                               {INT64_MIN, std::string_view("käse"), Blob{blob}, std::string_view(), Blob{}, nullptr});
    }));
    int rows = 0;
    ASSERT_TRUE(store->read([&](Transaction& transaction) {
        return transaction.each("SELECT * FROM kinds", {}, [&](const Row& row) -> Result<void> {
            ++rows;
            EXPECT_EQ(row.integer(0), INT64_MIN);
            EXPECT_EQ(row.text(1), "käse");
            EXPECT_EQ(row.text(2), blob);
            EXPECT_FALSE(row.is_null(3));
            EXPECT_EQ(row.text(3), "");
            EXPECT_FALSE(row.is_null(4));
            EXPECT_TRUE(row.is_null(5));
            return {};
        });
    }));
    EXPECT_EQ(rows, 1);
}

// Hunts: a log that only ever grows, since each checkpoint is overtaken by the next commit.
TEST(StoreGroup, the_log_starts_over_under_steady_writing) {
    const TestFolder folder;
    auto store = open(folder);
    store->start();
    const std::string text(3500, 'x');
    std::uintmax_t longest = 0;
    for (int i = 0; i < 32'000; ++i) {
        store->submit([&, i](Transaction& transaction) { return add_row(transaction, i, text); },
                      [](const Result<void>&) {});
        if (i % 20 != 0) continue;
        ASSERT_TRUE(store->write([](Transaction&) -> Result<void> { return {}; }));
        longest = std::max(longest, std::filesystem::file_size(folder / "a.db-wal"));
    }
    // On a busy machine a checkpoint may be late by some.
    EXPECT_LT(longest, 96U << 20U) << "128 MB were written";
    store->stop();
    EXPECT_EQ(std::filesystem::file_size(folder / "a.db-wal"), 0U);
    EXPECT_EQ(numbers_in(*store).size(), 32'000U);
}

// Hunts: a false alarm, because a page was looked at while a checkpoint was writing it.
TEST(StoreGroup, verifying_while_others_write_finds_nothing) {
    const TestFolder folder;
    auto store = open(folder);
    store->start();
    std::atomic<bool> stop = false;
    std::jthread writer([&] {
        const std::string text(6000, 'x');
        for (int i = 0; !stop; ++i)
            EXPECT_TRUE(store->write([&](Transaction& transaction) { return add_row(transaction, i, text); }));
    });
    // Long enough for several checkpoints: each is asked for after 4 MB of log.
    Result<void> verified;
    while (verified && store->health().commits < 3000) verified = store->verify();
    stop = true;
    EXPECT_TRUE(verified) << told(verified);
}

}  // namespace
}  // namespace bursar::store
