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

/// Which responses of a realtime session may begin, run and have ended, and what is held for each: never one without.
/// `Held` is a call whose money is set aside. Pure; the provider's events are taken in their order.
template <typename Held>
class RealtimeTurns {
  public:
    /// Holds of one session at once, in all.
    static constexpr std::size_t open_max = 8;

    /// The client asks for a response; until lacking() is 0 the event may not go on.
    void asked(std::string event) { asked_.push_back(std::move(event)); }
    /// It did not go on, or the provider refused it.
    void refused(std::string_view event) {
        if (const auto found = std::ranges::find(asked_, event); found != asked_.end()) asked_.erase(found);
    }
    /// The provider gets sound, after which a response may begin by itself.
    void hears() { hears_ = true; }
    bool has_sound() const { return hears_; }
    /// The session is being changed; what was told of it before does not hold.
    void configured() { ++changes_; }
    void told_changed() {
        if (changes_ > 0) --changes_;
    }
    /// What the provider tells of the session: whether that may happen.
    void told(bool by_itself) { by_itself_ = by_itself; }
    /// The provider took what it heard for a turn.
    void turn_over() { turn_open_ = may_by_itself(); }
    /// It has thrown away what it heard, and says so behind all that it had begun before.
    void silenced() { turn_open_ = false; }

    /// How many holds there must be more before anything else of the client's goes on.
    std::size_t lacking() const {
        const std::size_t needed = asked_.size() + (may_by_itself() ? 1 : 0);
        return needed - std::min(needed, free_.size());
    }
    bool is_full() const { return free_.size() + under_way_.size() >= open_max; }
    void add(Held held) { free_.push_back(std::move(held)); }

    /// The call that the response is from now on; null: there is no money for it.
    Held* began(const std::string& response) {
        turn_open_ = false;
        if (const auto known = under_way_.find(response); known != under_way_.end()) return &known->second;
        if (free_.empty() || was_done(response)) return nullptr;
        if (!asked_.empty()) asked_.pop_front();
        return &under_way_.emplace(response, take_free()).first->second;
    }
    /// The response under way; null: there is none of that id.
    Held* find(const std::string& response) {
        const auto found = under_way_.find(response);
        return found == under_way_.end() ? nullptr : &found->second;
    }
    /// The call of a response that has ended. Nothing where it had ended before.
    struct Ended {
        std::optional<Held> held;
        bool known = false;  ///< false: nobody was told that it began, and there is no money for it
    };
    Ended ended(const std::string& response) {
        if (was_done(response)) return {.held = {}, .known = true};
        done_.push_back(response);
        if (done_.size() > done_max) done_.pop_front();
        if (const auto found = under_way_.find(response); found != under_way_.end()) {
            Held held = std::move(found->second);
            under_way_.erase(found);
            return {.held = std::move(held), .known = true};
        }
        if (free_.empty()) return {};
        return {.held = take_free(), .known = true};
    }

    std::vector<std::string> under_way() const {
        std::vector<std::string> out;
        for (const auto& [response, held] : under_way_) out.push_back(response);
        return out;
    }
    /// Whether nothing is at the provider that may cost more.
    bool is_settled() const { return under_way_.empty() && asked_.empty() && !turn_open_; }

    /// All that is held, at the end. Of `doubtful` nobody knows whether it began.
    struct Rest {
        std::vector<Held> under_way, doubtful, unused;
    };
    Rest take_rest() {
        Rest rest;
        for (auto& [response, held] : std::exchange(under_way_, {})) rest.under_way.push_back(std::move(held));
        std::size_t doubtful = std::exchange(asked_, {}).size() + (std::exchange(turn_open_, false) ? 1 : 0);
        for (Held& held : std::exchange(free_, {})) {
            (doubtful > 0 ? rest.doubtful : rest.unused).push_back(std::move(held));
            if (doubtful > 0) --doubtful;
        }
        return rest;
    }

  private:
    static constexpr std::size_t done_max = 64;

    bool may_by_itself() const { return hears_ && (by_itself_ || changes_ > 0); }
    bool was_done(const std::string& response) const { return std::ranges::find(done_, response) != done_.end(); }
    Held take_free() {
        Held held = std::move(free_.front());
        free_.pop_front();
        return held;
    }

    std::deque<Held> free_;
    std::map<std::string, Held> under_way_;  ///< by the response's id
    std::deque<std::string> asked_;          ///< ids of events that ask for responses which have not begun
    std::deque<std::string> done_;           ///< the newest that have ended
    bool hears_ = false;
    bool by_itself_ = true;
    std::size_t changes_ = 0;  ///< that were sent and not told yet
    bool turn_open_ = false;   ///< a response to what was heard may have begun
};

}  // namespace bursar::gateway
