#pragma once

#include "service/base/result.h"
#include "service/edge/http.h"
#include "service/edge/server.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace bursar::edge {

/// Why a head is refused, and with which status.
struct Malformed {
    int status = 400;
    std::string text;
};

/// Looks at the bytes of a head as they come, so that what can never become a request is refused at once and not at the
/// deadline.
class HeadScan {
  public:
    enum class State : unsigned char { more, whole, malformed };
    /// `text` is everything received since the head began; bytes seen in an earlier call are not looked at again.
    State look(std::string_view text, const Limits& limits);
    std::size_t head_bytes() const { return end_; }  ///< once whole: with the empty line
    const Malformed& why() const { return why_; }

  private:
    State refuse(int status, std::string text);
    std::size_t seen_ = 0;
    std::size_t end_ = 0;
    Malformed why_;
};

/// A head that HeadScan found whole.
struct ParsedHead {
    RequestHead head;
    bool http_1_0 = false;
    bool keep_alive = true;
    bool chunked = false;
    bool expects_continue = false;
};
std::expected<ParsedHead, Malformed> parse_head(std::string_view text, const Limits& limits);

/// Decodes a chunked body (RFC 9112 §7.1). Chunk extensions and trailers are dropped; both are bounded.
class ChunkReader {
  public:
    ChunkReader();
    ~ChunkReader();
    ChunkReader(ChunkReader&&) noexcept;
    /// Takes what it can of `bytes`, appends the payload to `body` and says how much was taken. malformed, or too_large
    /// beyond `bytes_max`.
    Result<std::size_t> take(std::string_view bytes, std::string& body, std::size_t bytes_max);
    bool done() const;

  private:
    class Decoder;
    std::unique_ptr<Decoder> decoder_;
};

}  // namespace bursar::edge
