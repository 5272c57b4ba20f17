// Hunts: answers that a client cannot tell from each other, bytes of one request that leak into the next, bodies that
// depend on how they were cut, and handlers that break off without anybody noticing.
#include "tests/unit/edge/stage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::edge::test {
namespace {

std::string chunked(std::string_view path, std::string_view chunks) {
    return fmt::format("POST {} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{}", path, chunks);
}

TEST(Exchange, an_answer_carries_a_length_and_a_date_and_the_connection_stays) {
    Stage stage;
    Client client = stage.client();
    for (int i = 0; i < 3; ++i) {
        client.send(get("/hello"));
        const std::optional<Answer> answer = client.answer();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->header("content-length"), "5");
        EXPECT_EQ(answer->header("date").size(), std::string_view("Tue, 24 Nov 2026 04:00:00 GMT").size());
        EXPECT_EQ(answer->header("connection"), "");
        EXPECT_EQ(answer->body, "hello");
    }
    EXPECT_EQ(stage.server->counters().connections_opened, 1U);
    EXPECT_EQ(stage.server->counters().requests, 3U);
}

TEST(Exchange, pipelined_requests_are_answered_in_their_order) {
    Stage stage;
    Client client = stage.client();
    client.send(post("/echo", "first") + chunked("/echo", "6\r\nsecond\r\n0\r\n\r\n") + get("/stream") +
                post("/echo", "fourth"));
    EXPECT_EQ(client.body(), "first");
    EXPECT_EQ(client.body(), "second");
    EXPECT_EQ(client.body(), "data: one\n\ndata: two\n\ndata: three\n\n");
    EXPECT_EQ(client.body(), "fourth");
    EXPECT_TRUE(client.is_quiet());
}

TEST(Exchange, two_hundred_pipelined_requests_get_two_hundred_answers) {
    Stage stage;
    Client client = stage.client();
    std::string requests;
    for (int i = 0; i < 200; ++i) requests += post("/echo", fmt::format("number {}", i));
    client.send(requests);
    for (int i = 0; i < 200; ++i) {
        const std::optional<Answer> answer = client.answer();
        ASSERT_TRUE(answer) << i;
        ASSERT_EQ(answer->body, fmt::format("number {}", i));
    }
}

struct Closing {
    std::string name;
    std::string request;
    bool stays;
    std::string_view says;  ///< the connection header of the answer
};

TEST(Exchange, the_connection_stays_or_ends_as_version_and_header_say) {
    const std::vector<Closing> cases = {
        {"HTTP/1.1", get("/hello"), true, ""},
        {"HTTP/1.1 that wants to end", get("/hello", "connection: close\r\n"), false, "close"},
        {"HTTP/1.1 that wants to end, in capitals", get("/hello", "Connection: Close\r\n"), false, "close"},
        {"HTTP/1.1 that wants to end, in a list", get("/hello", "connection: te, close\r\n"), false, "close"},
        {"HTTP/1.0", "GET /hello HTTP/1.0\r\nhost: a\r\n\r\n", false, "close"},
        {"HTTP/1.0 without a host", "GET /hello HTTP/1.0\r\n\r\n", false, "close"},
        {"HTTP/1.0 that wants to stay", "GET /hello HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n", true,
         "keep-alive"},
        {"a stream in HTTP/1.1", get("/stream"), true, ""},
        {"a stream in HTTP/1.0, which only its end can bound",
         "GET /stream HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n", false, "close"},
    };
    Stage stage;
    for (const Closing& one : cases) {
        SCOPED_TRACE(one.name);
        Client client = stage.client();
        client.send(one.request);
        const std::optional<Answer> answer = client.answer();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 200);
        EXPECT_EQ(answer->header("connection"), one.says);
        if (one.stays) {
            client.send(get("/hello"));
            EXPECT_EQ(client.body(), "hello");
        } else {
            EXPECT_TRUE(client.ends());
        }
    }
}

