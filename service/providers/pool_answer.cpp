#include "service/providers/pool_answer.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

// Kept between reads of one answer: no more than an unfinished chunk head; a longer rest is given back once it was
// read.
constexpr std::size_t left_over_kept_bytes_max = 1024;
// After so many reads that found something at once, the other coroutines of the shard come first: about one megabyte.
constexpr int reads_in_a_row_max = 16;

}  // namespace

/// Offers the parser what was left over and the `fresh` bytes behind it in the shard's buffer.
std::expected<std::string_view, Error> PoolAnswer::feed(std::size_t fresh) {
    const auto bytes = lease_.shard().buffers.bytes().first(left_over_.size() + fresh);
    const bool in_head = !parser_.head_done();
    const auto progress = parser_.put(bytes);
    if (!progress) return give_up(unavailable(lease_.target(), "answer", progress.error()));
    const auto rest = bytes.subspan(progress->consumed);
    left_over_.assign(rest.begin(), rest.end());
    if (left_over_.capacity() > left_over_kept_bytes_max && left_over_.size() < left_over_kept_bytes_max)
        left_over_.shrink_to_fit();
    left_over_new_ = in_head && !left_over_.empty();
    if (!parser_.done() || parser_.upgraded()) return progress->body;
    // The end of the answer: whatever comes behind it was not asked for, and such a connection is not used again.
    if (parser_.reusable() && left_over_.empty())
        lease_.keep();
    else
        lease_.close();
    return progress->body;
}

/// The next decoded bytes, or nothing at the end of the answer, or (in the head) when something was taken.
Task<std::expected<std::string_view, Error>> PoolAnswer::next(Moment deadline, std::string_view step) {
    for (;;) {
        Connection& connection = lease_.connection();
        // Neither right after the request nor after a read that got less than it had room for is there anything to
        // read.
        if ((emptied_ && !left_over_new_ && connection.waits_see_all()) || reads_in_a_row_ == reads_in_a_row_max) {
            emptied_ = false;
            reads_in_a_row_ = 0;
            co_await connection.wait(Connection::Want::read, deadline);
        }
        if (connection.woken() == Woken::no && moment_about() >= std::min(total_, content_by_))
            connection.wake(Woken::deadline);
        if (connection.woken() != Woken::no) co_return give_up(ended(lease_.target(), step, connection.woken()));
        auto buffer = lease_.shard().buffers.bytes();
        std::ranges::copy(left_over_, buffer.begin());
        if (std::exchange(left_over_new_, false)) {
            auto body = feed(0);
            if (!body || !body->empty() || parser_.done()) co_return body;
        }
        const Io io = connection.read(buffer.subspan(left_over_.size(), Buffers::read_bytes));
        switch (io.kind) {
            case Io::Kind::done: {
                ++reads_in_a_row_;
                emptied_ = io.bytes < Buffers::read_bytes;
                const bool in_head = !parser_.head_done();
                auto body = feed(io.bytes);
                if (!body || !body->empty() || parser_.done() || in_head) co_return body;
                break;
            }
            case Io::Kind::wants_read:
                reads_in_a_row_ = 0;
                co_await connection.wait(Connection::Want::read, deadline);
                break;
            case Io::Kind::wants_write:
                co_await connection.wait(Connection::Want::write, deadline);
                break;
            case Io::Kind::closed: {
                const auto whole = parser_.put_end();
                if (!whole) co_return give_up(unavailable(lease_.target(), step, whole.error()));
                lease_.close();
                co_return std::string_view{};
            }
            case Io::Kind::failed:
                co_return give_up(unavailable(lease_.target(), step, io.why));
        }
    }
}

Task<std::expected<void, Error>> PoolAnswer::read_head(Moment deadline) {
    while (!parser_.head_done()) {
        auto nothing = co_await next(deadline, "wait for the answer's head");
        if (!nothing) co_return std::unexpected(std::move(nothing).error());
    }
    co_return std::expected<void, Error>();
}

Task<std::expected<std::string_view, Error>> PoolAnswer::read() {
    if (parser_.done()) co_return std::string_view{};
    if (!lease_.open()) co_return std::unexpected(broken_);
    std::expected<std::string_view, Error> body;
    try {
        body = co_await next(std::min({moment_about() + idle_, total_, content_by_}), "wait for more of the answer");
    } catch (const std::exception& exception) {
        body = give_up(unavailable(lease_.target(), "read", exception.what()));
    }
    co_return body;
}

Task<std::expected<std::string, Error>> PoolAnswer::read_all(std::size_t bytes_max) {
    std::string whole;
    // A string that grows leaves what it held in freed memory, and in a small answer that may be a token.
    constexpr std::size_t reserved_bytes_max = 64 * 1024;
    if (bytes_max <= reserved_bytes_max) whole.reserve(bytes_max);
    while (!parser_.done()) {
        auto piece = co_await read();
        if (!piece) co_return std::unexpected(std::move(piece).error());
        if (piece->empty()) co_return whole;
        if (whole.size() + piece->size() > bytes_max) {
            const Target target = lease_.open() ? lease_.target() : Target{};
            co_return give_up(
                unavailable(target, "answer", fmt::format("its body is longer than {} bytes", bytes_max)));
        }
        whole += *piece;
    }
    co_return whole;
}

}  // namespace bursar::providers
