#pragma once

#include "service/audit/audit.h"
#include "service/edge/exchange.h"
#include "service/replays/replays.h"

#include <functional>
#include <memory>
#include <string>

namespace bursar::gateway {

/// What becomes of the key of a call that ended without an answer that is kept.
enum class Again : std::uint8_t {
    if_free,  ///< it runs the request again, unless that cost money
    never     ///< what was asked for may have been done
};

inline constexpr std::string_view idempotency_key = "idempotency-key";

/// The exchange of a call that came with an Idempotency-Key. It keeps what passes to the caller; and as long as it
/// does, the call does not hear that the caller has left: whoever comes again with the key wants the whole answer.
/// Used by the call's shard only.
class Recording final : public edge::Exchange {
  public:
    /// Null for a call without the header, or one that is no POST.
    static std::unique_ptr<Recording> of(edge::Exchange& caller);
    explicit Recording(edge::Exchange& caller) : caller_(caller) {}

    /// Records from here on. A whole answer that went well, as `outcome` has it when its last byte is given, is kept
    /// before the caller gets that byte. The books must be right by then.
    void start(replays::Claim claim, const audit::Outcome& outcome, std::size_t bytes_max);
    /// The call has ended, is settled, and cost so much in all. What was not kept is spent if it cost money, else the
    /// key is free again, where it may be.
    void end(NanoUsd cost, Again again = Again::if_free);

    const edge::RequestHead& head() const override { return caller_.head(); }
    const std::string& address() const override { return caller_.address(); }
    Moment started() const override { return caller_.started(); }
    asio::any_io_executor executor() const override { return caller_.executor(); }
    Task<Result<std::string>> read_body(std::size_t bytes_max) override { return caller_.read_body(bytes_max); }
    Task<Result<void>> respond(const edge::ResponseHead& head, std::string_view body) override;
    Task<Result<void>> begin(const edge::ResponseHead& head, std::string_view first) override;
    Task<Result<void>> write(std::string_view piece) override;
    Task<Result<void>> finish() override;
    void watch(std::function<void()> left) override;
    Task<Result<edge::Messages*>> upgrade() override { return caller_.upgrade(); }
    bool draining() const override { return caller_.draining(); }

  private:
    enum class Part : std::uint8_t {
        passing,    ///< nothing is recorded
        recording,  ///< whole so far
        kept,
        too_large,
    };

    void note_head(const edge::ResponseHead& head);
    void note(std::string_view piece);
    void keep_if_good();
    bool goes_on() const { return part_ == Part::recording || part_ == Part::kept; }
    /// What the call hears of a write to the caller that went so.
    Result<void> heard(Result<void> sent);
    void caller_left();

    edge::Exchange& caller_;
    Part part_ = Part::passing;
    replays::Claim claim_;
    const audit::Outcome* outcome_ = nullptr;
    std::size_t bytes_max_ = 0;
    replays::Answer answer_;
    std::function<void()> left_;
    bool gone_ = false;
};

}  // namespace bursar::gateway