TEST(Exchange, a_stream_in_http_1_0_is_bounded_by_the_end_of_the_connection) {
    Stage stage;
    Client client = stage.client();
    client.send("GET /stream HTTP/1.0\r\n\r\n");
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->header("transfer-encoding"), "");
    EXPECT_EQ(answer->body, "data: one\n\ndata: two\n\ndata: three\n\n");
}

// Hunts: an answer that a value of a caller or a provider splits or frames anew.
TEST(Exchange, a_handler_cannot_write_lines_or_framing_of_its_own) {
    Stage stage;
    Client client = stage.client();
    client.send(get("/inject") + get("/hello"));
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    std::vector<std::string> names;
    for (const Header& header : answer->headers) names.push_back(header.name);
    EXPECT_EQ(names, (std::vector<std::string>{"date", "x-good", "x-fine", "content-length"}));
    EXPECT_EQ(answer->body, "hello");
    EXPECT_EQ(client.body(), "hello");
}

TEST(Exchange, a_client_that_only_closes_its_sending_side_gets_its_answer) {
    Stage stage;
    Client client = stage.client();
    client.send(post("/echo", "the last one"));
    client.shutdown_send();
    EXPECT_EQ(client.body(), "the last one");
    EXPECT_TRUE(client.ends());
}

TEST(Exchange, an_answer_to_head_has_a_length_and_no_body) {
    Stage stage;
    Client client = stage.client();
    client.send("HEAD /hello HTTP/1.1\r\nhost: a\r\n\r\n" + get("/hello"));
    const std::optional<Answer> answer = client.answer(true);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->header("content-length"), "5");
    EXPECT_EQ(client.body(), "hello");
}

TEST(Exchange, a_stream_to_head_has_no_body_either) {
    Stage stage;
    Client client = stage.client();
    client.send("HEAD /stream HTTP/1.1\r\nhost: a\r\n\r\n" + get("/hello"));
    ASSERT_TRUE(client.answer(true));
    EXPECT_EQ(client.body(), "hello");
}

TEST(Exchange, an_answer_without_content_has_no_length) {
    Stage stage;
    Client client = stage.client();
    client.send(get("/empty") + get("/hello"));
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204);
    EXPECT_EQ(answer->header("content-length"), "");
    EXPECT_EQ(client.body(), "hello");
}

TEST(Exchange, a_large_answer_arrives_whole_and_the_connection_stays) {
    Stage stage;
    Client client(stage.server->port(), "127.0.0.1", 8 * 1024);
    client.send(get("/large") + get("/hello"));
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, std::string(8 << 20, 'x'));
    EXPECT_EQ(client.body(), "hello");
}

// Hunts: a write that looks at its bytes after the caller's view of them has died.
TEST(Exchange, a_piece_is_not_looked_at_after_the_write_has_begun_to_wait) {
    Stage stage;
    Client client(stage.server->port(), "127.0.0.1", 8 * 1024);
    client.send(get("/flood"));
    ASSERT_TRUE(client.head());
    std::string received;
    while (received.size() < 100 * flood_piece_bytes) {
        const std::string some = client.read_some();
        ASSERT_FALSE(some.empty());
        received += some;
    }
    EXPECT_EQ(received.find('!'), std::string::npos);
    client.leave();
    EXPECT_TRUE(stage.events.happened("client gone"));
}

struct BodyCase {
    std::string name;
    std::string request;
    int status;
    std::string body;  ///< empty: not looked at
};

const std::string big(body_bytes_max, 'b');

