// Hunts: a name server that hangs for one name and holds up all others, or all calls to a host that was known.
#include "service/providers/resolver.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

using namespace std::chrono_literals;
using Addresses = std::expected<std::vector<std::string>, std::string>;

/// A name server that hangs for some names until it is told to go on. Outlives the threads that ask it.
struct Server {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, bool> hangs;
    std::map<std::string, int> asked;

    void set(const std::string& host, bool hanging) {
        const std::lock_guard lock(mutex);
        hangs[host] = hanging;
        changed.notify_all();
    }
    int times(const std::string& host) {
        const std::lock_guard lock(mutex);
        return asked[host];
    }
    Found look_up(const std::string& host) {
        std::unique_lock lock(mutex);
        const int time = ++asked[host];
        changed.wait(lock, [&] { return !hangs[host]; });
        if (host == "nowhere") return {{}, "no such name"};
        return {{"10.0.0." + std::to_string(time)}, ""};
    }
};

class Names : public ::testing::Test {
  protected:
    ~Names() override {
        for (const std::string host : {"a", "b", "c", "d", "slow"}) server_->set(host, false);
    }
    Resolver make(Resolver::Ages ages = {}) {
        return Resolver(
            io_, ticker_, [server = server_](const std::string& host) { return server->look_up(host); }, ages);
    }
    Addresses ask(Resolver& resolver, const std::string& host, std::chrono::milliseconds patience = 10s) {
        std::optional<Addresses> result;
        asio::co_spawn(io_, resolver.addresses(host, std::chrono::steady_clock::now() + patience, operation_),
                       [&](std::exception_ptr, Addresses addresses) {
                           result = std::move(addresses);
                           io_.stop();
                       });
        io_.restart();
        io_.run_for(20s);
        return result ? *std::move(result) : std::unexpected("the question did not end");
    }

    std::shared_ptr<Server> server_ = std::make_shared<Server>();
    asio::io_context io_{1};
    Ticker ticker_{io_};
    Operation operation_;
};

using List = std::vector<std::string>;

TEST_F(Names, a_fresh_answer_is_kept_and_an_unknown_name_told) {
    Resolver names = make();
    EXPECT_EQ(ask(names, "a"), List{"10.0.0.1"});
    EXPECT_EQ(ask(names, "a"), List{"10.0.0.1"});
    EXPECT_EQ(server_->times("a"), 1);
    EXPECT_EQ(ask(names, "nowhere").error(), "no such name");
    EXPECT_EQ(ask(names, "192.0.2.1"), List{"192.0.2.1"});
}

TEST_F(Names, a_name_that_hangs_holds_up_no_other) {
    Resolver names = make();
    server_->set("slow", true);
    EXPECT_EQ(ask(names, "slow", 100ms).error(), "the name was not resolved in time");
    for (const std::string host : {"a", "b", "c"}) EXPECT_EQ(ask(names, host), List{"10.0.0.1"}) << host;
    server_->set("slow", false);
    EXPECT_EQ(ask(names, "slow"), List{"10.0.0.1"});
}

TEST_F(Names, an_answer_that_is_not_fresh_serves_while_the_next_is_awaited) {
    Resolver names = make({.fresh = 0ms});
    EXPECT_EQ(ask(names, "a"), List{"10.0.0.1"});
    server_->set("a", true);
    EXPECT_EQ(ask(names, "a"), List{"10.0.0.1"});
    EXPECT_EQ(ask(names, "a"), List{"10.0.0.1"});
}

TEST_F(Names, an_old_answer_serves_where_no_newer_one_can_be_had_soon) {
    Resolver names = make({.fresh = 0ms, .usable = 0ms, .old_waits_max = 200ms});
    EXPECT_EQ(ask(names, "a"), List{"10.0.0.1"});
    EXPECT_EQ(ask(names, "a"), List{"10.0.0.2"}) << "a name server that works is waited for";
    server_->set("a", true);
    EXPECT_EQ(ask(names, "a"), List{"10.0.0.2"});
    // Only the first one waited.
    const Moment began = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(names, "a"), List{"10.0.0.2"});
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
}

TEST_F(Names, nobody_waits_for_a_lookup_at_the_end) {
    const Moment began = std::chrono::steady_clock::now();
    {
        Resolver names = make();
        server_->set("slow", true);
        EXPECT_FALSE(ask(names, "slow", 50ms).has_value());
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

}  // namespace
}  // namespace bursar::providers
