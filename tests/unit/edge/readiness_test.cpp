// Hunts: a signal that is told once and then forgotten, so that somebody waits for ever; a call into what is gone; a
// wait that is answered from within itself, or over and over although nothing has come.
#include "service/edge/readiness.h"

#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace bursar::edge::test {
namespace {

using namespace std::chrono_literals;
using Side = Descriptor::Side;

/// A watched descriptor and the other end of its stream.
struct Pair {
    explicit Pair(asio::io_context& shard) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        ours = std::make_unique<Descriptor>(shard, ends[0]);
        theirs = ends[1];
    }
    ~Pair() { leave(); }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    void send(std::string_view bytes) const { EXPECT_EQ(::send(theirs, bytes.data(), bytes.size(), 0), bytes.size()); }
    void leave() {
        if (theirs >= 0) ::close(std::exchange(theirs, -1));
    }
    /// As much as `most` has room for, told to the descriptor as its users tell it.
    std::string read(std::size_t most) const {
        std::string bytes(most, '\0');
        const ssize_t got = ::recv(ours->number(), bytes.data(), most, 0);
        if (got < 0) ours->blocked(Side::read);
        if (got > 0 && static_cast<std::size_t>(got) < most) ours->drained();
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        return bytes;
    }
    /// Until nothing more is taken.
    void fill() const {
        const std::string bytes(64 * 1024, 'x');
        while (::send(ours->number(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
        }
        ours->blocked(Side::write);
    }
    void empty() const {
        std::string bytes(64 * 1024, '\0');
        while (::recv(theirs, bytes.data(), bytes.size(), 0) > 0) {
        }
    }

    std::unique_ptr<Descriptor> ours;
    int theirs = -1;
};

/// What a wait was told, and how often.
struct Told {
    int ready = 0, in_vain = 0;
    Descriptor::Then then() {
        return [this](bool is_ready) { ++(is_ready ? ready : in_vain); };
    }
};

class ReadinessTest : public ::testing::Test {
  protected:
    /// Until nothing is left to be done now. What the kernel tells about streams within the machine is there at once.
    void turn() {
        io_.restart();
        while (io_.poll() > 0) {
        }
    }

    std::unique_ptr<asio::io_context> shard_ = std::make_unique<asio::io_context>(1);
    asio::io_context& io_ = *shard_;
};

TEST_F(ReadinessTest, who_waits_is_called_once_when_bytes_come) {
    const Pair pair(io_);
    Told told;
    pair.ours->when(Side::read, told.then());
    turn();
    EXPECT_EQ(told.ready, 0);
    pair.send("a");
    turn();
    pair.send("b");
    turn();
    EXPECT_EQ(told.ready, 1);
    EXPECT_EQ(told.in_vain, 0);
}

TEST_F(ReadinessTest, bytes_that_came_before_anybody_waited_are_told_but_not_from_within_the_wait) {
    const Pair pair(io_);
    pair.send("a");
    turn();
    Told told;
    pair.ours->when(Side::read, told.then());
    EXPECT_EQ(told.ready, 0);
    turn();
    EXPECT_EQ(told.ready, 1);
}

TEST_F(ReadinessTest, bytes_that_a_read_left_are_told_again) {
    const Pair pair(io_);
    pair.send("ab");
    turn();
    EXPECT_EQ(pair.read(1), "a");
    Told told;
    pair.ours->when(Side::read, told.then());
    turn();
    EXPECT_EQ(told.ready, 1);
}

TEST_F(ReadinessTest, after_a_short_read_or_one_in_vain_only_new_bytes_are_told) {
    const Pair pair(io_);
    for (const std::size_t room : {2U, 1U}) {
        pair.send("a");
        turn();
        EXPECT_EQ(pair.read(room), "a");
        if (room == 1) EXPECT_EQ(pair.read(room), "");
        Told told;
        pair.ours->when(Side::read, told.then());
        turn();
        EXPECT_EQ(told.ready, 0) << room;
        pair.send("b");
        turn();
        EXPECT_EQ(told.ready, 1) << room;
        EXPECT_EQ(pair.read(2), "b");
    }
}

TEST_F(ReadinessTest, an_end_that_came_with_the_last_bytes_is_not_forgotten) {
    Pair pair(io_);
    pair.send("a");
    pair.leave();
    turn();
    EXPECT_EQ(pair.read(100), "a");
    Told told;
    pair.ours->when(Side::read, told.then());
    turn();
    EXPECT_EQ(told.ready, 1);
}

TEST_F(ReadinessTest, an_end_that_comes_after_the_last_bytes_is_told) {
    Pair pair(io_);
    pair.send("a");
    turn();
    EXPECT_EQ(pair.read(100), "a");
    Told read, write;
    pair.fill();
    pair.ours->when(Side::read, read.then());
    pair.ours->when(Side::write, write.then());
    turn();
    EXPECT_EQ(read.ready + write.ready, 0);
    pair.leave();
    turn();
    EXPECT_EQ(read.ready, 1);
    EXPECT_EQ(write.ready, 1);
}

TEST_F(ReadinessTest, room_to_write_is_told_once_it_is_there_again) {
    const Pair pair(io_);
    Told first, second;
    pair.ours->when(Side::write, first.then());
    turn();
    EXPECT_EQ(first.ready, 1);
    pair.fill();
    pair.ours->when(Side::write, second.then());
    turn();
    EXPECT_EQ(second.ready, 0);
    pair.empty();
    turn();
    EXPECT_EQ(second.ready, 1);
}

TEST_F(ReadinessTest, a_wait_replaces_another_and_an_empty_one_waits_for_nothing) {
    const Pair pair(io_);
    Told first, second;
    pair.ours->when(Side::read, first.then());
    pair.ours->when(Side::read, second.then());
    pair.send("a");
    turn();
    EXPECT_EQ(first.ready + first.in_vain, 0);
    EXPECT_EQ(second.ready, 1);
    pair.ours->when(Side::read, first.then());
    pair.ours->when(Side::read, nullptr);
    turn();
    EXPECT_EQ(first.ready + first.in_vain, 0);
}

TEST_F(ReadinessTest, a_wake_ends_both_waits_and_none_that_begins_later) {
    const Pair pair(io_);
    pair.fill();
    turn();
    pair.fill();
    Told read, write, later;
    pair.ours->when(Side::read, read.then());
    pair.ours->when(Side::write, write.then());
    pair.ours->wake();
    EXPECT_EQ(read.in_vain + write.in_vain, 0);
    turn();
    EXPECT_EQ(read.in_vain, 1);
    EXPECT_EQ(write.in_vain, 1);
    pair.ours->when(Side::read, later.then());
    turn();
    EXPECT_EQ(later.in_vain, 0);
    pair.send("a");
    turn();
    EXPECT_EQ(later.ready, 1);
}

TEST_F(ReadinessTest, whoever_is_called_may_drop_what_is_about_to_be_called) {
    std::array<std::unique_ptr<Pair>, 2> pairs = {std::make_unique<Pair>(io_), std::make_unique<Pair>(io_)};
    for (const bool soon : {false, true}) {
        int called = 0;
        for (std::size_t i : {0U, 1U}) {
            pairs[i] = std::make_unique<Pair>(io_);
            if (soon) turn();
            pairs[i]->ours->when(Side::read, [&, i](bool) {
                ++called;
                pairs[1 - i]->ours.reset();
            });
        }
        for (const auto& pair : pairs)
            if (soon)
                pair->ours->wake();
            else
                pair->send("a");
        turn();
        EXPECT_EQ(called, 1) << soon;
    }
}

TEST_F(ReadinessTest, whoever_is_called_may_drop_its_own_descriptor) {
    for (const bool soon : {false, true}) {
        Pair pair(io_);
        const auto token = std::make_shared<int>();
        pair.fill();
        int called = 0;
        const auto drop = [&called, &pair, token](bool) {
            ++called;
            pair.ours.reset();
        };
        pair.ours->when(Side::read, drop);
        pair.ours->when(Side::write, drop);
        if (soon)
            pair.ours->wake();
        else
            pair.leave();
        turn();
        EXPECT_EQ(called, 1) << soon;
        EXPECT_EQ(pair.ours, nullptr);
        // The copy here, and that in `drop`.
        EXPECT_EQ(token.use_count(), 2) << soon;
    }
}

TEST_F(ReadinessTest, more_than_fit_into_a_turn_are_all_told_and_posted_work_is_not_kept_waiting) {
    std::vector<std::unique_ptr<Pair>> pairs;
    std::vector<Told> told(400);
    int told_before_the_work = 0;
    const auto count = [&] {
        int sum = 0;
        for (const Told& one : told) sum += one.ready;
        return sum;
    };
    for (Told& one : told) {
        pairs.push_back(std::make_unique<Pair>(io_));
        pairs.back()->ours->when(Side::read, one.then());
    }
    turn();
    for (const auto& pair : pairs) pair->send("a");
    bool posted = false;
    pairs[0]->ours->when(Side::read, [&](bool) {
        ++told[0].ready;
        asio::post(io_, [&] {
            posted = true;
            told_before_the_work = count();
        });
    });
    turn();
    EXPECT_EQ(count(), 400);
    EXPECT_TRUE(posted);
    EXPECT_LT(told_before_the_work, 300);
}

TEST_F(ReadinessTest, what_is_closed_waits_in_vain_and_tells_nobody_by_itself) {
    const Pair pair(io_);
    Told before, after;
    pair.ours->when(Side::read, before.then());
    pair.ours->close();
    turn();
    EXPECT_EQ(before.in_vain, 0);
    EXPECT_TRUE(pair.ours->take(Side::read));
    EXPECT_FALSE(pair.ours->take(Side::read));
    pair.ours->when(Side::read, after.then());
    turn();
    EXPECT_EQ(after.in_vain, 1);
}

TEST_F(ReadinessTest, what_cannot_be_watched_waits_in_vain) {
    // A device that no epoll set takes.
    Descriptor descriptor(io_, ::open("/dev/null", O_RDWR | O_CLOEXEC));
    EXPECT_FALSE(descriptor.is_watched());
    Told told;
    descriptor.when(Side::read, told.then());
    EXPECT_EQ(told.in_vain, 0);
    turn();
    EXPECT_EQ(told.in_vain, 1);
}

TEST_F(ReadinessTest, a_shard_that_ends_drops_whoever_waits_with_all_they_own) {
    auto pair = std::make_shared<Pair>(io_);
    const std::weak_ptr<Pair> watched = pair;
    pair->ours->when(Side::read, [pair](bool) { ADD_FAILURE() << "called at the end"; });
    pair->ours->when(Side::write, nullptr);
    pair.reset();
    EXPECT_FALSE(watched.expired());
    shard_.reset();
    EXPECT_TRUE(watched.expired());
}

TEST_F(ReadinessTest, a_shard_runs_as_long_as_it_has_descriptors_and_no_longer) {
    auto pair = std::make_unique<Pair>(io_);
    pair->ours->when(Side::read, [&](bool) { pair.reset(); });
    pair->send("a");
    io_.run_for(20s);
    EXPECT_EQ(pair, nullptr);
    EXPECT_TRUE(io_.stopped());
    pair = std::make_unique<Pair>(io_);
    io_.restart();
    asio::post(io_, [&] { pair.reset(); });
    io_.run_for(20s);
    EXPECT_TRUE(io_.stopped());
}

}  // namespace
}  // namespace bursar::edge::test
