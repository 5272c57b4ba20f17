#pragma once

#include "service/gateway/shard.h"

#include <functional>
#include <optional>

namespace bursar::gateway {

/// Where another thread's answer lands: it comes by the shard's inbox, so neither side can miss the other.
class Landing final : public Inbox::Waiting {
  public:
    explicit Landing(Inbox& inbox) : inbox_(inbox) {}

    /// For whoever answers: called once, on any thread. What that thread wrote before, the shard sees after wait().
    std::move_only_function<void(Result<void>)> for_answer() {
        return [this](Result<void> result) { inbox_.put(*this, std::move(result)); };
    }
    Task<Result<void>> wait();
    void land(Result<void> result) override;

  private:
    Inbox& inbox_;
    std::optional<Result<void>> result_;
    std::move_only_function<void(Result<void>)> waiting_;
};

}  // namespace bursar::gateway
