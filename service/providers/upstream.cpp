#include "service/providers/upstream.h"

#include "service/base/crypto.h"
#include "service/providers/lease.h"
#include "service/providers/pool_answer.h"
#include "service/providers/request_head.h"
#include "service/providers/web_socket.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

/// RFC 6455 §4.1.
constexpr std::size_t key_bytes = 16;

/// One request on its way: from the choice of a connection to the answer's head.
class Sending {
  public:
    Sending(std::shared_ptr<Shard> shard, const Target& target, const UpstreamRequest& request,
            const Deadlines& deadlines)
        : shard_(std::move(shard)),
          target_(target),
          request_(request),
          deadlines_(deadlines),
          total_(moment_about() + deadlines.total) {}
    ~Sending() { wipe(head_.data(), head_.size()); }

    Task<std::expected<std::unique_ptr<Answer>, UpstreamError>> run();
    Task<std::expected<Upgrade, UpstreamError>> run_upgrade(std::string_view key);
    Operation& operation() { return operation_; }

  private:
    using Outcome = std::expected<std::unique_ptr<Answer>, UpstreamError>;

    Task<std::expected<std::unique_ptr<PoolAnswer>, UpstreamError>> run_new();
    Task<std::expected<std::unique_ptr<PoolAnswer>, UpstreamError>> run_on(Lease lease, Moment deadline);
    Task<std::expected<void, Error>> write(Connection& connection, Moment deadline);
    enum class Early : std::uint8_t { nothing, something, refusal };
    static Early look_early(Connection& connection);
    std::unexpected<UpstreamError> failed(Error error) const {
        return std::unexpected(UpstreamError{std::move(error), sent_});
    }

    std::shared_ptr<Shard> shard_;
    const Target& target_;
    const UpstreamRequest& request_;
    const Deadlines& deadlines_;
    Moment total_;
    Operation operation_;
    std::string head_;
    Sent sent_ = Sent::nothing;
};

Task<Sending::Outcome> Sending::run() {
    auto head = compose_head(target_, request_);
    if (!head) co_return failed(std::move(head).error());
    head_ = *std::move(head);
    Channel& channel = shard_->channel_of(target_);
    shard_->drop_old();
    for (;;) {
        Lease lease(shard_, channel);
        if (!lease.take_kept()) break;
        auto outcome = co_await run_on(std::move(lease), std::min(moment_about() + deadlines_.first_byte, total_));
        // The other side may close a kept connection in the very moment it is used. As long as no byte was taken from
        // us, another one serves as well; later nothing is repeated.
        if (outcome || sent_ != Sent::nothing || operation_.cancelled) co_return outcome;
    }
    auto outcome = co_await run_new();
    co_return outcome;
}

Task<std::expected<std::unique_ptr<PoolAnswer>, UpstreamError>> Sending::run_new() {
    Channel& channel = shard_->channel_of(target_);
    Lease lease(shard_, channel);
    if (channel.in_use + channel.idle.size() > shard_->limits.connections_per_target_max)
        co_return failed(
            unavailable(target_, "connect",
                        fmt::format("all {} connections are in use", shard_->limits.connections_per_target_max)));
    auto connection =
        co_await shard_->connector.open(target_, std::min(moment_about() + deadlines_.connect, total_), operation_);
    if (!connection) co_return failed(std::move(connection).error());
    lease.take(*std::move(connection));
    auto outcome = co_await run_on(std::move(lease), std::min(moment_about() + deadlines_.first_byte, total_));
    co_return outcome;
}

Task<std::expected<Upgrade, UpstreamError>> Sending::run_upgrade(std::string_view key) {
    auto head = compose_head(target_, request_);
    if (!head) co_return failed(std::move(head).error());
    head_ = *std::move(head);
    shard_->drop_old();
    auto answer = co_await run_new();
    if (!answer) co_return std::unexpected(std::move(answer).error());
    Upgrade out;
    if (!(*answer)->upgraded()) {
        out.refusal = *std::move(answer);
        co_return out;
    }
    if (const std::string_view flaw = upgrade_flaw((*answer)->head(), key); !flaw.empty())
        co_return failed(unavailable(target_, "upgrade", flaw));
    out.socket = WebSocket::make(std::move((*answer)->lease()), (*answer)->take_left_over());
    co_return out;
}

/// Beyond the first byte that is taken from us, every failure is one of a request that the provider may have heard.
Task<std::expected<std::unique_ptr<PoolAnswer>, UpstreamError>> Sending::run_on(Lease lease, Moment deadline) {
    using Ask = AnswerParser::Ask;
    const bool upgrades = !request_.web_socket_key.empty();
    const Ask ask = upgrades ? Ask::upgrade : request_.method == "HEAD" ? Ask::head_only : Ask::with_body;
    auto answer = std::make_unique<PoolAnswer>(std::move(lease), ask, deadlines_, total_);
    operation_.sleeper = &answer->lease().connection();
    auto written = co_await write(answer->lease().connection(), deadline);
    if (!written &&
        (sent_ == Sent::nothing || written.error().fault == Fault::deadline_passed || operation_.cancelled)) {
        operation_.sleeper = nullptr;
        co_return failed(std::move(written).error());
    }
    // A provider that refuses a large request early answers, and closes or stops reading: its answer says more than our
    // broken pipe.
    if (!written) answer->lease().never_keep();
    auto read = co_await answer->read_head(deadline);
    operation_.sleeper = nullptr;
    if (!read) co_return failed(written ? std::move(read).error() : std::move(written).error());
    co_return std::move(answer);
}

