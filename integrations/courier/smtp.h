#pragma once

#include "integrations/courier/curl_loop.h"
#include "integrations/courier/http.h"

#include <coroutine>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bursar::courier {

struct MailRequest {
    std::string server;  ///< smtp://host:587, which is made safe by STARTTLS, or smtps://host
    std::string user;    ///< empty: none is asked for
    Secret password;
    std::string from;
    std::vector<std::string> to;
    std::string mail;
    Way way;
};

struct MailAnswer {
    Answer answer;  ///< `status` is the last reply's of SMTP
    bool login_denied = false;
};

/// Hands mails over to a server. No mail goes out in plain but on this machine, and no password at all. Main thread.
class Smtp {
  public:
    virtual ~Smtp() = default;
    virtual void send(MailRequest request, std::function<void(MailAnswer)> done) = 0;
};

/// By libcurl.
class CurlSmtp final : public Smtp {
  public:
    explicit CurlSmtp(CurlLoop& loop) : loop_(loop) {}
    void send(MailRequest request, std::function<void(MailAnswer)> done) override;

  private:
    CurlLoop& loop_;
};

/// `MailAnswer answer = co_await send(smtp, std::move(request));`
class Sending {
  public:
    Sending(Smtp& smtp, MailRequest request) : smtp_(smtp), request_(std::move(request)) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> sender) {
        smtp_.send(std::move(request_), [this, sender](MailAnswer answer) {
            answer_ = std::move(answer);
            sender.resume();
        });
    }
    MailAnswer await_resume() { return std::move(answer_); }

  private:
    Smtp& smtp_;
    MailRequest request_;
    MailAnswer answer_;
};
inline Sending send(Smtp& smtp, MailRequest request) { return {smtp, std::move(request)}; }

}  // namespace bursar::courier
