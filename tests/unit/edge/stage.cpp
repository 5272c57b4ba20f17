#include "tests/unit/edge/stage.h"

#include "service/base/log.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace bursar::edge::test {
namespace {

constexpr std::size_t large_bytes = 8 << 20;

Task<Result<void>> answer(Exchange& exchange, int status, std::string_view body) {
    ResponseHead head{.status = status, .headers = {}};
    head.add("content-type", "text/plain");
    Result<void> sent = co_await exchange.respond(head, body);
    co_return sent;
}

}  // namespace

void Events::note(const std::string& name) {
    const MutexLock lock(mutex_);
    ++counts_[name];
    changed_.notify_all();
}

bool Events::happened(const std::string& name, int times) {
    const MutexLock lock(mutex_);
    const Moment deadline = std::chrono::steady_clock::now() + patience;
    while (counts_[name] < times)
        if (!changed_.wait_until(mutex_, deadline)) return counts_[name] >= times;
    return true;
}

int Events::count(const std::string& name) {
    const MutexLock lock(mutex_);
    return counts_[name];
}

/// Used by the shard's thread only.
struct Stage::Sleepers {
    std::vector<asio::steady_timer*> timers;
};

Stage::Stage(Limits limits, Listen listen, std::size_t shards) : sleepers_(std::make_unique<Sleepers>()) {
    auto made = Server::create(std::move(listen), limits, shards, *this,
                               [](const RequestHead& head) { return head.path().starts_with("/control"); });
    if (!made) {
        ADD_FAILURE() << made.error().operator_text();
        return;
    }
    server = *std::move(made);
    server->start();
}

Stage::~Stage() {
    if (server == nullptr) return;
    release();
    server->stop();
}

void Stage::release() {
    asio::post(server->shard(0), [this] {
        for (asio::steady_timer* timer : sleepers_->timers) timer->cancel();
    });
}

Task<void> Stage::serve(Exchange& exchange) {
    ++served;
    const std::string path(exchange.head().path());
    events.note("served " + path);
    if (path == "/throw") throw std::runtime_error("a defect of a handler");
    if (path == "/silent") co_return;
    if (path == "/echo") {
        co_await echo(exchange);
    } else if (path == "/hang") {
        co_await hang(exchange);
    } else if (path == "/flood") {
        co_await flood(exchange);
    } else if (path.starts_with("/socket")) {
        co_await talk(exchange);
    } else if (path == "/stream" || path == "/half" || path.ends_with("/wait")) {
        co_await stream(exchange);
    } else if (path == "/inject") {
        ResponseHead head;
        head.add("x-a", "1\r\nx-evil: 1").add("x-b", std::string_view("1\0 2", 4)).add("x-c\nx-evil", "1");
        head.add("Content-Length", "1").add("transfer-encoding", "chunked").add("Connection", "close");
        head.add("x-good", "yes");
        head.add_line("x-d", "1\r\nx-evil: 1").add_line("x-e\r\n", "1").add_line("Transfer-Encoding", "chunked");
        head.add_line("x-fine", "yes");
        const Result<void> sent = co_await exchange.respond(head, "hello");
        events.note(sent ? "sent" : "not sent");
    } else {
        std::string body = path == "/empty" ? "" : "hello";
        if (path == "/large") body = std::string(large_bytes, 'x');
        if (path == "/thread") body = fmt::format("{}", ::gettid());
        if (path == "/address") body = exchange.address();
        const Result<void> sent = co_await answer(exchange, path == "/empty" ? 204 : 200, body);
        events.note(sent ? "sent" : "not sent");
    }
    events.note("ended " + path);
}

Task<void> Stage::echo(Exchange& exchange) {
    Result<std::string> body = co_await exchange.read_body(body_bytes_max);
    const int status = body ? 200 : facts(body.error().fault).http_status;
    if (!body) events.note(fmt::format("refused {}", facts(body.error().fault).name));
    const std::string text = body ? *std::move(body) : body.error().for_caller;
    const Result<void> sent = co_await answer(exchange, status, text);
    events.note(sent ? "sent" : "not sent");
}

Task<void> Stage::stream(Exchange& exchange) {
    if (exchange.head().has_body) {
        const Result<std::string> body = co_await exchange.read_body(body_bytes_max);
        events.note(body ? "read" : "refused");
    }
    ResponseHead head;
    head.add("content-type", "text/event-stream");
    Result<void> sent = co_await exchange.begin(head, "data: one\n\n");
    if (exchange.head().path() == "/half") co_return;
    if (exchange.head().path().ends_with("/wait")) co_await wait_for_release(exchange);
    if (sent) sent = co_await exchange.write("data: two\n\n");
    if (sent) sent = co_await exchange.write("data: three\n\n");
    if (sent) sent = co_await exchange.finish();
    events.note(sent ? "sent" : "not sent");
}

