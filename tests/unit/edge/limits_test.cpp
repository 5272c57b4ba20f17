// Hunts: one bad neighbour who hurts the others: by being slow, by staying, by coming in numbers, or by not reading.
#include "tests/unit/edge/stage.h"

#include <fcntl.h>
#include <set>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::edge::test {
namespace {

using namespace std::chrono_literals;

/// Sends a byte now and then until the other side says something or ends.
void trickle(Client& client, std::string_view bytes) {
    for (const char c : bytes)
        if (!client.stays_quiet(20ms) || !client.send({&c, 1})) return;
}

TEST(Limits, a_head_that_stops_is_refused_at_its_deadline) {
    Stage stage({.head = 150ms});
    Client client = stage.client();
    client.send("GET /hello HT");
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 408);
    EXPECT_TRUE(answer->closes());
    EXPECT_TRUE(client.ends());
    EXPECT_EQ(stage.served, 0);
}

TEST(Limits, a_head_that_trickles_is_refused_at_the_same_deadline) {
    Stage stage({.head = 150ms});
    Client client = stage.client();
    trickle(client, get("/hello", "x-a: " + std::string(2000, 'x') + "\r\n"));
    EXPECT_EQ(client.status(), 408);
    EXPECT_TRUE(client.ends());
    EXPECT_EQ(stage.served, 0);
}

TEST(Limits, a_second_head_has_the_deadline_of_a_head_and_not_of_an_idle_connection) {
    Stage stage({.head = 150ms});
    Client client = stage.client();
    client.send(get("/hello") + "GET /hello HT");
    EXPECT_EQ(client.body(), "hello");
    EXPECT_EQ(client.status(), 408);
    EXPECT_TRUE(client.ends());
}

TEST(Limits, a_connection_without_a_request_ends_without_a_word) {
    Stage stage({.keep_alive = 150ms});
    Client fresh = stage.client(), used = stage.client();
    used.send(get("/hello"));
    EXPECT_EQ(used.body(), "hello");
    EXPECT_TRUE(fresh.ends());
    EXPECT_TRUE(used.ends());
}

TEST(Limits, a_connection_in_use_outlives_the_idle_deadline) {
    Stage stage({.keep_alive = 150ms});
    Client client = stage.client();
    client.send(get("/hang"));
    EXPECT_TRUE(client.stays_quiet(500ms));
    stage.release();
    EXPECT_EQ(client.body(), "released");
}

TEST(Limits, a_body_that_stops_is_refused_in_the_handler) {
    Stage stage({.body_idle = 150ms});
    Client client = stage.client();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello");
    EXPECT_EQ(client.status(), 408);
    EXPECT_TRUE(stage.events.happened("refused too_slow"));
    EXPECT_TRUE(client.ends());
}

TEST(Limits, chunks_that_stop_are_refused_in_the_handler) {
    Stage stage({.body_idle = 150ms});
    Client client = stage.client();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel");
    EXPECT_EQ(client.status(), 408);
    EXPECT_TRUE(stage.events.happened("refused too_slow"));
}

TEST(Limits, a_body_that_trickles_is_refused_when_its_whole_time_is_over) {
    Stage stage({.body = 300ms, .body_idle = 200ms});
    Client client = stage.client();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n");
    trickle(client, std::string(1000, 'x'));
    EXPECT_EQ(client.status(), 408);
    EXPECT_TRUE(stage.events.happened("refused too_slow"));
}

TEST(Limits, a_client_that_does_not_read_is_given_up_and_hinders_nobody) {
    Stage stage({.write = 300ms});
    Client stuck(stage.server->port(), "127.0.0.1", 4096), stuck_too(stage.server->port(), "127.0.0.1", 4096);
    stuck.send(get("/flood"));
    stuck_too.send(get("/large"));
    ASSERT_TRUE(stage.events.happened("served /flood"));
    Client healthy = stage.client();
    healthy.send(get("/hello"));
    EXPECT_EQ(healthy.body(), "hello");
    EXPECT_TRUE(stage.events.happened("client gone"));
    EXPECT_TRUE(stage.events.happened("not sent"));
}

