#pragma once

#include "service/edge/exchange.h"
#include "service/providers/sse.h"
#include "service/providers/turns.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bursar::gateway {

/// The call that one message of a WebSocket is: POST /v1/responses with the headers of the upgrade. Its answer goes
/// back as messages: a stream's events one by one, a refusal as one event. Used by the socket's shard only.
class SpokenCall final : public edge::Exchange {
  public:
    struct Asked {
        std::string body;
        bool stored = true;    ///< the provider may keep the answer
        std::size_t kept = 0;  ///< bytes that the socket holds besides the body
        Moment started;        ///< when the message was there
    };
    SpokenCall(edge::Exchange& socket, edge::Messages& messages, Asked asked);

    const edge::RequestHead& head() const override { return head_; }
    const std::string& address() const override { return socket_.address(); }
    Moment started() const override { return asked_.started; }
    asio::any_io_executor executor() const override { return socket_.executor(); }
    Task<Result<std::string>> read_body(std::size_t bytes_max) override;
    Task<Result<void>> respond(const edge::ResponseHead& head, std::string_view body) override;
    Task<Result<void>> begin(const edge::ResponseHead& head, std::string_view first) override;
    Task<Result<void>> write(std::string_view piece) override;
    Task<Result<void>> finish() override;
    void watch(std::function<void()> left) override { messages_.watch(std::move(left)); }
    Task<Result<edge::Messages*>> upgrade() override;
    bool draining() const override { return socket_.draining(); }

    /// The status that HTTP would have shown; 0: nothing was answered.
    int status() const { return status_; }
    /// Whether all of the answer was given.
    bool is_whole() const { return whole_; }
    /// What another turn may continue, if the answer ended well.
    std::optional<providers::EndedTurn>& ended() { return ended_; }

    /// An event of a stream that is larger is not passed on.
    static constexpr std::size_t event_bytes_max = std::size_t{64} << 20;
    /// Of one that has not come whole this much counts nowhere: where there is no room, small ones still go.
    static constexpr std::size_t event_bytes_free = std::size_t{64} << 10;

  private:
    Task<Result<void>> pass(std::string_view bytes);
    Result<void> hold_partial();

    edge::Exchange& socket_;
    edge::Messages& messages_;
    Asked asked_;
    edge::RequestHead head_;
    providers::EventCutter cutter_;
    std::string partial_;  ///< of an event that is not whole yet
    int status_ = 0;
    bool whole_ = false;
    bool cut_off_ = false;  ///< in the middle of an event
    std::optional<providers::EndedTurn> ended_;
};

}  // namespace bursar::gateway
