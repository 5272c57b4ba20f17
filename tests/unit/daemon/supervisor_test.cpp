// Hunts: sockets of another process that are taken for ours, a readiness that nobody hears, and a hanging thread that
// is told alive.
#include "service/daemon/supervisor.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::daemon {
namespace {

using namespace std::chrono_literals;
constexpr pid_t own = 4711;

Environment with(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

/// Hears what a supervisor is told, at a name of its own in the abstract name space.
class Listener {
  public:
    Listener() : name_(fmt::format("@bursar-supervisor-test-{}", ::getpid())) {
        socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::copy(name_.begin() + 1, name_.end(), address.sun_path + 1);
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
        bound_ = ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0;
    }
    ~Listener() { ::close(socket_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    bool bound() const { return bound_; }
    const std::string& name() const { return name_; }
    /// One datagram is there as soon as it was sent.
    std::string next() const {
        std::array<char, 512> room{};
        const ssize_t got = ::recv(socket_, room.data(), room.size(), 0);
        return got < 0 ? "<nothing>" : std::string(room.data(), static_cast<std::size_t>(got));
    }

  private:
    std::string name_;
    int socket_ = -1;
    bool bound_ = false;
};

TEST(Sockets, only_those_meant_for_this_process_are_taken) {
    struct Case {
        const char* sentence;
        std::map<std::string, std::string> variables;
        std::vector<int> sockets;
    };
    const std::vector<Case> cases = {
        {"nobody handed anything over", {}, {}},
        {"a number without a process", {{"LISTEN_FDS", "1"}}, {}},
        {"the parent's sockets", {{"LISTEN_PID", "4710"}, {"LISTEN_FDS", "1"}}, {}},
        {"a process that is no number", {{"LISTEN_PID", "4711x"}, {"LISTEN_FDS", "1"}}, {}},
        {"two of ours", {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "2"}}, {3, 4}},
    };
    for (const Case& one : cases) {
        const auto sockets = inherited_sockets(with(one.variables), own);
        ASSERT_TRUE(sockets) << one.sentence;
        EXPECT_EQ(*sockets, one.sockets) << one.sentence;
    }
}

TEST(Sockets, a_number_that_nobody_would_hand_over_stops_the_start) {
    for (const std::string count : {"-1", "65", "one", "", "99999999999999999999"}) {
        const auto sockets = inherited_sockets(with({{"LISTEN_PID", "4711"}, {"LISTEN_FDS", count}}), own);
        ASSERT_FALSE(sockets) << count;
        EXPECT_EQ(sockets.error().fault, Fault::wrong_configuration);
        EXPECT_NE(sockets.error().for_caller.find("LISTEN_FDS"), std::string::npos);
    }
}

TEST(Supervision, what_is_said_arrives_as_it_is) {
    const Listener listener;
    ASSERT_TRUE(listener.bound());
    const Supervisor supervisor(with({{"NOTIFY_SOCKET", listener.name()}}), own);
    EXPECT_EQ(listener.next(), "<nothing>");
    supervisor.say("READY=1\nSTATUS=Listening.");
    EXPECT_EQ(listener.next(), "READY=1\nSTATUS=Listening.");
    EXPECT_FALSE(supervisor.watchdog_every());
}

TEST(Supervision, the_watchdog_is_fed_three_times_in_what_is_granted) {
    const Listener listener;
    ASSERT_TRUE(listener.bound());
    const auto every = [&](std::map<std::string, std::string> variables) {
        variables["NOTIFY_SOCKET"] = listener.name();
        return Supervisor(with(std::move(variables)), own).watchdog_every();
    };
    EXPECT_EQ(every({{"WATCHDOG_USEC", "30000000"}}), 10s);
    EXPECT_EQ(every({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "4711"}}), 10s);
    EXPECT_EQ(every({{"WATCHDOG_USEC", "9000000000000000000"}}), 8h);
    EXPECT_EQ(every({{"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "4710"}}), std::nullopt) << "of another process";
    for (const std::string wrong : {"", "0", "-3", "30s"}) EXPECT_EQ(every({{"WATCHDOG_USEC", wrong}}), std::nullopt);
}

TEST(Supervision, without_anybody_who_listens_nothing_happens) {
    for (const std::string path : {"", "/", "relative", "@bursar-nobody-is-there", "/nonexistent/notify"}) {
        const Supervisor supervisor(with({{"NOTIFY_SOCKET", path}, {"WATCHDOG_USEC", "1000000"}}), own);
        supervisor.say("READY=1");
        EXPECT_FALSE(supervisor.watchdog_every()) << path;
    }
}

TEST(Pulses, one_thread_that_hangs_is_no_life_until_it_turns_again) {
    std::vector<std::function<void()>> queues[2];
    Pulse pulse(2,
                [&](std::size_t index, std::function<void()> trifle) { queues[index].push_back(std::move(trifle)); });
    const auto turn = [&](std::size_t index) {
        for (const auto& trifle : std::exchange(queues[index], {})) trifle();
    };
    EXPECT_TRUE(pulse.beat());
    turn(0);
    EXPECT_FALSE(pulse.beat()) << "the second has not turned";
    turn(0);
    EXPECT_FALSE(pulse.beat());
    EXPECT_EQ(queues[1].size(), 1U) << "a thread that hangs is not buried in questions";
    turn(1);
    EXPECT_TRUE(pulse.beat());
    turn(1);
    turn(0);
    EXPECT_TRUE(pulse.beat());
}

}  // namespace
}  // namespace bursar::daemon
