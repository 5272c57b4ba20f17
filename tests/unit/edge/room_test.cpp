// Hunts: memory and connections that a few can take from all: bodies without a common bound, bytes kept of somebody who
// was refused, an answer that is taken by the byte, the operators' room filled by one stranger.
#include "tests/unit/edge/stage.h"

#include <gtest/gtest.h>

namespace bursar::edge::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kib = 1024;

std::string announced(std::string_view path, std::size_t bytes, std::string_view begin) {
    return "POST " + std::string(path) + " HTTP/1.1\r\nhost: a\r\ncontent-length: " + std::to_string(bytes) +
           "\r\n\r\n" + std::string(begin);
}

/// Until what was freed on the shard can be seen.
int status_at_last(Stage& stage, const std::string& request) {
    const Moment deadline = std::chrono::steady_clock::now() + patience;
    int status = 503;
    while (status == 503 && std::chrono::steady_clock::now() < deadline) {
        Client client = stage.client();
        client.send(request);
        status = client.status();
    }
    return status;
}

TEST(Room, all_bodies_together_have_a_bound_and_what_ends_gives_back) {
    Stage stage({.body_bytes_total_max = 1000 * kib});
    Client first = stage.client();
    first.send(announced("/echo", 600 * kib, "begun"));
    ASSERT_TRUE(stage.events.happened("served /echo"));
    Client second = stage.client();
    second.send(post("/echo", std::string(600 * kib, 'x')));
    const std::optional<Answer> refused = second.answer();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503);
    EXPECT_TRUE(refused->closes());
    EXPECT_TRUE(stage.events.happened("refused overloaded"));
    EXPECT_EQ(stage.server->counters().overloaded, 1U);
    Client small = stage.client();
    small.send(post("/echo", "small"));
    EXPECT_EQ(small.body(), "small");
    // One that leaves in the middle of its body counts no more, and neither does one that was answered.
    first.reset();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(status_at_last(stage, post("/echo", std::string(600 * kib, 'x'))), 200);
}

TEST(Room, chunks_count_as_they_come) {
    Stage stage({.body_bytes_total_max = 200 * kib});
    Client client = stage.client();
    const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
    std::string body;
    for (int i = 0; i < 16; ++i) body += chunk;
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" + body + "0\r\n\r\n");
    EXPECT_EQ(client.status(), 503);
    EXPECT_EQ(status_at_last(
                  stage, "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" + chunk + "0\r\n\r\n"),
              200);
}

TEST(Room, a_body_counts_in_the_hands_of_its_handler_until_the_answer_begins) {
    Stage stage({.body_bytes_total_max = 1000 * kib});
    const std::string large = std::string(600 * kib, 'x');
    Client streaming = stage.client();
    streaming.send(post("/wait", large));
    ASSERT_TRUE(stage.events.happened("waiting"));
    Client hanging = stage.client();
    hanging.send(post("/hang", large));
    ASSERT_TRUE(stage.events.happened("waiting", 2)) << "a stream that has begun holds no body";
    Client refused = stage.client();
    refused.send(post("/echo", large));
    EXPECT_EQ(refused.status(), 503);
    stage.release();
    EXPECT_EQ(hanging.body(), "released");
    EXPECT_EQ(status_at_last(stage, post("/echo", large)), 200);
}

TEST(Room, the_bodies_of_callers_do_not_keep_operators_out) {
    Stage stage({.body_bytes_total_max = 1000 * kib});
    Client first = stage.client();
    first.send(announced("/echo", 1000 * kib, "begun"));
    ASSERT_TRUE(stage.events.happened("served /echo"));
    Client caller = stage.client();
    caller.send(post("/wait", std::string(100 * kib, 'x')));
    ASSERT_TRUE(stage.events.happened("refused"));
    Client of_operator = stage.client();
    of_operator.send(post("/control/wait", std::string(100 * kib, 'x')));
    EXPECT_TRUE(stage.events.happened("read"));
}

TEST(Room, nothing_is_kept_of_a_body_that_nobody_reads) {
    // No body at all could be read here.
    Stage stage({.body_bytes_total_max = 0});
    Client client = stage.client();
    for (int i = 0; i < 2; ++i) {
        client.send(announced("/ignore", 200 * kib, std::string(100 * kib, 'x')));
        EXPECT_EQ(client.body(), "hello");
        client.send(std::string(100 * kib, 'x'));
        client.send(get("/hello"));
        EXPECT_EQ(client.body(), "hello");
    }
}

TEST(Room, a_body_that_nobody_reads_may_not_stop_for_ever) {
    Stage stage({.body_idle = 150ms});
    Client client = stage.client();
    client.send(announced("/ignore", 1000, "begun"));
    EXPECT_EQ(client.body(), "hello");
    EXPECT_TRUE(client.ends());
}

TEST(Room, an_answer_that_is_taken_byte_by_byte_comes_to_an_end) {
    Stage stage({.write = 10s, .answer = 300ms, .answer_bytes_per_second_min = std::size_t{1} << 30});
    Client slow(stage.server->port(), "127.0.0.1", 4096), pace = stage.client();
    slow.send(get("/large"));
    const Moment deadline = std::chrono::steady_clock::now() + patience;
    while (stage.events.count("not sent") == 0 && std::chrono::steady_clock::now() < deadline) {
        ASSERT_TRUE(pace.stays_quiet(20ms));
        if (slow.read_some().empty()) break;
    }
    EXPECT_TRUE(stage.events.happened("not sent"));
}

TEST(Room, one_address_cannot_fill_the_room_for_operators) {
    Stage stage({.connections_max = 10, .connections_reserved = 8, .connections_reserved_per_address_max = 3});
    std::vector<Client> kept;
    const auto keep = [&](const std::string& from) {
        kept.push_back(stage.client(from));
        ASSERT_TRUE(kept.back().connected());
    };
    for (int i = 0; i < 2; ++i) {
        keep("127.0.0.1");
        kept.back().send(get("/hello"));
        EXPECT_EQ(kept.back().body(), "hello");
    }
    for (int i = 0; i < 3; ++i) keep("127.0.0.2");
    Client beyond = stage.client("127.0.0.2");
    const std::optional<Answer> refused = beyond.answer();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503);
    EXPECT_EQ(refused->header("retry-after"), "1");
    EXPECT_TRUE(beyond.ends());
    EXPECT_EQ(stage.server->counters().connections_refused, 1U);
    Client of_operator = stage.client("127.0.0.3");
    of_operator.send(get("/control"));
    EXPECT_EQ(of_operator.body(), "hello");
}

}  // namespace
}  // namespace bursar::edge::test
