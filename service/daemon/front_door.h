#pragma once

#include "service/admin/control_plane.h"
#include "service/daemon/control_relay.h"
#include "service/daemon/pair_door.h"
#include "service/edge/exchange.h"
#include "service/gateway/gateway.h"

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace bursar::daemon {

/// Behind the edge: which part of the house a request goes to.
class FrontDoor final : public edge::Handler {
  public:
    using Checks = std::function<std::vector<admin::Check>()>;
    FrontDoor(ControlRelay& relay, const Clock& clock, Checks checks)
        : relay_(relay), clock_(clock), checks_(std::move(checks)) {}

    Task<void> serve(edge::Exchange& exchange) override;
    /// From now on calls are served; until then they are refused as sealed. Any thread.
    void open(gateway::Gateway& gateway) { gateway_.store(&gateway, std::memory_order_release); }
    void set_stopping() { stopping_.store(true, std::memory_order_relaxed); }
    /// This machine is one of two: the other one's requests go to `pair`, and calls are served only while it may spend.
    /// Before the first request.
    void open_pair(PairDoor& pair, std::function<bool()> may_spend) {
        pair_ = &pair;
        may_spend_ = std::move(may_spend);
    }
    /// Requests that may use the edge's reserved connections.
    static bool is_control(const edge::RequestHead& head);

  private:
    Task<void> health(edge::Exchange& exchange) const;
    Task<void> readiness(edge::Exchange& exchange) const;

    ControlRelay& relay_;
    const Clock& clock_;
    Checks checks_;
    PairDoor* pair_ = nullptr;  ///< null: this machine is alone
    std::function<bool()> may_spend_;
    std::atomic<gateway::Gateway*> gateway_{nullptr};
    std::atomic<bool> stopping_{false};
};

}  // namespace bursar::daemon
