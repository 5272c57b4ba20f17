#pragma once

#include "service/edge/exchange.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Frames of a WebSocket as either side reads and writes them (RFC 6455 §5), without any extension.
namespace bursar::edge {

/// Who sends: a client masks each frame, a server none (RFC 6455 §5.1).
enum class Sender : std::uint8_t { client, server };

/// Takes apart what the other side sends.
class FrameReader {
  public:
    explicit FrameReader(Sender sender = Sender::client) : sender_(sender) {}

    enum class Got : std::uint8_t {
        more,       ///< all was taken, and nothing is whole yet
        message,    ///< a whole text message
        ping,       ///< with control()
        close,      ///< with control(), which is well-formed
        waits,      ///< a message begins that may not begin now: it was not taken
        too_large,  ///< beyond `bytes_max`
        broken,     ///< against the protocol: why()
    };
    struct Step {
        Got got = Got::more;
        std::size_t taken = 0;  ///< of the bytes that were shown
    };
    /// Whether a new message may begin.
    enum class Begin : std::uint8_t { may, waits };

    /// Reads up to the next thing that somebody must know, and appends the text of messages to `message`. After
    /// too_large and broken nothing can be read.
    Step take(std::string_view bytes, std::string& message, std::size_t bytes_max, Begin begin);
    std::string_view control() const { return control_; }
    CloseCode why() const { return why_; }
    /// Whether a message has begun and is not whole.
    bool mid_message() const { return in_message_; }

  private:
    /// A frame's head; nothing where it is not whole yet.
    struct Head {
        std::size_t bytes = 0;
        std::size_t of_length = 0;  ///< bytes that say the length, besides the seven bits
        bool last = false;
        unsigned char opcode = 0;
        std::uint64_t length = 0;
        std::array<unsigned char, 4> mask{};
    };
    std::optional<Head> read_head(std::string_view bytes) const;
    bool may_follow(const Head& head);
    void unmask(std::string_view bytes, std::string& into);
    Step whole_control();
    Step broken(CloseCode why) {
        why_ = why;
        return {.got = Got::broken};
    }

    Sender sender_;
    std::optional<Head> frame_;  ///< that is being read
    std::uint64_t left_ = 0;     ///< of its payload
    std::size_t masked_ = 0;     ///< bytes of it that were unmasked
    std::string control_;
    bool in_message_ = false;
    CloseCode why_ = CloseCode::protocol_error;
};

enum class Opcode : unsigned char { text = 0x1, close = 0x8, ping = 0x9, pong = 0xa };
/// A whole unmasked frame of a server's.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
/// A whole frame of a client's. `mask`: new random bytes for each (RFC 6455 §5.3).
using Mask = std::array<unsigned char, 4>;
void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload, const Mask& mask);
/// The payload of a close frame.
std::string close_payload(CloseCode code, std::string_view reason);

/// What answers a client's Sec-WebSocket-Key; nothing if that is none (RFC 6455 §4.2.1: 16 bytes in base64).
std::optional<std::string> accept_of(std::string_view key);
/// Well-formed UTF-8 (RFC 3629 §4).
bool is_utf8(std::string_view text);

}  // namespace bursar::edge
