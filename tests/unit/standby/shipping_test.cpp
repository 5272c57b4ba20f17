// Hunts: a group that counts although the standby does not have it, a writer that waits for ever, and a copy that is
// thought to have begun before all of it was sent.
#include "service/standby/shipping.h"

#include "tests/unit/store/folder.h"

#include <atomic>
#include <semaphore>
#include <thread>

#include <gtest/gtest.h>

namespace bursar::standby {
namespace {

constexpr std::uint64_t run = 5;
constexpr std::size_t plenty = std::size_t{1} << 30;
constexpr auto long_ago = std::chrono::steady_clock::time_point::min();

Secret pairing() { return Secret(std::string(32, 'p')); }

store::GroupPages pages(bool all = false, std::uint32_t count = 1) {
    store::GroupPages group{.pages_after = count, .all = all};
    for (std::uint32_t i = 1; i <= count; ++i) group.numbers.push_back(i);
    group.bytes.assign(std::size_t{count} * store::raw_page_bytes, 'x');
    return group;
}

class Shippings : public testing::Test {
  protected:
    Shipping& shipping() { return shipping_; }
    void begin_copy(std::uint64_t of = run) {
        shipping_.begin(of);
        ASSERT_TRUE(service.follow(pages(true)));
        ASSERT_TRUE(secrets.follow(pages(true)));
    }
    std::size_t count_after(std::uint64_t has, std::size_t bytes_max = plenty) {
        return shipping_.after(run, has, bytes_max, long_ago).groups.size();
    }

    /// A writer on a thread of its own; `counted` once its group counts, `refused` if it never may.
    void write() {
        writer = std::thread([this] {
            const auto followed = service.follow(pages());
            (followed ? counted : refused) = true;
        });
    }
    /// Until the group of write() is there to be fetched.
    std::vector<std::string> fetch_after(std::uint64_t has) {
        const auto soon = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        return shipping_.after(run, has, plenty, soon).groups;
    }
    ~Shippings() override {
        shipping_.end({Fault::shutting_down, "The test is over.", {}});
        if (writer.joinable()) writer.join();
    }
    Shipping shipping_{pairing()};
    store::Follower& service = shipping_.follower(Part::service_database);
    store::Follower& secrets = shipping_.follower(Part::secrets_database);
    std::thread writer;
    std::atomic<bool> counted = false;
    std::atomic<bool> refused = false;
};

TEST_F(Shippings, without_a_standby_nothing_is_kept_and_nobody_waits) {
    shipping().set_writers(Shipping::Writers::wait);
    EXPECT_FALSE(service.wants_all());
    EXPECT_TRUE(service.follow(pages()));
    EXPECT_EQ(shipping().unconfirmed_bytes(), 0U);
    EXPECT_EQ(shipping().run(), 0U);
}

TEST_F(Shippings, a_copy_has_begun_once_both_databases_have_brought_their_logs) {
    shipping().begin(run);
    EXPECT_TRUE(service.wants_all());
    // Committed before the writer heard of the copy.
    EXPECT_TRUE(service.follow(pages()));
    EXPECT_EQ(shipping().newest(), 0U);
    EXPECT_TRUE(service.follow(pages(true)));
    EXPECT_FALSE(service.wants_all());
    EXPECT_FALSE(shipping().has_begun());
    EXPECT_TRUE(secrets.follow(pages(true)));
    EXPECT_TRUE(shipping().has_begun());
    EXPECT_EQ(shipping().newest(), 2U);
}

TEST_F(Shippings, groups_come_in_order_until_they_are_confirmed) {
    begin_copy();
    ASSERT_TRUE(service.follow(pages()));
    shipping().put_file(Part::keyring, "ring");
    EXPECT_EQ(count_after(0), 4U);
    EXPECT_EQ(count_after(3), 1U);
    EXPECT_EQ(count_after(4), 0U);
    Chain standby = Chain::begin(pairing(), run);
    for (const std::string& sealed : shipping().after(run, 0, plenty, long_ago).groups)
        EXPECT_TRUE(standby.open(sealed));
    shipping().confirm(run, 3);
    EXPECT_EQ(count_after(3), 1U);
    EXPECT_EQ(count_after(0), 0U) << "gone, so a new copy is needed";
    shipping().confirm(run, 4);
    EXPECT_EQ(shipping().unconfirmed_bytes(), 0U);
}

TEST_F(Shippings, one_answer_is_bounded_and_has_one_group_at_least) {
    begin_copy();
    EXPECT_EQ(count_after(0, 1), 1U);
    EXPECT_EQ(count_after(0, store::raw_page_bytes + 200), 1U);
    EXPECT_EQ(count_after(0, 3 * store::raw_page_bytes), 2U);
}

TEST_F(Shippings, whoever_asks_for_another_run_hears_which_one_there_is) {
    begin_copy();
    const auto other = shipping().after(run + 1, 0, plenty, long_ago);
    EXPECT_EQ(other.run, run);
    EXPECT_EQ(other.newest, 2U);
    EXPECT_TRUE(other.groups.empty());
}

TEST_F(Shippings, a_group_counts_once_the_standby_has_it) {
    begin_copy();
    shipping().confirm(run, 2);
    shipping().set_writers(Shipping::Writers::wait);
    write();
    ASSERT_EQ(fetch_after(2).size(), 1U);
    EXPECT_FALSE(counted);
    // Nothing that is not this group's confirmation changes that.
    shipping().confirm(run, 2);
    shipping().confirm(run + 1, 3);
    shipping().confirm(run, 900);
    EXPECT_FALSE(counted);
    shipping().confirm(run, 3);
    writer.join();
    EXPECT_TRUE(counted);
}

TEST_F(Shippings, a_primary_that_goes_on_alone_lets_the_writer_go_on) {
    begin_copy();
    shipping().set_writers(Shipping::Writers::wait);
    write();
    ASSERT_EQ(fetch_after(2).size(), 1U);
    shipping().let_go();
    writer.join();
    EXPECT_TRUE(counted);
    EXPECT_EQ(shipping().unconfirmed_bytes(), 0U);
}

TEST_F(Shippings, a_primary_whose_time_is_over_fails_what_waits_and_all_that_follows) {
    begin_copy();
    shipping().set_writers(Shipping::Writers::wait);
    write();
    ASSERT_EQ(fetch_after(2).size(), 1U);
    shipping().end({Fault::storage_unavailable, "Another machine has taken over.", {}});
    writer.join();
    EXPECT_TRUE(refused);
    EXPECT_FALSE(service.follow(pages()));
    shipping().let_go();
    EXPECT_FALSE(service.follow(pages())) << "it is over for good";
}

TEST_F(Shippings, a_standby_that_is_too_far_behind_is_let_go) {
    begin_copy();
    const std::size_t each = std::size_t{pages_per_group_max} * store::raw_page_bytes;
    const store::GroupPages large = pages(false, pages_per_group_max);
    for (std::size_t bytes = 0; bytes <= unconfirmed_bytes_max; bytes += each) ASSERT_TRUE(service.follow(large));
    EXPECT_EQ(shipping().unconfirmed_bytes(), 0U);
    EXPECT_EQ(shipping().run(), 0U);
    EXPECT_FALSE(shipping().has_begun());
}

}  // namespace
}  // namespace bursar::standby
