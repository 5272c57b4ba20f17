#include "service/providers/connector.h"

#include "service/providers/answer_parser.h"
#include "service/providers/request_head.h"

#include <algorithm>
#include <sys/stat.h>
#include <utility>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

constexpr std::size_t addresses_tried_max = 6;
constexpr std::size_t proxy_head_bytes_max = 16 * 1024;

Moment now() { return std::chrono::steady_clock::now(); }

/// Makes an operation's cancel wake this connection.
class Waking {
  public:
    Waking(Operation& operation, Sleeper& sleeper) : operation_(operation) { operation.sleeper = &sleeper; }
    ~Waking() { operation_.sleeper = nullptr; }
    Waking(const Waking&) = delete;
    Waking& operator=(const Waking&) = delete;

  private:
    Operation& operation_;
};

}  // namespace

FileVersion FileVersion::of(const std::string& file) {
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0) return {};
    return {.changed_ns = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec,
            .inode = found.st_ino,
            .bytes = found.st_size};
}

Error unavailable(const Target& target, std::string_view step, std::string_view detail) {
    return {Fault::provider_unavailable, "The provider could not be reached or its answer could not be read.",
            fmt::format("{} {}: {}", step, authority(target, PortText::always), detail)};
}

Error ended(const Target& target, std::string_view step, Woken why) {
    if (why == Woken::cancelled) return unavailable(target, step, "ended because the caller left");
    return {Fault::deadline_passed, "The provider did not answer in time.",
            fmt::format("{} {}: the deadline of this step passed", step, authority(target, PortText::always))};
}

Task<std::expected<std::unique_ptr<Connection>, Error>> Connector::open(const Target& target, Moment deadline,
                                                                        Operation& operation) {
    auto connection = co_await reach(target, deadline, operation);
    if (!connection || !target.tls) co_return std::move(connection);
    const Waking waking(operation, **connection);
    if (target.proxied) {
        auto through = co_await tunnel(target, **connection, deadline);
        if (!through) co_return std::unexpected(std::move(through).error());
    }
    auto secured = co_await secure(target, **connection, deadline);
    if (!secured) co_return std::unexpected(std::move(secured).error());
    co_return std::move(connection);
}

Task<std::expected<std::unique_ptr<Connection>, Error>> Connector::reach(const Target& target, Moment deadline,
                                                                         Operation& operation) {
    const std::string& host = target.proxied ? target.proxy_host : target.host;
    const std::uint16_t port = target.proxied ? target.proxy_port : target.port;
    auto addresses = co_await resolver_.addresses(host, deadline, operation);
    if (operation.cancelled) co_return std::unexpected(ended(target, "resolve", Woken::cancelled));
    if (!addresses && now() >= deadline) co_return std::unexpected(ended(target, "resolve", Woken::deadline));
    if (!addresses)
        co_return std::unexpected(unavailable(target, "resolve", fmt::format("'{}': {}", host, addresses.error())));
    if (addresses->size() > addresses_tried_max) addresses->resize(addresses_tried_max);

    std::string failures;
    for (std::size_t i = 0; i < addresses->size(); ++i) {
        const std::string& address = (*addresses)[i];
        const auto left = deadline - now();
        if (left <= Moment::duration::zero()) break;
        auto connection = std::make_unique<Connection>(shard_, ticker_);
        const Waking waking(operation, *connection);
        const Moment share = now() + left / static_cast<int>(addresses->size() - i);
        auto connected = co_await connection->connect(address, port, share);
        if (connected) co_return std::move(connection);
        if (operation.cancelled) co_return std::unexpected(ended(target, "connect", Woken::cancelled));
        failures += fmt::format("{}{} port {}: {}", failures.empty() ? "" : "; ", address, port, connected.error());
    }
    if (now() >= deadline) co_return std::unexpected(ended(target, "connect", Woken::deadline));
    co_return std::unexpected(unavailable(target, "connect", failures));
}

/// CONNECT (RFC 9110 §9.3.6).
Task<std::expected<void, Error>> Connector::tunnel(const Target& target, Connection& connection, Moment deadline) {
    const std::string name = authority(target, PortText::always);
    const std::string head = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n\r\n", name, name);
    Outbox outbox;
    outbox.add(head);
    AnswerParser parser(AnswerParser::Ask::head_only, proxy_head_bytes_max);
    const auto broken = [&](std::string_view detail) {
        return std::unexpected(unavailable(target, "proxy CONNECT", detail));
    };
    std::string left_over;
    while (!parser.head_done()) {
        if (connection.woken() != Woken::no)
            co_return std::unexpected(ended(target, "proxy CONNECT", connection.woken()));
        const bool writing = !outbox.empty();
        std::copy(left_over.begin(), left_over.end(), buffers_.bytes().begin());
        const auto space = buffers_.bytes().subspan(left_over.size(), Buffers::read_bytes);
        const Io io = writing ? connection.write(outbox, buffers_.record()) : connection.read(space);
        if (io.kind == Io::Kind::failed) co_return broken(io.why);
        if (io.kind == Io::Kind::closed) co_return broken("the proxy closed the connection");
        if (io.kind != Io::Kind::done) {
            const auto want = io.kind == Io::Kind::wants_read ? Connection::Want::read : Connection::Want::write;
            co_await connection.wait(want, deadline);
            continue;
        }
        if (writing) continue;
        const auto bytes = buffers_.bytes().first(left_over.size() + io.bytes);
        const auto progress = parser.put(bytes);
        if (!progress) co_return broken(progress.error());
        left_over.assign(bytes.begin() + static_cast<std::ptrdiff_t>(progress->consumed), bytes.end());
    }
    if (parser.head().status / 100 != 2)
        co_return broken(
            fmt::format("{}:{} answered with status {}", target.proxy_host, target.proxy_port, parser.head().status));
    if (!left_over.empty()) co_return broken("the proxy sent more than its answer");
    co_return std::expected<void, Error>();
}

/// A look at the file per connection: whoever replaces it need not restart the service.
Result<std::shared_ptr<TlsTrust>> Connector::trust_in(const std::string& ca_file) {
    const FileVersion version = ca_file.empty() ? FileVersion{} : FileVersion::of(ca_file);
    Trust& kept = trusts_[ca_file];
    if (kept.trust != nullptr && kept.version == version) return kept.trust;
    auto made = TlsTrust::make(ca_file);
    if (made)
        kept = {.version = version, .trust = *std::move(made)};
    else if (kept.trust == nullptr)
        return std::unexpected(std::move(made).error());
    // A file that is just being written serves the next connection; until then the old one holds.
    return kept.trust;
}

Task<std::expected<void, Error>> Connector::secure(const Target& target, Connection& connection, Moment deadline) {
    auto trust = trust_in(target.ca_file);
    if (!trust) co_return std::unexpected(std::move(trust).error());
    connection.secure(*std::move(trust), target.host, target.port);
    for (;;) {
        if (connection.woken() != Woken::no)
            co_return std::unexpected(ended(target, "TLS handshake", connection.woken()));
        const Io io = connection.handshake();
        switch (io.kind) {
            case Io::Kind::done:
                co_return std::expected<void, Error>();
            case Io::Kind::wants_read:
                co_await connection.wait(Connection::Want::read, deadline);
                break;
            case Io::Kind::wants_write:
                co_await connection.wait(Connection::Want::write, deadline);
                break;
            case Io::Kind::closed:
            case Io::Kind::failed:
                co_return std::unexpected(unavailable(target, "TLS handshake", io.why));
        }
    }
}

}  // namespace bursar::providers