TEST(Limits, five_hundred_half_open_requests_hinder_nobody) {
    Stage stage;
    std::vector<Client> stuck;
    for (int i = 0; i < 500; ++i) {
        stuck.push_back(stage.client());
        ASSERT_TRUE(stuck.back().connected());
        stuck.back().send(i % 2 == 0 ? "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhel" : "GET /hel");
    }
    ASSERT_TRUE(stage.events.happened("served /echo", 250));
    Client healthy = stage.client();
    const Moment began = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) {
        healthy.send(get("/hello"));
        ASSERT_EQ(healthy.body(), "hello");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
    EXPECT_EQ(stage.server->counters().connections_now, 501U);
}

TEST(Limits, more_calls_than_allowed_are_told_to_come_again) {
    Stage stage({.calls_max = 2});
    std::vector<Client> busy;
    for (int i = 0; i < 2; ++i) {
        busy.push_back(stage.client());
        busy.back().send(get("/hang"));
    }
    ASSERT_TRUE(stage.events.happened("waiting", 2));
    Client client = stage.client();
    client.send(post("/echo", "too much"));
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_EQ(answer->header("retry-after"), "1");
    EXPECT_EQ(stage.events.count("served /echo"), 0);
    EXPECT_EQ(stage.server->counters().overloaded, 1U);
    // The control plane stays within reach, and so does this connection once there is room.
    client.send(get("/control"));
    EXPECT_EQ(client.body(), "hello");
    stage.release();
    EXPECT_EQ(busy[0].body(), "released");
    EXPECT_EQ(busy[1].body(), "released");
    client.send(post("/echo", "room again"));
    EXPECT_EQ(client.body(), "room again");
}

TEST(Limits, the_last_connections_are_kept_for_the_control_plane) {
    Stage stage({.connections_max = 4, .connections_reserved = 2});
    std::vector<Client> ordinary;
    for (int i = 0; i < 2; ++i) {
        ordinary.push_back(stage.client());
        ordinary.back().send(get("/hello"));
        EXPECT_EQ(ordinary.back().body(), "hello");
    }
    Client ordinary_too = stage.client();
    ordinary_too.send(get("/hello"));
    const std::optional<Answer> refused = ordinary_too.answer();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503);
    EXPECT_EQ(refused->header("retry-after"), "1");
    EXPECT_TRUE(refused->closes());
    EXPECT_TRUE(ordinary_too.ends());
    // Who may use the last connections may not keep them either.
    Client of_operator = stage.client();
    of_operator.send(get("/control") + get("/control"));
    const std::optional<Answer> served = of_operator.answer();
    ASSERT_TRUE(served);
    EXPECT_EQ(served->body, "hello");
    EXPECT_TRUE(served->closes());
    EXPECT_EQ(of_operator.rest(), "");
}

TEST(Limits, a_reserved_connection_without_a_request_ends_sooner_than_an_ordinary_one) {
    Stage stage({.head = 150ms, .connections_max = 2, .connections_reserved = 1});
    Client ordinary = stage.client();
    ordinary.send(get("/hello"));
    EXPECT_EQ(ordinary.body(), "hello");
    Client reserved = stage.client();
    EXPECT_TRUE(reserved.ends());
    EXPECT_TRUE(ordinary.is_quiet());
}

/// Until the server has noticed who left.
bool served_at_last(Stage& stage, const std::string& from) {
    const Moment deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline) {
        Client client = stage.client(from);
        client.send(get("/hello"));
        if (client.status() == 200) return true;
    }
    return false;
}

