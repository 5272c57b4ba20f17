#include "service/providers/resolver.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace bursar::providers {
namespace {

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
    Moment asked{};  ///< when the lookup under way began
    bool looking_up = false;
    std::vector<Gate*> waiting;
};

}  // namespace

struct Resolver::State : std::enable_shared_from_this<State> {
    State(asio::io_context& context, Lookup lookup) : shard(context), lookups(context, std::move(lookup)) {}

    void look_up(const std::string& host) {
        auto& entry = entries[host];
        if (entry.looking_up) return;
        entry.looking_up = true;
        entry.asked = std::chrono::steady_clock::now();
        lookups.start(host, [weak = weak_from_this(), host](Found found) {
            if (const auto self = weak.lock()) self->take(host, std::move(found));
        });
    }

    void take(const std::string& host, Found found) {
        auto& entry = entries[host];
        entry.looking_up = false;
        entry.error = std::move(found.error);
        if (!found.addresses.empty()) {
            entry.addresses = std::move(found.addresses);
            entry.looked_up = std::chrono::steady_clock::now();
        }
        for (Gate* gate : entry.waiting) gate->open();
    }

    void make_room() {
        if (entries.size() < hosts_max) return;
        std::erase_if(entries, [](const auto& item) { return !item.second.looking_up && item.second.waiting.empty(); });
    }

    asio::io_context& shard;
    Lookups lookups;
    std::map<std::string, Entry> entries;
};

Resolver::Resolver(asio::io_context& shard, Ticker& ticker, Lookup lookup, Ages ages)
    : state_(std::make_shared<State>(shard, std::move(lookup))), ticker_(ticker), ages_(ages) {}
Resolver::~Resolver() { stop(); }
void Resolver::stop() { state_->lookups.stop(); }

Task<std::expected<std::vector<std::string>, std::string>> Resolver::addresses(std::string host, Moment deadline,
                                                                               Operation& operation) {
    boost::system::error_code not_numeric;
    asio::ip::make_address(host, not_numeric);
    if (!not_numeric) co_return std::vector{host};
    const auto state = state_;
    if (!state->entries.contains(host)) state->make_room();
    auto& entry =
        state->entries[host];  // nodes of a map stay where they are, and this one stays while somebody waits for it
    const Moment now = std::chrono::steady_clock::now();
    const auto age = now - entry.looked_up;
    const bool known = !entry.addresses.empty();
    if (known && age <= ages_.fresh) co_return entry.addresses;
    state->look_up(host);
    // A name server that works says in a moment what holds now; one that hangs costs an old answer no more than that.
    if (known) deadline = std::min(deadline, entry.asked + ages_.old_waits_max);
    if (known && (age < ages_.usable || deadline <= now)) co_return entry.addresses;

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
    if (!entry.addresses.empty()) co_return entry.addresses;
    if (entry.looking_up) co_return std::unexpected("the name was not resolved in time");
    co_return std::unexpected(entry.error);
}

}  // namespace bursar::providers
