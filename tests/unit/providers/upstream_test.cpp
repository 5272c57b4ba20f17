// Hunts: a request that is sent twice, a connection that is used again although its bytes are out of step, a wait
// without an end, a caller who has left and is not noticed.
#include "tests/unit/providers/upstream_fixture.h"

#include <future>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

namespace bursar::providers {
namespace {

using namespace testing;
using namespace std::chrono_literals;

TEST_F(Upstream, the_request_is_what_it_should_be_byte_by_byte) {
    std::promise<std::string> request;
    RawServer server([&](Peer& peer, int) {
        request.set_value(peer.read_request());
        peer.write(hello);
        peer.wait_closed();
    });
    const Secret key = Secret::copy_of("sk-secret");
    const Ask ask{.path = "/v1/messages?beta=true",
                  .headers = {{"content-type", "application/json"},
                              {"Host", "evil.example"},
                              {"Connection", "close, x"},
                              {"Transfer-Encoding", "chunked"},
                              {"content-length", "999"},
                              {"Accept-Encoding", "gzip"},
                              {"authorization", "Bearer of-the-caller"},
                              {"X-Stainless-OS", "Linux"}},
                  .body = {"{\"model\":", "\"m\"", "}"},
                  .credential = &key};
    const auto outcome = run(call(*pool_, target(server.port()), ask));
    EXPECT_EQ(outcome.body, "hello");
    EXPECT_EQ(request.get_future().get(),
              "POST /v1/messages?beta=true HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                  "\r\ncontent-type: application/json\r\nX-Stainless-OS: Linux\r\nAuthorization: Bearer sk-secret\r\n"
                  "Content-Length: 13\r\n\r\n{\"model\":\"m\"}");
}

TEST_F(Upstream, a_request_that_would_become_two_never_leaves) {
    RawServer server([](Peer& peer, int) { answer_each(peer); });
    const Secret broken = Secret::copy_of("key\r\nX-Injected: 1");
    const std::vector<Ask> asks = {{.headers = {{"x-a", "b\r\nx-c: d"}}},
                                   {.headers = {{"x-a", std::string_view("b\0c", 3)}}},
                                   {.headers = {{"x a", "b"}}},
                                   {.headers = {{"x-a\n", "b"}}},
                                   {.path = "/v1 HTTP/1.1\r\nX: y"},
                                   {.path = "http://evil/"},
                                   {.method = "POST /x HTTP/1.1\r\nA: b\r\n"},
                                   {.credential = &broken}};
    for (const auto& ask : asks) {
        const auto outcome = run(call(*pool_, target(server.port()), ask));
        ASSERT_TRUE(outcome.error.has_value());
        EXPECT_EQ(outcome.error->fault, Fault::invalid_request);
        EXPECT_EQ(outcome.sent, Sent::nothing);
        EXPECT_EQ(outcome.error->for_operator.find("X-Injected"), std::string::npos);
    }
    EXPECT_EQ(server.connections(), 0);
}

TEST_F(Upstream, connections_are_kept_and_used_again) {
    RawServer server([](Peer& peer, int) { answer_each(peer); });
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
        EXPECT_EQ(pool_->idle(), 1U);
    }
    EXPECT_EQ(server.connections(), 1);
    pool_->close_idle();
    EXPECT_EQ(pool_->idle(), 0U);
}

TEST_F(Upstream, targets_that_differ_share_nothing) {
    RawServer server([](Peer& peer, int) { answer_each(peer); });
    Target by_name = target(server.port());
    by_name.host = "localhost";
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(run(call(*pool_, by_name, {})).body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(Upstream, a_kept_connection_that_was_closed_is_not_used) {
    std::promise<void> closed;
    RawServer server([&](Peer& peer, int connection) {
        peer.read_request();
        peer.write(hello);
        if (connection == 0) {
            peer.close();
            closed.set_value();
        } else {
            peer.wait_closed();
        }
    });
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(pool_->idle(), 1U);
    closed.get_future().wait();
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(Upstream, a_request_that_was_sent_on_a_dying_connection_is_not_repeated) {
    std::atomic<int> requests{0};
    RawServer server([&](Peer& peer, int connection) {
        if (!peer.read_request().empty()) ++requests;
        peer.write(hello);
        if (connection == 0 && !peer.read_request().empty()) ++requests;
    });
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    const auto outcome = run(call(*pool_, target(server.port()), {}));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->fault, Fault::provider_unavailable);
    EXPECT_EQ(outcome.sent, Sent::maybe);
    EXPECT_EQ(requests, 2);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(Upstream, bytes_behind_an_answer_end_the_connection) {
    RawServer server([](Peer& peer, int) {
        peer.read_request();
        peer.write(hello + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
        peer.wait_closed();
    });
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(pool_->idle(), 0U);
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(Upstream, an_answer_that_came_unasked_is_nobodys_answer) {
    std::promise<void> kept;
    std::promise<void> pushed;
    RawServer server([&](Peer& peer, int connection) {
        peer.read_request();
        peer.write(hello);
        if (connection == 0) {
            kept.get_future().wait();
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
            pushed.set_value();
        }
        peer.wait_closed();
    });
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(pool_->idle(), 1U);
    kept.set_value();
    pushed.get_future().wait();
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(Upstream, answers_without_a_body_leave_the_connection_in_step) {
    RawServer server([](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 204 No Content\r\n\r\n");
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");  // HEAD: the length of what is not sent
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        answer_each(peer);
    });
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).status, 204);
    EXPECT_EQ(run(call(*pool_, target(server.port()), {.method = "HEAD", .body = {}})).status, 200);
    EXPECT_EQ(run(call(*pool_, target(server.port()), {.method = "GET", .body = {}})).status, 200);
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(Upstream, connection_close_is_obeyed) {
    RawServer server([](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
        peer.wait_closed();
    });
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(pool_->idle(), 0U);
}

// ---- deadlines and ends

TEST_F(Upstream, nobody_listens) {
    const auto outcome = run(call(*pool_, target(testing::closed_port()), {}));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->fault, Fault::provider_unavailable);
    EXPECT_EQ(outcome.sent, Sent::nothing);
    EXPECT_NE(outcome.error->for_operator.find("refused"), std::string::npos) << outcome.error->for_operator;
    EXPECT_EQ(outcome.error->for_caller.find("127.0.0.1"), std::string::npos);
}

TEST_F(Upstream, a_name_that_cannot_be_one) {
    Target wrong = target(80);
    wrong.host = std::string(70, 'x') + ".example";  // a label of more than 63 letters: no name server is asked
    const auto outcome = run(call(*pool_, wrong, {}));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->fault, Fault::provider_unavailable);
    EXPECT_EQ(outcome.sent, Sent::nothing);
    EXPECT_NE(outcome.error->for_operator.find("resolve"), std::string::npos);
}

TEST_F(Upstream, a_silent_provider_is_given_up_at_the_first_byte_deadline) {
    RawServer server([](Peer& peer, int) {
        peer.read_request();
        EXPECT_TRUE(peer.wait_closed());
    });
    Ask ask;
    ask.deadlines.first_byte = 60ms;
    const auto outcome = run(call(*pool_, target(server.port()), ask));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->fault, Fault::deadline_passed);
    EXPECT_EQ(outcome.sent, Sent::maybe);
}

TEST_F(Upstream, a_stream_that_falls_silent_ends_at_the_idle_deadline) {
    RawServer server([](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        EXPECT_TRUE(peer.wait_closed());
    });
    Ask ask;
    ask.deadlines.idle = 60ms;
    const auto outcome = run(call(*pool_, target(server.port()), ask));
    EXPECT_EQ(outcome.body, "hello");
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->fault, Fault::deadline_passed);
    EXPECT_EQ(pool_->idle(), 0U);
}

TEST_F(Upstream, a_stream_that_never_pauses_ends_at_the_total_deadline) {
    RawServer server([](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const std::string chunk = "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
        while (peer.write(chunk)) continue;
    });
    Ask ask;
    ask.deadlines.total = 200ms;
    const auto outcome = run(call(*pool_, target(server.port()), ask));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.error->fault, Fault::deadline_passed);
}

Task<void> drain(Pool& pool, Target target, bool& ended) {
    const Ask ask;
    auto answer = co_await begin(pool, target, ask);
    for (bool more = answer.has_value(); more;) {
        auto piece = co_await (*answer)->read();
        more = piece && !piece->empty();
    }
    ended = true;
}

TEST_F(Upstream, a_stream_that_never_pauses_lets_others_of_its_shard_run) {
    RawServer server([](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
        while (peer.write(chunk)) continue;
    });
    RawServer small([](Peer& peer, int) { answer_each(peer); });
    bool ended = false;
    asio::co_spawn(io_, drain(*pool_, target(server.port()), ended), asio::detached);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(run(call(*pool_, target(small.port()), {})).body, "hello");
    EXPECT_FALSE(ended) << "the small calls had to wait for the endless one";
    end_shard();  // before the server that feeds it
}

Task<Outcome> begin_only(Pool& pool, Target target, Ask ask) {
    Outcome outcome;
    auto answer = co_await begin(pool, target, ask);
    outcome.status = answer ? (*answer)->head().status : 0;
    co_return outcome;
}

TEST_F(Upstream, an_answer_that_is_dropped_closes_its_connection_at_once) {
    std::promise<bool> closed;
    RawServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        closed.set_value(peer.wait_closed());
    });
    EXPECT_EQ(run(begin_only(*pool_, target(server.port()), {})).status, 200);
    EXPECT_TRUE(closed.get_future().get());
    EXPECT_EQ(pool_->idle(), 0U);
}

