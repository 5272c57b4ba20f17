#include "service/edge/connection.h"

#include "service/base/json.h"
#include "service/base/log.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>

#include <fmt/format.h>

namespace bursar::edge {
namespace {

/// An unread body up to this size is read and dropped, so that the connection can stay.
constexpr std::int64_t skip_bytes_max = 256 * 1024;
/// After a refusal: how much and how long we listen, so that the client can read our answer before the reset.
constexpr std::size_t linger_bytes_max = 512 * 1024;
constexpr std::chrono::milliseconds linger_max{1'000};
/// A body's memory grows with what has come, not with what was announced.
constexpr std::size_t body_step = std::size_t{1} << 20;
/// An idle connection keeps no more than this for the next head.
constexpr std::size_t pending_bytes_kept = 2048;
/// Room that JSON parsers read beyond the end.
constexpr std::size_t body_padding = 64;

Moment now() { return std::chrono::steady_clock::now(); }

/// RFC 9110 §5.6.7; made once a second per thread.
std::string_view date() {
    thread_local std::time_t made_for = 0;
    thread_local std::array<char, 40> text{};
    const std::time_t second = std::time(nullptr);
    if (second != made_for) {
        std::tm parts{};
        static_cast<void>(gmtime_r(&second, &parts));
        static_cast<void>(std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
        made_for = second;
    }
    return text.data();
}

/// RFC 9110 §15.3.5, §15.4.5: neither body nor length.
bool is_bodiless(int status) { return status == 204 || status == 304; }

/// One shape that clients of either dialect can read.
std::string error_body(std::string_view type, std::string_view code, std::string_view text) {
    JsonWriter json;
    json.open()
        .field("type", "error")
        .key("error")
        .open()
        .field("type", type)
        .field("code", code)
        .field("message", text)
        .close()
        .close();
    return std::move(json).text();
}

Error gone(std::string_view what) {
    return {Fault::malformed, "The client has closed the connection.", std::string(what)};
}

}  // namespace

Connection::Connection(std::shared_ptr<Socket> socket, std::string address, asio::any_io_executor executor,
                       std::span<char> shard_buffer, Shared& shared, bool for_control)
    : socket_(std::move(socket)),
      address_(std::move(address)),
      executor_(std::move(executor)),
      shard_buffer_(shard_buffer),
      shared_(shared),
      for_control_(for_control) {}

Task<void> Connection::run() {
    bool open = true;
    if (socket_->is_tls()) open = co_await handshake();
    while (open && !closing_) {
        const bool another = co_await next_head();
        if (!another) break;
        co_await serve_request();
    }
    socket_->close();
}

Task<bool> Connection::handshake() {
    const Moment deadline = now() + shared_.limits.handshake;
    for (;;) {
        const Transfer step = socket_->handshake();
        if (step.how == Moved::some) co_return true;
        bool ready = false;
        if (step.how == Moved::wants_read) ready = co_await socket_->wait_readable(deadline);
        if (step.how == Moved::wants_write) ready = co_await socket_->wait_writable(deadline);
        if (ready) continue;
        shared_.counters.handshakes_failed.fetch_add(1, std::memory_order_relaxed);
        co_return false;
    }
}

Task<Result<void>> Connection::receive(Moment deadline) {
    for (;;) {
        const Transfer got = socket_->read(shard_buffer_);
        if (got.how == Moved::some) {
            pending_.append(shard_buffer_.data(), got.bytes);
            co_return Result<void>{};
        }
        if (got.how == Moved::closed || got.how == Moved::failed)
            co_return std::unexpected(gone("closed while the request was read"));
        bool ready = false;
        if (got.how == Moved::wants_read)
            ready = co_await socket_->wait_readable(deadline);
        else
            ready = co_await socket_->wait_writable(deadline);
        if (!ready) co_return fail(Fault::too_slow, "The request took too long to arrive.");
    }
}

Task<bool> Connection::next_head() {
    HeadScan scan;
    idle_ = pending_.empty();
    Moment deadline = now() + (idle_ && !for_control_ ? shared_.limits.keep_alive : shared_.limits.head);
    bool begun = !idle_;
    if (idle_ && !socket_->is_tls()) {
        if (draining()) co_return false;
        const bool ready = co_await socket_->wait_readable(deadline);
        if (!ready) co_return false;
    }
    for (;;) {
        const HeadScan::State state = scan.look(pending_, shared_.limits);
        if (state == HeadScan::State::whole) break;
        if (state == HeadScan::State::malformed) {
            idle_ = false;
            co_await refuse(scan.why().status, "malformed", scan.why().text);
            co_return false;
        }
        const Result<void> more = co_await receive(deadline);
        if (!more) {
            if (more.error().fault == Fault::too_slow && begun)
                co_await refuse(408, "too_slow", "The head of the request took too long to arrive.");
            co_return false;
        }
        idle_ = false;
        if (!begun) {
            begun = true;
            deadline = now() + shared_.limits.head;
        }
    }
    started_ = now();
    auto parsed = parse_head(std::string_view(pending_).substr(0, scan.head_bytes()), shared_.limits);
    if (!parsed) {
        co_await refuse(parsed.error().status, "malformed", parsed.error().text);
        co_return false;
    }
    request_ = *std::move(parsed);
    pending_.erase(0, scan.head_bytes());
    if (pending_.empty() && pending_.capacity() > pending_bytes_kept) std::string().swap(pending_);
    answered_ = Answered::nothing;
    body_read_ = !request_.head.has_body;
    shared_.counters.requests.fetch_add(1, std::memory_order_relaxed);
    co_return true;
}

Task<void> Connection::serve_request() {
    const std::size_t calls = shared_.calls_now.fetch_add(1, std::memory_order_relaxed);
    const bool control = shared_.is_control(request_.head);
    std::string defect;
    if (!control && (for_control_ || calls >= shared_.limits.calls_max)) {
        shared_.counters.overloaded.fetch_add(1, std::memory_order_relaxed);
        ResponseHead head{.status = 503};
        head.add("content-type", "application/json").add("retry-after", "1");
        const std::string body =
            error_body("overloaded_error", "overloaded", "Too much at once. Try again in a second.");
        const Result<void> sent = co_await respond(head, body);
        if (!sent) closing_ = true;
    } else {
        try {
            co_await shared_.handler.serve(*this);
        } catch (const std::exception& exception) {
            defect = exception.what();
        }
    }
    shared_.calls_now.fetch_sub(1, std::memory_order_relaxed);
    watch({});
    if (!defect.empty()) {
        log::error("handler_failed", {{"target", request_.head.target}, {"reason", defect}});
        if (answered_ == Answered::nothing)
            co_await refuse(500, "internal", "Something in the service failed; operators find the reason in the log.");
    }
    if (answered_ != Answered::all) {
        closing_ = true;
    } else if (!body_read_ && !closing_) {
        co_await skip_body();
    }
    if (!keeps_alive()) closing_ = true;
    if (closing_ && answered_ == Answered::all) co_await linger();
}

bool Connection::keeps_alive() const {
    // A reserved connection serves one request, so that nobody can sit on it.
    if (closing_ || for_control_ || !request_.keep_alive || draining()) return false;
    // Whether the client still sends what it asked about cannot be known (RFC 9110 §10.1.1).
    if (request_.expects_continue && !body_read_) return false;
    // A long unread body is not worth its bytes.
    return body_read_ || (!request_.chunked && request_.head.content_length <= skip_bytes_max);
}

Task<void> Connection::skip_body() {
    if (!keeps_alive()) {
        closing_ = true;
        co_return;
    }
    const Result<std::string> dropped = co_await read_body(static_cast<std::size_t>(skip_bytes_max));
    if (!dropped) closing_ = true;
}

Task<Result<std::string>> Connection::read_body(std::size_t bytes_max) {
    std::string body;
    if (body_read_) co_return body;
    if (request_.head.content_length > 0 && static_cast<std::size_t>(request_.head.content_length) > bytes_max)
        co_return fail(Fault::too_large, fmt::format("The body has {} bytes; at most {} are taken.",
                                                     request_.head.content_length, bytes_max));
    if (request_.expects_continue && pending_.empty() && answered_ == Answered::nothing) {
        const std::array<std::string_view, 1> go_on = {"HTTP/1.1 100 Continue\r\n\r\n"};
        const Result<void> sent = co_await write_all(go_on, Keep::trusts);
        if (!sent) co_return std::unexpected(sent.error());
    }
    Result<void> read;
    if (request_.chunked)
        read = co_await read_chunks(body, bytes_max);
    else
        read = co_await read_length(body);
    if (!read) {
        closing_ = true;
        co_return std::unexpected(read.error());
    }
    body_read_ = true;
    // Whoever waits owns no buffer.
    if (pending_.empty()) std::string().swap(pending_);
    co_return body;
}

Task<Result<void>> Connection::read_length(std::string& body) {
    const auto wanted = static_cast<std::size_t>(request_.head.content_length);
    const Moment whole = now() + shared_.limits.body;
    const std::size_t had = std::min(wanted, pending_.size());
    body.reserve(std::min(wanted, body_step) + body_padding);
    body.assign(pending_, 0, had);
    pending_.erase(0, had);
    while (body.size() < wanted) {
        const std::size_t before = body.size();
        const std::size_t step = std::min(wanted - before, std::max(body_step, before));
        if (body.capacity() < before + step + body_padding) body.reserve(before + step + body_padding);
        Transfer got;
        body.resize_and_overwrite(before + step, [&](char* text, std::size_t) {
            got = socket_->read(std::span(text + before, step));
            return before + (got.how == Moved::some ? got.bytes : 0);
        });
        if (got.how == Moved::some) continue;
        if (got.how == Moved::closed || got.how == Moved::failed)
            co_return std::unexpected(gone("closed in the middle of a body"));
        const Moment deadline = std::min(whole, now() + shared_.limits.body_idle);
        bool ready = false;
        if (got.how == Moved::wants_read)
            ready = co_await socket_->wait_readable(deadline);
        else
            ready = co_await socket_->wait_writable(deadline);
        if (!ready) co_return fail(Fault::too_slow, "The body took too long to arrive.");
    }
    co_return Result<void>{};
}

Task<Result<void>> Connection::read_chunks(std::string& body, std::size_t bytes_max) {
    ChunkReader reader;
    const Moment whole = now() + shared_.limits.body;
    for (;;) {
        const Result<std::size_t> taken = reader.take(pending_, body, bytes_max);
        if (!taken) co_return std::unexpected(taken.error());
        pending_.erase(0, *taken);
        if (reader.done()) co_return Result<void>{};
        Result<void> more = co_await receive(std::min(whole, now() + shared_.limits.body_idle));
        if (!more) co_return more;
    }
}

void Connection::compose(std::string& out, const ResponseHead& head) const {
    out.append("HTTP/1.1 ")
        .append(std::to_string(head.status))
        .append(" ")
        .append(reason_phrase(head.status))
        .append("\r\ndate: ")
        .append(date())
        .append("\r\n");
    for (const Header& header : head.headers)
        if (may_be_answered(header.name, header.value))
            out.append(header.name).append(": ").append(header.value).append("\r\n");
    out.append(head.lines);
    if (!keeps_alive())
        out.append("connection: close\r\n");
    else if (request_.http_1_0)
        out.append("connection: keep-alive\r\n");
}

Task<Result<void>> Connection::respond(const ResponseHead& head, std::string_view body) {
    answered_ = Answered::all;
    std::string text;
    text.reserve(512 + head.lines.size());
    compose(text, head);
    if (!is_bodiless(head.status)) text.append("content-length: ").append(std::to_string(body.size())).append("\r\n");
    text.append("\r\n");
    if (request_.head.method == "HEAD" || is_bodiless(head.status)) body = {};
    const std::array<std::string_view, 2> pieces = {text, body};
    const Result<void> sent = co_await write_all(pieces, Keep::trusts);
    co_return sent;
}

Task<Result<void>> Connection::begin(const ResponseHead& head, std::string_view first) {
    answered_ = Answered::streaming;
    only_head_ = request_.head.method == "HEAD" || is_bodiless(head.status);
    chunked_answer_ = !request_.http_1_0 && !only_head_;
    if (request_.http_1_0) closing_ = true;
    if (only_head_) first = {};
    std::string text;
    text.reserve(768 + head.lines.size());
    compose(text, head);
    text.append(chunked_answer_ ? "transfer-encoding: chunked\r\n\r\n" : "\r\n");
    if (chunked_answer_ && !first.empty()) text.append(fmt::format("{:x}\r\n", first.size()));
    const std::array<std::string_view, 3> pieces = {text, first, chunked_answer_ && !first.empty() ? "\r\n" : ""};
    const Result<void> sent = co_await write_all(pieces, Keep::copies);
    co_return sent;
}

Task<Result<void>> Connection::write(std::string_view piece) {
    if (piece.empty() || only_head_) co_return Result<void>{};
    std::array<char, 24> size{};
    std::string_view size_line;
    if (chunked_answer_)
        size_line = {size.data(),
                     static_cast<std::size_t>(fmt::format_to(size.data(), "{:x}\r\n", piece.size()) - size.data())};
    const std::array<std::string_view, 3> pieces = {size_line, piece, chunked_answer_ ? "\r\n" : ""};
    const Result<void> sent = co_await write_all(pieces, Keep::copies);
    co_return sent;
}

Task<Result<void>> Connection::finish() {
    const std::array<std::string_view, 1> end = {chunked_answer_ ? "0\r\n\r\n" : ""};
    const Result<void> sent = co_await write_all(end, Keep::trusts);
    if (sent) answered_ = Answered::all;
    co_return sent;
}

Task<Result<void>> Connection::write_all(std::span<const std::string_view> pieces, Keep keep) {
    std::array<std::string_view, 4> rest{};
    std::copy(pieces.begin(), pieces.end(), rest.begin());
    std::span<std::string_view> left(rest.data(), pieces.size());
    std::string copy;
    for (;;) {
        while (!left.empty() && left.front().empty()) left = left.subspan(1);
        if (left.empty()) co_return Result<void>{};
        Transfer put = socket_->write(left);
        if (put.how == Moved::some) {
            while (put.bytes > 0) {
                const std::size_t part = std::min(put.bytes, left.front().size());
                left.front().remove_prefix(part);
                put.bytes -= part;
                if (left.front().empty() && left.size() > 1) left = left.subspan(1);
            }
            continue;
        }
        if (put.how == Moved::closed || put.how == Moved::failed) break;
        if (keep == Keep::copies && copy.empty()) {
            // What the caller showed us is gone once we wait.
            for (const std::string_view piece : left) copy.append(piece);
            rest[0] = copy;
            left = std::span<std::string_view>(rest.data(), 1);
        }
        const Moment deadline = now() + shared_.limits.write;
        bool ready = false;
        if (put.how == Moved::wants_write)
            ready = co_await socket_->wait_writable(deadline);
        else
            ready = co_await socket_->wait_readable(deadline);
        if (!ready) break;
    }
    closing_ = true;
    co_return std::unexpected(gone("the client does not take its answer"));
}

void Connection::watch(std::function<void()> left) {
    left_ = std::move(left);
    if (left_)
        look_whether_left();
    else
        socket_->on_readable({});
}

void Connection::look_whether_left() {
    socket_->on_readable([this](bool) {
        if (!left_) return;
        switch (socket_->peek()) {
            case Socket::Peek::quiet:
                look_whether_left();
                return;
            case Socket::Peek::bytes:
                // A next request comes already, and would hide that the client leaves after it.
                if (keep_for_later()) look_whether_left();
                return;
            case Socket::Peek::gone:
                break;
        }
        closing_ = true;
        if (auto left = std::exchange(left_, nullptr)) left();
    });
}

bool Connection::keep_for_later() {
    // What belongs to a body is the handler's; and nobody needs to send us more ahead than one head.
    if (!body_read_ || pending_.size() >= shared_.limits.head_bytes_max) return false;
    const Transfer got = socket_->read(shard_buffer_);
    if (got.how == Moved::some) pending_.append(shard_buffer_.data(), got.bytes);
    return true;
}

Task<void> Connection::refuse(int status, std::string_view code, std::string_view text) {
    if (status != 500) shared_.counters.malformed.fetch_add(1, std::memory_order_relaxed);
    closing_ = true;
    ResponseHead head{.status = status};
    head.add("content-type", "application/json");
    const std::string body = error_body(status == 500 ? "api_error" : "invalid_request_error", code, text);
    request_.head.method.clear();
    const Result<void> sent = co_await respond(head, body);
    if (sent) co_await linger();
}

Task<void> Connection::linger() {
    socket_->shutdown_send();
    const Moment deadline = now() + linger_max;
    std::size_t heard = 0;
    while (heard < linger_bytes_max && now() < deadline) {
        const Transfer got = socket_->read(shard_buffer_);
        if (got.how == Moved::some) {
            heard += got.bytes;
            continue;
        }
        if (got.how != Moved::wants_read) co_return;
        const bool ready = co_await socket_->wait_readable(deadline);
        if (!ready) co_return;
    }
}

}  // namespace bursar::edge
