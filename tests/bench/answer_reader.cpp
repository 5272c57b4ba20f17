#include "tests/bench/answer_reader.h"

#include <algorithm>
#include <charconv>
#include <strings.h>

namespace bursar::bench {
namespace {

constexpr std::size_t head_bytes_max = 64 * 1024;

bool as_expected(std::string_view bytes, std::string_view expected) {
    if (bytes == expected) return true;
    return std::ranges::equal(bytes, expected,
                              [](char byte, char wanted) { return byte == wanted || wanted == AnswerReader::any; });
}

/// The value of a header in a whole head; empty if there is none.
std::string_view header(std::string_view head, std::string_view name) {
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
        const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
        if (line.size() <= name.size() || line[name.size()] != ':') continue;
        if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
        const std::size_t first = line.find_first_not_of(' ', name.size() + 1);
        return first == std::string_view::npos ? std::string_view() : line.substr(first);
    }
    return {};
}

}  // namespace

std::size_t AnswerReader::feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && state_ != State::done && !wrong_) {
        const std::string_view rest = bytes.substr(used);
        switch (state_) {
            case State::head:
                used += take_head(rest);
                break;
            case State::length:
            case State::chunk: {
                const std::size_t part = std::min(left_, rest.size());
                take_body(rest.substr(0, part));
                used += part;
                left_ -= part;
                if (left_ == 0) state_ = state_ == State::length ? State::done : State::chunk_end;
                break;
            }
            case State::chunk_size:
            case State::chunk_end:
            case State::trailer:
                used += take_line(rest);
                break;
            case State::done:
                break;
        }
    }
    if (state_ == State::done && !keeps_ && body_bytes_ != expected_.size()) wrong_ = true;
    return used;
}

std::size_t AnswerReader::take_head(std::string_view bytes) {
    const std::size_t before = line_.size();
    line_.append(bytes.substr(0, head_bytes_max));
    const std::size_t end = line_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) {
        wrong_ = line_.size() >= head_bytes_max;
        return bytes.size();
    }
    line_.resize(end + 2);
    read_head();
    line_.clear();
    return end + 4 - before;
}

void AnswerReader::read_head() {
    const std::string_view head = line_;
    const auto [end, error] =
        std::from_chars(head.data() + std::min<std::size_t>(9, head.size()), head.data() + head.size(), status_);
    if (!head.starts_with("HTTP/1.1 ") || error != std::errc{}) {
        wrong_ = true;
        return;
    }
    closes_ = header(head, "connection") == "close";
    if (header(head, "transfer-encoding") == "chunked") {
        state_ = State::chunk_size;
        return;
    }
    const std::string_view length = header(head, "content-length");
    wrong_ = std::from_chars(length.data(), length.data() + length.size(), left_).ec != std::errc{};
    state_ = left_ == 0 ? State::done : State::length;
}

std::size_t AnswerReader::take_line(std::string_view bytes) {
    const std::size_t end = bytes.find('\n');
    line_.append(bytes.substr(0, end));
    if (end == std::string_view::npos) {
        wrong_ = line_.size() > head_bytes_max;
        return bytes.size();
    }
    if (line_.ends_with('\r'))
        line_.pop_back();
    else
        wrong_ = true;
    if (state_ == State::chunk_size) {
        read_chunk_size();
    } else if (state_ == State::chunk_end) {
        wrong_ = wrong_ || !line_.empty();
        state_ = State::chunk_size;
    } else if (line_.empty()) {
        state_ = State::done;
    }
    line_.clear();
    return end + 1;
}

void AnswerReader::read_chunk_size() {
    const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
    wrong_ = wrong_ || error != std::errc{} || end != line_.data() + line_.size();
    state_ = left_ == 0 ? State::trailer : State::chunk;
}

void AnswerReader::take_body(std::string_view piece) {
    if (keeps_)
        body_.append(piece);
    else if (body_bytes_ + piece.size() > expected_.size() ||
             !as_expected(piece, expected_.substr(body_bytes_, piece.size())))
        wrong_ = true;
    body_bytes_ += piece.size();
}

}  // namespace bursar::bench
