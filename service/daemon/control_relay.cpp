#include "service/daemon/control_relay.h"

#include "service/base/json.h"
#include "service/base/log.h"
#include "service/base/secret.h"

#include <algorithm>
#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace bursar::daemon {
namespace {

namespace http = boost::beast::http;
using Local = asio::local::stream_protocol;
using Stream = boost::beast::basic_stream<Local, asio::any_io_executor>;

constexpr auto await = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t socket_path_bytes_max = 107;
constexpr std::size_t answer_head_bytes_max = 64 * 1024;

/// The only headers of a client that the control plane sees, besides what is ours.
constexpr std::array<std::string_view, 10> passed_on = {
    "host",   "authorization",  "content-type",  "if-match",   "accept",
    "origin", "sec-fetch-site", "x-bursar-csrf", "user-agent", "if-none-match"};
/// Of the cookies of this host only ours: others may be many, large and somebody else's secrets.
constexpr std::string_view our_cookies = "__Host-bursar";
/// Headers of its answers that belong to that connection, or that the edge writes itself.
constexpr std::array<std::string_view, 5> kept_back = {"connection", "content-length", "transfer-encoding",
                                                       "keep-alive", "date"};

struct Relayed {
    edge::ResponseHead head;
    std::string body;
};

Task<void> refuse(edge::Exchange& exchange, const Error& error) {
    const FaultFacts& fault = facts(error.fault);
    JsonWriter json;
    json.open()
        .field("type", "about:blank")
        .field("title", edge::reason_phrase(fault.http_status))
        .field("status", fault.http_status);
    json.field("detail", error.for_caller).field("code", fault.name).close();
    edge::ResponseHead head{.status = fault.http_status, .headers = {}};
    head.add("content-type", "application/problem+json")
        .add("cache-control", "no-store")
        .add("x-content-type-options", "nosniff");
    if (fault.http_status == 503) head.add("retry-after", "5");
    const Result<void> sent = co_await exchange.respond(head, json.text());
    // A client that left before its answer needs none.
    static_cast<void>(sent);
}

std::string cookies_of(std::string_view header) {
    std::string ours;
    while (!header.empty()) {
        std::string_view one = header.substr(0, header.find(';'));
        header.remove_prefix(std::min(header.size(), one.size() + 1));
        while (one.starts_with(' ')) one.remove_prefix(1);
        if (one.starts_with(our_cookies)) ours.append(ours.empty() ? "" : "; ").append(one);
    }
    return ours;
}

/// Whether somebody says who they are; nobody has looked yet whether it is so.
bool has_credentials(const edge::RequestHead& request) {
    return request.has("authorization") || !cookies_of(request.header("cookie")).empty();
}

Result<std::string> head_of(const edge::Exchange& exchange, std::size_t body_bytes) {
    const edge::RequestHead& head = exchange.head();
    std::string text =
        fmt::format("{} {} HTTP/1.1\r\nx-bursar-address: {}\r\nconnection: close\r\ncontent-length: {}\r\n",
                    head.method, head.target, exchange.address(), body_bytes);
    for (const std::string_view name : passed_on) {
        const std::string_view value = head.header(name);
        if (value.size() > ControlRelay::header_bytes_max)
            return fail(Fault::too_large, fmt::format("The header {} has {} bytes; the control plane takes {}.", name,
                                                      value.size(), ControlRelay::header_bytes_max));
        if (!value.empty()) fmt::format_to(std::back_inserter(text), "{}: {}\r\n", name, value);
    }
    if (const std::string cookies = cookies_of(head.header("cookie")); !cookies.empty()) {
        if (cookies.size() > ControlRelay::header_bytes_max)
            return fail(Fault::too_large,
                        "Bursar's cookies are too large. Delete them in the browser and sign in again.");
        fmt::format_to(std::back_inserter(text), "cookie: {}\r\n", cookies);
    }
    text += "\r\n";
    return text;
}

std::unexpected<Error> unavailable(std::string_view step, const boost::system::error_code& error) {
    return fail(Fault::overloaded, "The control plane does not answer now. Try again in a few seconds.",
                fmt::format("control socket, {}: {}", step, error.message()));
}

Relayed relayed(http::response<http::string_body>&& message) {
    Relayed answer{.head = {.status = static_cast<int>(message.result_int()), .headers = {}}, .body = {}};
    for (const auto& field : message) {
        const std::string_view name = field.name_string();
        const auto same = [&](std::string_view other) { return edge::equal_without_case(name, other); };
        if (std::ranges::none_of(kept_back, same)) answer.head.add(name, field.value());
    }
    answer.body = std::move(message.body());
    return answer;
}

Task<Result<Relayed>> ask(asio::any_io_executor executor, const std::string& socket, std::string_view head,
                          std::string_view body, bool only_head) {
    if (socket.size() > socket_path_bytes_max)
        co_return fail(Fault::internal, "The control plane cannot be reached.",
                       "the path of its socket is too long: " + socket);
    Stream stream(executor);
    stream.expires_after(ControlRelay::deadline);
    const Local::endpoint endpoint(socket);
    const auto [not_connected] = co_await stream.async_connect(endpoint, await);
    if (not_connected) co_return unavailable("connect", not_connected);

    const std::array pieces = {asio::buffer(head), asio::buffer(body)};
    const auto [not_written, written] = co_await asio::async_write(stream, pieces, await);
    // Refused while it was still being written: the answer may be there all the same.
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.header_limit(answer_head_bytes_max);
    parser.body_limit(ControlRelay::answer_bytes_max);
    parser.skip(only_head);
    const auto [not_read, read] = co_await http::async_read(stream, buffer, parser, await);
    if (not_read && not_written) co_return unavailable("write", not_written);
    if (not_read) co_return unavailable("read", not_read);
    co_return relayed(parser.release());
}

/// Chunks do not say how much will come.
bool is_large(const edge::RequestHead& request) {
    return request.has_body && (request.content_length < 0 || static_cast<std::size_t>(request.content_length) >
                                                                  ControlRelay::body_bytes_max_anonymous);
}

/// One of the places for large bodies, while its request is served.
class Place {
  public:
    Place(std::atomic<int>& now, bool wanted) : now_(now), wanted_(wanted) {
        if (wanted_) taken_ = now_.fetch_add(1) < ControlRelay::large_bodies_max;
    }
    ~Place() {
        if (wanted_) now_.fetch_sub(1);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    bool taken() const { return taken_; }

  private:
    std::atomic<int>& now_;
    const bool wanted_;
    bool taken_ = true;
};

}  // namespace

Task<void> ControlRelay::serve(edge::Exchange& exchange) {
    const edge::RequestHead& request = exchange.head();
    std::string body;
    const Place place(large_bodies_now_, is_large(request));
    if (request.has_body) {
        const std::size_t bytes_max =
            has_credentials(request) ? body_bytes_max_ : std::min(body_bytes_max_, body_bytes_max_anonymous);
        Result<std::string> received =
            fail(Fault::overloaded, "Too many large requests at once. Try again in a few seconds.");
        if (place.taken()) received = co_await exchange.read_body(bytes_max);
        if (!received) {
            co_await refuse(exchange, received.error());
            co_return;
        }
        body = std::move(*received);
    }
    const Result<std::string> head = head_of(exchange, body.size());
    if (!head) {
        co_await refuse(exchange, head.error());
        co_return;
    }
    Result<Relayed> answer = co_await ask(exchange.executor(), socket_, *head, body, request.method == "HEAD");
    wipe(body.data(), body.size());
    if (!answer) {
        log::warning("control_unavailable", {{"text", answer.error().operator_text()}});
        co_await refuse(exchange, answer.error());
        co_return;
    }
    const Result<void> sent = co_await exchange.respond(answer->head, answer->body);
    static_cast<void>(sent);
}

}  // namespace bursar::daemon
