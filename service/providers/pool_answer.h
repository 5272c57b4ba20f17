#pragma once

#include "service/providers/answer_parser.h"
#include "service/providers/lease.h"

#include <string>

namespace bursar::providers {

class PoolAnswer final : public Answer {
  public:
    PoolAnswer(Lease lease, AnswerParser::Ask ask, const Deadlines& deadlines, Moment total)
        : lease_(std::move(lease)),
          parser_(ask, lease_.shard().limits.head_bytes_max),
          idle_(deadlines.idle),
          total_(total) {}

    /// Until the head is there; nothing of the body is taken.
    Task<std::expected<void, Error>> read_head(Moment deadline);

    const AnswerHead& head() const override { return parser_.head(); }
    Task<std::expected<std::string_view, Error>> read() override;
    Task<std::expected<std::string, Error>> read_all(std::size_t bytes_max) override;
    std::optional<Timestamp> certificate_until() const override {
        return lease_.open() ? lease_.connection().certificate_until() : std::nullopt;
    }
    void cancel() override {
        if (lease_.open()) lease_.connection().wake(Woken::cancelled);
    }
    void expect_content_by(Moment deadline) override { content_by_ = deadline; }
    Lease& lease() { return lease_; }
    bool upgraded() const { return parser_.upgraded(); }
    /// Once it is upgraded: what came behind the head.
    std::string take_left_over() { return std::exchange(left_over_, {}); }

  private:
    Task<std::expected<std::string_view, Error>> next(Moment deadline, std::string_view step);
    std::expected<std::string_view, Error> feed(std::size_t fresh);
    std::unexpected<Error> give_up(Error error) {
        lease_.close();
        broken_ = std::move(error);
        return std::unexpected(broken_);
    }

    Lease lease_;
    AnswerParser parser_;
    std::string left_over_;       ///< came, and the parser wants more before it takes it, or stopped after the head
    bool left_over_new_ = false;  ///< of left_over_: it has not been offered for the body yet
    int reads_in_a_row_ = 0;
    bool emptied_ = true;  ///< as far as is known nothing has come yet
    std::chrono::milliseconds idle_;
    Moment total_;
    Moment content_by_ = Moment::max();
    Error broken_;
};

}  // namespace bursar::providers
