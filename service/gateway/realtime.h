#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/edge/exchange.h"
#include "service/gateway/call.h"
#include "service/gateway/realtime_turns.h"
#include "service/providers/realtime.h"
#include "service/providers/web_socket.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Realtime sessions (docs/decisions/0037-realtime.md): a WebSocket of a caller and one of a provider, and each response
// between them a call.
namespace bursar::gateway {

class Gateway;

/// Whether a head asks for a session: GET /v1/realtime with an Upgrade.
bool wants_session(const edge::RequestHead& head);
/// Whether a path stands at or below that one, whatever is wanted there.
bool is_path_of_sessions(std::string_view path);
/// Reads what an upgrade asks for into a call. not_permitted, invalid_request.
Result<void> greet_session(Call& call);
/// Why everything else at and below that path is refused.
Error no_such_session(const edge::RequestHead& head);

struct SessionLimits {
    /// The largest event that the provider takes has 15 MiB of sound (OpenAI API description, Realtime, November 2026).
    std::size_t message_bytes_max = std::size_t{16} << 20;
    std::chrono::minutes idle{20};     ///< between two events of the client
    std::chrono::minutes life{60};     ///< OpenAI's own
    std::chrono::seconds opening{10};  ///< for the provider to take the settings of a session
    std::chrono::seconds tick{5};      ///< between two looks at the key, the policy and the provider
    /// For a client that takes nothing, before it is cut off, and then for the provider to tell what responses cost.
    std::chrono::seconds ending{3};
};

/// One session, from its upgrade to the last row of its responses. Lives on the coroutine of Gateway::realtime().
class RealtimeSession {
  public:
    /// `opened`: the upgrade's call, which has nothing held any more.
    RealtimeSession(Gateway& gateway, edge::Exchange& exchange, edge::Messages& messages, const Call& opened,
                    std::unique_ptr<providers::WebSocket> socket, SessionLimits limits);
    ~RealtimeSession();
    RealtimeSession(const RealtimeSession&) = delete;
    RealtimeSession& operator=(const RealtimeSession&) = delete;
    Task<void> run();

  private:
    /// Closes what is held of a call, whatever way it is left.
    struct Closes {
        Gateway* gateway;
        void operator()(Call* call) const noexcept;
    };
    using OneCall = std::unique_ptr<Call, Closes>;
    /// Why it ends, and what of that is told.
    struct End {
        edge::CloseCode code = edge::CloseCode::normal;
        std::string reason;                       ///< of the close
        std::optional<Error> error;               ///< told in an event before
        CallId call;                              ///< that it is about
        Fault cut = Fault::provider_unavailable;  ///< of responses that are cut off by it
    };
    using Waiter = std::move_only_function<void()>;

    // Its beginning and its end (realtime.cpp).
    void begin();
    void end(End why);
    void failed(std::string_view reason);
    void stop_provider();
    void arm_ending(bool last);
    Task<void> wait_on(Waiter& waiter);
    void settle_rest();
    void tick();
    void arm_tick();

    // The two sides (realtime_sides.cpp).
    Task<void> hear_client();
    Task<void> pass_on(std::string text);
    void close_for(edge::Received::How how, bool life_over);
    Task<void> tell(const Error& error, const CallId& call, std::string_view about);
    Task<Result<void>> send(std::string_view text);
    Task<void> hear_provider();
    Task<void> met(std::string text);
    Task<bool> watched(const providers::RealtimeEvent& event);
    void not_taken(const std::string& event);
    std::string name_event(std::string of_client);
    bool count();

    // The calls (realtime_calls.cpp).
    /// Sets aside what the response can cost that our event asks for. False: it may not begin, and the client knows
    /// why, or the session ends. `about`: the client's event.
    Task<bool> afford(std::string event, std::string about);
    void withdraw(std::string_view event);
    /// What a turn that the client wants answered is followed by.
    Task<void> answer_turn();
    Task<bool> begun(const providers::RealtimeEvent& event);
    Task<bool> done(const providers::RealtimeEvent& event);
    OneCall make_call() const;
    Task<OneCall> take_unasked();
    Result<void> find_way(Call& call) const;
    Result<void> still_good();
    void book(Call& call, const providers::RealtimeEvent& event);
    void book_cut(Call& call);
    void record(Call& call);

    struct Ticker;
    Gateway& gateway_;
    edge::Exchange& exchange_;
    edge::Messages& messages_;
    std::unique_ptr<providers::WebSocket> socket_;
    const SessionLimits limits_;
    const Clock& clock_;
    Call line_;  ///< stands for the session among the calls at a provider, and knows whose it is; has no row
    std::string model_, model_there_, channel_;
    Tokens output_max_ = 0;
    RealtimeTurns<OneCall> turns_;
    RealtimeWishes wishes_;
    std::optional<End> end_;
    Moment began_, life_;
    std::string opening_;                         ///< the id of our first event
    std::int64_t events_ = 0;                     ///< of ours, for ids
    std::map<std::string, std::string> renamed_;  ///< by our ids of events, the client's; empty: it has none
    std::size_t in_hand_ = 0, passing_ = 0;       ///< bytes of the client's event, and of the provider's
    int sends_ = 0;                               ///< under way to the client
    std::size_t unasked_ = 0;                     ///< responses that nobody asked for
    bool set_ = false;                            ///< the provider begins nothing by itself
    bool client_gone_ = false;
    bool hearing_ = false;  ///< the provider
    std::string provider_why_;
    Waiter ready_;   ///< who waits for the provider to be set
    Waiter joined_;  ///< who waits for hear_provider()
    std::shared_ptr<Ticker> ticker_;
};

}  // namespace bursar::gateway
