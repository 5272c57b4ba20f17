// How bodies are read, and what they may take of the memory.
#include "service/edge/connection.h"

#include <algorithm>
#include <array>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace bursar::edge {
namespace {

/// A body's memory grows with what has come, not with what was announced.
constexpr std::size_t body_step = std::size_t{1} << 20;
/// Room that JSON parsers read beyond the end.
constexpr std::size_t body_padding = 64;

}  // namespace

Task<Result<std::string>> Connection::read_body(std::size_t bytes_max) {
    std::string body;
    if (body_read_) co_return body;
    if (request_.head.content_length > 0 && static_cast<std::size_t>(request_.head.content_length) > bytes_max)
        co_return fail(Fault::too_large, fmt::format("The body has {} bytes; at most {} are taken.",
                                                     request_.head.content_length, bytes_max));
    if (request_.expects_continue && pending_.empty() && answered_ == Answered::nothing) {
        std::array<std::string_view, 1> go_on = {"HTTP/1.1 100 Continue\r\n\r\n"};
        std::span<std::string_view> left(go_on);
        Result<void> sent;
        const Moved how = write_now(left);
        if (how != Moved::some) sent = co_await write_rest(how, left, Keep::trusts);
        if (!sent) co_return std::unexpected(sent.error());
    }
    Result<void> read;
    if (request_.chunked) {
        read = co_await read_chunks(body, bytes_max);
    } else {
        read = take_pending(body);
        if (read && body.size() < static_cast<std::size_t>(request_.head.content_length))
            read = co_await read_length(body);
    }
    if (!read) {
        closing_ = true;
        if (read.error().fault == Fault::overloaded)
            shared_.counters.overloaded.fetch_add(1, std::memory_order_relaxed);
        co_return std::unexpected(read.error());
    }
    body_read_ = true;
    // Whoever waits owns no buffer.
    if (pending_.empty()) std::string().swap(pending_);
    co_return body;
}

Result<void> Connection::count_body(std::size_t bytes) {
    if (bytes <= body_bytes_) return {};
    const std::size_t more = bytes - body_bytes_;
    // The control plane has room of its own, so that nobody's prompts keep an operator out.
    const std::size_t limit = shared_.limits.body_bytes_total_max;
    const std::size_t most = control_ ? limit + limit / 8 : limit;
    if (shared_.body_bytes_now.fetch_add(more, std::memory_order_relaxed) + more > most) {
        shared_.body_bytes_now.fetch_sub(more, std::memory_order_relaxed);
        return fail(Fault::overloaded, "Too many large requests at once. Try again in a second.",
                    fmt::format("the bodies of all requests would take more than {} bytes", most));
    }
    body_bytes_ = bytes;
    return {};
}

void Connection::uncount_body(std::size_t bytes) {
    if (bytes >= body_bytes_) return;
    shared_.body_bytes_now.fetch_sub(std::exchange(body_bytes_, bytes) - bytes, std::memory_order_relaxed);
}

void Connection::free_body() { uncount_body(0); }

Result<void> Connection::take_pending(std::string& body) {
    const auto wanted = static_cast<std::size_t>(request_.head.content_length);
    const std::size_t had = std::min(wanted, pending_.size());
    TRY_VOID(count_body(std::min(wanted, body_step)));
    body.reserve(std::min(wanted, body_step) + body_padding);
    body.assign(pending_, 0, had);
    pending_.erase(0, had);
    return {};
}

Task<Result<void>> Connection::read_length(std::string& body) {
    const auto wanted = static_cast<std::size_t>(request_.head.content_length);
    const Moment whole = moment_about() + shared_.limits.body;
    std::size_t since_yield = 0;
    while (body.size() < wanted) {
        const std::size_t before = body.size();
        // No call that waits may be kept waiting by one that sends as fast as we read.
        if (since_yield >= body_step) {
            since_yield = 0;
            co_await asio::post(executor_, asio::use_awaitable);
        }
        if (body.capacity() <= before + body_padding) {
            const std::size_t step = std::min(wanted - before, std::max(body_step, before));
            Result<void> counted = count_body(before + step);
            if (!counted) co_return counted;
            body.reserve(before + step + body_padding);
        }
        const std::size_t most = std::min({wanted - before, body_step, body.capacity() - body_padding - before});
        Transfer got;
        body.resize_and_overwrite(before + most, [&](char* text, std::size_t) {
            got = socket_->read(std::span(text + before, most));
            return before + (got.how == Moved::some ? got.bytes : 0);
        });
        if (got.how == Moved::some) {
            since_yield += got.bytes;
            continue;
        }
        if (got.how == Moved::closed || got.how == Moved::failed)
            co_return std::unexpected(gone("closed in the middle of a body"));
        since_yield = 0;
        const bool ready = co_await wait_for(got.how, std::min(whole, moment_about() + shared_.limits.body_idle));
        if (!ready) co_return fail(Fault::too_slow, "The body took too long to arrive.");
    }
    co_return Result<void>{};
}

Task<bool> Connection::wait_for(Moved wanted, Moment deadline) {
    bool ready = false;
    if (wanted == Moved::wants_read)
        ready = co_await socket_->wait_readable(deadline);
    else
        ready = co_await socket_->wait_writable(deadline);
    co_return ready;
}

Task<Result<void>> Connection::read_chunks(std::string& body, std::size_t bytes_max) {
    ChunkReader reader;
    const Moment whole = moment_about() + shared_.limits.body;
    for (;;) {
        const Result<std::size_t> taken = reader.take(pending_, body, bytes_max);
        if (!taken) co_return std::unexpected(taken.error());
        pending_.erase(0, *taken);
        Result<void> counted = count_body(body.capacity());
        if (!counted) co_return counted;
        if (reader.done()) co_return Result<void>{};
        const Moved how = receive_now();
        if (how == Moved::some) continue;
        Result<void> more = co_await receive(how, std::min(whole, moment_about() + shared_.limits.body_idle));
        if (!more) co_return more;
    }
}

Task<void> Connection::skip_body() {
    if (!keeps_alive()) {
        closing_ = true;
        co_return;
    }
    auto left = static_cast<std::size_t>(request_.head.content_length);
    const std::size_t had = std::min(left, pending_.size());
    pending_.erase(0, had);
    left -= had;
    const Moment whole = moment_about() + shared_.limits.body;
    while (left > 0) {
        // Whoever was refused gets no memory of ours.
        const Transfer got = socket_->read(shard_buffer_.first(std::min(left, shard_buffer_.size())));
        if (got.how == Moved::some) {
            left -= got.bytes;
            continue;
        }
        bool ready = false;
        if (got.how != Moved::closed && got.how != Moved::failed)
            ready = co_await wait_for(got.how, std::min(whole, moment_about() + shared_.limits.body_idle));
        if (!ready) {
            closing_ = true;
            co_return;
        }
    }
    body_read_ = true;
}

}  // namespace bursar::edge
