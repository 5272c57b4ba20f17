// Hunts: what only both ends together can get wrong: a copy that never becomes whole, a call that counts and is not on
// the standby, a node that serves beside another one, or cannot serve although it should.
#include "service/standby/ends.h"

#include "service/standby/standing_file.h"
#include "service/store/store.h"
#include "tests/unit/store/folder.h"

#include <thread>

#include <gtest/gtest.h>

namespace bursar::standby {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Times times{.mandate = 10s, .patience = 15s};

/// A machine with both databases, as a service has them.
class Machine {
  public:
    explicit Machine(fs::path where) : folder(std::move(where)) { fs::create_directory(folder); }

    std::unique_ptr<store::Store> open(const char* name, Part part) {
        auto opened = store::Store::open(store::test_options(folder / name));
        EXPECT_TRUE(opened) << told(opened);
        (*opened)->follow_with(shipping->follower(part));
        (*opened)->start();
        return *std::move(opened);
    }
    void serve(Mode mode, const Standing& standing, const Clock& clock) {
        shipping = std::make_unique<Shipping>(Secret(std::string(32, 'p')));
        service = open("bursar.db", Part::service_database);
        secrets = open("vault.db", Part::secrets_database);
        service_file = std::make_unique<store::RawPages>(*store::RawPages::open(folder / "bursar.db"));
        secrets_file = std::make_unique<store::RawPages>(*store::RawPages::open(folder / "vault.db"));
        end = std::make_unique<PrimaryEnd>(
            Pair{Secret(std::string(32, 'p')), mode, times, folder / "standing", "the version"}, standing, *shipping,
            PrimaryEnd::Sources{
                *service_file, *secrets_file,
                [] { return std::vector<std::pair<Part, std::string>>{{Part::keyring, "the keyring"}}; },
                [this] {
                    service->wake();
                    secrets->wake();
                }},
            clock);
    }
    /// Gone, as by a cut of the power: nobody says goodbye.
    void stop() {
        if (shipping) shipping->end({Fault::shutting_down, "Gone.", {}});
        end.reset();
        service.reset();
        secrets.reset();
        service_file.reset();
        secrets_file.reset();
        shipping.reset();
    }
    ~Machine() { stop(); }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    const fs::path folder;
    std::unique_ptr<Shipping> shipping;
    std::unique_ptr<store::RawPages> service_file, secrets_file;
    std::unique_ptr<store::Store> service, secrets;
    std::unique_ptr<PrimaryEnd> end;
};

class Ends : public testing::Test {
  protected:
    void start_standby(Mode mode, const Standing& standing = {.post = Post::follower}) {
        standby.reset();
        const fs::path place = folder / "standby";
        fs::create_directory(place);
        auto opened = StandbyEnd::open({Secret(std::string(32, 'p')), mode, times, place / "standing", "the version"},
                                       standing, place, clock);
        ASSERT_TRUE(opened) << told(opened);
        standby = *std::move(opened);
    }
    /// One pull and its answer, and a piece of the base if one is wanted.
    void round(bool wants_to_take_over = false) {
        const auto answer = primary.end->pull(standby->ask(wants_to_take_over), Moment::min());
        ASSERT_TRUE(answer) << told(answer);
        const auto heard = standby->hear(*answer);
        ASSERT_TRUE(heard) << told(heard);
        const auto ask = standby->ask_base();
        ASSERT_TRUE(ask) << told(ask);
        if (ask->empty()) return;
        // Until the writers have brought their logs there is nothing to read.
        const auto pages = primary.end->base(*ask);
        if (!pages) return;
        const auto kept = standby->hear_base(*pages);
        ASSERT_TRUE(kept) << told(kept);
    }
    void until(Post post) {
        for (int i = 0; i < rounds_max && standby->standing().post != post; ++i) round();
        ASSERT_EQ(standby->standing().post, post);
    }
    static Result<void> add(store::Store& to, std::int64_t number) {
        return to.write([&](store::Transaction& transaction) {
            return store::add_row(transaction, number, std::string(300, 'r'));
        });
    }
    /// A write that has to wait for the standby, while the standby goes on asking.
    void add_beside_rounds(std::int64_t number) {
        std::atomic<bool> done = false;
        std::thread writer([&] {
            EXPECT_TRUE(add(*primary.service, number));
            done = true;
        });
        while (!done) round();
        writer.join();
    }
    std::vector<std::int64_t> rows_on_standby(Part part) {
        auto opened = store::Store::open(store::test_options(standby->whole_copy()->file_of(part)));
        EXPECT_TRUE(opened) << told(opened);
        return opened ? store::numbers_in(**opened) : std::vector<std::int64_t>{};
    }

