#include "service/providers/upstream.h"

#include "service/base/ensure.h"
#include "service/providers/answer_parser.h"
#include "service/providers/connection.h"
#include "service/providers/connector.h"
#include "service/providers/request_head.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

// Kept between reads of one answer: no more than an unfinished chunk head; a longer rest is given back once it was
// read.
constexpr std::size_t left_over_kept_bytes_max = 1024;
// After so many reads that found something at once, the other coroutines of the shard come first: about one megabyte.
constexpr int reads_in_a_row_max = 16;

Moment now() { return std::chrono::steady_clock::now(); }

/// All connections to one target.
struct Channel {
    Target target;
    std::vector<std::unique_ptr<Connection>> idle;  ///< the one used last is at the back
    std::size_t in_use = 0;
};

/// What the requests and answers of a shard share. They hold it, so that one that is dropped late finds it still there.
struct Shard {
    Shard(asio::io_context& io, const Pool::Limits& of_pool)
        : limits(of_pool), ticker(io), buffers(limits.head_bytes_max), connector(io, ticker, buffers) {}

    Channel& channel_of(const Target& target) {
        for (auto& channel : channels)
            if (channel->target == target) return *channel;
        // Targets come from the policy; those of past revisions go when nothing of them is open.
        std::erase_if(channels, [](const auto& channel) { return channel->in_use == 0 && channel->idle.empty(); });
        return *channels.emplace_back(std::make_unique<Channel>(Channel{target, {}, 0}));
    }
    void drop_old() {
        const Moment oldest = now() - limits.idle_max;
        for (auto& channel : channels) {
            const auto young = std::ranges::find_if(
                channel->idle, [&](const auto& connection) { return connection->idle_since > oldest; });
            channel->idle.erase(channel->idle.begin(), young);
        }
    }

    Pool::Limits limits;
    Ticker ticker;
    Buffers buffers;
    Connector connector;  // owns the TLS contexts that connections refer to: stands above them
    std::vector<std::unique_ptr<Channel>> channels;
};

/// A place among the connections of a channel, with or without a connection in it. Dropping it closes the connection.
class Lease {
  public:
    Lease(std::shared_ptr<Shard> shard, Channel& channel) : shard_(std::move(shard)), channel_(&channel) {
        ++channel_->in_use;
    }
    Lease(Lease&& other) noexcept
        : shard_(std::move(other.shard_)),
          channel_(std::exchange(other.channel_, nullptr)),
          connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() { close(); }

    /// Takes the kept connection that was used last; false if none of them is still good.
    bool take_kept() {
        while (!channel_->idle.empty()) {
            connection_ = std::move(channel_->idle.back());
            channel_->idle.pop_back();
            if (connection_->quiet()) return true;
        }
        connection_.reset();
        return false;
    }
    void take(std::unique_ptr<Connection> connection) { connection_ = std::move(connection); }
    void keep() {
        if (connection_->woken() == Woken::no && channel_->idle.size() < shard_->limits.idle_per_target_max) {
            connection_->idle_since = now();
            channel_->idle.push_back(std::move(connection_));
        }
        close();
    }
    void close() {
        connection_.reset();
        if (channel_ != nullptr) --channel_->in_use;
        channel_ = nullptr;
    }
    bool open() const { return channel_ != nullptr; }
    Shard& shard() const { return *shard_; }
    const Target& target() const { return channel_->target; }
    Connection& connection() const { return *connection_; }

  private:
    std::shared_ptr<Shard> shard_;
    Channel* channel_;
    std::unique_ptr<Connection> connection_;
};

class PoolAnswer final : public Answer {
  public:
    PoolAnswer(Lease lease, AnswerParser::Ask ask, const Deadlines& deadlines, Moment total)
        : lease_(std::move(lease)),
          parser_(ask, lease_.shard().limits.head_bytes_max),
          idle_(deadlines.idle),
          total_(total) {}

    /// Until the head is there; nothing of the body is taken.
    Task<std::expected<void, Error>> read_head(Moment deadline);

    const AnswerHead& head() const override { return parser_.head(); }
    Task<std::expected<std::string_view, Error>> read() override;
    Task<std::expected<std::string, Error>> read_all(std::size_t bytes_max) override;
    void cancel() override {
        if (lease_.open()) lease_.connection().wake(Woken::cancelled);
    }
    Lease& lease() { return lease_; }

