// How answers are written.
#include "service/edge/connection.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

namespace bursar::edge {
namespace {

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

}  // namespace

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
    std::array<std::string_view, 2> pieces = {text, body};
    std::span<std::string_view> left(pieces);
    const Moved how = write_now(left);
    if (how == Moved::some) co_return Result<void>{};
    // Every byte that a client takes starts the deadline of a write anew; the whole must come to an end too.
    const auto for_size = std::chrono::seconds(body.size() / shared_.limits.answer_bytes_per_second_min);
    const Result<void> sent =
        co_await write_rest(how, left, Keep::trusts, moment_about() + shared_.limits.answer + for_size);
    co_return sent;
}

Task<Result<void>> Connection::begin(const ResponseHead& head, std::string_view first) {
    answered_ = Answered::streaming;
    // Handlers free the body before they stream.
    free_body();
    only_head_ = request_.head.method == "HEAD" || is_bodiless(head.status);
    chunked_answer_ = !request_.http_1_0 && !only_head_;
    if (request_.http_1_0) closing_ = true;
    if (only_head_) first = {};
    std::string text;
    text.reserve(768 + head.lines.size());
    compose(text, head);
    text.append(chunked_answer_ ? "transfer-encoding: chunked\r\n\r\n" : "\r\n");
    if (chunked_answer_ && !first.empty()) text.append(fmt::format("{:x}\r\n", first.size()));
    std::array<std::string_view, 3> pieces = {text, first, chunked_answer_ && !first.empty() ? "\r\n" : ""};
    std::span<std::string_view> left(pieces);
    const Moved how = write_now(left);
    if (how == Moved::some) co_return Result<void>{};
    const Result<void> sent = co_await write_rest(how, left, Keep::copies);
    co_return sent;
}

Task<Result<void>> Connection::write(std::string_view piece) {
    if (piece.empty() || only_head_) co_return Result<void>{};
    std::array<char, 24> size{};
    std::string_view size_line;
    if (chunked_answer_)
        size_line = {size.data(),
                     static_cast<std::size_t>(fmt::format_to(size.data(), "{:x}\r\n", piece.size()) - size.data())};
    std::array<std::string_view, 3> pieces = {size_line, piece, chunked_answer_ ? "\r\n" : ""};
    std::span<std::string_view> left(pieces);
    const Moved how = write_now(left);
    if (how == Moved::some) co_return Result<void>{};
    const Result<void> sent = co_await write_rest(how, left, Keep::copies);
    co_return sent;
}

Task<Result<void>> Connection::finish() {
    std::array<std::string_view, 1> end = {chunked_answer_ ? "0\r\n\r\n" : ""};
    std::span<std::string_view> left(end);
    Result<void> sent;
    const Moved how = write_now(left);
    if (how != Moved::some) sent = co_await write_rest(how, left, Keep::trusts);
    if (sent) answered_ = Answered::all;
    co_return sent;
}

Moved Connection::write_now(std::span<std::string_view>& pieces) {
    for (;;) {
        while (!pieces.empty() && pieces.front().empty()) pieces = pieces.subspan(1);
        if (pieces.empty()) return Moved::some;
        Transfer put = socket_->write(pieces);
        if (put.how != Moved::some) return put.how;
        while (put.bytes > 0) {
            const std::size_t part = std::min(put.bytes, pieces.front().size());
            pieces.front().remove_prefix(part);
            put.bytes -= part;
            if (pieces.front().empty() && pieces.size() > 1) pieces = pieces.subspan(1);
        }
    }
}

Task<Result<void>> Connection::write_rest(Moved stuck, std::span<std::string_view> pieces, Keep keep, Moment whole) {
    std::string copy;
    std::string_view copied;
    while (stuck == Moved::wants_read || stuck == Moved::wants_write) {
        if (keep == Keep::copies && copy.empty()) {
            // What the caller showed us is gone once we wait.
            for (const std::string_view piece : pieces) copy.append(piece);
            copied = copy;
            pieces = std::span<std::string_view>(&copied, 1);
        }
        const bool ready = co_await wait_for(stuck, std::min(whole, moment_about() + shared_.limits.write));
        if (!ready) break;
        stuck = write_now(pieces);
        if (stuck == Moved::some) co_return Result<void>{};
    }
    closing_ = true;
    co_return std::unexpected(gone("the client does not take its answer"));
}

}  // namespace bursar::edge