TEST_F(Upstream, the_caller_leaves_before_the_head) {
    std::function<void()> cancel;
    std::promise<bool> closed;
    RawServer server([&](Peer& peer, int) {
        peer.read_request();
        asio::post(io_, [&] { cancel(); });
        closed.set_value(peer.wait_closed());
    });
    Ask ask;
    ask.cancel = &cancel;
    const auto outcome = run(call(*pool_, target(server.port()), ask));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.sent, Sent::maybe);
    EXPECT_NE(outcome.error->for_operator.find("the caller left"), std::string::npos);
    EXPECT_TRUE(closed.get_future().get());
    EXPECT_FALSE(cancel) << "the hook must not outlive what it ends";
}

TEST_F(Upstream, the_caller_leaves_while_a_connection_is_made) {
    // A listener that never accepts, with a full backlog, would do as well; a TLS server that says nothing is surer.
    std::function<void()> cancel;
    RawServer server([&](Peer& peer, int) {
        asio::post(io_, [&] { cancel(); });
        EXPECT_TRUE(peer.wait_closed());
    });
    Target secure = target(server.port());
    secure.tls = true;
    Ask ask;
    ask.cancel = &cancel;
    const auto outcome = run(call(*pool_, secure, ask));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.sent, Sent::nothing);
}

