#include "service/outbox/order.h"

#include <algorithm>

namespace bursar::outbox {

Order::Order(const State& state, const std::string& target) {
    for (const auto& [number, each] : state.deliveries) {
        if (each.target != target) continue;
        if (each.state == Delivery::State::waiting || each.state == Delivery::State::under_way)
            add(each.incident, number, each);
        if (each.state != Delivery::State::folded) continue;
        if (const auto digest = state.deliveries.find(each.into); digest != state.deliveries.end())
            add(each.incident, number, digest->second);
    }
}

void Order::add(std::int64_t incident, std::int64_t number, const Delivery& carrier) {
    incidents_of_[carrier.number].insert(incident);
    if (carrier.state == Delivery::State::under_way) busy_.insert(incident);
    first_.try_emplace(incident, number, carrier.number);  // numbers come in order
}

bool Order::may_go(const Delivery& delivery) const {
    const auto found = incidents_of_.find(delivery.number);
    if (found == incidents_of_.end()) return false;
    return std::ranges::none_of(found->second, [&](std::int64_t incident) {
        return busy_.contains(incident) || first_.at(incident).second != delivery.number;
    });
}

void Order::goes(const Delivery& delivery) {
    if (const auto found = incidents_of_.find(delivery.number); found != incidents_of_.end())
        busy_.insert(found->second.begin(), found->second.end());
}

}  // namespace bursar::outbox