  private:
    Task<std::expected<std::string_view, Error>> next(Moment deadline, std::string_view step);
    std::expected<std::string_view, Error> feed(std::size_t fresh);
    std::unexpected<Error> give_up(Error error) {
        lease_.close();
        broken_ = std::move(error);
        return std::unexpected(broken_);
    }

    Lease lease_;
    AnswerParser parser_;
    std::string left_over_;       ///< came, and the parser wants more before it takes it, or stopped after the head
    bool left_over_new_ = false;  ///< of left_over_: it has not been offered for the body yet
    int reads_in_a_row_ = 0;
    std::chrono::milliseconds idle_;
    Moment total_;
    Error broken_;
};

/// Offers the parser what was left over and the `fresh` bytes behind it in the shard's buffer.
std::expected<std::string_view, Error> PoolAnswer::feed(std::size_t fresh) {
    const auto bytes = lease_.shard().buffers.bytes().first(left_over_.size() + fresh);
    const bool in_head = !parser_.head_done();
    const auto progress = parser_.put(bytes);
    if (!progress) return give_up(unavailable(lease_.target(), "answer", progress.error()));
    const auto rest = bytes.subspan(progress->consumed);
    left_over_.assign(rest.begin(), rest.end());
    if (left_over_.capacity() > left_over_kept_bytes_max && left_over_.size() < left_over_kept_bytes_max)
        left_over_.shrink_to_fit();
    left_over_new_ = in_head && !left_over_.empty();
    if (!parser_.done()) return progress->body;
    // The end of the answer: whatever comes behind it was not asked for, and such a connection is not used again.
    if (parser_.reusable() && left_over_.empty())
        lease_.keep();
    else
        lease_.close();
    return progress->body;
}

/// The next decoded bytes, or nothing at the end of the answer, or (in the head) when something was taken.
Task<std::expected<std::string_view, Error>> PoolAnswer::next(Moment deadline, std::string_view step) {
    for (;;) {
        Connection& connection = lease_.connection();
        if (reads_in_a_row_ == reads_in_a_row_max) {
            reads_in_a_row_ = 0;
            co_await connection.wait(Connection::Want::read, deadline);
        }
        if (connection.woken() == Woken::no && now() >= total_) connection.wake(Woken::deadline);
        if (connection.woken() != Woken::no) co_return give_up(ended(lease_.target(), step, connection.woken()));
        auto buffer = lease_.shard().buffers.bytes();
        std::ranges::copy(left_over_, buffer.begin());
        if (std::exchange(left_over_new_, false)) {
            auto body = feed(0);
            if (!body || !body->empty() || parser_.done()) co_return body;
        }
        const Io io = connection.read(buffer.subspan(left_over_.size(), Buffers::read_bytes));
        switch (io.kind) {
            case Io::Kind::done: {
                ++reads_in_a_row_;
                const bool in_head = !parser_.head_done();
                auto body = feed(io.bytes);
                if (!body || !body->empty() || parser_.done() || in_head) co_return body;
                break;
            }
            case Io::Kind::wants_read:
                reads_in_a_row_ = 0;
                co_await connection.wait(Connection::Want::read, deadline);
                break;
            case Io::Kind::wants_write:
                co_await connection.wait(Connection::Want::write, deadline);
                break;
            case Io::Kind::closed: {
                const auto whole = parser_.put_end();
                if (!whole) co_return give_up(unavailable(lease_.target(), step, whole.error()));
                lease_.close();
                co_return std::string_view{};
            }
            case Io::Kind::failed:
                co_return give_up(unavailable(lease_.target(), step, io.why));
        }
    }
}

Task<std::expected<void, Error>> PoolAnswer::read_head(Moment deadline) {
    while (!parser_.head_done()) {
        auto nothing = co_await next(deadline, "wait for the answer's head");
        if (!nothing) co_return std::unexpected(std::move(nothing).error());
    }
    co_return std::expected<void, Error>();
}

