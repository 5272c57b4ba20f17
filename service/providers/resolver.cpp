#include "service/providers/resolver.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bursar::providers {
namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto fresh = 30s;    // after this a new lookup is made
constexpr auto usable = 600s;  // up to this the old answer serves while the new one is awaited or cannot be had
constexpr std::size_t hosts_max = 256;

/// Closed until the lookup it waits for has ended.
class Gate final : public Sleeper {
  public:
    explicit Gate(asio::io_context& shard) : timer_(shard, Moment::max()) {}
    void open() { timer_.cancel(); }
    asio::steady_timer& timer() { return timer_; }

  private:
    void interrupt() override { timer_.cancel(); }
    asio::steady_timer timer_;
};

struct Entry {
    std::vector<std::string> addresses;
    std::string error;
    Moment looked_up{};
    bool looking_up = false;
    std::vector<Gate*> waiting;
};

}  // namespace

struct Resolver::State : std::enable_shared_from_this<State> {
    explicit State(asio::io_context& context) : shard(context), resolver(context) {}

    void look_up(const std::string& host) {
        auto& entry = entries[host];
        if (entry.looking_up) return;
        entry.looking_up = true;
        resolver.async_resolve(host, "", [self = shared_from_this(), host](const auto& error, const auto& found) {
            std::vector<std::string> addresses;
            for (const auto& result : found) addresses.push_back(result.endpoint().address().to_string());
            self->take(host, std::move(addresses), error.message());
        });
    }

    void take(const std::string& host, std::vector<std::string> addresses, std::string error) {
        auto& entry = entries[host];
        entry.looking_up = false;
        entry.error = std::move(error);
        if (!addresses.empty()) {
            entry.addresses = std::move(addresses);
            entry.looked_up = std::chrono::steady_clock::now();
        }
        for (Gate* gate : entry.waiting) gate->open();
    }

    void make_room() {
        if (entries.size() < hosts_max) return;
        std::erase_if(entries, [](const auto& item) { return !item.second.looking_up && item.second.waiting.empty(); });
    }

    asio::io_context& shard;
    tcp::resolver resolver;
    std::map<std::string, Entry> entries;
};

Resolver::Resolver(asio::io_context& shard, Ticker& ticker) : state_(std::make_shared<State>(shard)), ticker_(ticker) {}
Resolver::~Resolver() { state_->resolver.cancel(); }

Task<std::expected<std::vector<std::string>, std::string>> Resolver::addresses(std::string host, Moment deadline,
                                                                               Operation& operation) {
    boost::system::error_code not_numeric;
    asio::ip::make_address(host, not_numeric);
    if (!not_numeric) co_return std::vector{host};
    const auto state = state_;
    if (!state->entries.contains(host)) state->make_room();
    auto& entry =
        state->entries[host];  // nodes of a map stay where they are, and this one stays while somebody waits for it
    const auto age = std::chrono::steady_clock::now() - entry.looked_up;
    const bool known = !entry.addresses.empty() && age < usable;
    if (!known || age > fresh) state->look_up(host);
    if (known) co_return entry.addresses;

    Gate gate(state->shard);
    entry.waiting.push_back(&gate);
    operation.sleeper = &gate;
    boost::system::error_code ignored;
    {
        const Asleep asleep(ticker_, gate, deadline);
        co_await gate.timer().async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    operation.sleeper = nullptr;
    std::erase(entry.waiting, &gate);
    if (!entry.addresses.empty() && !entry.looking_up) co_return entry.addresses;
    if (entry.looking_up) co_return std::unexpected("the name was not resolved in time");
    co_return std::unexpected(entry.error);
}

}  // namespace bursar::providers
