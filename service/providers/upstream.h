#pragma once

#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/base/secret.h"
#include "service/base/usage.h"
#include "service/edge/async.h"
#include "service/edge/http.h"

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Connections to providers: one pool per shard, kept alive, never shared between shards.
namespace bursar::providers {

/// Where connections go; equal targets share a pool.
struct Target {
    bool tls = true;
    std::string host;
    std::uint16_t port = 443;
    std::string ca_file;  ///< trusted besides the system's
    bool proxied = false;
    std::string proxy_host;
    std::uint16_t proxy_port = 0;
    bool operator==(const Target&) const = default;
};

struct Deadlines {
    std::chrono::milliseconds connect;
    std::chrono::milliseconds first_byte;
    std::chrono::milliseconds idle;
    std::chrono::milliseconds total;
};

struct UpstreamRequest {
    std::string_view method;
    std::string_view target;  ///< path and query
    const std::vector<edge::HeaderView>* headers =
        nullptr;  ///< end-to-end headers to forward; Host, Content-Length, Connection are the pool's
    std::string_view credential_header;  ///< "Authorization", "x-api-key"; empty: none
    std::string_view credential_prefix;  ///< "Bearer " or empty
    const Secret* credential = nullptr;  ///< written into the request head only, which is wiped after it was sent
    std::span<const std::string_view> body;
    std::string_view web_socket_key = {};  ///< of upgrade(), which sets it
};

struct AnswerHead {
    int status = 0;
    std::vector<edge::Header> headers;
    std::string_view header(std::string_view name) const;
    bool event_stream() const;  ///< of text, or framed
    bool framed() const;        ///< in the frames of AWS (event_frames.h)
};

/// Whether any byte of the request may have reached the provider.
enum class Sent : std::uint8_t { nothing, maybe };

struct UpstreamError {
    Error error;  ///< provider_unavailable or deadline_passed; for_operator says which step and errno
    Sent sent = Sent::maybe;
};

/// One answer being read. Dropping it closes the connection at once unless the answer was read to its end.
class Answer {
  public:
    virtual ~Answer() = default;
    virtual const AnswerHead& head() const = 0;
    /// The next bytes of the body, as they come; empty at its proper end. The view lives in a buffer of the shard and
    /// is valid until the next co_await of this coroutine: no memory is held while the provider is silent. A cut body,
    /// a lying length, a broken chunk: provider_unavailable.
    virtual Task<std::expected<std::string_view, Error>> read() = 0;
    /// Until when the first content has to come; whatever else comes does not count. Moment::max(): it has.
    virtual void expect_content_by(Moment deadline) = 0;
    /// The whole body, at most `bytes_max`.
    virtual Task<std::expected<std::string, Error>> read_all(std::size_t bytes_max) = 0;
    /// Until when the certificate is valid that the provider showed; nothing without TLS, or when the connection is
    /// gone.
    virtual std::optional<Timestamp> certificate_until() const { return {}; }
    /// Ends a read that waits, from the same shard (the caller has left); it returns an error.
    virtual void cancel() = 0;
};

class WebSocket;

/// What an upgrade was answered.
struct Upgrade {
    std::unique_ptr<WebSocket> socket;  ///< null: it was refused
    std::unique_ptr<Answer> refusal;
};

class Pool {
  public:
    struct Limits {
        std::size_t idle_per_target_max = 256;
        std::chrono::seconds idle_max{50};
        std::size_t head_bytes_max = 64 * 1024;
        std::size_t connections_per_target_max = 20'000;
    };
    static std::unique_ptr<Pool> make(asio::io_context& shard, Limits limits);
    virtual ~Pool() = default;
    /// Sends a request on a kept or a new connection and waits for the answer's head (1xx are skipped). A kept
    /// connection is looked at before it is used (closed by the other side: dropped, the next is taken); once a byte
    /// was written nothing is ever sent twice, because it could be billed twice. `cancel` (may be null) is set to a
    /// function that ends the wait, from the same shard.
    virtual Task<std::expected<std::unique_ptr<Answer>, UpstreamError>> send(const Target& target,
                                                                             const UpstreamRequest& request,
                                                                             const Deadlines& deadlines,
                                                                             std::function<void()>* cancel) = 0;
    /// Asks for a WebSocket (RFC 6455 §4.1) by a GET on a new connection, with all else as send() does it. An answer
    /// that claims to be one and is none: provider_unavailable.
    virtual Task<std::expected<Upgrade, UpstreamError>> upgrade(const Target& target, const UpstreamRequest& request,
                                                                const Deadlines& deadlines,
                                                                std::function<void()>* cancel) = 0;
    virtual std::size_t idle() const = 0;
    virtual void close_idle() = 0;
};

}  // namespace bursar::providers