Task<std::expected<void, Error>> Sending::write(Connection& connection, Moment deadline) {
    Outbox outbox(1 + request_.body.size());
    outbox.add(head_);
    for (const auto& piece : request_.body) outbox.add(piece);
    auto want = Connection::Want::write_or_read;
    while (!outbox.empty()) {
        if (connection.woken() != Woken::no) co_return std::unexpected(ended(target_, "send", connection.woken()));
        // A TLS record that waits may have left in part.
        if (target_.tls) sent_ = Sent::maybe;
        const Io io = connection.write(outbox, shard_->buffers.record());
        if (io.kind == Io::Kind::done && io.bytes > 0) sent_ = Sent::maybe;
        if (io.kind == Io::Kind::failed) co_return std::unexpected(unavailable(target_, "send", io.why));
        if (io.kind == Io::Kind::closed)
            co_return std::unexpected(unavailable(target_, "send", "the connection was closed"));
        if (io.kind == Io::Kind::wants_read) co_await connection.wait(Connection::Want::read, deadline);
        if (io.kind != Io::Kind::wants_write) continue;
        // The provider does not read now; perhaps because it has refused.
        const Early early = look_early(connection);
        if (early == Early::refusal)
            co_return std::unexpected(unavailable(target_, "send", "refused before the request was whole"));
        if (early == Early::something) want = Connection::Want::write;
        co_await connection.wait(want, deadline);
    }
    // The credential is out; nothing of it stays behind while the answer is awaited.
    wipe(head_.data(), head_.size());
    co_return std::expected<void, Error>();
}

/// What has come before the request was sent. Anything but a refusal waits until it was: such a provider reads on.
Sending::Early Sending::look_early(Connection& connection) {
    constexpr std::string_view start = "HTTP/1.1 4";
    std::array<char, start.size()> bytes{};
    const std::size_t size = connection.peek(bytes);
    if (size == 0) return Early::nothing;
    if (size < start.size()) return Early::something;
    return bytes.back() == '4' || bytes.back() == '5' ? Early::refusal : Early::something;
}

/// Lets the caller end an operation, and takes that back when the operation is over.
class CancelHook {
  public:
    CancelHook(std::function<void()>* slot, Operation& operation) : slot_(slot) {
        if (slot_ != nullptr) *slot_ = [&operation] { operation.cancel(); };
    }
    ~CancelHook() {
        if (slot_ != nullptr) *slot_ = nullptr;
    }
    CancelHook(const CancelHook&) = delete;
    CancelHook& operator=(const CancelHook&) = delete;

  private:
    std::function<void()>* slot_;
};

class ShardPool final : public Pool {
  public:
    ShardPool(asio::io_context& io, const Limits& limits) : shard_(std::make_shared<Shard>(io, limits)) {}
    ~ShardPool() override {
        close_idle();
        shard_->connector.stop();
    }

    Task<std::expected<std::unique_ptr<Answer>, UpstreamError>> send(const Target& target,
                                                                     const UpstreamRequest& request,
                                                                     const Deadlines& deadlines,
                                                                     std::function<void()>* cancel) override {
        Sending sending(shard_, target, request, deadlines);
        const CancelHook hook(cancel, sending.operation());
        std::string thrown;
        try {
            co_return co_await sending.run();
        } catch (const std::exception& exception) {
            thrown = exception.what();
        }
        co_return std::unexpected(UpstreamError{unavailable(target, "send", thrown), Sent::maybe});
    }
    Task<std::expected<Upgrade, UpstreamError>> upgrade(const Target& target, const UpstreamRequest& request,
                                                        const Deadlines& deadlines,
                                                        std::function<void()>* cancel) override {
        const std::string key = to_base64(random_bytes(key_bytes));
        UpstreamRequest asked = request;
        asked.web_socket_key = key;
        Sending sending(shard_, target, asked, deadlines);
        const CancelHook hook(cancel, sending.operation());
        std::string thrown;
        try {
            co_return co_await sending.run_upgrade(key);
        } catch (const std::exception& exception) {
            thrown = exception.what();
        }
        co_return std::unexpected(UpstreamError{unavailable(target, "upgrade", thrown), Sent::maybe});
    }
    std::size_t idle() const override {
        std::size_t count = 0;
        for (const auto& channel : shard_->channels) count += channel->idle.size();
        return count;
    }
    void close_idle() override {
        for (auto& channel : shard_->channels) channel->idle.clear();
    }

  private:
    std::shared_ptr<Shard> shard_;
};

}  // namespace

std::unique_ptr<Pool> Pool::make(asio::io_context& shard, Limits limits) {
    return std::make_unique<ShardPool>(shard, limits);
}

}  // namespace bursar::providers
