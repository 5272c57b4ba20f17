#pragma once

#include "integrations/courier/http.h"
#include "integrations/courier/smtp.h"
#include "integrations/courier/task.h"
#include "integrations/text.h"
#include "integrations/wire.h"
#include "service/base/clock.h"

#include <chrono>
#include <coroutine>
#include <functional>

// One delivery to one target. Each sender lives as long as its task; delivery and means outlive it.
namespace bursar::courier {

using integrations::Copy;
using integrations::Delivery;
using integrations::Outcome;
using integrations::Receipt;
using integrations::Verdict;

/// Calls back after a while.
using Timer = std::function<void(std::chrono::milliseconds, std::function<void()>)>;

/// `co_await pause(timer, some_time);`
class Pause {
  public:
    Pause(const Timer& timer, std::chrono::milliseconds time) : timer_(timer), time_(time) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const {
        timer_(time_, [waiter] { waiter.resume(); });
    }
    void await_resume() const noexcept {}

  private:
    const Timer& timer_;
    std::chrono::milliseconds time_;
};
inline Pause pause(const Timer& timer, std::chrono::milliseconds time) { return {timer, time}; }

/// What senders send with.
struct Means {
    Http& webhooks;  ///< for addresses that are secrets: Slack, Teams
    Http& services;  ///< for Jira and generic webhooks
    Smtp& smtp;
    Timer timer;
    const Clock& clock;
};

/// By the target's kind.
Task<Receipt> tell(Means& means, const Delivery& delivery);

Task<Receipt> tell_slack(Means& means, const Delivery& delivery);
/// With a bot's token: one message per incident, which changes with it, and its thread.
Task<Receipt> tell_slack_as_bot(Means& means, const Delivery& delivery);
Task<Receipt> tell_jira(Means& means, const Delivery& delivery);
Task<Receipt> tell_webhook(Means& means, const Delivery& delivery);
Task<Receipt> tell_mail(Means& means, const Delivery& delivery);
Task<Receipt> tell_teams(Means& means, const Delivery& delivery);

/// What the pieces have in common.
inline Copy copy_of(const Delivery& delivery) { return delivery.perhaps_sent ? Copy::perhaps_second : Copy::first; }
std::string setting_of(const Delivery& delivery, const char* name);
/// Null if the target has no such secret, or an empty one.
const Secret* secret_of(const Delivery& delivery, const char* name);
/// A target that cannot work as it is written in the policy.
Receipt wrong_target(const Delivery& delivery, std::string reason);

/// In `thread`: the text of this delivery has been told, and only files or a status are missing.
inline constexpr const char* told_name = "told";

}  // namespace bursar::courier
