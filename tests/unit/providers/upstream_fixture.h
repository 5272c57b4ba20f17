#pragma once

#include "service/providers/upstream.h"
#include "tests/unit/providers/raw_server.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

// Calls through a pool of a shard that the test's own thread runs.
namespace bursar::providers::testing {

using namespace std::chrono_literals;
inline constexpr Deadlines patient{.connect = 10s, .first_byte = 10s, .idle = 10s, .total = 20s};
inline const std::string hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// What came of one call: an answer read to its end, or the error and where it happened.
struct Outcome {
    int status = 0;
    std::string body;
    std::optional<Error> error;
    std::optional<Sent> sent;  ///< only where no head came
};

struct Ask {
    std::string method = "POST";
    std::string path = "/v1/chat/completions";
    std::vector<edge::HeaderView> headers;
    std::vector<std::string_view> body = {"{}"};
    const Secret* credential = nullptr;
    Deadlines deadlines = patient;
    std::function<void()>* cancel = nullptr;
};

inline Task<std::expected<std::unique_ptr<Answer>, UpstreamError>> begin(Pool& pool, const Target& target,
                                                                         const Ask& ask) {
    const UpstreamRequest request{.method = ask.method,
                                  .target = ask.path,
                                  .headers = &ask.headers,
                                  .credential_header = "Authorization",
                                  .credential_prefix = "Bearer ",
                                  .credential = ask.credential,
                                  .body = ask.body};
    auto answer = co_await pool.send(target, request, ask.deadlines, ask.cancel);
    co_return std::move(answer);
}

inline Task<Outcome> call(Pool& pool, Target target, Ask ask) {
    Outcome outcome;
    auto answer = co_await begin(pool, target, ask);
    if (!answer) {
        outcome.error = answer.error().error;
        outcome.sent = answer.error().sent;
        co_return outcome;
    }
    outcome.status = (*answer)->head().status;
    for (;;) {
        auto piece = co_await (*answer)->read();
        if (!piece) {
            outcome.error = piece.error();
            break;
        }
        if (piece->empty()) break;
        outcome.body += *piece;
    }
    co_return outcome;
}

/// A shard of its own, run by the test's thread until a coroutine has ended.
class Upstream : public ::testing::Test {
  protected:
    template <typename T>
    T run(Task<T> task) {
        std::optional<T> result;
        asio::co_spawn(io_, std::move(task), [&](std::exception_ptr thrown, T value) {
            EXPECT_FALSE(thrown);
            result = std::move(value);
            io_.stop();
        });
        io_.restart();
        io_.run_for(30s);
        if (!result) ADD_FAILURE() << "the call did not end";
        return result ? *std::move(result) : T{};
    }
    /// Ends whatever coroutines are left.
    void end_shard() {
        pool_.reset();
        shard_.reset();
    }
    static Target target(std::uint16_t port) { return {.tls = false, .host = "127.0.0.1", .port = port}; }

    std::unique_ptr<asio::io_context> shard_ = std::make_unique<asio::io_context>(1);
    asio::io_context& io_ = *shard_;
    std::unique_ptr<Pool> pool_ = Pool::make(io_, {});
};

inline void answer_each(Peer& peer) {
    while (!peer.read_request().empty()) peer.write(hello);
}

}  // namespace bursar::providers::testing