Task<void> Stage::flood(Exchange& exchange) {
    const ResponseHead head;
    Result<void> sent = co_await exchange.begin(head, "");
    for (int n = 0; sent; ++n) {
        const auto piece = std::make_shared<std::string>(flood_piece_bytes, static_cast<char>('a' + n % 26));
        // Runs as soon as the write waits: from then on the edge may not look at the piece any more.
        asio::post(exchange.executor(), [piece] { std::ranges::fill(*piece, '!'); });
        sent = co_await exchange.write(*piece);
    }
    events.note("client gone");
}

Task<void> Stage::hang(Exchange& exchange) {
    std::string body;
    if (exchange.head().has_body) {
        Result<std::string> read = co_await exchange.read_body(body_bytes_max);
        if (read) body = *std::move(read);
    }
    co_await wait_for_release(exchange);
    const Result<void> sent = co_await answer(exchange, 200, "released");
    events.note(sent ? "sent" : "not sent");
}

Task<void> Stage::wait_for_release(Exchange& exchange) {
    asio::steady_timer timer(exchange.executor(), Moment::max());
    sleepers_->timers.push_back(&timer);
    exchange.watch([this, &timer] {
        events.note("left");
        timer.cancel();
    });
    events.note("waiting");
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    std::erase(sleepers_->timers, &timer);
    exchange.watch({});
    if (exchange.draining()) events.note("draining");
}

Task<void> Stage::talk(Exchange& exchange) {
    const bool briefly = exchange.head().path().ends_with("/briefly");
    const Result<Messages*> messages = co_await exchange.upgrade();
    if (!messages) {
        const Result<void> sent =
            co_await answer(exchange, facts(messages.error().fault).http_status, messages.error().for_caller);
        events.note(sent ? "sent" : "not sent");
        co_return;
    }
    if (exchange.head().path().ends_with("/both")) send_beside(exchange, **messages);
    bool open = true;
    while (open) {
        const Moment until =
            briefly ? std::chrono::steady_clock::now() + std::chrono::milliseconds(100) : Moment::max();
        Received received = co_await (*messages)->next(socket_message_max, until);
        open = co_await answer_message(exchange, **messages, std::move(received));
    }
}

void Stage::send_beside(Exchange& exchange, Messages& messages) {
    const auto all = [](Messages& to, Events& noted) -> Task<void> {
        for (int i = 0; i < beside_count; ++i) {
            const std::string text = fmt::format("{} {}", i, std::string(beside_bytes, 'x'));
            const std::array<std::string_view, 1> texts = {text};
            const Result<void> sent = co_await to.send(texts);
            if (!sent) noted.note("not sent");
        }
        to.wake();
    };
    asio::co_spawn(exchange.executor(), all(messages, events), asio::detached);
}

Task<bool> Stage::answer_message(Exchange& exchange, Messages& messages, Received received) {
    using How = Received::How;
    struct Row {
        How how;
        std::string_view name;
        CloseCode code;
    };
    static constexpr std::array rows = {
        Row{How::quiet, "quiet", CloseCode::normal},
        Row{How::too_large, "too large", CloseCode::too_large},
        Row{How::too_slow, "too slow", CloseCode::not_permitted},
        Row{How::overloaded, "overloaded", CloseCode::try_again_later},
        Row{How::stopping, "stopping", CloseCode::going_away},
        Row{How::over, "over", CloseCode::normal},
    };
    if (const auto* row = std::ranges::find(rows, received.how, &Row::how); row != rows.end()) {
        events.note(std::string(row->name));
        co_await messages.close(row->code, row->name);
        co_return false;
    }
    std::string text = std::move(received.text);
    if (text.starts_with("keep ")) text = messages.holds(std::stoul(text.substr(5))) ? "kept" : "not kept";
    if (text == "cut") messages.cut();
    if (text == "large") text = std::string(large_bytes, 'x');
    if (text == "hang") {
        co_await wait_for_release(exchange, messages);
        text = "released";
    }
    const std::array<std::string_view, 1> texts = {text};
    const Result<void> sent = co_await messages.send(texts);
    events.note(sent ? "sent" : "not sent");
    co_return true;
}

Task<void> Stage::wait_for_release(Exchange& exchange, Messages& messages) {
    asio::steady_timer timer(exchange.executor(), Moment::max());
    sleepers_->timers.push_back(&timer);
    messages.watch([this, &timer] {
        events.note("left");
        timer.cancel();
    });
    events.note("waiting");
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    std::erase(sleepers_->timers, &timer);
    messages.watch({});
}

std::string get(std::string_view path, std::string_view more) {
    return fmt::format("GET {} HTTP/1.1\r\nhost: bursar\r\n{}\r\n", path, more);
}

std::string post(std::string_view path, std::string_view body, std::string_view more) {
    return fmt::format("POST {} HTTP/1.1\r\nhost: bursar\r\ncontent-length: {}\r\n{}\r\n{}", path, body.size(), more,
                       body);
}

}  // namespace bursar::edge::test
