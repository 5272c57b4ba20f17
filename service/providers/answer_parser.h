#pragma once

#include "service/providers/upstream.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bursar::providers {

/// Reads one answer from a provider's bytes, strictly (RFC 9112): what two parsers could read differently is refused.
/// No I/O.
class AnswerParser {
  public:
    /// head_only: HEAD, and CONNECT before its tunnel. upgrade: 101 is an answer, and ends with its head.
    enum class Ask : unsigned char { with_body, head_only, upgrade };

    AnswerParser(Ask ask, std::size_t head_bytes_max);
    ~AnswerParser();
    AnswerParser(AnswerParser&&) noexcept;
    AnswerParser& operator=(AnswerParser&&) noexcept;

    struct Progress {
        std::size_t consumed = 0;  ///< of the bytes given; the rest must be given again, with more behind it
        std::string_view body;     ///< decoded, moved together within the bytes given
    };
    /// Stops after the head, so that it can be looked at before any of the body is taken. 1xx answers are skipped. The
    /// error is a sentence for the operator.
    std::expected<Progress, std::string> put(std::span<char> bytes);
    /// The provider closed the connection.
    std::expected<void, std::string> put_end();

    bool head_done() const;
    bool done() const;
    /// After done(): whether the connection may carry another request.
    bool reusable() const;
    /// After head_done(): what follows is not HTTP any more (RFC 9110 §15.2.2).
    bool upgraded() const;
    const AnswerHead& head() const;

  private:
    class Parser;
    std::unique_ptr<Parser> parser_;
    Ask ask_;
    std::size_t head_bytes_max_;
    int interim_ = 0;
};

}  // namespace bursar::providers