Task<Outcome> read_cancelled(Pool& pool, Target target, asio::io_context& io, std::promise<void>& idle) {
    Outcome outcome;
    const Ask ask;
    auto answer = co_await begin(pool, target, ask);
    auto first = co_await (*answer)->read();
    outcome.body = first.value_or("");
    asio::post(io, [&] { (*answer)->cancel(); });
    auto second = co_await (*answer)->read();
    if (!second) outcome.error = second.error();
    auto third = co_await (*answer)->read();
    EXPECT_FALSE(third.has_value());
    idle.set_value();
    co_return outcome;
}

TEST_F(Upstream, the_caller_leaves_while_the_provider_is_silent) {
    std::promise<void> idle;
    RawServer server([&](Peer& peer, int) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        EXPECT_TRUE(peer.wait_closed());
    });
    const auto outcome = run(read_cancelled(*pool_, target(server.port()), io_, idle));
    EXPECT_EQ(outcome.body, "hello");
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_NE(outcome.error->for_operator.find("the caller left"), std::string::npos);
    EXPECT_EQ(pool_->idle(), 0U);
}

// ---- bodies and limits

TEST_F(Upstream, a_body_of_eight_megabytes_arrives_whole) {
    std::promise<std::size_t> received;
    RawServer server([&](Peer& peer, int) {
        received.set_value(peer.read_request().size());
        peer.write(hello);
        peer.wait_closed();
    });
    const std::string part(4U << 20U, 'x');
    EXPECT_EQ(run(call(*pool_, target(server.port()), {.body = {part, "", part}})).body, "hello");
    EXPECT_GT(received.get_future().get(), 8U << 20U);
}

TEST_F(Upstream, many_pieces_are_sent_in_order) {
    std::promise<std::string> received;
    RawServer server([&](Peer& peer, int) {
        received.set_value(peer.read_request());
        peer.write(hello);
        peer.wait_closed();
    });
    Ask ask;
    ask.body.assign(300, "ab");
    EXPECT_EQ(run(call(*pool_, target(server.port()), ask)).body, "hello");
    std::string expected;
    for (int i = 0; i < 300; ++i) expected += "ab";
    EXPECT_TRUE(received.get_future().get().ends_with("\r\n\r\n" + expected));
}

