#include "service/demo/bench.h"

#include "service/demo/dialects.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bursar::demo {
namespace {

constexpr std::size_t body_bytes_max = std::size_t{64} << 20;
constexpr std::size_t looked_at = 1'024;

bool wants_stream(std::string_view body) {
    constexpr std::string_view mark = "\"stream\":true";
    if (body.substr(0, looked_at).contains(mark)) return true;
    return body.size() > looked_at && body.substr(body.size() - looked_at).contains(mark);
}

Task<void> pause(asio::steady_timer& timer, asio::steady_timer::time_point until) {
    timer.expires_at(until);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Answer fixed_answer() {
    Answer answer;
    answer.number = 1;
    answer.created = 1'767'225'600;
    answer.model = "demo-chat";
    answer.usage.input = 12;
    return answer;
}

}  // namespace

BenchProvider::BenchProvider(const Bench& bench) : bench_(bench) {
    plain_head_.add("content-type", "application/json").add("x-request-id", "req_demo00000001");
    stream_head_.add("content-type", "text/event-stream; charset=utf-8").add("x-request-id", "req_demo00000001");

    Ask ask;
    ask.include_usage = true;
    Answer answer = fixed_answer();
    answer.usage.output = 200;
    answer.choices = {{""}};
    const std::size_t bare = chat_body(ask, answer).size();
    answer.choices = {{std::string(bench.answer_bytes > bare ? bench.answer_bytes - bare : 1, 'a')}};
    chat_.plain = chat_body(ask, answer);
    messages_.plain = message_body(answer);

    answer.usage.output = bench.events;
    answer.choices = {
        std::vector<std::string>(static_cast<std::size_t>(bench.events), std::string(bench.event_bytes, 'a'))};
    for (Event& event : chat_events(ask, answer)) chat_.events.push_back(std::move(event.bytes));
    for (Event& event : message_events(answer)) messages_.events.push_back(std::move(event.bytes));
}

Task<void> BenchProvider::serve(edge::Exchange& exchange) {
    auto body = co_await exchange.read_body(body_bytes_max);
    if (!body) co_return;
    const bool streamed = wants_stream(*body);
    const Said& said = exchange.head().path().ends_with("/messages") ? messages_ : chat_;
    body->clear();
    body->shrink_to_fit();
    if (bench_.delay.count() > 0) {
        asio::steady_timer timer(exchange.executor());
        co_await pause(timer, std::chrono::steady_clock::now() + bench_.delay);
    }
    if (streamed) {
        co_await stream(exchange, said.events);
    } else {
        auto sent = co_await exchange.respond(plain_head_, said.plain);
        static_cast<void>(sent);
    }
}

Task<void> BenchProvider::stream(edge::Exchange& exchange, const std::vector<std::string>& events) {
    asio::steady_timer timer(exchange.executor());
    auto next = std::chrono::steady_clock::now();
    bool left = false;
    exchange.watch([&left, &timer] {
        left = true;
        timer.cancel();
    });
    auto sent = co_await exchange.begin(stream_head_, {});
    for (const std::string& event : events) {
        if (!sent || left) break;
        if (bench_.pause.count() > 0) {
            next += bench_.pause;
            co_await pause(timer, next);
        }
        if (left) break;
        sent = co_await exchange.write(event);
    }
    exchange.watch({});
    if (sent && !left) sent = co_await exchange.finish();
}

}  // namespace bursar::demo
