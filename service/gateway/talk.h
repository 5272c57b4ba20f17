#pragma once

#include "service/base/clock.h"
#include "service/edge/exchange.h"
#include "service/gateway/kept_room.h"
#include "service/providers/turns.h"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

// The Responses API over a WebSocket (docs/decisions/0034-responses-socket.md): one message, one call.
namespace bursar::gateway {

/// Whether a head asks for a WebSocket where there is one: GET /v1/responses with an Upgrade.
bool wants_talk(const edge::RequestHead& head);
/// Refuses a page of another site that a browser shows: its Origin is not the host that it asks. not_permitted.
Result<void> same_origin(const edge::RequestHead& head);

/// What a socket remembers of its last response, so that the next message need only send what is new.
class Remembered {
  public:
    /// Whether a turn continues what is kept.
    bool has(const providers::Turn& turn) const { return !id_.empty() && turn.previous == id_; }
    /// Whether it continues what was given here, is kept nowhere and would be found by nobody.
    bool lost(const providers::Turn& turn) const { return !lost_.empty() && turn.previous == lost_; }
    const std::string& items() const { return items_; }
    std::size_t bytes() const { return items_.empty() ? 0 : items_.capacity(); }
    /// The newest response takes the place of the one before. `items`: all of its input and output.
    void keep(std::string id, std::string items);
    /// The newest response cannot be continued by anybody.
    void lose(std::string id);
    /// It is continued where it is kept, by its id.
    void leave_to_provider() { lose({}); }
    void forget() { lose(id_); }

  private:
    std::string id_;
    std::string items_;
    std::string lost_;
};

struct TalkLimits {
    std::size_t message_bytes_max = std::size_t{32} << 20;
    std::size_t kept_bytes_max = std::size_t{8} << 20;  ///< of a conversation
    std::chrono::minutes idle{20};                      ///< between two messages
    std::chrono::minutes life{60};                      ///< OpenAI's own; a call that runs then comes to its end
};

/// What goes on over one WebSocket, from its first message to its end.
class Talk {
  public:
    struct Parts {
        edge::Handler& calls;                               ///< serves what a message asks for
        std::function<Task<bool>(edge::Exchange&)> admits;  ///< whether a head's credential is still good; else refuses
        KeptRoom::Share& share;                             ///< for what is remembered
        const Clock& clock;
    };
    Talk(edge::Exchange& socket, edge::Messages& messages, Parts parts, TalkLimits limits)
        : socket_(socket), messages_(messages), parts_(std::move(parts)), limits_(limits) {}
    Task<void> run();

  private:
    /// False: the socket is closed.
    Task<bool> answer(std::string message);
    Task<bool> serve(const providers::Turn& turn, std::string body, std::string items, bool keepable);
    Task<void> warm_up(const providers::Turn& turn, std::string items);
    /// Where there is no room for it, its client will have to send everything.
    void remember(std::string id, std::string items);
    /// What is remembered counts from here on, and nothing else.
    void count_remembered();
    Task<void> end(edge::Received::How how, bool life_over);
    Task<void> tell(std::string event);
    Task<void> tell(Fault fault, std::string_view sentence);

    edge::Exchange& socket_;
    edge::Messages& messages_;
    Parts parts_;
    TalkLimits limits_;
    Remembered remembered_;
};

}  // namespace bursar::gateway
