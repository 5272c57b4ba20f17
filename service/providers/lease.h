#pragma once

#include "service/providers/connection.h"
#include "service/providers/connector.h"
#include "service/providers/upstream.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace bursar::providers {

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
        const Moment oldest = moment_about() - limits.idle_max;
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
          connection_(std::move(other.connection_)),
          keeps_(other.keeps_) {}
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
        if (keeps_ && connection_->woken() == Woken::no && channel_->idle.size() < shard_->limits.idle_per_target_max) {
            connection_->idle_since = moment_about();
            channel_->idle.push_back(std::move(connection_));
        }
        close();
    }
    void close() {
        connection_.reset();
        if (channel_ != nullptr) --channel_->in_use;
        channel_ = nullptr;
    }
    /// What was sent is not a whole request: no other can follow it.
    void never_keep() { keeps_ = false; }
    bool open() const { return channel_ != nullptr; }
    Shard& shard() const { return *shard_; }
    const Target& target() const { return channel_->target; }
    Connection& connection() const { return *connection_; }

  private:
    std::shared_ptr<Shard> shard_;
    Channel* channel_;
    std::unique_ptr<Connection> connection_;
    bool keeps_ = true;
};

}  // namespace bursar::providers
