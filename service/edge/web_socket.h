#pragma once

#include "service/edge/connection.h"
#include "service/edge/frames.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace bursar::edge {

/// Whether a head asks for a WebSocket, and the headers that accept it. invalid_request, upgrade_refused.
Result<std::string> web_socket_answer(const ParsedHead& request);

/// The WebSocket that a connection has become. Used by the connection's shard only.
class WebSocket final : public Messages {
  public:
    explicit WebSocket(Connection& connection) : connection_(connection) {}

    Task<Received> next(std::size_t bytes_max, Moment until) override;
    Task<Result<void>> send(std::span<const std::string_view> texts) override;
    Result<void> holds(std::size_t bytes) override;
    void watch(std::function<void()> left) override;
    void wake() override;
    void cut() override;
    Task<void> close(CloseCode code, std::string_view reason) override;

    bool is_waiting() const { return waiting_; }
    /// Whether a call of it is in work.
    bool is_counted() const { return counted_; }

  private:
    using How = Received::How;
    enum class State : std::uint8_t { open, over };

    Task<How> until_message(Moment until);
    /// Reads what has come, as far as one whole message. Nothing: more has to come.
    std::optional<How> look();
    void met(FrameReader::Got got);
    void met_ping();
    How over();
    void look_whether_left();
    /// One writer at a time: next() answers pings while others send.
    Task<void> take_turn();
    void give_turn();
    /// In one's turn.
    Task<Result<void>> write(std::string_view bytes);
    /// Puts a control frame where the next write takes it, and writes it now if nothing else is being written.
    void owe(Opcode opcode, std::string_view payload);
    void write_owed();
    Task<void> write_all_owed();
    Result<void> count();

    Connection& connection_;
    FrameReader reader_;
    State state_ = State::open;
    std::string message_;              ///< as far as it has come
    bool whole_ = false;               ///< and that is all of it
    std::optional<How> ended_;         ///< no further message can be read, and why
    std::string owed_;                 ///< of control frames, what has not gone out
    std::optional<std::string> ping_;  ///< the newest that wants its pong
    std::size_t pings_ = 0;            ///< that came before `pings_until_`
    Moment pings_until_{};
    bool writing_ = false;  ///< somebody has the turn
    bool waiting_ = false;  ///< next() waits
    bool counted_ = true;   ///< the upgrade is a call in work as well
    bool woken_ = false;    ///< the wait of next() has been called off
    bool pinged_ = false;   ///< and nothing has come since
    std::size_t bytes_max_ = 0;
    std::size_t given_ = 0;  ///< bytes of the message in the handler's hands
    std::size_t held_ = 0;   ///< that the handler keeps
    std::function<void()> left_;
    std::move_only_function<void()> next_writer_;  ///< who waits for the turn
};

}  // namespace bursar::edge
