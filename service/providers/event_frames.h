#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// The event stream of AWS (application/vnd.amazon.eventstream; Smithy specification, "Amazon Event Stream", read
// 2026-11): frames with a length, headers, a payload and two checksums. Bedrock's streams become server-sent events
// here, so that they are metered and translated like any other.
namespace bursar::providers {

/// Unpacks one stream that comes in any cut. A frame is looked at when all of it is there and both its checksums are
/// right.
class EventFrames {
  public:
    /// A frame is larger than what any model says at once; a stream with a larger one is not understood.
    static constexpr std::size_t frame_bytes_max = std::size_t{24} * 1024 * 1024;
    static constexpr std::size_t headers_bytes_max = std::size_t{128} * 1024;

    /// What is whole by now, as events: `data: {"NAME": PAYLOAD}`, and `event: error` with {"error": {"type",
    /// "message"}} for exceptions. A stream that cannot be understood ends with such an event, and gives nothing any
    /// more. The view lives until the next call.
    std::string_view pass(std::string_view bytes);
    /// Whether a frame has begun and not ended.
    bool mid_frame() const { return !held_.empty() && !broken_; }
    bool broken() const { return broken_; }

  private:
    /// Takes the frame that `bytes` begin with; 0: not all of it is there.
    std::size_t take(std::string_view bytes);
    bool read_frame(std::string_view headers, std::string_view payload);
    bool say(std::string_view name, std::string_view payload);
    void say_error(std::string_view type, std::string_view payload);
    void say_error_words(std::string_view type, std::string_view message);
    void fail();

    std::string held_;
    std::string out_;
    bool broken_ = false;
};

}  // namespace bursar::providers