    /// Far more than it takes; each waits for a writer at most.
    static constexpr int rounds_max = 1'000'000;
    TestFolder folder;
    ManualClock clock{*parse_timestamp("2026-11-30T08:00:00Z")};
    Machine primary{folder / "primary"};
    std::unique_ptr<StandbyEnd> standby;
};

TEST_F(Ends, a_pair_comes_to_be_and_what_counts_is_on_the_standby) {
    primary.serve(Mode::synchronous, {}, clock);
    for (std::int64_t i = 1; i <= 30; ++i) ASSERT_TRUE(add(*primary.service, i));
    ASSERT_TRUE(add(*primary.secrets, 7));
    EXPECT_TRUE(primary.end->may_spend());
    start_standby(Mode::synchronous);
    until(Post::standby);
    EXPECT_EQ(primary.end->standing().post, Post::primary);
    for (std::int64_t i = 100; i < 120; ++i) add_beside_rounds(i);
    const auto rows = store::numbers_in(*primary.service);

    // Lost: the primary is gone, and after its mandate has ended the standby goes on.
    primary.stop();
    EXPECT_FALSE(standby->take_over(Following::Word::none));
    clock.advance(15s);
    const auto taken = standby->take_over(Following::Word::none);
    ASSERT_TRUE(taken) << told(taken);
    EXPECT_EQ(rows_on_standby(Part::service_database), rows);
    EXPECT_EQ(rows_on_standby(Part::secrets_database), (std::vector<std::int64_t>{7}));
    EXPECT_EQ(content_of(standby->whole_copy()->file_of(Part::keyring)), "the keyring");
    EXPECT_EQ(*read_standing(folder / "standby" / "standing"), (Standing{.post = Post::alone, .epoch = 3}));
}

TEST_F(Ends, a_standby_that_cannot_open_its_copy_says_so_and_counts_once_it_can) {
    primary.serve(Mode::asynchronous, {}, clock);
    start_standby(Mode::asynchronous);
    EXPECT_EQ(standby->keyring(), "") << "nothing has come yet";
    standby->set_unopened("Another key.");
    for (int i = 0; i < rounds_max && !standby->held().whole; ++i) round();
    round();
    EXPECT_EQ(standby->keyring(), "the keyring");
    EXPECT_EQ(standby->standing().post, Post::follower);
    EXPECT_EQ(primary.end->standing().post, Post::alone);
    EXPECT_TRUE(primary.end->state().standby_cannot_open);
    EXPECT_FALSE(primary.end->state().standby_is_whole);
    standby->set_unopened("");
    until(Post::standby);
    round();
    EXPECT_FALSE(primary.end->state().standby_cannot_open);
    standby->set_unopened("Another key.");
    round();
    const auto handed_over = primary.end->hand_over();
    ASSERT_FALSE(handed_over) << "nobody would serve";
    EXPECT_TRUE(handed_over.error().for_caller.contains("does not open"));
    EXPECT_EQ(primary.end->standing().post, Post::primary);
    standby->set_unopened("");
    round();
    EXPECT_EQ(primary.end->state().standby_version, "the version");

    primary.shipping->put_file(Part::keyring, "a newer one");
    round();
    round();
    EXPECT_EQ(standby->keyring(), "a newer one");
    start_standby(Mode::asynchronous, standby->standing());
    round();
    EXPECT_EQ(standby->keyring(), "a newer one") << "after a restart, from the groups that wait";
}

TEST_F(Ends, a_synchronous_primary_that_hears_nothing_spends_nothing_until_somebody_gives_his_word) {
    primary.serve(Mode::synchronous, {}, clock);
    start_standby(Mode::synchronous);
    until(Post::standby);
    round();
    EXPECT_TRUE(primary.end->may_spend());
    clock.advance(10s);
    EXPECT_FALSE(primary.end->may_spend());
    std::thread writer([&] { EXPECT_TRUE(add(*primary.service, 1)); });
    ASSERT_TRUE(primary.end->go_on_alone());
    writer.join();
    EXPECT_TRUE(primary.end->may_spend());
    round();
    EXPECT_EQ(standby->standing().post, Post::retired);
    EXPECT_FALSE(standby->take_over(Following::Word::primary_is_off));
}

TEST_F(Ends, a_primary_that_starts_again_serves_once_its_standby_has_a_new_copy) {
    primary.serve(Mode::synchronous, {}, clock);
    start_standby(Mode::synchronous);
    until(Post::standby);
    add_beside_rounds(1);
    const Standing standing = primary.end->standing();
    primary.stop();
    primary.serve(Mode::synchronous, standing, clock);
    EXPECT_FALSE(primary.end->may_spend());
    const std::uint64_t before = standby->held().run;
    for (int i = 0; i < rounds_max && !primary.end->may_spend(); ++i) round();
    EXPECT_TRUE(primary.end->may_spend());
    EXPECT_NE(standby->held().run, before);
    EXPECT_TRUE(standby->held().whole);
    add_beside_rounds(2);
    EXPECT_EQ(standby->standing().post, Post::standby);
}

TEST_F(Ends, a_standby_that_starts_again_goes_on_where_it_was) {
    primary.serve(Mode::asynchronous, {}, clock);
    start_standby(Mode::asynchronous);
    until(Post::standby);
    ASSERT_TRUE(add(*primary.service, 1));
    round();
    const Held held = standby->held();
    start_standby(Mode::asynchronous, standby->standing());
    // It does not know yet whose groups are asked for.
    round();
    ASSERT_TRUE(add(*primary.service, 2));
    for (int i = 0; i < rounds_max && standby->held().group <= held.group; ++i) round();
    EXPECT_EQ(standby->held().run, held.run) << "a new copy was made for nothing";
    EXPECT_TRUE(standby->held().whole);
}

TEST_F(Ends, a_hand_over_takes_no_waiting_and_loses_nothing) {
    primary.serve(Mode::asynchronous, {}, clock);
    start_standby(Mode::asynchronous);
    until(Post::standby);
    for (std::int64_t i = 1; i <= 10; ++i) ASSERT_TRUE(add(*primary.service, i));
    round(true);
    EXPECT_TRUE(primary.end->asked_to_hand_over());
    for (int i = 0; i < rounds_max && !primary.end->hand_over(); ++i) round(true);
    EXPECT_FALSE(primary.end->may_spend());
    round(true);
    const auto taken = standby->take_over(Following::Word::none);
    ASSERT_TRUE(taken) << told(taken);
    EXPECT_EQ(rows_on_standby(Part::service_database).size(), 10U);
    EXPECT_FALSE(primary.end->go_on_alone());
}

TEST_F(Ends, a_primary_that_comes_back_after_a_take_over_serves_nothing) {
    primary.serve(Mode::asynchronous, {}, clock);
    start_standby(Mode::asynchronous);
    until(Post::standby);
    const Standing standing = primary.end->standing();
    primary.stop();
    clock.advance(15s);
    ASSERT_TRUE(standby->take_over(Following::Word::primary_is_off));
    primary.serve(Mode::asynchronous, standing, clock);
    EXPECT_FALSE(primary.end->may_spend()) << "who comes back asks first";
    const auto answer = primary.end->pull(standby->ask(false), Moment::min());
    ASSERT_TRUE(answer) << told(answer);
    EXPECT_FALSE(primary.end->may_spend());
    EXPECT_EQ(primary.end->standing(), (Standing{.post = Post::retired, .epoch = 3}));
    EXPECT_FALSE(add(*primary.service, 1)) << "and records nothing";
}

TEST_F(Ends, a_commit_that_is_larger_than_an_answer_comes_in_several) {
    primary.serve(Mode::asynchronous, {}, clock);
    start_standby(Mode::asynchronous);
    until(Post::standby);
    constexpr std::size_t row_bytes = 1 << 20;
    ASSERT_TRUE(primary.service->write([&](store::Transaction& transaction) -> Result<void> {
        for (std::int64_t i = 1; i <= 14; ++i)
            TRY_VOID(store::add_row(transaction, i, std::string(row_bytes, static_cast<char>('a' + i))));
        return {};
    }));
    const std::uint64_t newest = primary.shipping->newest();
    for (int i = 0; i < 20 && standby->held().group < newest; ++i) round();
    EXPECT_EQ(standby->held().group, newest);
    primary.stop();
    clock.advance(15s);
    ASSERT_TRUE(standby->take_over(Following::Word::primary_is_off));
    EXPECT_EQ(rows_on_standby(Part::service_database).size(), 14U);
}

TEST_F(Ends, a_standby_that_lost_its_disk_gets_a_new_copy) {
    primary.serve(Mode::asynchronous, {}, clock);
    start_standby(Mode::asynchronous);
    until(Post::standby);
    ASSERT_TRUE(add(*primary.service, 1));
    for (int i = 0; i < rounds_max && standby->held().group < primary.shipping->newest(); ++i) round();
    round();
    const std::uint64_t run = standby->held().run;
    standby.reset();
    fs::remove_all(folder / "standby");
    start_standby(Mode::asynchronous);
    until(Post::standby);
    EXPECT_NE(standby->held().run, run);
    EXPECT_EQ(primary.end->standing().post, Post::primary);
}

TEST_F(Ends, an_old_pull_that_comes_late_throws_no_copy_away) {
    primary.serve(Mode::synchronous, {}, clock);
    start_standby(Mode::synchronous);
    until(Post::standby);
    const std::string late = standby->ask(false);
    round();
    add_beside_rounds(1);
    round();
    const std::uint64_t run = primary.shipping->run();
    ASSERT_TRUE(primary.end->pull(late, Moment::min()));
    EXPECT_EQ(primary.shipping->run(), run);
    round();
    EXPECT_EQ(standby->held().run, run);
    EXPECT_TRUE(primary.end->may_spend());
}

TEST_F(Ends, a_primary_that_comes_back_learns_from_its_peer_that_it_is_over) {
    primary.serve(Mode::synchronous, {}, clock);
    start_standby(Mode::synchronous);
    until(Post::standby);
    const Standing standing = primary.end->standing();
    primary.stop();
    primary.serve(Mode::synchronous, standing, clock);
    const Secret secret(std::string(32, 'p'));
    // While the standby waits it says nothing that changes anything.
    const auto waits = answer_without_serving(secret, standby->standing(), primary.end->ask());
    ASSERT_TRUE(waits) << told(waits);
    ASSERT_TRUE(primary.end->hear_peer(*waits));
    EXPECT_EQ(primary.end->standing().post, Post::primary);
    clock.advance(15s);
    ASSERT_TRUE(standby->take_over(Following::Word::primary_is_off));
    const auto serves = answer_without_serving(secret, standby->standing(), primary.end->ask());
    ASSERT_TRUE(serves) << told(serves);
    ASSERT_TRUE(primary.end->hear_peer(*serves));
    EXPECT_EQ(primary.end->standing(), (Standing{.post = Post::retired, .epoch = 3}));
    const auto forged = answer_without_serving(Secret(std::string(32, 'q')), {.epoch = 99}, primary.end->ask());
    EXPECT_FALSE(forged) << "only the two know the secret";
}

TEST_F(Ends, after_a_hand_over_nothing_is_recorded_any_more) {
    primary.serve(Mode::asynchronous, {}, clock);
    start_standby(Mode::asynchronous);
    until(Post::standby);
    ASSERT_TRUE(add(*primary.service, 1));
    for (int i = 0; i < rounds_max && !primary.end->hand_over(); ++i) round();
    const std::uint64_t last = primary.end->standing().last_group;
    EXPECT_FALSE(add(*primary.service, 2)) << "somebody heard of a row that the successor does not have";
    round();
    EXPECT_EQ(standby->held().group, last);
    EXPECT_TRUE(standby->take_over(Following::Word::none));
    EXPECT_EQ(rows_on_standby(Part::service_database), (std::vector<std::int64_t>{1}));
    primary.end->close();
    EXPECT_FALSE(primary.end->pull(standby->ask(false), Moment::min()));
}

}  // namespace
}  // namespace bursar::standby
