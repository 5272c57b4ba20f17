#include "service/edge/connection.h"

#include "service/base/json.h"
#include "service/base/log.h"
#include "service/edge/web_socket.h"

#include <algorithm>
#include <exception>

namespace bursar::edge {
namespace {

/// After a refusal: how much and how long we listen, so that the client can read our answer before the reset.
constexpr std::size_t linger_bytes_max = 512 * 1024;
constexpr std::chrono::milliseconds linger_max{1'000};
/// An idle connection keeps no more than this for the next head.
constexpr std::size_t pending_bytes_kept = 2048;

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

}  // namespace

Connection::Connection(std::shared_ptr<Socket> socket, std::string address, asio::any_io_executor executor,
                       std::span<char> shard_buffer, Shared& shared, bool for_control)
    : socket_(std::move(socket)),
      address_(std::move(address)),
      executor_(std::move(executor)),
      shard_buffer_(shard_buffer),
      shared_(shared),
      for_control_(for_control) {}

Connection::~Connection() { free_body(); }

bool Connection::awaits_message() const { return web_socket_ && web_socket_->is_waiting(); }

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
    const Moment deadline = moment_about() + shared_.limits.handshake;
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

Moved Connection::receive_now() {
    const Transfer got = socket_->read(shard_buffer_);
    if (got.how == Moved::some) pending_.append(shard_buffer_.data(), got.bytes);
    return got.how;
}

Task<Result<void>> Connection::receive(Moved stuck, Moment deadline) {
    while (stuck != Moved::some) {
        if (stuck == Moved::closed || stuck == Moved::failed)
            co_return std::unexpected(gone("closed while the request was read"));
        const bool ready = co_await wait_for(stuck, deadline);
        if (!ready) co_return fail(Fault::too_slow, "The request took too long to arrive.");
        stuck = receive_now();
    }
    co_return Result<void>{};
}

Task<bool> Connection::next_head() {
    HeadScan scan;
    idle_ = pending_.empty();
    Moment deadline = moment_about() + (idle_ && !for_control_ ? shared_.limits.keep_alive : shared_.limits.head);
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
        const Moved how = receive_now();
        Result<void> more;
        if (how != Moved::some) more = co_await receive(how, deadline);
        if (!more) {
            if (more.error().fault == Fault::too_slow && begun)
                co_await refuse(408, "too_slow", "The head of the request took too long to arrive.");
            co_return false;
        }
        idle_ = false;
        if (!begun) {
            begun = true;
            deadline = moment_about() + shared_.limits.head;
        }
    }
    started_ = std::chrono::steady_clock::now();
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
    control_ = shared_.is_control(request_.head);
    std::string defect;
    if (!control_ && (for_control_ || calls >= shared_.limits.calls_max)) {
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
    // A WebSocket between two messages is no call in work.
    if (!web_socket_ || web_socket_->is_counted()) shared_.calls_now.fetch_sub(1, std::memory_order_relaxed);
    free_body();
    watch({});
    if (!defect.empty()) {
        log::error("handler_failed", {{"path", request_.head.path()}, {"reason", defect}});
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
    receive_now();
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
    const Moment deadline = moment_about() + linger_max;
    std::size_t heard = 0;
    while (heard < linger_bytes_max && moment_about() < deadline) {
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
