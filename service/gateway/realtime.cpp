// How a realtime session begins and ends: the provider is set to begin nothing before the client is heard, and stopped
// before the client is told.
#include "service/gateway/realtime.h"

#include "service/base/log.h"
#include "service/gateway/errand.h"
#include "service/gateway/gateway.h"
#include "service/gateway/shard.h"

#include <exception>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace bursar::gateway {
namespace {

constexpr std::string_view something_failed = "Something in Bursar failed.";

std::string what_of(const std::exception_ptr& thrown) {
    try {
        if (thrown) std::rethrow_exception(thrown);
    } catch (const std::exception& exception) {
        return exception.what();
    }
    return {};
}

}  // namespace

/// The timers of a session; their handlers look whether it is still there.
struct RealtimeSession::Ticker {
    explicit Ticker(const asio::any_io_executor& executor) : tick(executor), ending(executor) {}
    asio::steady_timer tick, ending;
};

RealtimeSession::RealtimeSession(Gateway& gateway, edge::Exchange& exchange, edge::Messages& messages,
                                 const Call& opened, std::unique_ptr<providers::WebSocket> socket, SessionLimits limits)
    : gateway_(gateway),
      exchange_(exchange),
      messages_(messages),
      socket_(std::move(socket)),
      limits_(limits),
      clock_(gateway.parts_.clock),
      line_(exchange, opened.shard),
      model_(opened.prompt.model),
      model_there_(opened.attempt.channel->model),
      channel_(opened.attempt.channel->name()),
      output_max_(opened.route->model->output_tokens_max),
      began_(clock_.moment()),
      life_(began_ + limits.life),
      ticker_(std::make_shared<Ticker>(exchange.executor())) {
    line_.rules = opened.rules;
    line_.caller = opened.caller;
    line_.route = opened.route;
    line_.outcome = opened.outcome;
    line_.attempt.channel = opened.attempt.channel;
    line_.attempt.key = opened.attempt.key;
}

RealtimeSession::~RealtimeSession() = default;

Task<void> RealtimeSession::run() {
    {
        // However it ends, the shard forgets it and what is held of it is closed.
        const UnderWay there(line_);
        std::optional<std::string> defect;
        try {
            begin();
            co_await hear_client();
        } catch (const std::exception& exception) {
            defect = exception.what();
        }
        if (defect) failed(*std::exchange(defect, std::nullopt));
        if (!end_) end({});
        try {
            if (end_->error) co_await tell(*end_->error, end_->call, {});
        } catch (const std::exception& exception) {
            defect = exception.what();
        }
        if (defect) failed(*defect);
        // It works with what is here.
        if (hearing_) co_await wait_on(joined_);
        ticker_.reset();
        settle_rest();
    }
    if (!client_gone_) co_await messages_.close(end_->code, end_->reason);
}

void RealtimeSession::begin() {
    line_.cancel = [this] {
        end({.code = edge::CloseCode::service_restart, .reason = "Bursar is restarting.", .cut = Fault::shutting_down});
    };
    socket_->when_grown([this] { count(); });
    opening_ = name_event({});
    wishes_.changing(opening_, std::nullopt);
    socket_->put(providers::realtime_opening(opening_, output_max_));
    hearing_ = true;
    const auto over = [this](const std::exception_ptr& thrown) {
        hearing_ = false;
        if (thrown) failed(what_of(thrown));
        end({.code = edge::CloseCode::internal,
             .reason = "The provider has ended the session.",
             .error = Error{Fault::provider_unavailable,
                            "The provider has ended the session. What came so far may be cut off. Open another one.",
                            provider_why_}});
        if (joined_) std::exchange(joined_, nullptr)();
    };
    try {
        asio::co_spawn(exchange_.executor(), hear_provider(), over);
    } catch (const std::exception& exception) {
        hearing_ = false;
        failed(exception.what());
    }
    arm_tick();
    if (line_.stopping) line_.cancel();
}

void RealtimeSession::failed(std::string_view reason) {
    log::error("session_failed", {{"channel", channel_}, {"reason", reason}});
    end({.code = edge::CloseCode::internal, .reason = std::string(something_failed), .cut = Fault::internal});
}

/// The provider first: while the client is told, nothing may go on that costs.
void RealtimeSession::end(End why) {
    if (end_) return;
    end_ = std::move(why);
    stop_provider();
    // In a turn of its own: the session may be gone when whoever waits has gone on.
    asio::post(exchange_.executor(), [this, there = std::weak_ptr(ticker_)] {
        if (there.expired()) return;
        if (ready_) std::exchange(ready_, nullptr)();
        socket_->wake();
        messages_.wake();
    });
}

void RealtimeSession::stop_provider() {
    arm_ending(false);
    if (!hearing_) return;
    if (turns_.is_settled()) return socket_->close(edge::CloseCode::normal);
    for (const std::string& response : turns_.under_way()) socket_->put(providers::realtime_cancel(response));
    // No turn of a client is wanted any more; nothing follows one without our asking.
    socket_->put(providers::realtime_no_turns());
    socket_->put(providers::realtime_silence());
}

/// A client that takes nothing keeps nobody from hearing what the responses cost.
void RealtimeSession::arm_ending(bool last) {
    ticker_->ending.expires_after(limits_.ending);
    const auto over = [this, last, there = std::weak_ptr(ticker_)](const boost::system::error_code& stopped) {
        if (stopped || there.expired()) return;
        if (last) socket_->close(edge::CloseCode::normal);
        if (!last) arm_ending(true);
        // Whoever sends goes on within this call, as far as the end of the session.
        if (sends_ > 0) messages_.cut();
    };
    ticker_->ending.async_wait(over);
}

/// Until whoever has to calls that it goes on; in a turn of its own.
Task<void> RealtimeSession::wait_on(Waiter& waiter) {
    auto begin = [this, &waiter](auto handler) {
        waiter = [executor = exchange_.executor(), then = std::move(handler)]() mutable {
            asio::post(executor, std::move(then));
        };
    };
    co_await asio::async_initiate<const asio::deferred_t, void()>(std::move(begin), asio::deferred);
}

/// One that fails leaves the others their row, and its hold closes with it.
void RealtimeSession::settle_rest() {
    while (std::optional<OneCall> call = turns_.take_rest()) {
        try {
            book_cut(**call);
        } catch (const std::exception& exception) {
            log::error("session_failed", {{"channel", channel_}, {"reason", exception.what()}});
        }
    }
}

void RealtimeSession::arm_tick() {
    ticker_->tick.expires_after(limits_.tick);
    ticker_->tick.async_wait([this, there = std::weak_ptr(ticker_)](const boost::system::error_code& stopped) {
        if (stopped || there.expired()) return;
        tick();
        arm_tick();
    });
}

void RealtimeSession::tick() {
    if (hearing_) socket_->tick(std::chrono::steady_clock::now());
    if (end_) return;
    if (!set_ && clock_.moment() - began_ >= limits_.opening)
        return end({.code = edge::CloseCode::internal,
                    .reason = "The provider has not answered.",
                    .error = Error{Fault::provider_unavailable,
                                   "The provider has not taken the session's settings in time. Try again.",
                                   "no session.updated came; nothing was passed on"}});
    const Result<void> good = still_good();
    if (good) return;
    const bool of_key = good.error().fault == Fault::unauthenticated;
    end({.code = edge::CloseCode::not_permitted,
         .reason = of_key ? "The credential is not valid any more." : "No other response may begin.",
         .error = good.error(),
         .cut = good.error().fault});
}

}  // namespace bursar::gateway
