#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bursar::gateway {

/// Which responses of a realtime session are asked for, run and have ended, and what is held for each: never one
/// without. `Held` is a call whose money is set aside. Pure; the provider's events are taken in their order.
template <typename Held>
class RealtimeTurns {
  public:
    /// Holds of one session at once, in all.
    static constexpr std::size_t open_max = 8;

    /// One of them, while it is being taken.
    class Place {
      public:
        explicit Place(RealtimeTurns& turns) : turns_(turns) { ++turns_.taking_; }
        ~Place() { --turns_.taking_; }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

      private:
        RealtimeTurns& turns_;
    };
    bool is_full() const { return taking_ + asked_.size() + under_way_.size() >= open_max; }

    /// The event goes to the provider and asks for a response, for which this is held.
    void asked(std::string event, Held held) { asked_.push_back({std::move(event), std::move(held)}); }
    /// It did not go, or the provider refused it: nothing has begun, and what was held for it is free. Nothing: it is
    /// none of those that wait.
    std::optional<Held> refused(std::string_view event) {
        const auto found = std::ranges::find(asked_, event, &Asked::event);
        if (found == asked_.end()) return std::nullopt;
        Held held = std::move(found->held);
        asked_.erase(found);
        return held;
    }

    /// The call that the response is from now on; null: nobody asked for it.
    Held* began(const std::string& response) {
        if (Held* const known = find(response)) return known;
        if (asked_.empty()) return nullptr;
        return &begin(response, take_asked());
    }
    /// One that nobody asked for.
    Held& begin(const std::string& response, Held held) {
        return under_way_.insert_or_assign(response, std::move(held)).first->second;
    }
    /// The response under way; null: there is none of that id.
    Held* find(const std::string& response) {
        const auto found = under_way_.find(response);
        return found == under_way_.end() ? nullptr : &found->second;
    }
    /// The call of a response that has ended; nothing: nobody asked for it.
    std::optional<Held> ended(const std::string& response) {
        if (!response.empty()) done_.push_back(response);
        if (done_.size() > done_max) done_.pop_front();
        if (const auto found = under_way_.find(response); found != under_way_.end()) {
            Held held = std::move(found->second);
            under_way_.erase(found);
            return held;
        }
        if (asked_.empty()) return std::nullopt;
        return take_asked();
    }
    /// Whether it has ended before: that is told again and costs no more.
    bool has_ended(std::string_view response) const { return std::ranges::find(done_, response) != done_.end(); }

    std::vector<std::string> under_way() const {
        std::vector<std::string> out;
        for (const auto& [response, held] : under_way_) out.push_back(response);
        return out;
    }
    /// Whether nothing is at the provider that may cost more.
    bool is_settled() const { return under_way_.empty() && asked_.empty(); }

    /// One that is held, at the end: it runs, or nobody knows whether it began. Nothing: there is none left.
    std::optional<Held> take_rest() {
        if (const auto first = under_way_.begin(); first != under_way_.end()) {
            Held held = std::move(first->second);
            under_way_.erase(first);
            return held;
        }
        if (asked_.empty()) return std::nullopt;
        return take_asked();
    }

  private:
    static constexpr std::size_t done_max = 64;
    struct Asked {
        std::string event;
        Held held;
    };

    Held take_asked() {
        Held held = std::move(asked_.front().held);
        asked_.pop_front();
        return held;
    }

    std::deque<Asked> asked_;                ///< that have not begun
    std::map<std::string, Held> under_way_;  ///< by the response's id
    std::deque<std::string> done_;           ///< the newest that have ended
    std::size_t taking_ = 0;
};

/// Whether a client wants a response to follow each turn that the provider finds in its sound. Pure.
class RealtimeWishes {
  public:
    /// Events that are sent and not answered; beyond them the oldest are forgotten.
    static constexpr std::size_t open_max = 1'000;

    /// An event changes the session; `automatic`: what it says of that, nothing: nothing.
    void changing(std::string event, std::optional<bool> automatic) {
        changes_.push_back({std::move(event), automatic});
        if (changes_.size() > open_max) changes_.pop_front();
    }
    /// The provider has made the next change.
    void changed() {
        if (changes_.empty()) return;
        automatic_ = changes_.front().automatic.value_or(automatic_);
        changes_.pop_front();
    }
    /// An event makes a turn of what was heard, to which nothing is to follow.
    void committing(std::string event) {
        commits_.push_back(std::move(event));
        if (commits_.size() > open_max) commits_.pop_front();
    }
    /// The provider did not take such an event.
    void refused(std::string_view event) {
        std::erase_if(changes_, [&](const Change& each) { return each.event == event; });
        std::erase(commits_, event);
    }
    /// What was heard is a turn: whether a response is to follow it.
    bool turn_over() {
        if (commits_.empty()) return automatic_;
        commits_.pop_front();
        return false;
    }
    bool automatic() const { return automatic_; }

  private:
    struct Change {
        std::string event;
        std::optional<bool> automatic;
    };
    std::deque<Change> changes_;
    std::deque<std::string> commits_;
    bool automatic_ = true;
};

}  // namespace bursar::gateway
