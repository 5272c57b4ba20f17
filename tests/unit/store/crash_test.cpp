#include "service/store/store.h"
#include "tests/unit/store/folder.h"

#include <csignal>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace bursar::store {
namespace {

struct Pipe {
    Pipe() { EXPECT_EQ(::pipe(ends), 0); }
    int ends[2] = {-1, -1};
    int reading() const { return ends[0]; }
    int writing() const { return ends[1]; }
};

/// The child: writes rows from `first` on as fast as it can, and says each number once it is told that it is stored.
[[noreturn]] void write_until_killed(const std::filesystem::path& file, std::int64_t first, int acknowledgements) {
    auto store = Store::open(test_options(file));
    if (!store) ::_exit(1);
    (*store)->start();
    const std::string text(700, 'x');
    for (std::int64_t number = first;; ++number) {
        (*store)->submit([&, number](Transaction& transaction) { return add_row(transaction, number, text); },
                         [number, acknowledgements](const Result<void>& result) {
                             if (!result || ::write(acknowledgements, &number, sizeof number) != sizeof number)
                                 ::_exit(2);
                         });
        // Several rows a group, but never so many that the kill finds nothing but the queue.
        if (number % 4 == 3 && !(*store)->write([](Transaction&) -> Result<void> { return {}; })) ::_exit(3);
    }
}

/// Takes acknowledgements until there have been `count` of them, then kills the child and takes the rest.
std::int64_t kill_after(pid_t child, int acknowledgements, int count) {
    std::int64_t last = -1;
    std::int64_t number = 0;
    for (int i = 0; i < count; ++i) {
        pollfd waiting{.fd = acknowledgements, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, 30'000) != 1 || ::read(acknowledgements, &number, sizeof number) != sizeof number)
            break;
        last = number;
    }
    ::kill(child, SIGKILL);
    while (::read(acknowledgements, &number, sizeof number) == sizeof number) last = number;
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
    return last;
}

// Hunts: a row that was acknowledged and is gone after kill -9, a gap before one that is there, a file that needs
// repair.
TEST(StoreCrash, every_acknowledged_row_survives_kill_9_at_any_moment) {
    const TestFolder folder;
    std::int64_t next = 0;
    for (int round = 0; round < 25; ++round) {
        SCOPED_TRACE(round);
        const Pipe pipe;
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::close(pipe.reading());
            write_until_killed(folder / "a.db", next, pipe.writing());
        }
        ::close(pipe.writing());
        // Prime steps, so that the kill falls on ever other places of a group and of the log.
        const std::int64_t last = kill_after(child, pipe.reading(), 1 + round * 37 % 211);
        ::close(pipe.reading());
        auto store = Store::open(test_options(folder / "a.db"));
        ASSERT_TRUE(store) << told(store);
        const auto numbers = numbers_in(**store);
        ASSERT_GT(static_cast<std::int64_t>(numbers.size()), last) << "acknowledged rows are lost";
        for (std::size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], static_cast<std::int64_t>(i)) << "a gap";
        next = static_cast<std::int64_t>(numbers.size());
    }
    auto store = Store::open(test_options(folder / "a.db"));
    ASSERT_TRUE(store);
    EXPECT_TRUE((*store)->verify()) << told((*store)->verify());
    EXPECT_GT(next, 1000);
}

TEST(StoreCrash, a_log_left_by_a_crash_is_refused_with_a_wrong_key_and_kept) {
    const TestFolder folder;
    const Pipe pipe;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(folder / "a.db", 0, pipe.writing());
    ::close(pipe.writing());
    const std::int64_t last = kill_after(child, pipe.reading(), 50);
    ::close(pipe.reading());
    const std::string database = content_of(folder / "a.db");
    const std::string log = content_of(folder / "a.db-wal");
    ASSERT_FALSE(log.empty());
    Options wrong = test_options(folder / "a.db");
    wrong.key = test_key('x');
    const auto refused = Store::open(std::move(wrong));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().fault, Fault::wrong_configuration);
    EXPECT_EQ(content_of(folder / "a.db"), database);
    EXPECT_EQ(content_of(folder / "a.db-wal"), log);
    auto store = Store::open(test_options(folder / "a.db"));
    ASSERT_TRUE(store) << told(store);
    EXPECT_GT(static_cast<std::int64_t>(numbers_in(**store).size()), last);
}

}  // namespace
}  // namespace bursar::store
