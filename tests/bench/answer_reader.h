#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bursar::bench {

/// Reads one HTTP/1.1 answer as it comes, and compares every byte of its body with what is expected, without keeping
/// any. Only what well-behaved servers send: a status line, headers, a length or chunks.
class AnswerReader {
  public:
    /// In what is expected: any byte may stand here. No text in UTF-8 has it.
    static constexpr char any = '\xff';
    /// `expected` outlives the reader. With `keep`, the body is kept in place of being compared.
    explicit AnswerReader(std::string_view expected) : expected_(expected) {}
    static AnswerReader keeping() { return AnswerReader(); }

    /// How many of the bytes belong to this answer.
    std::size_t feed(std::string_view bytes);
    bool done() const { return state_ == State::done; }
    /// Not HTTP, or a body that differs. Once true, it stays.
    bool wrong() const { return wrong_; }
    int status() const { return status_; }
    std::size_t body_bytes() const { return body_bytes_; }
    const std::string& body() const { return body_; }
    bool closes() const { return closes_; }
    /// Whether the head and some of the body are there.
    bool started() const { return body_bytes_ > 0; }

  private:
    enum class State : std::uint8_t { head, length, chunk_size, chunk, chunk_end, trailer, done };
    AnswerReader() : keeps_(true) {}
    std::size_t take_head(std::string_view bytes);
    std::size_t take_line(std::string_view bytes);
    void read_head();
    void read_chunk_size();
    void take_body(std::string_view piece);

    std::string_view expected_;
    bool keeps_ = false;
    State state_ = State::head;
    std::string line_;  ///< the head, or a line between chunks
    std::string body_;
    std::size_t left_ = 0;
    std::size_t body_bytes_ = 0;
    int status_ = 0;
    bool wrong_ = false;
    bool closes_ = false;
};

}  // namespace bursar::bench
