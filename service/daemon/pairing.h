#pragma once

#include "service/admin/control_plane.h"
#include "service/daemon/configuration.h"
#include "service/daemon/following_node.h"
#include "service/daemon/serving_node.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bursar::daemon {

/// This machine's part in a pair, for as long as this process does not start anew: it serves, or it follows.
class Pairing {
  public:
    /// Finishes a take-over, if there is one. `restart` makes this process go on as what the standing says. Blocking.
    static Result<std::unique_ptr<Pairing>> open(const Configuration& configuration, std::function<void()> restart);

    /// Whether the books are opened here.
    bool serves() const { return serving_ != nullptr; }
    /// Whether this start finished a take-over.
    bool took_over() const { return took_over_; }
    ServingNode* serving() { return serving_.get(); }
    const ServingNode* serving() const { return serving_.get(); }
    std::function<void()> restart() const { return restart_; }
    /// Once this machine can be asked.
    void start();
    /// Whether a call may begin here. Microseconds.
    bool may_spend() const { return serving_ != nullptr && serving_->may_spend(); }
    /// Whether what is written now is not lost if the other machine goes on: the control plane changes nothing else.
    bool may_record() const { return serving_ != nullptr && serving_->may_record(); }
    /// As ServingNode::begin_stop().
    void begin_stop();
    void stop();

    /// What the peer asks. Blocking.
    Result<std::string> pull(std::string_view bytes);
    Result<std::string> base(std::string_view bytes);
    /// conflict on a machine that does not serve.
    Result<void> hand_over();
    Result<void> go_on_alone();
    /// JSON object: what this machine is, and how it stands with the other one.
    std::string status() const;
    admin::Check check() const;
    void write_metrics(std::string& out) const;

  private:
    Pairing(const StandbyOptions& options, std::function<void()> restart)
        : options_(options), restart_(std::move(restart)) {}

    const StandbyOptions options_;
    const std::function<void()> restart_;
    bool took_over_ = false;
    std::unique_ptr<ServingNode> serving_;
    std::unique_ptr<FollowingNode> following_;
};

}  // namespace bursar::daemon
