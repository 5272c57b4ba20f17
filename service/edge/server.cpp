#include "service/edge/server.h"

#include "service/base/log.h"
#include "service/base/mutex.h"
#include "service/edge/connection.h"
#include "service/edge/listener.h"
#include "service/edge/tls.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <deque>
#include <latch>
#include <sys/resource.h>
#include <thread>
#include <unordered_map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace bursar::edge {
namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t shard_buffer_bytes = 64 * 1024;
/// How exactly deadlines are kept: they are looked at this often at most, and oftener where a limit is shorter.
constexpr std::chrono::milliseconds tick_max{200};
/// After an accept failed for want of files or memory.
constexpr std::chrono::milliseconds accept_pause{50};
/// After the drain: how long closed exchanges may take to notice.
constexpr std::chrono::seconds close_max{3};

std::chrono::milliseconds tick_of(const Limits& limits) {
    const auto shortest = std::min(
        {limits.handshake, limits.head, limits.body_idle, limits.keep_alive, limits.ping, limits.write, limits.answer});
    return std::clamp(shortest / 4, std::chrono::milliseconds(5), tick_max);
}

/// What a connection is told for which there is no room; a client that has not sent anything yet sees it.
void send_away(tcp::socket& socket) {
    constexpr std::string_view answer =
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.send(asio::buffer(answer), 0, ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
}

/// How many connections each address has.
class Addresses {
  public:
    bool add(const std::string& address, std::size_t most) {
        const MutexLock lock(mutex_);
        std::size_t& count = counts_[address];
        if (count >= most) return false;
        ++count;
        return true;
    }
    void remove(const std::string& address) {
        const MutexLock lock(mutex_);
        const auto found = counts_.find(address);
        if (found != counts_.end() && --found->second == 0) counts_.erase(found);
    }

  private:
    Mutex mutex_;
    std::unordered_map<std::string, std::size_t> counts_ GUARDED_BY(mutex_);
};

/// A socket for both families says ::ffff:192.0.2.1 of who came by IPv4.
std::string text_of(const asio::ip::address& address) {
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address.to_string();
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
}

/// One thread, one io_context, its listening sockets; its connections never leave it.
struct Shard {
    explicit Shard(std::chrono::milliseconds every) : timer(context), tick(every) {}
    asio::io_context context{1};
    std::deque<tcp::acceptor> acceptors;  ///< coroutines keep references to them
    asio::steady_timer timer;
    std::chrono::milliseconds tick;
    std::vector<char> buffer = std::vector<char>(shard_buffer_bytes);
    std::vector<Connection*> connections;
    std::thread thread;
};

class ShardedServer final : public Server {
  public:
    ShardedServer(Listen listen, Limits limits, Handler& handler, std::function<bool(const RequestHead&)> is_control)
        : listen_(std::move(listen)),
          limits_(limits),
          is_control_(std::move(is_control)),
          shared_{limits_, handler, is_control_, counters_} {}
    ~ShardedServer() override { stop(); }

    Result<void> bind(std::size_t shards);
    std::uint16_t port() const override { return port_; }
    std::size_t shards() const override { return shards_.size(); }
    asio::io_context& shard(std::size_t index) override { return shards_[index]->context; }
    void start() override;
    void stop() override;
    Result<void> reload_certificate() override;
    std::optional<CertificateLife> certificate_life() const override { return edge::certificate_life(tls()); }
    const Counters& counters() const override { return counters_; }

  private:
    Result<void> listen_on(Shard& shard, const tcp::endpoint& endpoint);
    Result<void> adopt(Shard& shard, int descriptor);
    Task<void> accept(Shard& shard, tcp::acceptor& acceptor);
    Task<void> serve(Shard& shard, tcp::socket socket);
    Task<void> tick(Shard& shard);
    /// Whether one more connection of this address may stand, the `open`th of all.
    bool take_place(const std::string& address, std::size_t open, bool for_control);
    TlsContext tls() const {
        const MutexLock lock(tls_mutex_);
        return tls_;
    }
    bool wait_until_empty(Moment deadline);
    /// Runs `action` on every shard's thread and waits for all.
    template <typename Action>
    void on_every_shard(Action action);

    Listen listen_;
    Limits limits_;
    std::function<bool(const RequestHead&)> is_control_;
    Counters counters_;
    Shared shared_;
    Addresses addresses_;
    Addresses reserved_;  ///< those of them that stand in the room for the control plane
    mutable Mutex tls_mutex_;
    TlsContext tls_ GUARDED_BY(tls_mutex_);
    std::uint16_t port_ = 0;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work_;
    bool started_ = false;
    bool stopped_ = false;
    Mutex empty_mutex_;
    Condition empty_;
};

Result<void> ShardedServer::bind(std::size_t shards) {
    if (!listen_.certificate.empty() || !listen_.private_key.empty()) TRY_VOID(reload_certificate());
    for (std::size_t i = 0; i < std::max<std::size_t>(1, shards); ++i)
        shards_.push_back(std::make_unique<Shard>(tick_of(limits_)));
    if (!listen_.inherited.empty()) {
        // Every shard accepts, and nobody is left waiting at a socket that no shard has.
        for (std::size_t i = 0; i < std::max(shards_.size(), listen_.inherited.size()); ++i)
            TRY_VOID(adopt(*shards_[i % shards_.size()], listen_.inherited[i % listen_.inherited.size()]));
        return {};
    }
    error_code error;
    const asio::ip::address address = asio::ip::make_address(listen_.address, error);
    if (error)
        return fail(Fault::wrong_configuration,
                    fmt::format("\"{}\" is not an IP address to listen on.", listen_.address));
    tcp::endpoint endpoint(address, listen_.port);
    for (const auto& shard : shards_) {
        TRY_VOID(listen_on(*shard, endpoint));
        // The first one decides the port for all.
        endpoint.port(shard->acceptors.front().local_endpoint(error).port());
    }
    port_ = endpoint.port();
    return {};
}

Result<void> ShardedServer::adopt(Shard& shard, int descriptor) {
    TRY(const Borrowed borrowed, borrow_listener(descriptor));
    error_code error;
    tcp::acceptor& acceptor = shard.acceptors.emplace_back(shard.context);
    acceptor.assign(borrowed.v6 ? tcp::v6() : tcp::v4(), borrowed.descriptor, error);
    if (!error) acceptor.non_blocking(true, error);
    if (error)
        return fail(
            Fault::wrong_configuration,
            fmt::format("Cannot listen on the descriptor {} that was handed over: {}.", descriptor, error.message()));
    if (port_ == 0) port_ = acceptor.local_endpoint(error).port();
    return {};
}

Result<void> ShardedServer::listen_on(Shard& shard, const tcp::endpoint& endpoint) {
    using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
    const bool is_first = &shard == shards_.front().get();
    tcp::acceptor& acceptor = shard.acceptors.emplace_back(shard.context);
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    // Only our own shards share the port: somebody else's socket on it is an error worth telling.
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && !is_first) acceptor.set_option(reuse_port(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error && is_first) acceptor.set_option(reuse_port(true), error);
    if (!error) acceptor.listen(4096, error);
    if (error)
        return fail(Fault::wrong_configuration,
                    fmt::format("Cannot listen on {} port {}: {}. Choose another port, or end what uses it.",
                                listen_.address, endpoint.port(), error.message()));
    acceptor.non_blocking(true, error);
    return {};
}

Result<void> ShardedServer::reload_certificate() {
    if (listen_.certificate.empty()) return {};
    TRY(TlsContext context, server_context(listen_.certificate, listen_.private_key));
    const MutexLock lock(tls_mutex_);
    tls_ = std::move(context);
    return {};
}

void ShardedServer::start() {
    started_ = true;
    for (const auto& shard : shards_) {
        work_.push_back(asio::make_work_guard(shard->context));
        for (tcp::acceptor& acceptor : shard->acceptors)
            asio::co_spawn(shard->context, accept(*shard, acceptor), asio::detached);
        asio::co_spawn(shard->context, tick(*shard), asio::detached);
        shard->thread = std::thread([one = shard.get()] {
            // OpenSSL writes without MSG_NOSIGNAL: a client that has left is an error to us, not a signal.
            sigset_t pipe;
            sigemptyset(&pipe);
            sigaddset(&pipe, SIGPIPE);
            pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
            one->context.run();
        });
    }
}

Task<void> ShardedServer::accept(Shard& shard, tcp::acceptor& acceptor) {
    bool failing = false;
    for (;;) {
        error_code error;
        tcp::socket socket(shard.context);
        co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
        if (!acceptor.is_open()) co_return;
        if (!error) {
            failing = false;
            asio::co_spawn(shard.context, serve(shard, std::move(socket)), asio::detached);
            continue;
        }
        if (error == asio::error::operation_aborted) co_return;
        if (!failing) log::warning("accept_failed", {{"reason", error.message()}});
        failing = true;
        asio::steady_timer pause(shard.context, accept_pause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
}

Task<void> ShardedServer::serve(Shard& shard, tcp::socket accepted) {
    error_code error;
    const tcp::endpoint peer = accepted.remote_endpoint(error);
    const std::size_t open = counters_.connections_now.fetch_add(1) + 1;
    const std::string address = error ? std::string() : text_of(peer.address());
    const bool for_control = open + limits_.connections_reserved > limits_.connections_max;
    if (!error && take_place(address, open, for_control)) {
        counters_.connections_opened.fetch_add(1, std::memory_order_relaxed);
        const TlsContext context = tls();
        const auto socket = std::make_shared<Socket>(shard.context, std::move(accepted), context.get());
        Connection connection(socket, address, shard.context.get_executor(), shard.buffer, shared_, for_control);
        shard.connections.push_back(&connection);
        try {
            co_await connection.run();
        } catch (const std::exception& exception) {
            log::error("connection_failed", {{"reason", exception.what()}});
            socket->close();
        }
        std::erase(shard.connections, &connection);
        addresses_.remove(address);
        if (for_control) reserved_.remove(address);
    } else {
        counters_.connections_refused.fetch_add(1, std::memory_order_relaxed);
        // Before TLS nothing can be said; in plain text, what fits at once.
        if (!error && listen_.certificate.empty()) send_away(accepted);
        accepted.close(error);
    }
    counters_.connections_now.fetch_sub(1);
    if (shared_.draining.load()) empty_.notify_all();
}

bool ShardedServer::take_place(const std::string& address, std::size_t open, bool for_control) {
    if (open > limits_.connections_max) return false;
    if (!addresses_.add(address, limits_.connections_per_address_max)) return false;
    // The room for operators is open to all: nobody may fill it alone.
    if (!for_control || reserved_.add(address, limits_.connections_reserved_per_address_max)) return true;
    addresses_.remove(address);
    return false;
}

Task<void> ShardedServer::tick(Shard& shard) {
    for (;;) {
        error_code error;
        shard.timer.expires_after(shard.tick);
        co_await shard.timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return;
        const Moment now = std::chrono::steady_clock::now();
        // A wait that ends may end its connection: gather first.
        std::vector<std::shared_ptr<Socket>> due;
        for (Connection* connection : shard.connections)
            if (connection->socket().is_due(now)) due.push_back(connection->socket().shared_from_this());
        for (const auto& socket : due) socket->tick(now);
    }
}

template <typename Action>
void ShardedServer::on_every_shard(Action action) {
    std::latch done(static_cast<std::ptrdiff_t>(shards_.size()));
    for (const auto& shard : shards_)
        asio::post(shard->context, [&done, one = shard.get(), action] {
            action(*one);
            done.count_down();
        });
    done.wait();
}

bool ShardedServer::wait_until_empty(Moment deadline) {
    const MutexLock lock(empty_mutex_);
    while (counters_.connections_now.load() > 0) {
        const Moment now = std::chrono::steady_clock::now();
        if (now >= deadline) return false;
        // The notice is given without the mutex: look again soon in case it came just before.
        empty_.wait_until(empty_mutex_, std::min(deadline, now + std::chrono::milliseconds(20)));
    }
    return true;
}

void ShardedServer::stop() {
    if (stopped_) return;
    stopped_ = true;
    if (!started_) return;
    shared_.draining.store(true);
    const auto close_connections = [](Shard& shard, bool also_busy) {
        std::vector<std::shared_ptr<Socket>> sockets;
        std::vector<std::shared_ptr<Socket>> waiting;
        for (Connection* connection : shard.connections)
            if (also_busy || connection->is_idle())
                sockets.push_back(connection->socket().shared_from_this());
            else if (connection->awaits_message())
                waiting.push_back(connection->socket().shared_from_this());
        for (const auto& socket : sockets) socket->close();
        // They see that the service stops, and say so.
        for (const auto& socket : waiting) socket->stop_reading();
    };
    on_every_shard([close_connections](Shard& shard) {
        error_code ignored;
        for (tcp::acceptor& acceptor : shard.acceptors) acceptor.close(ignored);
        close_connections(shard, false);
    });
    if (!wait_until_empty(std::chrono::steady_clock::now() + limits_.drain)) {
        log::warning("drain_over", {{"connections", counters_.connections_now.load()}});
        on_every_shard([close_connections](Shard& shard) { close_connections(shard, true); });
        wait_until_empty(std::chrono::steady_clock::now() + close_max);
    }
    on_every_shard([](Shard& shard) { shard.timer.cancel(); });
    work_.clear();
    for (const auto& shard : shards_) {
        shard->context.stop();
        shard->thread.join();
    }
}

}  // namespace

std::size_t raise_file_limit() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 1024;
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur;
}

Result<std::unique_ptr<Server>> Server::create(Listen listen, Limits limits, std::size_t shards, Handler& handler,
                                               std::function<bool(const RequestHead&)> is_control) {
    auto server = std::make_unique<ShardedServer>(std::move(listen), limits, handler, std::move(is_control));
    TRY_VOID(server->bind(shards));
    return server;
}

}  // namespace bursar::edge
