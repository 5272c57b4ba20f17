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
    std::chrono::minutes idle{20};   ///< between two events of the client
    std::chrono::minutes life{60};   ///< OpenAI's own
    std::chrono::seconds tick{5};    ///< between two looks at the key and at the provider
    std::chrono::seconds ending{5};  ///< for the provider to tell what responses cost that are cut off
};

/// One session, from its upgrade to the last row of its responses. Lives on the coroutine of Gateway::realtime().
class RealtimeSession {
  public:
    /// `first`: whose hold is taken, and whose channel has the other side of the session.
    RealtimeSession(Gateway& gateway, edge::Exchange& exchange, edge::Messages& messages, std::unique_ptr<Call> first,
                    std::unique_ptr<providers::WebSocket> socket, SessionLimits limits);
    ~RealtimeSession();
    RealtimeSession(const RealtimeSession&) = delete;
    RealtimeSession& operator=(const RealtimeSession&) = delete;
    Task<void> run();

  private:
    using OneCall = std::unique_ptr<Call>;
    /// Why it ends, and what of that is told.
    struct End {
        edge::CloseCode code = edge::CloseCode::normal;
        std::string reason;                       ///< of the close
        std::optional<Error> error;               ///< told in an event before
        CallId call;                              ///< that it is about
        Fault cut = Fault::provider_unavailable;  ///< of responses that are cut off by it
    };

    // Of the client (realtime.cpp).
    Task<void> hear_client();
    Task<bool> pass_on(std::string text);
    void name_event(providers::RealtimeMessage& message, std::string& text);
    void close_for(edge::Received::How how, bool life_over);
    Task<void> tell(const Error& error, const CallId& call, std::string_view about = {});
    // Of the provider (realtime.cpp).
    Task<void> hear_provider();
    Task<bool> met(std::string text);
    Task<bool> begun(const providers::RealtimeEvent& event);
    bool done(const providers::RealtimeEvent& event);
    // The end (realtime.cpp).
    void end(End why);
    Task<void> wind_down();
    Task<void> join();
    void settle_rest();
    void tick();
    void arm_tick();

    // The calls (realtime_calls.cpp).
    enum class Speed : std::uint8_t { counts, later };
    /// Takes all holds that are lacking. An error is that of a call that has its row.
    struct Refused {
        Error error;
        CallId call;
    };
    Task<std::optional<Refused>> ensure(Speed speed);
    OneCall make_call() const;
    Result<void> prepare(Call& call, Speed speed);
    Result<void> still_good();
    void refused(Call& call, const Error& error);
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
    Call line_;  ///< stands for the session among the calls at a provider; has no row
    std::string model_, model_there_, channel_;
    Tokens output_max_ = 0;
    RealtimeTurns<OneCall> turns_;
    std::optional<End> end_;
    Moment life_;
    std::int64_t events_ = 0;                     ///< of ours, for ids
    std::map<std::string, std::string> renamed_;  ///< by our ids of events, the client's
    bool last_ = false;                           ///< there is no money for another response that begins by itself
    std::optional<Refused> why_last_;
    bool winding_ = false;
    bool client_gone_ = false;
    bool provider_over_ = false;
    std::string provider_why_;
    std::move_only_function<void()> joined_;  ///< who waits for hear_provider()
    std::shared_ptr<Ticker> ticker_;
};

}  // namespace bursar::gateway
