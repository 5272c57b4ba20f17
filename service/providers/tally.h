#pragma once

#include "service/providers/answer.h"
#include "service/providers/meter.h"
#include "service/providers/sse.h"

#include <cstddef>
#include <cstdint>

namespace bursar::providers {

/// Adds up what the statements of one answer say. Common to plain and streamed answers.
class Tally {
  public:
    explicit Tally(Endpoint endpoint) : endpoint_(endpoint) {}

    /// `content_left_out`: what the statement's strings have more than is shown to us.
    void add(const Statement& said, std::int64_t content_left_out);
    /// What has gone out of an event whose end has not come. Counts until the event itself is added.
    void pass_part(const Condenser& event);
    /// What cannot be read may be anything, so it counts as delivered.
    void add_unreadable(std::size_t bytes);
    void add_error() { reading_.failed = true; }
    void add_end() { reading_.complete = ended_ = started_ = true; }
    Reading close(Tokens input_at_most);
    const Reading& reading() const { return reading_; }

  private:
    Tokens output_estimated() const;
    /// Whether every answer that has begun has its reason to end.
    bool finished() const;
    void sum_up();

    Endpoint endpoint_;
    Reading reading_;
    Counts counts_;
    bool started_ = false;
    bool finished_ = false;
    bool ended_ = false;
    std::uint64_t choices_begun_ = 0;
    std::uint64_t choices_finished_ = 0;
    std::int64_t delta_bytes_ = 0;
    std::int64_t repeated_bytes_ = 0;
    std::int64_t part_bytes_ = 0;  ///< of an event that is not whole
    bool part_repeats_ = false;
    std::int64_t content_events_ = 0;
    std::int64_t searches_seen_ = 0;
};

}  // namespace bursar::providers
