#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Server-sent events (WHATWG HTML, 9.2.6 "Interpreting an event stream"): where they end, and what stands in one.
namespace bursar::providers {

/// Finds the ends of events in a stream that comes in any cut. Holds no bytes; looks at each byte once.
class EventCutter {
  public:
    /// How many of `bytes` belong to the event that is being read and ends in them, its blank line included; 0: it does
    /// not end in them (they all belong to it). LF, CR LF and CR end a line, mixed as one likes.
    std::size_t cut(std::string_view bytes);
    /// Whether `bytes`, which follow an event that was cut off after CR, begin with the LF that still belongs to it.
    bool begins_with_owed_line_feed(std::string_view bytes) const {
        return after_event_ && after_cr_ && !bytes.empty() && bytes.front() == '\n';
    }
    void skip_owed_line_feed() { after_cr_ = false; }
    /// Whether what was read of the event ends with a whole line.
    bool at_line_start() const { return line_empty_; }

  private:
    bool line_empty_ = true;
    bool after_cr_ = false;
    bool after_event_ = false;
};

struct Event {
    std::string_view name;  ///< of its last `event` field
    std::string_view data;  ///< its `data` fields, joined by LF
    bool joined = false;    ///< `data` is a copy, not a part of the event's bytes
};

/// Reads one whole event. Where several `data` lines must be joined, `scratch` holds them.
Event read_event(std::string_view bytes, std::string& scratch);

/// Copies JSON (also inside the lines of an event) without the content of long strings, so that the rest of a giant
/// event stays small.
class Condenser {
  public:
    void feed(std::string_view bytes);
    std::string_view text() const { return text_; }
    /// What was left out, as content: text by the byte, pictures and sound by payload_content().
    std::int64_t content_left_out() const;
    void clear();

  private:
    void keep(std::string_view bytes);

    std::string text_;
    std::size_t string_begin_ = 0;
    std::size_t left_out_ = 0;
    std::size_t payload_left_out_ = 0;
    bool payload_ = false;  ///< the string in work is one
    bool in_string_ = false;
    bool escaped_ = false;
    bool leaving_out_ = false;
};

}  // namespace bursar::providers