TEST(Exchange, bodies) {
    const std::vector<BodyCase> cases = {
        {"a length", post("/echo", "hello"), 200, "hello"},
        {"no body", get("/echo"), 200, ""},
        {"a length of nothing", post("/echo", ""), 200, ""},
        {"one chunk", chunked("/echo", "5\r\nhello\r\n0\r\n\r\n"), 200, "hello"},
        {"many chunks", chunked("/echo", "1\r\nh\r\n2\r\nel\r\n002\r\nlo\r\n0\r\n\r\n"), 200, "hello"},
        {"a size in capitals", chunked("/echo", "A\r\n0123456789\r\n0\r\n\r\n"), 200, "0123456789"},
        {"chunk extensions are dropped", chunked("/echo", "5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n"), 200, "hello"},
        {"trailers are dropped", chunked("/echo", "5\r\nhello\r\n0\r\nx-a: 1\r\nhost: b\r\n\r\n"), 200, "hello"},
        {"no chunk but the last", chunked("/echo", "0\r\n\r\n"), 200, ""},
        {"bytes that look like a chunk's end", chunked("/echo", "7\r\n0\r\n\r\nab\r\n0\r\n\r\n"), 200, "0\r\n\r\nab"},
        {"a length at the cap", post("/echo", big), 200, big},
        {"chunks at the cap", chunked("/echo", fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", big.size(), big)), 200, big},
        {"a length beyond the cap", post("/echo", big + "x"), 413, ""},
        {"a length far beyond the cap, which nobody waits for",
         "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 999999999999999\r\n\r\n", 413, ""},
        {"chunks beyond the cap", chunked("/echo", fmt::format("{:x}\r\n{}\r\n1\r\nx\r\n0\r\n\r\n", big.size(), big)),
         413, ""},
        {"a chunk announced beyond the cap", chunked("/echo", "7fffffffffffffff\r\nhello"), 413, ""},
        {"a chunk's size without a digit", chunked("/echo", "\r\nhello\r\n0\r\n\r\n"), 400, ""},
        {"a chunk's size with a sign", chunked("/echo", "+5\r\nhello\r\n0\r\n\r\n"), 400, ""},
        {"a chunk's size below nothing", chunked("/echo", "-5\r\nhello\r\n0\r\n\r\n"), 400, ""},
        {"a chunk's size with 0x", chunked("/echo", "0x5\r\nhello\r\n0\r\n\r\n"), 400, ""},
        {"a chunk's size with a space before it", chunked("/echo", " 5\r\nhello\r\n0\r\n\r\n"), 400, ""},
        {"a chunk's size beyond 64 bits", chunked("/echo", "10000000000000005\r\nhello\r\n0\r\n\r\n"), 400, ""},
        {"a chunk's size that is no number", chunked("/echo", "five\r\nhello\r\n0\r\n\r\n"), 400, ""},
        {"a chunk that ends with LF alone", chunked("/echo", "5\r\nhello\n0\r\n\r\n"), 400, ""},
        {"a size that ends with LF alone", chunked("/echo", "5\nhello\r\n0\r\n\r\n"), 400, ""},
        {"an extension that hides a line", chunked("/echo", "5;a\nb\r\nhello\r\n0\r\n\r\n"), 400, ""},
        {"a chunk longer than its size", chunked("/echo", "5\r\nhello!\r\n0\r\n\r\n"), 400, ""},
        {"a trailer without a colon", chunked("/echo", "5\r\nhello\r\n0\r\nx-a\r\n\r\n"), 400, ""},
        {"a trailer that ends with LF alone", chunked("/echo", "5\r\nhello\r\n0\r\nx-a: 1\n\r\n"), 400, ""},
        {"an extension without an end", chunked("/echo", "5;" + std::string(200'000, 'x')), 400, ""},
        {"trailers without an end", chunked("/echo", "0\r\n" + std::string(200'000, 'x')), 400, ""},
    };
    Stage stage;
    for (const BodyCase& one : cases) {
        SCOPED_TRACE(one.name);
        Client client = stage.client();
        client.send(one.request + get("/hello"));
        const std::optional<Answer> answer = client.answer();
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, one.status) << answer->body.substr(0, 100);
        if (one.status == 200) {
            EXPECT_EQ(answer->body, one.body);
            EXPECT_EQ(client.body(), "hello");
        } else {
            EXPECT_TRUE(answer->closes());
            EXPECT_EQ(client.rest(), "");
        }
    }
}

TEST(Exchange, a_chunked_body_is_the_same_wherever_it_is_cut) {
    const std::string request =
        chunked("/echo", "5;x=y\r\nhello\r\n1\r\n \r\n6\r\nwo\r\nld\r\n0\r\nx-trailer: 1\r\n\r\n");
    Stage stage;
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
        Client client = stage.client();
        client.send(request.substr(0, cut));
        client.send(request.substr(cut) + get("/hello"));
        const std::optional<Answer> answer = client.answer();
        ASSERT_TRUE(answer) << cut;
        ASSERT_EQ(answer->body, "hello wo\r\nld") << cut;
        ASSERT_EQ(client.body(), "hello") << cut;
    }
}

TEST(Exchange, a_body_that_comes_byte_by_byte_is_read_whole) {
    const std::string request = chunked("/echo", "5\r\nhello\r\n0\r\n\r\n") + post("/echo", "again");
    Stage stage;
    Client client = stage.client();
    for (const char c : request) client.send({&c, 1});
    EXPECT_EQ(client.body(), "hello");
    EXPECT_EQ(client.body(), "again");
}

TEST(Exchange, a_client_that_asks_before_it_sends_is_told_to_go_on) {
    Stage stage;
    Client client = stage.client();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.status(), 100);
    client.send("hello");
    EXPECT_EQ(client.body(), "hello");
    client.send(get("/hello"));
    EXPECT_EQ(client.body(), "hello");
}

TEST(Exchange, a_client_that_asks_before_it_sends_too_much_is_refused_and_not_told_to_go_on) {
    Stage stage;
    Client client = stage.client();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999\r\nexpect: 100-continue\r\n\r\n");
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 413);
    EXPECT_TRUE(answer->closes());
}

// Whether such a client sends its body after all cannot be known, so the next bytes could be read in two ways.
TEST(Exchange, an_answer_before_a_body_that_was_asked_for_ends_the_connection) {
    Stage stage;
    Client client = stage.client();
    client.send("POST /ignore HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n");
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_TRUE(answer->closes());
    client.send(get("/hello"));
    EXPECT_EQ(client.rest(), "");
    EXPECT_EQ(stage.served, 1);
}

TEST(Exchange, a_small_body_that_no_one_read_is_dropped_and_the_connection_stays) {
    Stage stage;
    Client client = stage.client();
    client.send(post("/ignore", get("/throw")) + get("/hello"));
    EXPECT_EQ(client.body(), "hello");
    EXPECT_EQ(client.body(), "hello");
    EXPECT_EQ(stage.events.count("served /throw"), 0);
}

TEST(Exchange, a_large_body_that_no_one_read_ends_the_connection_and_the_answer_arrives) {
    Stage stage;
    Client client = stage.client();
    client.send("POST /ignore HTTP/1.1\r\nhost: a\r\ncontent-length: 400000\r\n\r\n" + std::string(400'000, 'x'));
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, "hello");
    EXPECT_TRUE(answer->closes());
}

TEST(Exchange, a_chunked_body_that_no_one_read_ends_the_connection_and_the_answer_arrives) {
    Stage stage;
    Client client = stage.client();
    client.send(chunked("/ignore", "5\r\nhello\r\n0\r\n\r\n") + get("/hello"));
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->closes());
    EXPECT_EQ(client.rest(), "");
}

// Hunts: a refusal that many clients never see, because what they are still sending is answered with a reset.
TEST(Exchange, a_client_that_is_still_sending_is_listened_to_after_its_refusal) {
    Stage stage;
    Client client = stage.client();
    client.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2000000\r\n\r\n");
    EXPECT_EQ(client.status(), 413);
    // The server says nothing more, and listens for a while.
    EXPECT_TRUE(client.ends());
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(client.send(std::string(10'000, 'x'))) << i;
}

TEST(Exchange, a_body_that_ends_early_is_refused_in_the_handler) {
    Stage stage;
    for (const std::string& request : {std::string("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhello"),
                                       chunked("/echo", "a\r\nhello"), chunked("/echo", "5\r\nhello\r\n")}) {
        Client client = stage.client();
        client.send(request);
        client.leave();
    }
    EXPECT_TRUE(stage.events.happened("refused malformed", 3));
    EXPECT_TRUE(stage.events.happened("ended /echo", 3));
}

TEST(Exchange, a_handler_that_throws_is_answered_500_and_ends_the_connection) {
    Stage stage;
    Client client = stage.client();
    client.send(get("/throw"));
    const std::optional<Answer> answer = client.answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 500);
    EXPECT_EQ(answer->body.find("a defect of a handler"), std::string::npos);
    EXPECT_TRUE(client.ends());
    Client next = stage.client();
    next.send(get("/hello"));
    EXPECT_EQ(next.body(), "hello");
}

TEST(Exchange, a_handler_that_answers_nothing_ends_the_connection) {
    Stage stage;
    Client client = stage.client();
    client.send(get("/silent") + get("/hello"));
    EXPECT_EQ(client.rest(), "");
}

// Hunts: a truncated answer that looks complete.
TEST(Exchange, a_handler_that_breaks_off_a_stream_leaves_it_without_an_end) {
    Stage stage;
    Client client = stage.client();
    client.send(get("/half") + get("/hello"));
    const std::optional<std::string> all = client.rest();
    ASSERT_TRUE(all);
    EXPECT_NE(all->find("data: one"), std::string::npos);
    EXPECT_EQ(all->find("0\r\n\r\n"), std::string::npos);
    EXPECT_EQ(all->find("hello"), std::string::npos);
}

TEST(Exchange, a_client_that_leaves_is_noticed_while_the_answer_is_awaited) {
    Stage stage;
    for (const std::string_view path : {"/hang", "/wait"}) {
        for (const bool hard : {false, true}) {
            SCOPED_TRACE(fmt::format("{} {}", path, hard ? "with a reset" : "with an end"));
            const int left = stage.events.count("left"), waiting = stage.events.count("waiting");
            Client client = stage.client();
            client.send(get(path));
            ASSERT_TRUE(stage.events.happened("waiting", waiting + 1));
            if (hard)
                client.reset();
            else
                client.leave();
            ASSERT_TRUE(stage.events.happened("left", left + 1));
        }
    }
    EXPECT_TRUE(stage.events.happened("ended /hang", 2));
    EXPECT_TRUE(stage.events.happened("ended /wait", 2));
}

TEST(Exchange, a_client_that_leaves_is_noticed_although_it_has_pipelined) {
    Stage stage;
    Client client = stage.client();
    client.send(get("/hang"));
    ASSERT_TRUE(stage.events.happened("waiting"));
    client.send(get("/hello"));
    client.leave();
    EXPECT_TRUE(stage.events.happened("left"));
}

TEST(Exchange, a_request_that_comes_while_the_answer_is_awaited_is_kept) {
    Stage stage;
    Client client = stage.client();
    client.send(get("/hang"));
    ASSERT_TRUE(stage.events.happened("waiting"));
    client.send(post("/echo", "the next one"));
    stage.release();
    EXPECT_EQ(client.body(), "released");
    EXPECT_EQ(client.body(), "the next one");
    EXPECT_EQ(stage.events.count("left"), 0);
}

TEST(Exchange, a_connection_that_is_reset_at_any_point_harms_no_other) {
    Stage stage;
    const std::string request = post("/echo", "hello");
    for (std::size_t sent = 0; sent <= request.size(); ++sent) {
        Client client = stage.client();
        client.send(request.substr(0, sent));
        client.reset();
    }
    Client client = stage.client();
    client.send(request);
    EXPECT_EQ(client.body(), "hello");
}

}  // namespace
}  // namespace bursar::edge::test
