#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bursar::auth {

/// What is remembered of the last `max` names or addresses; whoever was not looked at for longest is forgotten first.
/// Not for several threads at once.
template <typename Value>
class Recent {
  public:
    explicit Recent(std::size_t max) : max_(max) {}

    /// The value of this key, made if there is none.
    Value& operator[](std::string_view key) {
        if (Value* const known = find(key)) return *known;
        if (order_.size() >= max_) {
            places_.erase(order_.back().first);
            order_.pop_back();
        }
        order_.emplace_front(std::string(key), Value{});
        places_.emplace(order_.front().first, order_.begin());
        return order_.front().second;
    }
    Value* find(std::string_view key) {
        const auto place = places_.find(key);
        if (place == places_.end()) return nullptr;
        order_.splice(order_.begin(), order_, place->second);
        return &place->second->second;
    }
    void erase(std::string_view key) {
        const auto place = places_.find(key);
        if (place == places_.end()) return;
        const auto at = place->second;
        places_.erase(place);
        order_.erase(at);
    }
    std::size_t size() const { return order_.size(); }

  private:
    using Order = std::list<std::pair<const std::string, Value>>;
    std::size_t max_;
    Order order_;  ///< the last one looked at is the first; list nodes do not move, so the keys below view them
    std::unordered_map<std::string_view, typename Order::iterator> places_;
};

/// Failures within a time that moves on; at most `max` are remembered, which is all that a limit needs.
template <typename Instant>
class Window {
  public:
    void add(Instant at, std::size_t max) {
        if (times_.size() >= max) times_.erase(times_.begin());
        times_.push_back(at);
    }
    template <typename Length>
    void forget(Instant now, Length length) {
        std::erase_if(times_, [&](Instant at) { return now >= at + length; });
    }
    std::size_t size() const { return times_.size(); }
    bool empty() const { return times_.empty(); }
    /// From the oldest, which is 0.
    Instant at(std::size_t place) const { return times_.at(place); }
    Instant last() const { return times_.back(); }
    void clear() { times_.clear(); }

  private:
    std::vector<Instant> times_;
};

}  // namespace bursar::auth
