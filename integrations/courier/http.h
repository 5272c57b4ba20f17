#pragma once

#include "integrations/answer.h"
#include "service/base/secret.h"

#include <chrono>
#include <coroutine>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bursar::courier {

using integrations::Answer;

inline constexpr std::chrono::seconds connect_timeout{5}, whole_timeout{20};
/// For requests with attachments. A delivery makes several, and the service gives up on it after some minutes.
inline constexpr std::chrono::seconds upload_timeout{60};
inline constexpr std::size_t header_bytes_max = std::size_t{64} << 10;

/// How to get to a target, from its settings.
struct Way {
    std::string ca;     ///< PEM; empty: the system's store
    std::string proxy;  ///< "http://host:port"; empty: none. Not for loopback
};
Way way_of(const integrations::Target& target);

struct HttpRequest {
    std::string method = "POST";
    Secret url;            ///< of webhooks it is the secret
    Secret authorization;  ///< a whole header value; empty: none
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    Way way;
    std::chrono::seconds timeout = whole_timeout;
    std::size_t answer_bytes_max = integrations::answer_bytes_max;
};

/// Who asks. TLS 1.2 or newer with a certificate that is checked; no redirect is followed; no cookie is kept; the
/// environment has no say. The main thread's event loop.
class Http {
  public:
    virtual ~Http() = default;
    /// `done` is called once, later. What is no sound request is answered with a trouble, too.
    virtual void exchange(HttpRequest request, std::function<void(Answer)> done) = 0;
};

/// Why a request is not sent at all; empty: it is sound.
std::string unsound(const HttpRequest& request);
Secret bearer(const Secret& token);
Secret basic(std::string_view user, const Secret& password);

/// `Answer answer = co_await ask(http, std::move(request));`
class Asking {
  public:
    Asking(Http& http, HttpRequest request) : http_(http), request_(std::move(request)) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> asker) {
        http_.exchange(std::move(request_), [this, asker](Answer answer) {
            answer_ = std::move(answer);
            asker.resume();
        });
    }
    Answer await_resume() { return std::move(answer_); }

  private:
    Http& http_;
    HttpRequest request_;
    Answer answer_;
};
inline Asking ask(Http& http, HttpRequest request) { return {http, std::move(request)}; }

}  // namespace bursar::courier