TEST(Limits, connections_beyond_all_caps_are_closed_and_counted) {
    Stage stage({.connections_max = 2, .connections_reserved = 0});
    std::vector<Client> kept;
    for (int i = 0; i < 2; ++i) {
        kept.push_back(stage.client());
        kept.back().send(get("/hello"));
        EXPECT_EQ(kept.back().body(), "hello");
    }
    Client beyond = stage.client();
    EXPECT_EQ(beyond.status(), 503);
    EXPECT_TRUE(beyond.ends());
    EXPECT_EQ(stage.server->counters().connections_refused, 1U);
    kept.pop_back();
    EXPECT_TRUE(served_at_last(stage, "127.0.0.1"));
}

TEST(Limits, one_address_cannot_take_every_connection) {
    Stage stage({.connections_per_address_max = 2});
    std::vector<Client> greedy;
    for (int i = 0; i < 2; ++i) {
        greedy.push_back(stage.client("127.0.0.2"));
        greedy.back().send(get("/address"));
        EXPECT_EQ(greedy.back().body(), "127.0.0.2");
    }
    Client beyond = stage.client("127.0.0.2");
    EXPECT_EQ(beyond.status(), 503);
    EXPECT_TRUE(beyond.ends());
    Client other = stage.client("127.0.0.3");
    other.send(get("/address"));
    EXPECT_EQ(other.body(), "127.0.0.3");
    greedy.pop_back();
    EXPECT_TRUE(served_at_last(stage, "127.0.0.2"));
}

/// Lets the process open `more` files and no further one.
class FewFiles {
  public:
    explicit FewFiles(unsigned more) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(next);
        rlimit few = before_;
        few.rlim_cur = static_cast<rlim_t>(next) + more;
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~FewFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    FewFiles(const FewFiles&) = delete;
    FewFiles& operator=(const FewFiles&) = delete;

  private:
    rlimit before_{};
};

// Hunts: an accept that fails for want of files and is tried again without a pause, or never.
TEST(Limits, without_files_for_new_connections_the_old_ones_are_served_and_the_new_ones_later) {
#if __has_feature(undefined_behavior_sanitizer)
    GTEST_SKIP() << "this sanitiser opens files of its own for every check of a type";
#endif
    Stage stage;
    Client old = stage.client();
    old.send(get("/hello"));
    EXPECT_EQ(old.body(), "hello");
    std::optional<Client> fresh;
    {
        const FewFiles few(1);
        fresh.emplace(stage.client());
        ASSERT_TRUE(fresh->connected());
        fresh->send(get("/hello"));
        rusage before{}, after{};
        ::getrusage(RUSAGE_SELF, &before);
        EXPECT_TRUE(fresh->stays_quiet(300ms));
        ::getrusage(RUSAGE_SELF, &after);
        const auto busy = std::chrono::seconds(after.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_utime.tv_sec -
                                               before.ru_stime.tv_sec) +
                          std::chrono::microseconds(after.ru_utime.tv_usec + after.ru_stime.tv_usec -
                                                    before.ru_utime.tv_usec - before.ru_stime.tv_usec);
        EXPECT_LT(busy, 20ms);
        old.send(get("/hello"));
        EXPECT_EQ(old.body(), "hello");
    }
    EXPECT_EQ(fresh->body(), "hello");
}

TEST(Limits, the_file_limit_is_raised_to_what_the_system_allows) {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit low = before;
    low.rlim_cur = std::min<rlim_t>(before.rlim_max, 512);
    ::setrlimit(RLIMIT_NOFILE, &low);
    EXPECT_EQ(raise_file_limit(), before.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(Limits, every_shard_takes_connections_and_work_from_other_threads) {
    Stage stage({}, {.port = 0}, 2);
    ASSERT_EQ(stage.server->shards(), 2U);
    std::set<std::string> threads;
    for (int i = 0; i < 64; ++i) {
        Client client = stage.client();
        client.send(get("/thread"));
        threads.insert(client.body());
    }
    EXPECT_EQ(threads.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) asio::post(stage.server->shard(i), [&] { stage.events.note("posted"); });
    EXPECT_TRUE(stage.events.happened("posted", 2));
}

}  // namespace
}  // namespace bursar::edge::test