Task<std::expected<std::string_view, Error>> PoolAnswer::read() {
    if (parser_.done()) co_return std::string_view{};
    if (!lease_.open()) co_return std::unexpected(broken_);
    std::expected<std::string_view, Error> body;
    try {
        body = co_await next(std::min(now() + idle_, total_), "wait for more of the answer");
    } catch (const std::exception& exception) {
        body = give_up(unavailable(lease_.target(), "read", exception.what()));
    }
    co_return body;
}

Task<std::expected<std::string, Error>> PoolAnswer::read_all(std::size_t bytes_max) {
    std::string whole;
    for (;;) {
        auto piece = co_await read();
        if (!piece) co_return std::unexpected(std::move(piece).error());
        if (piece->empty()) co_return whole;
        if (whole.size() + piece->size() > bytes_max) {
            const Target target = lease_.open() ? lease_.target() : Target{};
            co_return give_up(
                unavailable(target, "answer", fmt::format("its body is longer than {} bytes", bytes_max)));
        }
        whole += *piece;
    }
}

/// One request on its way: from the choice of a connection to the answer's head.
class Sending {
  public:
    Sending(std::shared_ptr<Shard> shard, const Target& target, const UpstreamRequest& request,
            const Deadlines& deadlines)
        : shard_(std::move(shard)),
          target_(target),
          request_(request),
          deadlines_(deadlines),
          total_(now() + deadlines.total) {}
    ~Sending() { wipe(head_.data(), head_.size()); }

    Task<std::expected<std::unique_ptr<Answer>, UpstreamError>> run();
    Operation& operation() { return operation_; }

  private:
    using Outcome = std::expected<std::unique_ptr<Answer>, UpstreamError>;

    Task<Outcome> run_on(Lease lease, Moment deadline);
    Task<std::expected<void, Error>> write(Connection& connection, Moment deadline);
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
        auto outcome = co_await run_on(std::move(lease), std::min(now() + deadlines_.first_byte, total_));
        // The other side may close a kept connection in the very moment it is used. As long as no byte was taken from
        // us, another one serves as well; later nothing is repeated.
        if (outcome || sent_ != Sent::nothing || operation_.cancelled) co_return outcome;
    }
    Lease lease(shard_, channel);
    if (channel.in_use + channel.idle.size() > shard_->limits.connections_per_target_max)
        co_return failed(
            unavailable(target_, "connect",
                        fmt::format("all {} connections are in use", shard_->limits.connections_per_target_max)));
    auto connection =
        co_await shard_->connector.open(target_, std::min(now() + deadlines_.connect, total_), operation_);
    if (!connection) co_return failed(std::move(connection).error());
    lease.take(*std::move(connection));
    auto outcome = co_await run_on(std::move(lease), std::min(now() + deadlines_.first_byte, total_));
    co_return outcome;
}

/// Beyond the first byte that is taken from us, every failure is one of a request that the provider may have heard.
Task<Sending::Outcome> Sending::run_on(Lease lease, Moment deadline) {
    const auto ask = request_.method == "HEAD" ? AnswerParser::Ask::head_only : AnswerParser::Ask::with_body;
    auto answer = std::make_unique<PoolAnswer>(std::move(lease), ask, deadlines_, total_);
    operation_.sleeper = &answer->lease().connection();
    auto written = co_await write(answer->lease().connection(), deadline);
    if (!written &&
        (sent_ == Sent::nothing || written.error().fault == Fault::deadline_passed || operation_.cancelled)) {
        operation_.sleeper = nullptr;
        co_return failed(std::move(written).error());
    }
    // A provider that refuses a large request early answers and closes: its answer says more than our broken pipe.
    auto read = co_await answer->read_head(deadline);
    operation_.sleeper = nullptr;
    if (!read) co_return failed(written ? std::move(read).error() : std::move(written).error());
    co_return std::move(answer);
}

Task<std::expected<void, Error>> Sending::write(Connection& connection, Moment deadline) {
    Outbox outbox;
    outbox.add(head_);
    for (const auto& piece : request_.body) outbox.add(piece);
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
        if (io.kind == Io::Kind::wants_write) co_await connection.wait(Connection::Want::write, deadline);
    }
    // The credential is out; nothing of it stays behind while the answer is awaited.
    wipe(head_.data(), head_.size());
    co_return std::expected<void, Error>();
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
    ~ShardPool() override { close_idle(); }

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
