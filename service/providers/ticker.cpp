#include "service/providers/ticker.h"

#include "service/base/ensure.h"

#include <utility>
#include <vector>

#include <boost/asio/steady_timer.hpp>

namespace bursar::providers {

struct Ticker::State {
    explicit State(asio::io_context& shard) : timer(shard) {}

    struct Slot {
        Moment deadline;
        Sleeper* sleeper;
    };
    asio::steady_timer timer;
    std::vector<Slot> slots;
    bool armed = false;
};

Ticker::Ticker(asio::io_context& shard) : state_(std::make_shared<State>(shard)) {}

Ticker::~Ticker() {
    state_->slots.clear();
    state_->timer.cancel();
}

void Ticker::add(Sleeper& sleeper, Moment deadline) {
    ENSURE(sleeper.slot_ == Sleeper::nowhere);
    sleeper.slot_ = state_->slots.size();
    state_->slots.push_back({deadline, &sleeper});
    if (!state_->armed) arm();
}

void Ticker::remove(Sleeper& sleeper) {
    auto& slots = state_->slots;
    if (sleeper.slot_ >= slots.size()) return;
    slots[sleeper.slot_] = slots.back();
    slots[sleeper.slot_].sleeper->slot_ = sleeper.slot_;
    slots.pop_back();
    sleeper.slot_ = Sleeper::nowhere;
}

std::size_t Ticker::sleeping() const { return state_->slots.size(); }

void Ticker::arm() {
    state_->armed = true;
    state_->timer.expires_after(resolution);
    state_->timer.async_wait([state = state_](const boost::system::error_code&) { tick(state); });
}

void Ticker::tick(const std::shared_ptr<State>& state) {
    state->armed = false;
    const Moment now = std::chrono::steady_clock::now();
    // Waking posts; nobody is added or removed while this runs.
    for (const auto& slot : state->slots)
        if (slot.deadline <= now && slot.sleeper->woken() == Woken::no) slot.sleeper->wake(Woken::deadline);
    if (state->slots.empty()) return;
    state->armed = true;
    state->timer.expires_after(resolution);
    state->timer.async_wait([state](const boost::system::error_code&) { tick(state); });
}

}  // namespace bursar::providers
