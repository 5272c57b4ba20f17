// Hunts: a start that fails without saying what to change, and a stop that cuts answers off, waits for nobody, or never
// ends.
#include "tests/unit/edge/stage.h"

#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::edge::test {
namespace {

using namespace std::chrono_literals;

TEST(Start, an_address_in_use_is_named_with_what_to_do) {
    Stage stage;
    for (const std::size_t shards : {std::size_t{1}, std::size_t{2}}) {
        const auto made = Server::create({.port = stage.server->port()}, {}, shards, stage, {});
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().fault, Fault::wrong_configuration);
        EXPECT_NE(made.error().for_caller.find(fmt::format("{}", stage.server->port())), std::string::npos);
        EXPECT_NE(made.error().for_caller.find("port"), std::string::npos);
    }
}

TEST(Start, an_address_that_is_none_or_not_ours_is_named) {
    Stage stage;
    for (const std::string address : {"localhost:80", "", "999.1.1.1", "192.0.2.1"}) {
        const auto made = Server::create({.address = address, .port = 0}, {}, 1, stage, {});
        ASSERT_FALSE(made) << address;
        EXPECT_EQ(made.error().fault, Fault::wrong_configuration);
        EXPECT_NE(made.error().for_caller.find(address), std::string::npos);
    }
}

TEST(Start, the_port_is_free_again_after_the_end) {
    std::uint16_t port = 0;
    {
        Stage stage;
        port = stage.server->port();
        Client client = stage.client();
        client.send(get("/hello"));
        EXPECT_EQ(client.body(), "hello");
    }
    Stage again({}, {.port = port});
    Client client = again.client();
    client.send(get("/hello"));
    EXPECT_EQ(client.body(), "hello");
}

TEST(Start, a_server_that_never_started_ends) {
    Stage stage;
    auto made = Server::create({.port = 0}, {}, 2, stage, {});
    ASSERT_TRUE(made);
    (*made)->stop();
    (*made)->stop();
}

TEST(Stop, calls_in_work_are_finished_and_idle_connections_end_at_once) {
    Stage stage;
    Client idle = stage.client(), fresh = stage.client(), busy = stage.client(), streaming = stage.client();
    idle.send(get("/hello"));
    EXPECT_EQ(idle.body(), "hello");
    busy.send(get("/hang"));
    streaming.send(get("/wait"));
    ASSERT_TRUE(stage.events.happened("waiting", 2));

    std::thread stopping([&] { stage.server->stop(); });
    EXPECT_TRUE(idle.ends());
    EXPECT_TRUE(fresh.ends());
    EXPECT_TRUE(busy.is_quiet());
    Client late = stage.client();
    EXPECT_TRUE(!late.connected() || late.rest());
    stage.release();
    EXPECT_TRUE(stage.events.happened("draining", 2));
    const std::optional<Answer> answer = busy.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "released");
    EXPECT_TRUE(answer->closes());
    EXPECT_TRUE(busy.ends());
    EXPECT_EQ(streaming.body(), "data: one\n\ndata: two\n\ndata: three\n\n");
    EXPECT_TRUE(streaming.ends());
    stopping.join();
    EXPECT_EQ(stage.server->counters().connections_now, 0U);
}

TEST(Stop, a_request_that_is_still_arriving_is_served) {
    Stage stage;
    Client client = stage.client(), idle = stage.client();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhel");
    ASSERT_TRUE(stage.events.happened("served /echo"));
    std::thread stopping([&] { stage.server->stop(); });
    EXPECT_TRUE(idle.ends());
    client.send("lo" + get("/hello"));
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "hello");
    EXPECT_TRUE(answer->closes());
    EXPECT_EQ(client.rest(), "");
    stopping.join();
}

TEST(Stop, calls_that_do_not_end_are_cut_off_when_the_drain_is_over) {
    Stage stage({.drain = 200ms});
    Client busy = stage.client(), stuck(stage.server->port(), "127.0.0.1", 4096), sending = stage.client();
    busy.send(get("/hang"));
    stuck.send(get("/flood"));
    sending.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhel");
    ASSERT_TRUE(stage.events.happened("waiting"));
    ASSERT_TRUE(stage.events.happened("served /flood"));
    ASSERT_TRUE(stage.events.happened("served /echo"));
    const Moment began = std::chrono::steady_clock::now();
    stage.server->stop();
    EXPECT_GE(std::chrono::steady_clock::now() - began, 200ms);
    EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
    // Every handler came to its own end, so whatever it held was given back.
    EXPECT_EQ(stage.events.count("left"), 1);
    EXPECT_EQ(stage.events.count("ended /hang"), 1);
    EXPECT_EQ(stage.events.count("ended /flood"), 1);
    EXPECT_EQ(stage.events.count("ended /echo"), 1);
    EXPECT_TRUE(busy.ends());
}

TEST(Stop, a_server_without_connections_stops_at_once) {
    Stage stage({}, {.port = 0}, 2);
    const Moment began = std::chrono::steady_clock::now();
    stage.server->stop();
    stage.server->stop();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
    Client late = stage.client();
    EXPECT_FALSE(late.connected());
}

}  // namespace
}  // namespace bursar::edge::test