TEST_F(Upstream, a_refusal_in_the_middle_of_a_large_body_is_heard) {
    RawServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
        peer.wait_closed();
    });
    const std::string large(16U << 20U, 'x');
    const auto outcome = run(call(*pool_, target(server.port()), {.body = {large}}));
    EXPECT_EQ(outcome.status, 413);
    EXPECT_EQ(outcome.body, "big");
}

TEST_F(Upstream, a_refusal_is_heard_though_nobody_reads_the_body) {
    std::promise<void> asked_again;
    RawServer server([&](Peer& peer, int connection) {
        peer.read_head();
        if (connection == 0) {
            peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
            // Neither reads nor closes until the next request comes, on a connection of its own.
            asked_again.get_future().wait_for(10s);
        } else {
            peer.write(hello);
            asked_again.set_value();
        }
    });
    const std::string large(64U << 20U, 'x');
    const Moment began = std::chrono::steady_clock::now();
    const auto outcome = run(call(*pool_, target(server.port()), {.body = {large}}));
    EXPECT_EQ(outcome.status, 413);
    EXPECT_EQ(outcome.body, "big");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(Upstream, a_word_before_the_body_is_whole_does_not_end_it) {
    RawServer server([](Peer& peer, int) {
        peer.read_head();
        peer.write("HTTP/1.1 100 Continue\r\n\r\n");
        EXPECT_EQ(peer.read(64U << 20U).size(), 64U << 20U);
        peer.write(hello);
    });
    const std::string large(64U << 20U, 'x');
    EXPECT_EQ(run(call(*pool_, target(server.port()), {.body = {large}})).body, "hello");
}

Task<Outcome> read_whole(Pool& pool, Target target, std::size_t bytes_max) {
    Outcome outcome;
    const Ask ask;
    auto answer = co_await begin(pool, target, ask);
    auto body = co_await (*answer)->read_all(bytes_max);
    if (body)
        outcome.body = *body;
    else
        outcome.error = body.error();
    co_return outcome;
}

TEST_F(Upstream, a_whole_body_has_a_limit) {
    const std::string large(300'000, 'x');
    RawServer server([&](Peer& peer, int) {
        while (!peer.read_request().empty()) peer.write("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + large);
    });
    EXPECT_EQ(run(read_whole(*pool_, target(server.port()), 300'000)).body, large);
    const auto outcome = run(read_whole(*pool_, target(server.port()), 299'999));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_NE(outcome.error->for_operator.find("299999"), std::string::npos);
}

TEST_F(Upstream, the_number_of_connections_has_a_limit) {
    pool_ = Pool::make(io_, {.connections_per_target_max = 0});
    RawServer server([](Peer& peer, int) { answer_each(peer); });
    const auto outcome = run(call(*pool_, target(server.port()), {}));
    ASSERT_TRUE(outcome.error.has_value());
    EXPECT_EQ(outcome.sent, Sent::nothing);
    EXPECT_EQ(server.connections(), 0);
}

TEST_F(Upstream, old_connections_are_not_kept) {
    pool_ = Pool::make(io_, {.idle_max = 0s});
    RawServer server([](Peer& peer, int) { answer_each(peer); });
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(run(call(*pool_, target(server.port()), {})).body, "hello");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(Upstream, plain_http_through_a_proxy_says_the_whole_address) {
    std::promise<std::string> request;
    RawServer proxy([&](Peer& peer, int) {
        request.set_value(peer.read_request());
        peer.write(hello);
        peer.wait_closed();
    });
    const Target target{.tls = false,
                        .host = "models.internal",
                        .port = 8000,
                        .proxied = true,
                        .proxy_host = "127.0.0.1",
                        .proxy_port = proxy.port()};
    EXPECT_EQ(run(call(*pool_, target, {.path = "/v1/models"})).body, "hello");
    EXPECT_TRUE(request.get_future().get().starts_with(
        "POST http://models.internal:8000/v1/models HTTP/1.1\r\nHost: models.internal:8000\r\n"));
}

}  // namespace
}  // namespace bursar::providers
